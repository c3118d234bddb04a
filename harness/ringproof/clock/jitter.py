"""Measures how late this machine wakes a sleeping process, and derives how fast a clock may race on it.

Speed by itself costs no accuracy, because the clock waits for everything that is on its way. Only the phones' own SIP
timers and the sound between two steps of the clock stay in real time. A machine that wakes processes late gets a lower
speed, which leaves more real time for these.
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
    """Return the highest rate for a machine that wakes a sleeping process `late` real seconds late."""
    return next((speed for limit, speed in _LIMITS if late <= limit), SLOWEST_RACE)


def auto() -> float:
    """Measure the lateness and return the highest rate, as `--speed auto` does before every play."""
    return speed_for(lateness())
