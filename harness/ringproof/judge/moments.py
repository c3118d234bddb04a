"""Judge when the turns happen that make no wave: `refused`, `forwarded` and `unseen` stand where they happen.

The first turn of a phone in an entry is expected between the wave written before the entry and the one written after
it, or as far into the wave before it as `into` says. Further turns of the entry may happen at any later turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ringproof.core.duration import PbxSeconds, format_duration
from ringproof.judge.finding import Finding, Kind
from ringproof.judge.turns import MANNERS, times_of
from ringproof.observe.model import CallerView, ObservedRing, ObservedWave
from ringproof.scenario.model.scenario import ACTS_WITHIN, Expectation, Ring, Turn

_TURNED_AWAY = ("refused", "forwarded")


def judge_moments(
    expectations: Sequence[Expectation], view: CallerView, waves: Sequence[ObservedWave], tolerance: PbxSeconds
) -> Iterator[Finding]:
    """Report turns at an unexpected moment; `waves` are the observed ones, one for each expected `ring`."""
    left: dict[tuple[str, str], list[ObservedRing]] = {}
    for ring in view.rings:
        left.setdefault((ring.phone, ring.ending), []).append(ring)
    behind = 0
    for entry in expectations:
        behind += isinstance(entry, Ring)
        if not isinstance(entry, Turn):
            continue
        window = _window(entry, behind, view, waves, tolerance)
        ending = next(manner.ending for manner in MANNERS if isinstance(entry, manner.entry))
        for phone, times in times_of(entry).items():
            rings, left[phone, ending] = left[phone, ending][: len(times)], left[phone, ending][len(times) :]
            for sentence in _late(entry, rings, window, view, tolerance):
                kind: Kind = "refusal-late" if ending in _TURNED_AWAY else "unseen-unexpected"
                yield Finding(kind=kind, source=entry.source, sentence=sentence, caller=view.caller)


def _late(
    entry: Turn, rings: Sequence[ObservedRing], window: tuple[float, float], view: CallerView, tolerance: PbxSeconds
) -> Iterator[str]:
    """Yield a sentence for each brief ring at an unexpected moment; a longer ring is in a wave and is judged there."""
    earliest, latest = window
    for number, ring in enumerate(rings):
        if ring not in view.brief:
            continue
        if number == 0 and not earliest <= ring.start <= latest:
            yield f"{_did(ring)}; it stands here, so it is expected {_told(earliest, latest, tolerance)}"
        elif view.waves and not (number == 0 and entry.into is not None) and not _in_turn(ring, view, tolerance):
            yield f"{_did(ring)}, where nobody's turn comes"


def _window(
    entry: Turn, behind: int, view: CallerView, waves: Sequence[ObservedWave], tolerance: PbxSeconds
) -> tuple[float, float]:
    """Return the earliest and the latest moment of an entry that stands after `behind` waves."""
    if entry.into is not None:
        moment = waves[behind - 1].start + entry.into
        return moment - tolerance, moment + tolerance
    acted = (view.cause_of(waves[0].start) if waves else view.acted) or PbxSeconds(0.0)
    earliest = waves[behind - 1].end if behind else acted
    if behind < len(waves):
        latest = float(waves[behind].start)
    elif behind or view.connected is not None:  # in a menu, prompts and silence may last any time
        latest = float("inf")
    else:
        latest = acted + ACTS_WITHIN
    return earliest - tolerance, latest + tolerance


def _in_turn(ring: ObservedRing, view: CallerView, tolerance: PbxSeconds) -> bool:
    """Return whether a turn is due when `ring` starts.

    That is when the caller acts, a wave or a silent phone's ring begins or ends, or another phone refuses or forwards.
    """
    turns = list(view.acts) or [PbxSeconds(0.0)]
    turns += [moment for wave in view.waves for moment in (wave.start, wave.end)]
    silent = [other for other in view.rings if other.ending == "unseen" and other is not ring]
    turns += [moment for other in silent for moment in (other.start, other.end)]
    turns += [other.end for other in view.rings if other.ending in _TURNED_AWAY and other is not ring]
    return any(abs(ring.start - turn) <= tolerance for turn in turns)


def _did(ring: ObservedRing) -> str:
    did = "dialled" if ring.ending == "unseen" else f"invited and {ring.ending}"
    return f"{ring.phone} was {did} at {format_duration(ring.start)}"


def _told(earliest: float, latest: float, tolerance: PbxSeconds) -> str:
    begin, end = PbxSeconds(max(0.0, earliest + tolerance)), PbxSeconds(latest - tolerance)
    if latest == float("inf"):
        return f"from {format_duration(begin)} on"
    if end - begin <= tolerance:
        return f"at {format_duration(begin)}"
    return f"between {format_duration(begin)} and {format_duration(end)}"
