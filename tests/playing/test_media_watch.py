"""A PBX that ends calls without RTP hears enough of it on a racing clock; and ends one that sends none."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.playing.media_watch import MediaWatch, shortest_rtp_timeout

from playing.conftest import kinds_found, rendered_otherwise, story

TALK = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a long talk:
    phones:
      101: {answers: 3s, hangs up: 10m}
      102: on a call
    when: [{call: anna}]
    expect:
      - ring: [101]
        for: 3s
      - answer: 101
      - caller gets: {code: 200, ended by: 101}
"""


@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        ({}, None),
        ({"pjsip.conf": "[a]\ntype=endpoint\nrtp_timeout=0\n"}, None),
        ({"pjsip.conf": ";rtp_timeout=5\n"}, None),
        ({"pjsip.conf": "[a]\nrtp_timeout=30\n\n[b]\n rtp_timeout_hold = 20 ; as the provider wants\n"}, 20),
        ({"sip.conf": "[general]\nrtptimeout=60\n", "more/peers.conf": "rtpholdtimeout => 40\n"}, 40),
        ({"pjsip.conf": "rtp_timeout=30\n", "notes.txt": "rtp_timeout=3\n"}, 30),
    ],
)
def test_the_shortest_timeout_of_a_configuration(files: dict[str, str], seconds: float | None, tmp_path: Path) -> None:
    """In whichever of its files, of either SIP channel; 0 is none."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert shortest_rtp_timeout(tmp_path) == seconds


def _kinds(environment: RunEnvironment, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Play on an office that ends calls after 5 s without RTP; what is found."""

    def give_up_soon(rendered: Path) -> None:
        file = rendered / "pjsip.conf"
        text = file.read_text("utf-8")
        assert "type=endpoint\n" in text
        file.write_text(text.replace("type=endpoint\n", "type=endpoint\nrtp_timeout=5\n"), "utf-8")

    rendered_otherwise(monkeypatch, give_up_soon)
    return kinds_found(story(TALK, folder), environment, folder)


@pytest.mark.pbx
def test_a_talk_of_ten_minutes_stands(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does the call that another phone is on when the story begins."""
    assert _kinds(environment, tmp_path, monkeypatch) == []


@pytest.mark.pbx
def test_without_sound_the_pbx_ends_it(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the test above would show nothing: on a racing clock no packet comes in time by itself."""
    monkeypatch.setattr(MediaWatch, "begin", lambda *_: None)
    found = _kinds(environment, tmp_path, monkeypatch)
    assert "caller-ended-by" in found
