"""Times as users write them, and the unit in which Ringproof counts: seconds of PBX time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

PbxSeconds = NewType("PbxSeconds", float)
"""Seconds on the PBX's own clock: a duration, or a moment counted from the start of the story."""

_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]+)?)"
FORM = re.compile(rf"{_NUMBER}(?P<unit>ms|s|m|h)")
SPAN = re.compile(rf"{_NUMBER}(?P<unit>ms|s|m|h|d)")
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SECOND = 1000
LONGEST = PbxSeconds(24 * 3600.0)
HOW_TO_WRITE = "write a number and its unit without a space: 20s, 1.5s, 500ms, 2m or 1h"
HOW_TO_WRITE_SPAN = "write a whole number and its unit without a space: 30s, 30m, 12h or 7d, and ten years at most"
_LONGEST_SPAN_DAYS = 3653
_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Span:
    """The distance between two dates in whole calendar days or in whole seconds; one of the two is 0.

    A day ends when the clocks show the same time again, even if they were put forward or back meanwhile
    (RFC 5545, 3.3.6).
    """

    days: int = 0
    seconds: int = 0


def parse_duration(text: str) -> PbxSeconds:
    """Return the number of seconds of a text such as `20s`, `1.5s`, `500ms`, `2m` or `1h`.

    Raises ValueError with a sentence for any other text, and for more than a day.
    """
    match = _matched(FORM, text)
    seconds = float(match["number"]) * _UNIT[match["unit"]]
    if seconds > LONGEST:
        raise ValueError(f"`{text[:40]}` is longer than a day")
    return PbxSeconds(seconds)


def parse_span(text: str) -> Span:
    """Return the distance between two dates of a text such as `7d`, `12h`, `30m` or `30s`.

    Raises ValueError with a sentence for any other text, for a fraction of a second or day, and for more than ten
    years.
    """
    match = _matched(SPAN, text)
    is_days = match["unit"] == "d"
    number = float(match["number"]) * (1.0 if is_days else _UNIT[match["unit"]])
    if number * (_DAY_S if is_days else 1) > _LONGEST_SPAN_DAYS * _DAY_S:
        raise ValueError(f"`{text[:40]}` is longer than ten years")
    number = round(number, 6)  # in floats 1.1m is 66.00000000000001 s
    if not number.is_integer():
        raise ValueError(f"`{text[:40]}` is no whole number of {'days' if is_days else 'seconds'}")
    return Span(days=int(number)) if is_days else Span(seconds=int(number))


def _matched(form: re.Pattern[str], text: str) -> re.Match[str]:
    match = form.fullmatch(text)
    if match is not None:
        return match
    quoted = f"`{text[:40]}`"
    if text.startswith("-") and form.fullmatch(text[1:]):
        raise ValueError(f"{quoted} is negative, and no time is")
    if _BARE.fullmatch(text):
        raise ValueError(f"{quoted} has no unit")
    raise ValueError(f"{quoted} is no time")


def format_duration(seconds: float) -> str:
    """Write seconds for a message, rounded to a tenth: `20 s`, `1.5 s`."""
    return f"{seconds:.1f}".removesuffix(".0") + " s"


def write_duration(seconds: float) -> str:
    """Write seconds as in a file, rounded to a millisecond: `20s`, `1.5s`, `50ms`. `parse_duration` reads it back."""
    milliseconds = round(seconds * _SECOND)
    if 0 < milliseconds < _SECOND:
        return f"{milliseconds}ms"
    return f"{milliseconds / _SECOND:.3f}".rstrip("0").removesuffix(".") + "s"
