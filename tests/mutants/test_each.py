"""What each scenario catches is looked for until it is red; no PBX: what the plays say is made up."""

from __future__ import annotations

from pathlib import Path

from .coverage import Coverage, Ran
from .each import TRIES, candidates, catch_each, caught_report
from .test_trial import BAD, GREEN, RED, REFUSED, STORIES, MadeUp, coverage

__all__ = ["coverage"]


def test_a_story_is_tried_until_it_is_red(coverage: Coverage, tmp_path: Path) -> None:
    """Green, broken and refused at boot are no catch."""
    players = MadeUp(GREEN, BAD, REFUSED, RED)
    (caught,) = catch_each(STORIES[:1], coverage, players, tmp_path, "1", 1)
    assert (caught.tries, caught.kinds, len(players.played)) == (4, ("ring-late",), 4)
    assert caught.slip == candidates(STORIES[0], coverage, "1")[3]
    assert "ring-all: *nobody answers to the end*: [" in caught_report(coverage, [caught], "1")


def test_a_story_that_is_never_red_has_caught_nothing(coverage: Coverage, tmp_path: Path) -> None:
    """And the report says so."""
    (caught,) = catch_each(STORIES[:1], coverage, MadeUp(GREEN), tmp_path, "1", 1)
    assert (caught.slip, caught.tries) == (None, TRIES)
    assert f"1 scenarios, {TRIES} plays; 1 scenarios caught nothing." in caught_report(coverage, [caught], "1")


def test_only_lines_that_a_story_runs_through_are_changed(coverage: Coverage) -> None:
    """A change elsewhere could not be seen."""
    ((_, dialplan),) = coverage.dialplans.items()
    coverage.ran[STORIES[0].id] = Ran(1.0, {dialplan.code[5].index: 1})
    found = candidates(STORIES[0], coverage, "1")
    assert found
    assert all(dialplan.code[5].index in {index for index, _ in slip.lines} for slip in found)


def test_a_story_of_a_number_that_nobody_has(coverage: Coverage) -> None:
    """It runs through no line: the slips are those by which somebody has the number."""
    ((_, dialplan),) = coverage.dialplans.items()
    coverage.ran[STORIES[0].id] = Ran(1.0, {})
    found = candidates(STORIES[0], coverage, "1")
    assert found
    assert {slip.operator for slip in found} == {"number widened"}
    for slip in found:
        ((_, line),) = slip.lines
        assert line == dialplan.lines[slip.place.index].replace(slip.place.extension, "_X.", 1)
