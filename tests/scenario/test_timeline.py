"""What is left to chance is refused, and nothing else is."""

from pathlib import Path

import pytest
from ringproof.scenario.reading import read_scenarios

SMALL = Path(__file__).parent / "small-office.yaml"
FOUR = """pbx: {office}
callers:
  anna: {{from: "1", to: "84950000001"}}
tolerance: {tolerance}
scenarios:
  story:
    phones: {phones}
    when: [call: anna{when}]
    expect: {expect}
"""


def sentences(folder: Path, phones: str, expect: str, when: str = "", tolerance: str = "500ms") -> list[str]:
    """Return the problems' sentences of a story, but for those that say that it contradicts itself."""
    file = folder / "story.ring.yaml"
    file.write_text(
        FOUR.format(office=SMALL, phones=phones, expect=expect, when=when, tolerance=tolerance), encoding="utf-8"
    )
    told = [problem.sentence for problem in read_scenarios(file).problems]
    return [sentence for sentence in told if "of ringing, and is expected to ring for" not in sentence]


STEPS = "[{ring: [101], for: 15s}, {ring: [101, 102], for: 15s}, {ring: [100], for: 5s}]"


@pytest.mark.parametrize(
    ("phones", "clear"),
    [
        ("{101: {answers: 14400ms}}", True),
        ("{101: {answers: 14600ms}}", False),
        ("{101: {answers: 15s}}", False),
        ("{101: {answers: 15400ms}}", False),
        ("{101: {answers: 15500ms}}", True),
        ("{102: {answers: 14400ms}}", True),
        ("{102: {answers: 14600ms}}", False),
        ("{101: {answers: 30s}}", False),
        ("{101: {answers: 31s}}", True),  # it has stopped ringing by then
        ("{102: {refuses: 486, after: 15s}}", False),
        ("{100: {answers: 7s}}", True),
        ("{100: {answers: 5s}}", False),  # at the very end, and no answer is expected
    ],
)
def test_an_action_near_a_boundary(phones: str, clear: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a column of a table
    """Closer than the tolerance, from either side, counted from the start of the phone's own stretch."""
    assert (sentences(tmp_path, phones, STEPS) == []) == clear


@pytest.mark.parametrize(("tolerance", "clear"), [("1s", False), ("900ms", False), ("800ms", True)])
def test_the_tolerance_is_that_of_the_scenario(tolerance: str, clear: bool, tmp_path: Path) -> None:  # noqa: FBT001 - as above
    """What is chance at one tolerance is none at a tighter one."""
    assert (sentences(tmp_path, "{101: {answers: 14200ms}}", STEPS, tolerance=tolerance) == []) == clear


@pytest.mark.parametrize(
    ("phones", "expect", "when"),
    [
        ("{102: {answers: 5s}}", "[{ring: [101, 102], for: 5s}, answer: 102]", ""),
        ("{102: {answers: 5s}}", "[{ring: [101, 102], for: 5s}, {missed: []}, answer: 102]", ""),
        (
            "{101: {refuses: 603, after: 3s}, 102: {refuses: 603, after: 3s}}",
            "[{ring: [101, 102], for: 3s}, {refused: {101: 603, 102: 603}}, ring: [100]]",
            "",
        ),
        (
            "{101: {refuses: 603, after: 3s}}",
            "[{refused: {101: 603}}, {ring: [101, 102], for: 3s}, {ring: [102], for: 12s}, ring: [100]]",
            "",
        ),
        ("{}", "[{ring: [101, 102], for: 6s}]", ", {hang up: anna, at: {after: 6s, of: {ring: 101}}}"),
        (  # a fresh INVITE does not break the stretch: 101 answers 20 s after the first
            "{101: {answers: 20s}}",
            "[{ring: [101], for: 15s}, {ring: [101, 102], for: 5s, again: [101]}, answer: 101]",
            "",
        ),
        (  # nobody says when the first wave ends, so nothing is known of what follows
            "{102: {answers: 15s}}",
            "[{ring: [101]}, {ring: [101, 102], for: 15s}, {ring: [100], for: 15s}]",
            "",
        ),
    ],
)
def test_an_action_that_causes_its_boundary(phones: str, expect: str, when: str, tmp_path: Path) -> None:
    """That is what boundaries are made of."""
    assert sentences(tmp_path, phones, expect, when) == []


def test_a_phone_that_rings_on_caused_no_boundary(tmp_path: Path) -> None:
    """An answer expected later does not explain the boundary at which others join."""
    expect = "[{ring: [101], for: 5s}, {ring: [101, 102], for: 5s}, answer: 101]"
    assert sentences(tmp_path, "{101: {answers: 5s}}", expect) == [
        "101 answers just when the wave on line 9 begins: which comes first is chance"
    ]


@pytest.mark.parametrize(
    ("phones", "sentence"),
    [
        ("{101: {answers: 2s, hangs up: 1s}}", "101 answers just when the wave on line 9 begins without it"),
        ("{101: {refuses: 486, after: 2200ms}}", "101 refuses 200ms after the wave on line 9 begins without it"),
    ],
)
def test_a_wave_that_begins_because_of_what_nobody_expects(phones: str, sentence: str, tmp_path: Path) -> None:
    """The others ring on without it: that is no chance, but a line that is missing; with it the story is right."""
    waves = "[{ring: [100, 101, 102], for: 2s}, {ring: [100, 102], for: 6s}]"
    assert sentences(tmp_path, phones, waves) == [f"{sentence}, and nothing says that this is why"]
    line = "answer: 101" if "answers" in phones else "refused: {101: 486}"
    assert sentences(tmp_path, phones, waves.replace("}, {", f"}}, {{{line}}}, {{", 1)) == []


def test_a_hunt_that_goes_on_when_somebody_acts_is_chance(tmp_path: Path) -> None:
    """Another phone rings then: given up on, or answered?"""
    waves = "[{ring: [101], for: 2s}, {ring: [102], for: 6s}]"
    assert sentences(tmp_path, "{101: {answers: 2s}}", waves) == [
        "101 answers just when the wave on line 9 begins: which comes first is chance"
    ]


def test_two_actions_at_once(tmp_path: Path) -> None:
    """Each would be the cause of the same boundary; two refusals are the same in either order."""
    expect = "[{ring: [101, 102], for: 5s}, answer: 102]"
    hang_up = ", {hang up: anna, at: {after: 5200ms, of: {ring: 101}}}"
    assert sentences(tmp_path, "{102: {answers: 5s}}", expect, hang_up) == [
        "102 answers and anna hangs up within 200ms: which comes first is chance"
    ]
