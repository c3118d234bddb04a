"""Where two outcomes are right, a story goes on until it is known which one it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from mutants.change import Append, Replace
from mutants.players import render
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing.conductor import conduct

from playing.conftest import events_of, on_a_clock, story

PICKED_UP = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  102 gets the call, or it is told that it came too late:
    phones:
      102: {answers: 5s}
    when:
      - call: anna
    expect:
      - ring: [101, 102, 103]
        for: 5s
      - either:
          - - answer: 102
          - - ring: [100]
              for: 15s
            - nobody: answers
            - missed: [100]
            - caller gets: {code: 480, ended by: pbx}
"""
TOO_LATE = (
    Append("extensions.conf", "\n[too-late]\nexten => s,1,Set(GOSUB_RESULT=CONTINUE)\n same => n,Return()\n"),
    Replace("group-accounting", "rb(rung^s^1)", "rb(rung^s^1)U(too-late^s^1)"),
)


@pytest.mark.pbx
@pytest.mark.parametrize("changes", [(), TOO_LATE], ids=["in time", "too late"])
def test_an_answer_that_the_pbx_takes_for_too_late_does_not_end_the_story(
    environment: RunEnvironment, tmp_path: Path, changes: tuple[Append | Replace, ...]
) -> None:
    """A 200 that is acknowledged and followed by BYE at once: the operator rings on for his 15 s."""
    told = story(PICKED_UP, tmp_path)
    rendered = render(told, tmp_path / "rendered")
    for change in changes:
        change.make(rendered)
    out = tmp_path / "out"
    out.mkdir()
    on_a_clock(conduct(told, dataclasses.replace(environment, rendered=str(rendered)), out, FASTEST))
    observation = observe(told, events_of(out))
    assert judge(told, observation) == ()
    endings = {ring.phone: ring.ending for ring in observation.callers["anna"].rings}
    assert endings["102"] == ("lost" if changes else "answered")
