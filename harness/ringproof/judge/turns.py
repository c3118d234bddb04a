"""Judge the phones that were dialled and made no wave: they refused, forwarded the call, or are silent.

Exactly the named phones must do so, each as often as is written, with its codes or numbers in the order written.
`moments.py` judges when they do so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from ringproof.core.duration import format_duration
from ringproof.judge.expected import Expected
from ringproof.judge.finding import Finding, Kind
from ringproof.observe.model import CallerView, Ending, ObservedRing
from ringproof.scenario.model.scenario import Forwarded, Refused, Scenario, Turn, Unseen


@dataclass(frozen=True, slots=True)
class Manner:
    """One kind of turn: its entry, the ending that is observed, the words for it, and its kinds of finding."""

    entry: type[Turn]
    ending: Ending
    observed: Callable[[ObservedRing], object]
    """Returns what is observed of one turn: a code or a number; an empty text where there is neither."""
    to_do_so: str
    """`{}` stands for a code or a number."""
    did_so: str
    did: str
    did_not: str
    unnamed: str
    """`{at}` stands for the moment, `{what}` for a code or a number."""
    kinds: tuple[Kind, Kind, Kind]
    """The kinds for a turn that is missing, one with another code or number, and an unexpected one."""


MANNERS: Sequence[Manner] = (
    Manner(
        Refused,
        "refused",
        lambda ring: ring.code,
        "to refuse with {}",
        "refused with {}",
        "refused",
        "refused nothing",
        "was rung at {at} and refused with {what}",
        ("refusal-missing", "refusal-code", "refusal-unexpected"),
    ),
    Manner(
        Forwarded,
        "forwarded",
        lambda ring: ring.to,
        "to forward the call to {}",
        "forwarded the call to {}",
        "forwarded",
        "forwarded nothing",
        "was rung at {at} and forwarded the call to {what}",
        ("forward-missing", "forward-elsewhere", "forward-unexpected"),
    ),
    Manner(
        Unseen,
        "unseen",
        lambda _: "",
        "to be dialled{}",
        "was dialled{}",
        "was dialled",
        "was not dialled",
        "was dialled at {at}, and is silent",
        ("unseen-missing", "unseen-missing", "unseen-unexpected"),
    ),
)


def times_of(entry: Turn) -> dict[str, Sequence[object]]:
    """Return for each phone what an entry says of each of its turns."""
    match entry:
        case Refused(codes=codes):
            return dict(codes)
        case Forwarded(targets=targets):
            return dict(targets)
        case Unseen(phones=phones, times=times):
            return {phone: ("",) * times.get(phone, 1) for phone in phones}
        case _:
            assert_never(entry)


def judge_turns(expected: Expected, view: CallerView, scenario: Scenario) -> Iterator[Finding]:
    """Compare the observed turns of each phone, one by one, with those written."""
    for manner in MANNERS:
        for kind, entry, sentence in _differences(manner, expected.take(manner.entry), view):
            source = scenario.source if entry is None else entry.source
            yield Finding(kind=kind, source=source, sentence=sentence, caller=view.caller)


def _differences(manner: Manner, entries: Sequence[Turn], view: CallerView) -> Iterator[tuple[Kind, Turn | None, str]]:
    missing, other, unexpected = manner.kinds
    left: dict[str, list[ObservedRing]] = {}
    for ring in (ring for ring in view.rings if ring.ending == manner.ending):
        left.setdefault(ring.phone, []).append(ring)
    expected = [(entry, phone, times) for entry in entries for phone, times in times_of(entry).items()]
    for entry, phone, times in expected:
        rings = left.pop(phone, [])
        for number, wanted in enumerate(times):
            wish = f"expected {phone} {manner.to_do_so.format(wanted)}"
            if number >= len(rings):
                did = f"{manner.did} {len(rings)} of {len(times)} times" if rings else manner.did_not
                yield missing, entry, f"{wish}; it {did}"
                break
            if manner.observed(rings[number]) != wanted:
                yield other, entry, f"{wish}; it {manner.did_so.format(_told(manner, rings[number]))}"
        left[phone] = rings[len(times) :]
    for phone, rings in left.items():
        for ring in rings:
            did = manner.unnamed.format(at=format_duration(ring.start), what=_told(manner, ring))
            yield unexpected, None, f"{phone} {did}; no expectation names it"


def _told(manner: Manner, ring: ObservedRing) -> str:
    """Return the code or number of one turn, and the reason where the phone could not take what the PBX offered."""
    return f"{manner.observed(ring)}{f' ({ring.because})' if ring.because else ''}"
