"""The clock interface, and the clock of a PBX that lives in real time."""

from __future__ import annotations

import asyncio
import time
from typing import NewType, Protocol

PbxEpoch = NewType("PbxEpoch", float)
"""A moment on the PBX's clock: seconds since 1970, as the PBX itself would stamp it."""


class Clock(Protocol):
    """Turns what the harness can measure into PBX time, and waits in PBX time."""

    def now(self) -> PbxEpoch:
        """Return the present moment."""
        ...

    def at_monotonic(self, nanoseconds: int) -> PbxEpoch:
        """Return the moment at which a process of this machine read `nanoseconds` from CLOCK_MONOTONIC."""
        ...

    async def wait_until(self, moment: PbxEpoch) -> None:
        """Return once `moment` has come; at once when it is past."""
        ...


class RealClock:
    """The clock of a PBX that nobody drives: containers share CLOCK_REALTIME with their host, so the rate is 1."""

    def __init__(self) -> None:
        """Note how CLOCK_REALTIME and CLOCK_MONOTONIC lie to each other, so that no step of the former does harm."""
        before = time.monotonic_ns()
        realtime = time.time_ns()
        after = time.monotonic_ns()
        self._offset_ns = realtime - (before + after) // 2

    def now(self) -> PbxEpoch:
        """Return the present moment."""
        return self.at_monotonic(time.monotonic_ns())

    def at_monotonic(self, nanoseconds: int) -> PbxEpoch:
        """Return the moment at which CLOCK_MONOTONIC read `nanoseconds`."""
        return PbxEpoch((nanoseconds + self._offset_ns) / 1e9)

    async def wait_until(self, moment: PbxEpoch) -> None:
        """Return once `moment` has come; at once when it is past."""
        await asyncio.sleep(max(0.0, moment - self.now()))
