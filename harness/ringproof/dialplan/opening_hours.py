"""Write opening hours as GotoIfTime and STRFTIME take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringproof.scenario.model.hours import DAY, WEEKDAYS, open_spans
from ringproof.scenario.model.office import Hours

_WITHOUT_YEAR = len("01-01")


@dataclass(frozen=True, slots=True)
class Span:
    """Times of a day and the days of the week: `09:00-17:59`, `mon`. GotoIfTime includes the last minute."""

    times: str
    days: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day, and the STRFTIME format in which today is compared with it."""

    day: str
    form: str


@dataclass(frozen=True, slots=True)
class HoursWords:
    """The opening hours as the template writes them."""

    timezone: str
    spans: tuple[Span, ...]
    holidays: tuple[Day, ...]


def hours_of(hours: Hours) -> HoursWords:
    """Return the opening hours as the dialplan needs them."""
    holidays = (Day(day, "%m-%d" if len(day) == _WITHOUT_YEAR else "%Y-%m-%d") for day in hours.holidays)
    return HoursWords(hours.timezone, tuple(_spans(hours)), tuple(holidays))


def _spans(hours: Hours) -> Iterator[Span]:
    """Yield the open spans. One past midnight becomes two, since GotoIfTime tests the present day of the week."""
    for _, day, begin, end in open_spans(hours.open):
        yield Span(f"{_clock(begin)}-{_clock(min(end, DAY) - 1)}", WEEKDAYS[day])
        if end > DAY:
            yield Span(f"00:00-{_clock(end - DAY - 1)}", WEEKDAYS[(day + 1) % 7])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
