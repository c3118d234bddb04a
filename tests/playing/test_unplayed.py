"""Sounds that a PBX was to play and did not: its callers act otherwise, so the play proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.playing.conductor import conduct

from playing.conftest import on_a_clock, story
from playing.offices import CALLERS, lead_to

RINGS = f"""
callers:
  anna: {CALLERS["anna"]}
scenarios:
  a ring behind an announcement:
    when: [{{call: anna}}]
    expect:
      - ring: [101]
        for: 2s
      - missed: [101]
      - caller gets: {{answered by: pbx}}
"""


@pytest.mark.pbx
@pytest.mark.parametrize("version", ["environment", "sixteen"])
@pytest.mark.parametrize(
    ("sound", "sentence"),
    [
        ("of nobody/hello", "the PBX was to play what its image has no sound for: of nobody/hello"),
        ("/ringproof/conf/torn", "the PBX was to play what it cannot open: /ringproof/conf/torn"),
    ],
)
def test_a_sound_that_is_not_played(
    version: str,
    sound: str,
    sentence: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is not there, and a file that is no sound of the format that its name says."""
    run: RunEnvironment = request.getfixturevalue(version)
    steps = f"Answer()\nPlayback({sound})\nDial(PJSIP/101,2)\nHangup()"
    lead_to(steps, {"torn.wav": "this is no sound"}, ("app_playback",), monkeypatch)
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError) as broken:
        on_a_clock(conduct(story(RINGS, tmp_path), run, folder, FASTEST))
    assert broken.value.sentence == sentence
