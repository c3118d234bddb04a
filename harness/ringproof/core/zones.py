"""Names of the tz database's time zones."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> frozenset[str]:
    """Return all names, as zoneinfo finds them: once, since it opens each of some 600 files to look."""
    return frozenset(available_timezones())
