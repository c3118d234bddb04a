"""Every strategy, and every option of groups, is played in every situation that a group can be called in."""

from __future__ import annotations

from pathlib import Path

import pytest
from matrix.situations import SITUATIONS
from matrix.table import ROWS, calls, cells, table, told_of

OFFICE = Path(__file__).parents[2] / "scenarios" / "offices" / "every-strategy.yaml"
TABLE = table()


@pytest.mark.parametrize("row", ROWS)
def test_each_is_played_in_every_situation(row: str) -> None:
    """A hole is a situation of which nobody knows what the PBX does in it."""
    assert [situation for situation, names in TABLE[row].items() if not names] == []


def test_there_are_all_the_situations() -> None:
    """One that is dropped from the table would be no hole."""
    assert len(SITUATIONS) == 19
    assert len(ROWS) == 12


STORY = """\
pbx: {office}
callers:
  anna: {{from: "1", to: "{dials}"}}
scenarios:
  a story:
    phones: {{{phones}}}
    when: [call: anna]
    expect: [{expect}]
"""


def situations_of(folder: Path, phones: str, expect: str, dials: str = "84950000012") -> set[str]:
    """Return where a story of a group (in_order, three members) stands in the table."""
    file = folder / "story.ring.yaml"
    file.write_text(STORY.format(office=OFFICE, phones=phones, expect=expect, dials=dials), encoding="utf-8")
    return {situation for told in told_of(file) for _, situation in cells(told)}


@pytest.mark.parametrize(
    ("phones", "expect", "found"),
    [
        ("101: {answers: 5s}", "ring: [101], answer: 101", {"the first answers"}),
        ("101: {refuses: 486}, 102: {answers: 5s}", "refused: {101: 486}, ring: [102], answer: 102", {"486 at once"}),
        (
            "101: do not disturb, 102: {answers: 5s}",
            "refused: {101: 486}, ring: [102], answer: 102",
            {"do not disturb"},
        ),
        (
            "101: {refuses: 603, after: 2s}, 102: {answers: 5s}",
            "ring: [101], refused: {101: 603}, ring: [102], answer: 102",
            set(),
        ),
        ("101: on a call, 102: {answers: 5s}", "ring: [102], answer: 102", {"one on a call"}),
        (
            "101: offline, 102: on a call, 103: {answers: 5s}",
            "ring: [103], answer: 103",
            {"one offline", "one on a call"},
        ),
        (
            "101: on a call, 102: on a call, 103: on a call, 100: on a call",
            "nobody: rings",
            {"all on a call", "the operator is busy"},
        ),
        (
            "100: {answers: 2s}",
            "ring: [101], ring: [102], ring: [103], ring: [100], answer: 100, missed: [101, 102, 103]",
            set(),
        ),
    ],
)
def test_what_a_story_is_taken_for(phones: str, expect: str, found: set[str], tmp_path: Path) -> None:
    """By what it says; what almost is the situation is not."""
    each = (
        expect.replace(", ring", "}, {ring")
        .replace(", answer", "}, {answer")
        .replace(", missed", "}, {missed")
        .replace(", refused", "}, {refused")
    )
    assert situations_of(tmp_path, phones, f"{{{each}}}") == found


def test_a_story_of_one_extension_is_none_of_a_group(tmp_path: Path) -> None:
    """The table is about groups."""
    file = tmp_path / "story.ring.yaml"
    office = OFFICE.with_name("trading-company.yaml")
    file.write_text(
        STORY.format(office=office, phones="", expect="nobody: answers", dials="84950000005"), encoding="utf-8"
    )
    assert list(told_of(file)) == []


def test_two_callers_who_show_the_same_number_are_told_apart() -> None:
    """Whose ring it is comes from the PBX: with each strategy, and each call has expectations of its own."""
    rows = {
        row
        for told in calls()
        for row, situation in cells(told)
        if situation == "a second caller, ringing"
        and len({caller.shows for caller in told.scenario.callers.values()}) == 1
        and len({str(told.scenario.expect[caller]) for caller in told.scenario.callers}) == 2
    }
    assert rows == set(ROWS)
