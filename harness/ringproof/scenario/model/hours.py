"""When an office is open: spans of local time on days of the week, holidays, and where calls go otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ringproof.core.spelling import nearest
from ringproof.core.zones import time_zones

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(WEEKDAYS)
_DAYS = re.compile(rf"(?P<first>{_DAY})(-(?P<last>{_DAY}))?")
_SPAN = re.compile(r"(?P<from_hour>\d{2}):(?P<from_minute>\d{2})-(?P<to_hour>\d{2}):(?P<to_minute>\d{2})")
_HOLIDAY = re.compile(r"(?:(?P<year>\d{4})-)?(?P<month>\d{2})-(?P<day>\d{2})")
_LEAP_YEAR = 2024
DAY = 24 * 60
WEEK = 7 * DAY
"""In minutes."""


def _weekdays(value: str) -> str:
    if _DAYS.fullmatch(value) is None:
        raise ValueError(f"`{value}` names no days of the week\nwrite `mon-fri`, or `sat`")
    return value


def _span(value: str) -> str:
    match = _SPAN.fullmatch(value)
    if match is None:
        raise ValueError(f"`{value}` is no span of time\nwrite `09:00-18:00`")
    begin, end = _minutes(match["from_hour"], match["from_minute"]), _minutes(match["to_hour"], match["to_minute"])
    if begin >= DAY or end > DAY or int(match["from_minute"]) > 59 or int(match["to_minute"]) > 59:  # noqa: PLR2004
        raise ValueError(f"`{value}`: a day goes from 00:00 to 24:00\nwrite `09:00-18:00`")
    if begin == end:
        raise ValueError(f"`{value}` begins where it ends\nwrite `00:00-24:00` for the whole day")
    return value


def _holiday(value: str) -> str:
    match = _HOLIDAY.fullmatch(value)
    if match is None:
        raise ValueError(f"`{value}` is no day\nwrite `01-01`, or `2026-12-31` for one year only")
    try:
        date(int(match["year"] or _LEAP_YEAR), int(match["month"]), int(match["day"]))
    except ValueError:
        raise ValueError(f"there is no such day as `{value}`\nwrite one that the calendar has") from None
    return value


def _zone(value: str) -> str:
    zones = time_zones()
    if value not in zones:
        near = nearest(value, zones)
        raise ValueError(
            f"there is no time zone `{value}`"
            + (f"\ndid you mean `{near}`?" if near else "\nwrite a name of the tz database, such as `Europe/Moscow`")
        )
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _minutes(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


Weekdays = Annotated[str, AfterValidator(_weekdays), WithJsonSchema({"type": "string", "pattern": _DAYS.pattern})]
"""`mon-fri`, `sat`, `sat-sun`; across the week's end too: `sun-thu`."""
_SPAN_WRITTEN = {"type": "string", "pattern": _SPAN.pattern}
Span = Annotated[str, AfterValidator(_span), WithJsonSchema(_SPAN_WRITTEN)]
"""`09:00-18:00`: open from the first minute on, closed again when the second one begins; `22:00-06:00` ends the day
after."""
Spans = Annotated[
    tuple[Span, ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_SPAN_WRITTEN, {"type": "array", "items": _SPAN_WRITTEN, "minItems": 1}]}),
]
"""One span may stand without a list."""
Holiday = Annotated[str, AfterValidator(_holiday), WithJsonSchema({"type": "string", "pattern": _HOLIDAY.pattern})]
"""`01-01` every year, `2026-12-31` once."""
TimeZone = Annotated[str, AfterValidator(_zone)]


def days_of(weekdays: str) -> tuple[int, ...]:
    """Return the numbers, Monday 0, of the days that `mon-fri` names."""
    match = _DAYS.fullmatch(weekdays)
    assert match is not None  # noqa: S101 - validated
    first = WEEKDAYS.index(match["first"])
    last = WEEKDAYS.index(match["last"] or match["first"])
    return tuple((first + number) % 7 for number in range((last - first) % 7 + 1))


def open_spans(opening: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, int, int, int]]:
    """Yield each span by the key it stands under, with its day (Monday 0) and its minutes of that day.

    A span past midnight ends after 24 * 60.
    """
    for weekdays, spans in opening.items():
        for day in days_of(weekdays):
            for span in spans:
                match = _SPAN.fullmatch(span)
                assert match is not None  # noqa: S101 - validated
                begin = _minutes(match["from_hour"], match["from_minute"])
                end = _minutes(match["to_hour"], match["to_minute"])
                yield weekdays, day, begin, end if end > begin else end + DAY


def overlap(opening: dict[str, tuple[str, ...]]) -> str | None:
    """Return the key of a span that overlaps another one, None where none does."""
    taken: set[int] = set()
    for weekdays, day, begin, end in open_spans(opening):
        minutes = {(day * DAY + minute) % WEEK for minute in range(begin, end)}
        if minutes & taken:
            return weekdays
        taken |= minutes
    return None
