"""Cut the ring chart of one caller's call into waves."""

from __future__ import annotations

from collections.abc import Sequence

from ringproof.core.duration import PbxSeconds
from ringproof.observe.model import ObservedRing, ObservedWave
from ringproof.scenario.model.scenario import SETTLE_WINDOW


def waves_of(rings: Sequence[ObservedRing]) -> tuple[ObservedWave, ...]:
    """Cut the ring chart into waves, silences between rings included.

    Change points that are closer to the first of them than the settle window are one boundary, at that first point. A
    ring that begins and ends inside one boundary is in no wave. Nor is an INVITE that never made its phone ring aloud.
    """
    rings = [ring for ring in rings if ring.alerted]
    boundaries = _boundaries(rings)
    home = {point: boundary for boundary, points in boundaries.items() for point in points}
    waves: list[ObservedWave] = []
    for start, end in zip(boundaries, list(boundaries)[1:], strict=False):
        present = [ring for ring in rings if home[ring.start] <= start and home[ring.end] >= end]
        fresh = frozenset(ring.phone for ring in present if home[ring.start] == start)
        phones = frozenset(ring.phone for ring in present)
        if waves and waves[-1].phones == phones and not fresh:
            last = waves.pop()
            waves.append(ObservedWave(phones=phones, start=last.start, end=end, fresh=last.fresh))
        else:
            waves.append(ObservedWave(phones=phones, start=start, end=end, fresh=fresh))
    return tuple(waves)


def _boundaries(rings: Sequence[ObservedRing]) -> dict[PbxSeconds, list[PbxSeconds]]:
    """Return for each boundary the change points that it gathers, both in order of time."""
    boundaries: dict[PbxSeconds, list[PbxSeconds]] = {}
    current = PbxSeconds(float("-inf"))
    for point in sorted({point for ring in rings for point in (ring.start, ring.end)}):
        if point - current >= SETTLE_WINDOW:
            current = point
            boundaries[current] = []
        boundaries[current].append(point)
    return boundaries


def brief_rings(rings: Sequence[ObservedRing]) -> tuple[ObservedRing, ...]:
    """Return the rings that are in no wave, so that an expectation must name them."""
    aloud = [ring for ring in rings if ring.alerted]
    home = {point: boundary for boundary, points in _boundaries(aloud).items() for point in points}
    return tuple(ring for ring in rings if not ring.alerted or home[ring.start] == home[ring.end])
