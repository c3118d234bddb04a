"""Make the bars of a chart: the expected waves of a caller, and the observed rings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from ringproof.observe.model import CallerView, ObservedRing, ObservedWave
from ringproof.report.chart import ANY_TIME, FRESH, GOES_ON, Bar, Part
from ringproof.scenario.model.scenario import (
    ACTS_WITHIN,
    SETTLE_WINDOW,
    Answer,
    CallerGets,
    CallerHears,
    Expectation,
    Forwarded,
    Lost,
    Missed,
    Nobody,
    Over,
    PicksUpByItself,
    Refused,
    Ring,
    Shows,
    Talk,
    Unseen,
)

SHOWN_WHEN_OPEN = 5.0
"""Seconds that are drawn for a wave that may last any time and was not observed."""


def observed_bars(rings: Iterable[ObservedRing], waves: Sequence[ObservedWave] = ()) -> list[Bar]:
    """Return one bar for each ring, cut where a wave begins in the middle of it."""
    return [Bar(ring.phone, _cut(ring, waves), _ending(ring)) for ring in rings]


def _cut(ring: ObservedRing, waves: Sequence[ObservedWave]) -> tuple[Part, ...]:
    if not ring.alerted:
        return (Part(ring.start, ring.start, FRESH),)  # no bar: the phone never rang aloud
    cut = next(
        (wave.start for wave in waves if ring.start + SETTLE_WINDOW <= wave.start <= ring.end - SETTLE_WINDOW), None
    )
    if cut is None:
        return (Part(ring.start, ring.end, FRESH),)
    return (Part(ring.start, cut, FRESH), Part(cut, ring.end, GOES_ON))


def _ending(ring: ObservedRing) -> str:
    if ring.ending == "refused":
        return f"✗{ring.code}"
    if ring.ending == "forwarded":
        return f"→{ring.to}"
    if ring.ending == "unseen":
        return "unseen"
    if not ring.alerted:
        return "not aloud"
    if ring.missed:
        return "missed"
    return {"answered": "answered", "lost": "lost"}.get(ring.ending, "")


@dataclass
class _Growing:
    """A bar that further waves may lengthen."""

    phone: str
    parts: list[Part] = field(default_factory=list)
    word: str = ""

    def reach(self, end: float, block: str, start: float) -> None:
        if self.parts and self.parts[-1].block == block:
            start = self.parts.pop().start
        self.parts.append(Part(start, end, block))


def expected_bars(expectations: Sequence[Expectation], view: CallerView) -> list[Bar]:
    """Return the expected waves as bars, on the time axis of what was observed.

    The first wave is drawn at its observed start where that is in time, else where it was expected. A wave without
    `for:` is drawn as long as the observed one in its place.
    """
    rings = [entry for entry in expectations if isinstance(entry, Ring)]
    clock = _first_start(rings[0] if rings else None, view)
    grown: list[_Growing] = []
    ringing: dict[str, _Growing] = {}
    refusals: list[tuple[str, str, float]] = []
    missed: list[str] = []
    seen = 0
    for entry in expectations:
        match entry:
            case Answer() | Lost():
                for bar in (ringing.get(phone) or _no_time(phone, clock, grown) for phone in _who_pick_up(entry)):
                    bar.word = "lost" if isinstance(entry, Lost) else "answers"
            case Refused():
                refusals += [(phone, f"✗{code}", clock) for phone, codes in entry.codes.items() for code in codes]
            case Forwarded():
                refusals += [(phone, f"→{to}", clock) for phone, each_time in entry.targets.items() for to in each_time]
            case Missed():
                missed += entry.phones
            case Ring():
                end = clock + (entry.lasts if entry.lasts is not None else _open_length(seen, view))
                ringing = _one_wave(entry, clock, end, ringing, grown)
                clock, seen = end, seen + 1
            case Unseen() | Talk() | Nobody() | CallerGets() | CallerHears() | Shows() | PicksUpByItself() | Over():
                pass  # these are not drawn
            case _:
                assert_never(entry)
    for phone, word, moment in refusals:  # their order is not asserted: the phone's first ring without a word gets it
        first = next((bar for bar in grown if bar.phone == phone and not bar.word), None)
        (first or _no_time(phone, moment, grown)).word = word
    _end_missed(missed, grown)
    return [Bar(bar.phone, tuple(bar.parts), bar.word) for bar in grown]


def _end_missed(missed: Iterable[str], grown: Sequence[_Growing]) -> None:
    """Mark the last ring of each missed phone as missed, of those that nothing else has ended."""
    for phone in missed:
        last = next((bar for bar in reversed(grown) if bar.phone == phone and not bar.word), None)
        if last is not None:
            last.word = "missed"


def _who_pick_up(entry: Answer | Lost) -> tuple[str, ...]:
    return entry.phones if isinstance(entry, Lost) else (entry.phone,)


def _first_start(ring: Ring | None, view: CallerView) -> float:
    acted = view.acted or 0.0
    if ring is not None and not ring.phones:
        return acted  # the silence begins with the caller's own action
    observed = next((wave.start for wave in view.waves if wave.phones), None)
    acted = acted if observed is None else view.cause_of(observed) or acted
    after = ring.after if ring is not None else None
    if after is not None:
        due = acted + after
        return observed if observed is not None and abs(observed - due) <= ACTS_WITHIN / 2 else due
    return observed if observed is not None and 0 <= observed - acted <= ACTS_WITHIN else acted


def _open_length(number: int, view: CallerView) -> float:
    if number < len(view.waves):
        return view.waves[number].end - view.waves[number].start
    return SHOWN_WHEN_OPEN


def _one_wave(
    entry: Ring, start: float, end: float, before: dict[str, _Growing], grown: list[_Growing]
) -> dict[str, _Growing]:
    """Lengthen the bars of phones that ring on and begin those of the others; return the bars of this wave by phone."""
    ringing = {}
    for phone in entry.phones:
        block = GOES_ON
        bar = before.get(phone)
        if bar is None or phone in entry.again:
            block = FRESH
            bar = _Growing(phone)
            grown.append(bar)
        bar.reach(end, ANY_TIME if entry.lasts is None else block, start)
        ringing[phone] = bar
    return ringing


def _no_time(phone: str, moment: float, grown: list[_Growing]) -> _Growing:
    """Begin a bar of no length for a phone that is in no wave, for example as it refused at once."""
    bar = _Growing(phone, [Part(moment, moment, FRESH)])
    grown.append(bar)
    return bar
