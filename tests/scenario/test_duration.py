"""Times as users write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scenario.duration import LONGEST, format_duration, parse_duration, write_duration


@given(st.integers(min_value=0, max_value=int(LONGEST) * 1000))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    """To the millisecond, over a whole day."""
    seconds = milliseconds / 1000
    assert math.isclose(parse_duration(write_duration(seconds)), seconds, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20s", 20), ("1.5s", 1.5), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("0s", 0), ("24h", 86400), ("007s", 7)],
)
def test_units(text: str, seconds: float) -> None:
    """Milliseconds, seconds, minutes, hours."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("5", "has no unit"),
        ("-5s", "is negative"),
        ("25h", "longer than a day"),
        ("9" * 400 + "s", "longer than a day"),
        ("abc", "is no time"),
        ("", "is no time"),
        ("5 s", "is no time"),
        ("5s\n", "is no time"),
        ("\u0665s", "is no time"),
        ("1e3s", "is no time"),
        ("nan", "is no time"),
        ("infs", "is no time"),
        ("12:30", "is no time"),
    ],
)
def test_what_is_no_time_is_told(text: str, part: str) -> None:
    """Each with its own reason."""
    with pytest.raises(ValueError, match=part):
        parse_duration(text)


@given(st.text())
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    """Nothing else is raised, and no time is negative."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 <= seconds <= LONGEST


@pytest.mark.parametrize(("seconds", "text"), [(20, "20 s"), (1.5, "1.5 s"), (0.04, "0 s"), (20.26, "20.3 s")])
def test_sentences_say_tenths(seconds: float, text: str) -> None:
    """As in `expected 102 to join after 20 s`."""
    assert format_duration(seconds) == text
