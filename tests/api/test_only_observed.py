"""A story without expectations: nothing is judged but whether it was played."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ringproof.core.duration import PbxSeconds
from ringproof.events.model import (
    CallerPlaced,
    Event,
    LegBelongs,
    LegCame,
    PbxCrashed,
    QuietOver,
    StepDone,
    StepFailed,
    StoryOver,
)
from ringproof.events.record import HEADER, to_json
from ringproof.run import attempts
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.model.story_end import OBSERVED, last_answers, patience
from story_book import scenario

NOW = PbxSeconds(0.0)
CALLED = [
    StepDone(at=NOW, step=0, verb="call", caller="anna"),
    CallerPlaced(at=NOW, caller="anna", call_id="a"),
    LegCame(at=NOW, call_id="a"),
    LegBelongs(at=NOW, call_id="a", channel="PJSIP/trunk-1", endpoint="trunk", linked="1"),
]
OVER = [StoryOver(at=PbxSeconds(1.0), deadline=True), QuietOver(at=PbxSeconds(6.0), watched=PbxSeconds(5.0))]


def observed(story: Scenario, folder: Path, *events: Event) -> list[str]:
    """Return the kinds of what is reported of these events."""
    lines = [HEADER, *map(to_json, events)]
    (folder / "events.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, findings = attempts._judged(story, folder)  # noqa: SLF001
    return [finding.kind for finding in findings]


def test_what_was_seen_is_no_finding(tmp_path: Path) -> None:
    """Nobody rang, and nobody ended the call: of a story that expects something, more than one difference."""
    assert observed(scenario(), tmp_path, *CALLED, *OVER) == []


def test_a_story_that_was_not_played_is_reported(tmp_path: Path) -> None:
    """A step that could not be done, a PBX that crashed: what a test asks of such an observation would mean nothing."""
    failed = StepFailed(at=NOW, step=0, verb="call", caller="anna", reason="call over")
    assert observed(scenario(), tmp_path, failed, *OVER) == ["step-failed"]
    crashed = PbxCrashed(at=PbxSeconds(0.5), signal=11)
    assert observed(scenario(), tmp_path, *CALLED, crashed, OVER[0]) == ["pbx-crashed"]


def test_it_goes_on_until_somebody_answers_or_the_call_ends() -> None:
    """Whoever answers; at most for so long. A story that expects something ends as before."""
    story = scenario()
    assert (patience(story, "anna"), last_answers(story, "anna")) == (OBSERVED, frozenset(story.phones))
    nothing = dataclasses.replace(story, expect={})
    assert patience(nothing, "anna") == OBSERVED
