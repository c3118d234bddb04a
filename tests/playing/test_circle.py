"""What Asterisk's log tells of a call that runs in a circle; the real thing is in the table of tests/mutants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.events.model import CallEndless, PhoneInvited
from ringproof.playing.dialplan_loops import loop_at, place_in

from playing.conftest import events_of, kinds_found, story
from playing.offices import lead_to

BEGIN = datetime(2026, 11, 24, 12, tzinfo=UTC)


def log(file: Path, steps: int, seconds: float) -> Path:
    """Write the log of a call that makes so many steps in so many seconds."""
    lines = []
    for number in range(steps):
        stamp = (BEGIN + timedelta(seconds=seconds * number / steps)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        step = f"Executing [s@group-sales:{number % 3 + 4}] Goto"
        lines.append(f'[{stamp}] VERBOSE[63][C-00000001] pbx.c: {step}("PJSIP/trunk-00000000", "look") in new stack')
    file.write_text("\n".join(lines), "utf-8")
    return file


def test_thousands_of_steps_within_a_second_are_a_circle(tmp_path: Path) -> None:
    """It is said where."""
    assert loop_at(log(tmp_path / "full.log", 5000, 0.5), grown=500_000) == "s@group-sales"


def test_a_circle_in_which_something_waits_is_none(tmp_path: Path) -> None:
    """Time passes there, and the story ends."""
    assert loop_at(log(tmp_path / "full.log", 5000, 100.0), grown=500_000) is None


def test_a_log_as_stories_write_it_is_not_read(tmp_path: Path) -> None:
    """Nor is one that is not there, or holds no step."""
    assert loop_at(log(tmp_path / "full.log", 5000, 0.5)) is None
    assert loop_at(tmp_path / "nothing.log") is None
    (tmp_path / "words.log").write_text("[2026-11-24 12:00:00.000] NOTICE[1] x.c: nothing\n" * 20_000)
    assert loop_at(tmp_path / "words.log", grown=500_000) is None


def test_a_log_that_grew_by_something_else(tmp_path: Path) -> None:
    """A few steps at its end are those of any call."""
    padding = "\0" * 2_000_000
    steps = log(tmp_path / "full.log", 30, 0.01).read_text("utf-8")
    (tmp_path / "full.log").write_text(f"{padding}\n{steps}", "utf-8")
    assert loop_at(tmp_path / "full.log", grown=500_000) is None


REFUSED = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  the only phone refuses:
    phones: {101: {refuses: 486}}
    when: [{call: anna}]
    expect: [{refused: {101: 486}}, {caller gets: {code: 486, ended by: pbx}}]
"""


def test_the_place_of_the_last_step(tmp_path: Path) -> None:
    """Of a log that has steps; else that is said."""
    assert place_in(log(tmp_path / "full.log", 50, 0.5)) == "s@group-sales"
    assert place_in(tmp_path / "nothing.log") == "a place that its log does not tell"


@pytest.mark.pbx
def test_a_phone_that_is_called_in_a_circle(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It turns each call away at once, and the PBX calls it again: one finding, and soon."""
    lead_to("Dial(PJSIP/101,20)\nGoto(1)", {}, (), monkeypatch)
    scenario = story(REFUSED, tmp_path)
    assert kinds_found(scenario, environment, tmp_path) == ["call-endless"]
    events = events_of(tmp_path / "play")
    (endless,) = [event for event in events if isinstance(event, CallEndless)]
    assert endless.place == "84950000002@from-trunk, and has called 101 200 times in a row"
    assert len([event for event in events if isinstance(event, PhoneInvited)]) < 400
