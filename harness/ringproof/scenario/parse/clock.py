"""Readers of `speed:`, how fast the PBX's clock may race, and of `clock:`, what it shows when the story starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

from ringproof.core.dates import after, shown_at, write_offset, write_time
from ringproof.core.duration import HOW_TO_WRITE_SPAN, Span, parse_span
from ringproof.core.problem import ReadingError, told
from ringproof.core.speed import HOW_TO_WRITE_SPEED, parse_speed
from ringproof.core.spelling import nearest
from ringproof.core.zones import time_zones
from ringproof.scenario.syntax.tree import Entry, Listing, Table, Text, Value
from ringproof.scenario.syntax.values import refuse_unknown, table_of, text_of

CLOCK = ("starts", "every", "for")
SWEEP = ("every", "for")
STARTS = re.compile(r"(?P<moment>\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?) (?P<zone>\S+)")
MOST_DATES = 2000
"""The most dates at which one scenario is played."""
_OFFSET = re.compile(r"[+-](?P<hours>\d{2}):(?P<minutes>\d{2})")
_EXAMPLE = "`2026-12-31 17:59:50 Europe/Moscow`"
_EARLIEST = 2002
_LATEST = 2037
"""The years that a PBX is set to: some telephony software keeps dates in 32 bits, and certificates have a first day."""


def read_speed(value: Value) -> float:
    """Return the highest speed that a scenario gives. Raises ReadingError."""
    text = text_of(value, "`speed`", "a number, such as `10`")
    try:
        return parse_speed(text.text)
    except ValueError as fault:
        raise ReadingError(text.source, f"`speed`: {fault}", HOW_TO_WRITE_SPEED) from None


def read_clock(value: Value) -> datetime | tuple[datetime, ...]:
    """Return the date, with its zone, at which `clock:` starts the story, or the dates of a list or sweep.

    Raises ReadingError.
    """
    table = table_of(value, "`clock`", f"`starts:` and below it a date, such as {_EXAMPLE}")
    refuse_unknown(table, CLOCK, "`clock`")
    if not table.entries:
        raise ReadingError(table.source, "`clock` says nothing", f"write `starts: {_EXAMPLE[1:-1]}`, say")
    sweep = [table.entries[key] for key in SWEEP if key in table.entries]
    if "starts" not in table.entries:
        raise ReadingError(
            sweep[0].key.source,
            f"`{sweep[0].key.text}` counts from a date, and there is no `starts`",
            f"write `starts: {_EXAMPLE[1:-1]}`, say",
        )
    starts = table.entries["starts"].value
    if isinstance(starts, Listing):
        return _listed(starts, sweep)
    start = _read_date(text_of(starts, "`starts`", f"a date, such as {_EXAMPLE}, or a list of dates"))
    if not sweep:
        return start
    return tuple(_swept(start, table))


def _listed(listing: Listing, sweep: list[Entry]) -> tuple[datetime, ...]:
    if sweep:
        raise ReadingError(
            sweep[0].key.source,
            f"`{sweep[0].key.text}` counts from one date, and `starts` is a list",
            "write one date, or delete `every` and `for`",
        )
    if not listing.items:
        raise ReadingError(listing.source, "`starts` is empty", f"write `[{_EXAMPLE[1:-1]}]`, say")
    if len(listing.items) > MOST_DATES:
        raise ReadingError(
            listing.source,
            f"`starts` has {len(listing.items):,} dates, and a scenario has {MOST_DATES:,} at most",
            "delete some, or write several scenarios",
        )
    dates: dict[float, tuple[Text, datetime]] = {}
    for item in listing.items:
        text = text_of(item, "a date of `starts`", _EXAMPLE)
        date = _read_date(text)
        first, _ = dates.setdefault(date.timestamp(), (text, date))
        if first is not text:
            raise ReadingError(
                text.source,
                f"`starts` names the same moment twice: {told(first.text)} and {told(text.text)}",
                "delete one of the two",
                first.source,
            )
    return tuple(date for _, date in dates.values())


def _swept(start: datetime, table: Table) -> Iterator[datetime]:
    """Yield the dates from `start` on, one after each `every`, until `for` has passed. Raises ReadingError."""
    for missing, example, meaning in (
        ("for", "7d", "how far apart the dates are, and not for how long they go on"),
        ("every", "30m", "for how long the dates go on, and not how far apart they are"),
    ):
        if missing not in table.entries:
            (key,) = (table.entries[key].key for key in SWEEP if key != missing)
            raise ReadingError(key.source, f"`{key.text}` says {meaning}", f"write `{missing}: {example}` beside it")
    every_value, for_value = (table.entries[key].value for key in SWEEP)
    every, lasts = _span(every_value, "every", "30m"), _span(for_value, "for", "7d")
    if every == Span():
        raise ReadingError(
            every_value.source, "with an `every` of 0 all dates are the same", "write at least 1s, such as `30m`"
        )
    end = after(start, lasts).timestamp()
    for number in count():
        date = after(start, Span(number * every.days, number * every.seconds))
        if date.timestamp() >= end:
            if number <= 1:
                raise ReadingError(
                    for_value.source,
                    "`for` is no longer than `every`, so that there is one date only",
                    "write a longer `for`, or `starts` alone",
                )
            return
        if number == MOST_DATES:
            raise ReadingError(
                every_value.source,
                f"this sweep has more than {MOST_DATES:,} dates, and a scenario has no more",
                "write a longer `every` or a shorter `for`",
            )
        if date.year > _LATEST:
            raise ReadingError(
                for_value.source,
                f"`for`: the dates go on into {date.year}, and a PBX is not sent there",
                f"write a shorter `for`: the last year is {_LATEST}",
            )
        if every.days:
            _must_be_shown_once(date, every, every_value)
        yield date


def _span(value: Value, key: str, example: str) -> Span:
    text = text_of(value, f"`{key}`", f"a time, such as `{example}`")
    try:
        return parse_span(text.text)
    except ValueError as fault:
        raise ReadingError(text.source, f"`{key}`: {fault}", HOW_TO_WRITE_SPAN) from None


def _must_be_shown_once(date: datetime, every: Span, value: Value) -> None:
    """Raise ReadingError for a day on which the clocks skip the time of the sweep, or show it twice."""
    zone = date.tzinfo
    local = date.replace(tzinfo=None)
    found = shown_at(local, zone)
    if len(found) != 1:
        odd = _never_shown(local, str(zone)) if not found else _shown_twice(local, str(zone))
        hours = f"`every: {24 * every.days}h`, which counts hours"
        raise ReadingError(value.source, f"`every`: {odd}", f"begin at another time of day, or write {hours}")


def _read_date(text: Text) -> datetime:
    """Return the date of a text that gives a date and its zone. Raises ReadingError."""
    match = STARTS.fullmatch(text.text)
    if match is None:
        raise ReadingError(
            text.source, f"`starts`: {told(text.text)} is no date with its zone", f"write {_EXAMPLE}, say"
        )
    try:
        local = datetime.fromisoformat(match["moment"])
    except ValueError:
        raise ReadingError(
            text.source, f"`starts`: there is no such day or time as {match['moment']}", f"write {_EXAMPLE}, say"
        ) from None
    if not _EARLIEST <= local.year <= _LATEST:
        raise ReadingError(
            text.source,
            f"`starts`: a PBX is not sent to {local.year}",
            f"write a year from {_EARLIEST} to {_LATEST}",
        )
    offset = _OFFSET.fullmatch(match["zone"])
    if offset is not None:
        if offset["hours"] > "23" or offset["minutes"] > "59":
            raise ReadingError(
                text.source, f"`starts`: there is no offset {told(match['zone'])}", "write `+03:00`, say"
            )
        return datetime.fromisoformat(f"{match['moment']}{match['zone']}")
    return _in_zone(local, match["zone"], text)


def _in_zone(local: datetime, name: str, text: Text) -> datetime:
    """Return a local time in a zone. Raises ReadingError if the zone's clocks skip it or show it twice."""
    zones = time_zones()
    if name not in zones:
        near = nearest(name, zones)
        offset = "or an offset such as `+03:00`"
        raise ReadingError(
            text.source,
            f"`starts`: there is no time zone {told(name)}",
            f"did you mean `{near}`?" if near else f"write a name of the tz database, as in {_EXAMPLE}, {offset}",
        )
    found = shown_at(local, ZoneInfo(name))
    if not found:
        raise ReadingError(
            text.source, f"`starts`: {_never_shown(local, name)}", "write a time an hour later or earlier"
        )
    if len(found) > 1:
        options = " or ".join(f"`{write_time(local)} {write_offset(moment)}`" for moment in found)
        raise ReadingError(text.source, f"`starts`: {_shown_twice(local, name)}", f"write {options}")
    return found[0]


def _never_shown(local: datetime, zone: str) -> str:
    return f"the clocks of {zone} never show {write_time(local)}: they are put forward then"


def _shown_twice(local: datetime, zone: str) -> str:
    return f"the clocks of {zone} show {write_time(local)} twice: they are put back then"
