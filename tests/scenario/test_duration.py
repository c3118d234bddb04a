"""Times as users write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.core.duration import LONGEST, Span, format_duration, parse_duration, parse_span, write_duration


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


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("7d", Span(days=7)),
        ("24h", Span(seconds=86400)),
        ("30m", Span(seconds=1800)),
        ("0.5h", Span(seconds=1800)),
        ("1.1m", Span(seconds=66)),
        ("2000ms", Span(seconds=2)),
        ("168h", Span(seconds=604800)),
        ("3653d", Span(days=3653)),
        ("0d", Span()),
        ("0s", Span()),
    ],
)
def test_spans(text: str, span: Span) -> None:
    """A day is no 24 hours: it ends when the clocks show the same time."""
    assert parse_span(text) == span


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("7", "has no unit"),
        ("-7d", "is negative"),
        ("7 d", "is no time"),
        ("1d12h", "is no time"),
        ("1w", "is no time"),
        ("1.5d", "no whole number of days"),
        ("500ms", "no whole number of seconds"),
        ("0.4ms", "no whole number of seconds"),
        ("3654d", "longer than ten years"),
        ("87673h", "longer than ten years"),
        ("9" * 5000 + "d", "longer than ten years"),
    ],
)
def test_what_is_no_span_is_told(text: str, part: str) -> None:
    """Each with its own reason."""
    with pytest.raises(ValueError, match=part):
        parse_span(text)


@given(st.text(alphabet="0123456789.-mshd", max_size=12))
def test_any_text_is_a_span_or_a_value_error(text: str) -> None:
    """Nothing else is raised, and no span is negative."""
    try:
        span = parse_span(text)
    except ValueError:
        return
    assert span.days >= 0
    assert span.seconds >= 0
    assert not (span.days and span.seconds)


@pytest.mark.parametrize(("seconds", "text"), [(20, "20 s"), (1.5, "1.5 s"), (0.04, "0 s"), (20.26, "20.3 s")])
def test_sentences_say_tenths(seconds: float, text: str) -> None:
    """As in `expected 102 to join after 20 s`."""
    assert format_duration(seconds) == text
