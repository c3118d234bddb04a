"""How fast a PBX's clock may race."""

from __future__ import annotations

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
