"""The PBX's clock as the conductor sees it. Everything that waits, waits through this interface."""

from harness.clock.clock import Clock, PbxEpoch, RealClock
from harness.clock.report import FASTEST, SLOWEST, ClockReport

__all__ = ["FASTEST", "SLOWEST", "Clock", "ClockReport", "PbxEpoch", "RealClock"]
