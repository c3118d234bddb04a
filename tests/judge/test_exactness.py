"""How exact a play was: the smallest tolerance with which it is green."""

from __future__ import annotations

from collections import Counter

import pytest
from exactness import start_needed, table, tolerance_needed
from ringproof.core.duration import PbxSeconds as S
from story_book import rang, scenario, seen
from test_verdict import ONE


@pytest.mark.parametrize(
    ("start", "end", "tolerance", "starts"),
    [
        (0.01, 15.01, 0.02, 0.02),
        (0.12, 15.13, 0.02, 0.15),
        (0.01, 15.24, 0.25, 0.02),
        (0.01, 14.6, 0.5, None),  # red with the tolerance that holds
        (0.01, 17.0, None, None),
        (0.45, 15.45, 0.02, 0.5),
        (0.7, 15.7, None, None),  # no tolerance makes the start right
    ],
)
def test_what_a_play_needed(start: float, end: float, tolerance: float | None, starts: float | None) -> None:
    """The tolerance is that of durations, and the start is counted from the call."""
    story, observed = scenario(ONE), seen(rang("101", start, end))
    assert tolerance_needed(story, observed) == tolerance
    assert start_needed(story, observed) == starts


def test_the_table_counts_who_would_be_red() -> None:
    """With each smaller one."""
    needed: Counter[S | None] = Counter({S(0.02): 97, S(0.15): 2, None: 1})
    lines = table(needed, S(0.3), "Tolerance")
    assert lines[0] == "## Tolerance, 300 ms: 100 plays"
    assert "| 20 ms | 3 (3.00%) |" in lines
    assert "| 100 ms | 3 (3.00%) |" in lines
    assert "| 150 ms | 1 (1.00%) |" in lines
