"""Opening hours as GotoIfTime and STRFTIME take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringproof.scenario.model.hours import DAY, WEEKDAYS, open_spans
from ringproof.scenario.model.office import Hours

_WITHOUT_YEAR = len("01-01")


@dataclass(frozen=True, slots=True)
class Span:
    """Times of a day and the days of the week: `09:00-17:59`, `mon`. GotoIfTime counts the last minute in."""

    times: str
    days: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day, and the form of STRFTIME in which today is compared with it."""

    day: str
    form: str


@dataclass(frozen=True, slots=True)
class HoursWords:
    """What the template writes."""

    timezone: str
    spans: tuple[Span, ...]
    holidays: tuple[Day, ...]


def hours_of(hours: Hours) -> HoursWords:
    """Return the hours in the dialplan's words."""
    holidays = (Day(day, "%m-%d" if len(day) == _WITHOUT_YEAR else "%Y-%m-%d") for day in hours.holidays)
    return HoursWords(hours.timezone, tuple(_spans(hours)), tuple(holidays))


def _spans(hours: Hours) -> Iterator[Span]:
    """A span past midnight is two: GotoIfTime looks at the day that it is now."""
    for _, day, begin, end in open_spans(hours.open):
        yield Span(f"{_clock(begin)}-{_clock(min(end, DAY) - 1)}", WEEKDAYS[day])
        if end > DAY:
            yield Span(f"00:00-{_clock(end - DAY - 1)}", WEEKDAYS[(day + 1) % 7])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
