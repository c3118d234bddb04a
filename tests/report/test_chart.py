"""Charts: what is on which column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.report.chart import (
    FRESH,
    GOES_ON,
    Axis,
    Bar,
    Part,
    axis_over,
    draw_rows,
    finest_detail,
    in_order,
    steps_for,
)


def bar(phone: str, start: float, end: float, word: str = "") -> Bar:
    """A ring of one part."""
    return Bar(phone, (Part(start, end, FRESH),), word)


def test_a_ring_shorter_than_a_column_is_seen() -> None:
    """However coarse the scale, no ring disappears."""
    assert draw_rows(["101"], [bar("101", 3.0, 3.1)], Axis(0.0, 1.0, 10)) == ["   █"]


def test_a_refusal_at_once_is_a_word_at_its_moment() -> None:
    """No bar, only the word."""
    assert draw_rows(["101"], [bar("101", 3.0, 3.0, "✗486")], Axis(0.0, 1.0, 10)) == ["   ✗486"]


def test_the_next_ring_counts_more_than_the_word_before_it() -> None:
    """The word is left out rather than drawn over a block."""
    rows = draw_rows(["101"], [bar("101", 0.0, 2.0, "answered"), bar("101", 4.0, 5.0)], Axis(0.0, 1.0, 10))
    assert rows == ["██  █"]


def test_a_ring_that_follows_another_without_a_gap_begins_visibly() -> None:
    """FreePBX's blink: CANCEL and INVITE within milliseconds."""
    rows = draw_rows(["101"], [bar("101", 0.0, 3.0), bar("101", 3.05, 6.0)], Axis(0.0, 1.0, 10))
    assert rows == ["███▐██"]


def test_parts_keep_their_blocks() -> None:
    """Dark, then light."""
    ring = Bar("101", (Part(0.0, 2.0, FRESH), Part(2.0, 4.0, GOES_ON)))
    assert draw_rows(["101", "102"], [ring], Axis(0.0, 1.0, 4)) == ["██░░", ""]


def test_ticks_stand_at_their_moments() -> None:
    """The number's first digit is on its column."""
    assert Axis(2.0, 0.5, 40).ticks() == "2   4   6   8   10  12  14  16  18  20  22 s"
    assert Axis(1.0, 2.5, 10).ticks() == "    10  20 s"


def test_phones_are_listed_as_a_person_does() -> None:
    """99 before 101, each once."""
    assert in_order(["1001", "101", "99", "101"]) == ["99", "101", "1001"]


def test_finest_detail_is_the_shortest_time_longer_than_the_tolerance() -> None:
    """Jitter below the tolerance needs no room on paper."""
    assert finest_detail([bar("101", 0.0, 15.1), bar("102", 15.0, 18.0)], 0.5) == pytest.approx(2.9)
    assert finest_detail([], 0.5) == float("inf")


moments = st.floats(min_value=0.0, max_value=5000.0)


@given(st.lists(st.tuples(moments, moments), min_size=1, max_size=6), st.integers(min_value=5, max_value=120))
def test_a_chart_keeps_its_room_and_loses_no_ring(spans: list[tuple[float, float]], room: int) -> None:
    """At the chosen step every bar is on the paper and every phone has a block or is of no length."""
    bars = [bar(str(100 + number), min(span), max(span)) for number, span in enumerate(spans)]
    step = next(iter(steps_for(bars, [], room)))
    axis = axis_over(bars, [], step)
    rows = draw_rows([entry.phone for entry in bars], bars, axis)
    assert all(len(row) <= axis.columns + 1 for row in rows)
    assert axis.columns <= room or step == 3600.0
    assert all(FRESH in row for row, entry in zip(rows, bars, strict=True) if entry.end > entry.start)
