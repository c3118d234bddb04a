"""Slips that somebody has looked at, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .dialplan import Dialplan
from .operators import Slip


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A slip that somebody has looked at."""

    context: str
    """A regular expression: the context's whole name."""
    old: str
    """A part of the line as it was."""
    new: str
    """A regular expression that is found in the line as it is then; `^$`: it is gone."""
    reason: str


def reason_of(entries: Sequence[Reviewed], dialplan: Dialplan, slip: Slip) -> str:
    """Return the reason of the first entry that means the slip; empty: none does."""
    return next((entry.reason for entry in entries if _is_meant(entry, dialplan, slip)), "")


def _is_meant(entry: Reviewed, dialplan: Dialplan, slip: Slip) -> bool:
    if not re.fullmatch(entry.context, slip.place.context):
        return False
    return any(entry.old in dialplan.lines[index] and re.search(entry.new, new or "") for index, new in slip.lines)
