"""How late this machine wakes those who sleep, and how fast a clock may race on it.

The clock waits for everybody, so that speed costs no accuracy by itself. What is left in real time are the phones' own
SIP timers and the sound between two steps of the clock; a machine that is late for everything gets more time for them.
"""

from __future__ import annotations

import time

from ringproof.core.speed import FASTEST

_NAP_S = 0.0005
_NAPS = 40
_LIMITS = ((0.005, FASTEST), (0.02, 200.0), (0.05, 100.0), (0.2, 25.0))
"""Lateness in real seconds, and the highest rate up to it."""
SLOWEST_RACE = 10.0


def lateness() -> float:
    """Return how late, in real seconds, this process was woken from short sleeps; the worst of some 20 ms."""
    worst = 0.0
    for _ in range(_NAPS):
        begun = time.monotonic()
        time.sleep(_NAP_S)
        worst = max(worst, time.monotonic() - begun - _NAP_S)
    return worst


def speed_for(late: float) -> float:
    """Return the highest rate for a machine that wakes sleepers so late."""
    return next((speed for limit, speed in _LIMITS if late <= limit), SLOWEST_RACE)


def auto() -> float:
    """Measure, and return the highest rate: what `--speed auto` means; asked before every play."""
    return speed_for(lateness())
