"""Dates with time zones: find the moments at which clocks show a time, add a span to a date, write a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ringproof.core.duration import Span

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def shown_at(local: datetime, zone: tzinfo | None) -> tuple[datetime, ...]:
    """Return the moments at which a zone's clocks show a time: two where they are put back, none where they skip it."""
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return (first,)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        return ()
    return (first, second)


def after(date: datetime, span: Span) -> datetime:
    """Return the date that is `span` after `date`, in the same zone.

    A day later the clocks show the same time. Where they skip that time, the result is the moment at which they would
    have shown it. Where they show it twice, the result is the first of the two moments (RFC 5545, 3.3.5).
    """
    if span.days:
        return date.replace(fold=0) + timedelta(days=span.days)
    return (date.astimezone(UTC) + timedelta(seconds=span.seconds)).astimezone(date.tzinfo)


def write_time(local: datetime) -> str:
    """Write a date and time without the zone: `2026-12-31 17:59:50`."""
    return f"{local:%Y-%m-%d %H:%M:%S}"


def write_offset(moment: datetime) -> str:
    """Write the offset from UTC of a moment's zone: `+03:00`."""
    written = f"{moment:%z}"
    return f"{written[:3]}:{written[3:]}"


def write_date(moment: datetime) -> str:
    """Write a moment unambiguously: `Thu 2026-12-31 17:59:50 Europe/Moscow`.

    Where the clocks of the zone show the time twice, the offset stands in place of the zone's name.
    """
    zone = moment.tzinfo
    is_named = isinstance(zone, ZoneInfo) and len(shown_at(moment.replace(tzinfo=None), zone)) == 1
    name = zone.key if isinstance(zone, ZoneInfo) and is_named else write_offset(moment)
    return f"{WEEKDAYS[moment.weekday()]} {write_time(moment)} {name}"
