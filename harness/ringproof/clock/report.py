"""What a play reports of its clock."""

from __future__ import annotations

from dataclasses import dataclass

STALL_S = 0.25
"""A machine that keeps the conductor or the PBX waiting this long, in real seconds, has stalled."""
NO_CLOCK = "the image's Asterisk takes no library from outside (musl, or linked statically)"


@dataclass(frozen=True, slots=True)
class Listener:
    """A step of the dialplan that acts on the sound that it receives, or records it."""

    application: str
    place: str = ""
    """Its place in the dialplan, as `s@support:2`; empty: not known."""


@dataclass(frozen=True, slots=True)
class Held:
    """A listener, and for how many seconds it held a clock that was to race at the pace of real time."""

    application: str
    place: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReport:
    """How fast the clock of one play might race, and what prevented it."""

    speed: float
    """The limit in force, in PBX seconds per real second; 1: the clock never raced."""
    why_not: str = ""
    """One sentence, where a higher speed was asked for and the clock could not race at all; else empty."""
    longest_stall: float = 0.0
    """Real seconds: how long the machine kept the conductor or the PBX waiting at worst while time was held at 1."""
    held: tuple[Held, ...] = ()
    """The listeners that held a clock that was to race at the pace of real time, the longest first."""

    @property
    def stalled(self) -> bool:
        """True when the play says more about the machine than about the PBX, and is to be played again."""
        return self.longest_stall >= STALL_S
