"""Long scenarios are played first."""

from __future__ import annotations

import pytest
from playing.conftest import story
from ringproof.pytest_plugin.order import dealt
from ringproof.scenario.model.story_end import length

RINGS = """
callers:
  anna: {{from: "+74951234567", to: "84950000005"}}
scenarios:
  a ring:
    {more}
    when:
      - call: anna
    expect:
      - ring: [101]
        for: {lasts}
      - missed: [101]
      - caller gets: {{code: 480}}
"""


def slices(entries: list[str], workers: int) -> list[list[str]]:
    """Cut as pytest-xdist does."""
    cut, left = [], list(entries)
    for number in range(workers):
        count = len(left) // (workers - number)
        cut.append(left[:count])
        del left[:count]
    return cut


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7, 12])
def test_each_worker_begins_with_a_long_one(workers: int) -> None:
    """None of the longest comes behind a shorter one of its worker; and nothing is lost."""
    names = [f"{number:02}" for number in range(10)]
    lengths = [float(number * 7 % 10) for number in range(10)]
    of = dict(zip(names, lengths, strict=True))
    parts = slices(dealt(names, lengths, workers), workers)
    assert sorted(name for part in parts for name in part) == names
    for part in parts:
        assert [of[name] for name in part] == sorted((of[name] for name in part), reverse=True)
    longest = {name for name in names if of[name] >= 10 - min(workers, 10)}
    assert {part[0] for part in parts if part} == longest


def test_those_of_one_length_keep_their_order() -> None:
    """So that a run of one worker is read as the files are."""
    assert dealt(["a", "b", "c"], [1.0, 1.0, 1.0], 1) == ["a", "b", "c"]


def test_a_length_is_in_pbx_time(tmp_path: pytest.TempPathFactory) -> None:
    """It grows with what is expected, with how long the silence after it is watched, and with the number of calls."""

    def of(lasts: str, more: str = "") -> float:
        return length(story(RINGS.format(lasts=lasts, more=more), tmp_path))  # type: ignore[arg-type]

    assert of("25s") - of("15s") == pytest.approx(10.0)
    assert of("15s", "quiet: 40s") - of("15s") == pytest.approx(40.0)
