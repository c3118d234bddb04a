"""How fast a PBX's clock may race."""

from __future__ import annotations

from typing import Literal

Speed = float | Literal["auto"]
"""The highest speed that a user allows; `auto`: what this machine can keep."""
SLOWEST = 1.0
FASTEST = 500.0
"""Bounds of a speed: PBX seconds per real second."""
HOW_TO_WRITE_SPEED = f"write a number from {SLOWEST:g} (real time) to {FASTEST:g}"


def parse_speed(text: str) -> float:
    """Return a speed as users write it. Raises ValueError with a sentence."""
    try:
        speed = float(text)
    except ValueError:
        raise ValueError(f"`{text[:40]}` is no speed") from None
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError(f"`{text[:40]}` is no speed at which the clock can go")
    return speed


class SpeedError(ValueError):
    """A speed that is none; the message says what was expected."""


def read_speed(text: str) -> Speed:
    """Read a speed as the user gives it. Raises SpeedError."""
    if text == "auto":
        return "auto"
    try:
        return parse_speed(text)
    except ValueError as fault:
        raise SpeedError(f"{fault}: give a number from {SLOWEST:g} to {FASTEST:g}, or auto") from None
