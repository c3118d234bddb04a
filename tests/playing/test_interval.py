"""Between two calls of a story that is told many times nothing is left; what becomes of a call that goes wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from mutants.change import Append, Change, Replace
from mutants.players import render
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.judge import Finding, judge
from ringproof.observe import Observation, observe
from ringproof.playing.conductor import conduct

from playing.conftest import events_of, on_a_clock, story

Golden = Callable[[str, str], None]
Told = Callable[[object], str]
MANY = """
callers:
  anna: {from: "+74951234567", to: "84950000004"}
scenarios:
  the first of three, forty-five times:
    calls: 45
    when:
      - call: anna
      - hang up: anna
        at: {after: 300ms, of: {ring: any}}
    expect:
      - ring: {one_of: [101, 102, 103], as: first}
        for: 300ms
      - over: first
      - missed: [first]
      - caller gets: {ended by: caller}
"""
COUNTS = (
    Append("modules.conf", "load=func_global.so\n"),
    Replace("group-sales", "Set(LEFT=", "Set(GLOBAL(CALL)=$[0${CALL} + 1])\n same => n,Set(LEFT="),
)
"""CALL is the number of the call."""


def play(environment: RunEnvironment, folder: Path, *changes: Change) -> tuple[Observation, tuple[Finding, ...]]:
    """Play the story on a PBX that has been changed like this."""
    told = story(MANY, folder)
    rendered = render(told, folder / "rendered")
    for change in changes:
        change.make(rendered)
    out = folder / "out"
    out.mkdir()
    on_a_clock(conduct(told, dataclasses.replace(environment, rendered=str(rendered)), out, FASTEST))
    observation = observe(told, events_of(out))
    return observation, judge(told, observation)


@pytest.mark.pbx
def test_a_channel_that_outlives_its_call_breaks_the_play(
    environment: RunEnvironment, tmp_path: Path, golden: Golden, told: Told
) -> None:
    """Whose the next ring is could not be told: exit 3, with the channel's name."""
    lingers = (
        Append("modules.conf", "load=app_originate.so\n"),
        Append("extensions.conf", "\n[lingers]\nexten => s,1,Answer()\n same => n,Wait(90)\n"),
        Replace("group-sales", "Set(LEFT=", "Originate(Local/s@lingers,app,Wait,90,,,a)\n same => n,Set(LEFT="),
    )
    with pytest.raises(BrokenError) as broken:
        play(environment, tmp_path, *lingers)
    golden("play/channel-outlives-its-call.err", told(broken.value))


@pytest.mark.pbx
def test_the_red_one_of_many_calls_is_told(environment: RunEnvironment, tmp_path: Path) -> None:
    """In the seventh call another phone rings; all others were played, and are right."""
    other = Replace("group-sales", "Set(LEFT=", "GotoIf($[${CALL} = 7]?nobody)\n same => n,Set(LEFT=")
    observation, findings = play(environment, tmp_path, *COUNTS, other)
    assert len(observation.calls) == 45
    assert {(finding.kind, finding.call) for finding in findings} == {
        ("ring-instead", 7),
        ("missed-missing", 7),
        ("missed-unexpected", 7),
    }


@pytest.mark.pbx
def test_a_step_that_cannot_be_done_ends_the_play(environment: RunEnvironment, tmp_path: Path) -> None:
    """In the third call nobody rings: forty-two more would wait in vain."""
    hangs_up = Replace("group-sales", "Set(LEFT=", "GotoIf($[${CALL} = 3]?900)\n same => n,Set(LEFT=")
    observation, findings = play(environment, tmp_path, *COUNTS, hangs_up)
    assert len(observation.calls) == 3
    assert {finding.call for finding in findings} == {3}
    assert "step-failed" in {finding.kind for finding in findings}
