"""The PBX's clock: the page through which it is driven, and the one interface through which anything waits."""

from harness.clock.clock import PbxClock, PbxEpoch, PhoneLine, PlayLoop
from harness.clock.page import Page, PageError
from harness.clock.report import FASTEST, SLOWEST, ClockReport

__all__ = [
    "FASTEST",
    "SLOWEST",
    "ClockReport",
    "Page",
    "PageError",
    "PbxClock",
    "PbxEpoch",
    "PhoneLine",
    "PlayLoop",
]
