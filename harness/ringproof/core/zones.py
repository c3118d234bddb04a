"""The names of the time zones in the tz database."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> frozenset[str]:
    """Return all names that zoneinfo finds. The result is cached, since zoneinfo opens each of some 600 files."""
    return frozenset(available_timezones())
