"""Dates with their time zones: when clocks show a time, what is so long after a date, how a date is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ringproof.core.duration import Span

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def shown_at(local: datetime, zone: tzinfo | None) -> tuple[datetime, ...]:
    """Return the moments at which a zone's clocks show a time: none where they skip it, two where they are put back."""
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return (first,)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        return ()
    return (first, second)


def after(date: datetime, span: Span) -> datetime:
    """Return the date that is `span` after another, in its zone.

    A day later the clocks show the same time. Where they skip it, what is returned is the moment at which they would
    have shown it; where they show it twice, the first one (RFC 5545, 3.3.5).
    """
    if span.days:
        return date.replace(fold=0) + timedelta(days=span.days)
    return (date.astimezone(UTC) + timedelta(seconds=span.seconds)).astimezone(date.tzinfo)


def write_time(local: datetime) -> str:
    """Write what the clocks show: `2026-12-31 17:59:50`."""
    return f"{local:%Y-%m-%d %H:%M:%S}"


def write_offset(moment: datetime) -> str:
    """Write how far a moment's zone is from UTC: `+03:00`."""
    written = f"{moment:%z}"
    return f"{written[:3]}:{written[3:]}"


def write_date(moment: datetime) -> str:
    """Write a moment so that nothing else can be meant: `Thu 2026-12-31 17:59:50 Europe/Moscow`.

    A time that the clocks of the zone show twice has its offset in the place of the zone's name.
    """
    zone = moment.tzinfo
    is_named = isinstance(zone, ZoneInfo) and len(shown_at(moment.replace(tzinfo=None), zone)) == 1
    name = zone.key if isinstance(zone, ZoneInfo) and is_named else write_offset(moment)
    return f"{WEEKDAYS[moment.weekday()]} {write_time(moment)} {name}"
