"""Times as users write them, and the one unit in which Ringproof counts: seconds of PBX time."""

from __future__ import annotations

import re
from typing import NewType

PbxSeconds = NewType("PbxSeconds", float)
"""Seconds on the PBX's own clock: a duration, or a moment counted from the start of the story."""

_FORM = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)")
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = PbxSeconds(24 * 3600.0)


def parse_duration(text: str) -> PbxSeconds:
    """Return the seconds that `20s`, `1.5s`, `500ms`, `2m` or `1h` mean.

    Raises ValueError with a sentence for anything else, and for more than a day.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        message = f"{text!r} is no time: write a number and its unit, such as 20s, 1.5s, 500ms or 2m"
        raise ValueError(message)
    seconds = float(match["number"]) * _UNIT[match["unit"]]
    if seconds > LONGEST:
        message = f"{text!r} is longer than a day"
        raise ValueError(message)
    return PbxSeconds(seconds)


def format_duration(seconds: float) -> str:
    """Write seconds as users do: `20 s`, `1.5 s`, to the tenth."""
    return f"{seconds:.1f}".removesuffix(".0") + " s"
