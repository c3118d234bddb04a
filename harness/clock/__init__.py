"""The PBX's clock as the conductor sees it. Everything that waits, waits through this interface."""

from harness.clock.clock import Clock, PbxEpoch, RealClock

__all__ = ["Clock", "PbxEpoch", "RealClock"]
