"""The JSON form of events: a record is one line with its version, then one line for each event."""

from __future__ import annotations

import dataclasses
import json
from typing import cast

from ringproof.events import model
from ringproof.events.model import Event

KINDS: dict[str, type[Event]] = {
    name: kind
    for name, kind in vars(model).items()  # not __subclasses__: `slots` leaves each class's predecessor there
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
"""Every kind of event by its name."""
FORMAT = 1
HEADER = json.dumps({"format": FORMAT})
"""The first line of a record."""


def to_json(event: Event) -> str:
    """Return one line of JSON: `{"event": "PhoneInvited", "at": 1.234, ...}`, `at` to the microsecond."""
    fields = dataclasses.asdict(event)
    fields["at"] = round(event.at, 6)  # the PBX stamps microseconds; on a raced clock hardly more passes while it works
    return json.dumps({"event": type(event).__name__, **fields}, ensure_ascii=False)


def from_json(line: str) -> Event:
    """Return the event that `to_json` wrote. Raises ValueError for anything else."""
    try:
        fields = json.loads(line)
        kind = KINDS[cast("str", fields.pop("event"))]
        listed = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return kind(**(fields | listed))
    except (KeyError, TypeError, AttributeError) as fault:
        message = f"no event of Ringproof: {line[:80]!r}"
        raise ValueError(message) from fault


def read_record(text: str) -> list[Event]:
    """Return the events of an `events.ndjson`. Raises ValueError for another version, or a line that is no event."""
    lines = text.splitlines()
    if lines and (version := _version(lines[0])) is not None:
        if version != FORMAT:
            raise ValueError(f"this record is of version {version}; this Ringproof reads {FORMAT}")
        del lines[0]
    return [from_json(line) for line in lines]


def _version(line: str) -> object:
    """Return the version in the first line of a record; None if the line has none because it is an event."""
    first = json.loads(line)
    return first.get("format") if isinstance(first, dict) and "event" not in first else None
