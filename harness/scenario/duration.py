"""Times as users write them, and the one unit in which Ringproof counts: seconds of PBX time."""

from __future__ import annotations

import re
from typing import NewType

PbxSeconds = NewType("PbxSeconds", float)
"""Seconds on the PBX's own clock: a duration, or a moment counted from the start of the story."""

FORM = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)")
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SECOND = 1000
LONGEST = PbxSeconds(24 * 3600.0)
HOW_TO_WRITE = "write a number and its unit without a space: 20s, 1.5s, 500ms, 2m or 1h"


def parse_duration(text: str) -> PbxSeconds:
    """Return the seconds that `20s`, `1.5s`, `500ms`, `2m` or `1h` mean.

    Raises ValueError with a sentence for anything else, and for more than a day.
    """
    match = FORM.fullmatch(text)
    if match is None:
        quoted = f"`{text[:40]}`"
        if text.startswith("-") and FORM.fullmatch(text[1:]):
            raise ValueError(f"{quoted} is negative, and no time is")
        if _BARE.fullmatch(text):
            raise ValueError(f"{quoted} has no unit")
        raise ValueError(f"{quoted} is no time")
    seconds = float(match["number"]) * _UNIT[match["unit"]]
    if seconds > LONGEST:
        raise ValueError(f"`{text[:40]}` is longer than a day")
    return PbxSeconds(seconds)


def format_duration(seconds: float) -> str:
    """Write seconds as sentences do: `20 s`, `1.5 s`, to the tenth."""
    return f"{seconds:.1f}".removesuffix(".0") + " s"


def write_duration(seconds: float) -> str:
    """Write seconds as files do, to the millisecond: `20s`, `1.5s`, `50ms`. `parse_duration` reads it back."""
    milliseconds = round(seconds * _SECOND)
    if 0 < milliseconds < _SECOND:
        return f"{milliseconds}ms"
    return f"{milliseconds / _SECOND:.3f}".rstrip("0").removesuffix(".") + "s"
