"""The highest speed of a PBX's clock."""

from __future__ import annotations

from typing import Literal

Speed = float | Literal["auto"]
"""The highest speed that a user allows; `auto` is the highest speed that this machine can keep."""
SLOWEST = 1.0
FASTEST = 500.0
"""Bounds of a speed: PBX seconds per real second."""
HOW_TO_WRITE_SPEED = f"write a number from {SLOWEST:g} (real time) to {FASTEST:g}"


def parse_speed(text: str) -> float:
    """Return the speed that a text means. Raises ValueError with a sentence."""
    try:
        speed = float(text)
    except ValueError:
        raise ValueError(f"`{text[:40]}` is no speed") from None
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError(f"`{text[:40]}` is no speed at which the clock can go")
    return speed


class SpeedError(ValueError):
    """A text that is no valid speed; the message says what was expected."""


def read_speed(text: str) -> Speed:
    """Return the speed of an option, a number or `auto`. Raises SpeedError."""
    if text == "auto":
        return "auto"
    try:
        return parse_speed(text)
    except ValueError as fault:
        raise SpeedError(f"{fault}: give a number from {SLOWEST:g} to {FASTEST:g}, or auto") from None
