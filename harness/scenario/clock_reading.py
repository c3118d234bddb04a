"""`speed:` and `clock: {starts: ...}`: how fast the PBX's clock may race, and what it shows when the story starts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from harness.scenario.problem import ReadingError, told
from harness.scenario.speed import HOW_TO_WRITE_SPEED, parse_speed
from harness.scenario.spelling import nearest
from harness.scenario.tree import Text, Value
from harness.scenario.values import refuse_unknown, table_of, text_of
from harness.scenario.zones import time_zones

CLOCK = ("starts",)
STARTS = re.compile(r"(?P<moment>\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?) (?P<zone>\S+)")
_OFFSET = re.compile(r"[+-]\d{2}:\d{2}")
_EXAMPLE = "`2026-12-31 17:59:50 Europe/Moscow`"
_EARLIEST = 2002
_LATEST = 2037
"""Telephony software keeps dates in 32 bits here and there, and certificates begin somewhere."""


def read_speed(value: Value) -> float:
    """Return a scenario's own limit. Raises ReadingError."""
    text = text_of(value, "`speed`", "a number, such as `10`")
    try:
        return parse_speed(text.text)
    except ValueError as fault:
        raise ReadingError(text.source, f"`speed`: {fault}", HOW_TO_WRITE_SPEED) from None


def read_starts(value: Value) -> datetime:
    """Return what `clock:` says of the start: a moment with its zone. Raises ReadingError."""
    table = table_of(value, "`clock`", f"`starts:` and below it a date, such as {_EXAMPLE}")
    refuse_unknown(table, CLOCK, "`clock`")
    if "starts" not in table.entries:
        raise ReadingError(table.source, "`clock` says nothing", f"write `starts: {_EXAMPLE[1:-1]}`, say")
    text = text_of(table.entries["starts"].value, "`starts`", _EXAMPLE)
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
    if _OFFSET.fullmatch(match["zone"]):
        return datetime.fromisoformat(f"{match['moment']}{match['zone']}")
    return _in_zone(local, match["zone"], text)


def _in_zone(local: datetime, name: str, text: Text) -> datetime:
    """Return a local time of a zone; one that the zone's clocks skip or show twice is refused."""
    zones = time_zones()
    if name not in zones:
        near = nearest(name, zones)
        offset = "or an offset such as `+03:00`"
        raise ReadingError(
            text.source,
            f"`starts`: there is no time zone {told(name)}",
            f"did you mean `{near}`?" if near else f"write a name of the tz database, as in {_EXAMPLE}, {offset}",
        )
    zone = ZoneInfo(name)
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise ReadingError(
            text.source,
            f"`starts`: the clocks of {name} never show {local:%Y-%m-%d %H:%M:%S}: they are put forward then",
            "write a time an hour later or earlier",
        )
    options = " or ".join(f"`{local:%Y-%m-%d %H:%M:%S} {_offset(moment)}`" for moment in (first, second))
    raise ReadingError(
        text.source,
        f"`starts`: the clocks of {name} show {local:%Y-%m-%d %H:%M:%S} twice: they are put back then",
        f"write {options}",
    )


def _offset(moment: datetime) -> str:
    written = f"{moment:%z}"
    return f"{written[:3]}:{written[3:]}"
