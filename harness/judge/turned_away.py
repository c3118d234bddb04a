"""Phones that turned the call away: with a refusal, or by sending it on. Those named, and no others, each so often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.judge.finding import Finding, Kind
from harness.observe.model import CallerView
from harness.scenario.source import Source
from harness.scenario.story import Expectation, Forwarded, Refused, Scenario


@dataclass(frozen=True, slots=True)
class _Manner:
    """A way of turning a call away: its words, with the code or the number at their end, and its kinds of finding."""

    to_do_so: str
    did_so: str
    did: str
    missing: Kind
    other: Kind
    unexpected: Kind


_REFUSAL = _Manner("refuse with", "refused with", "refused", "refusal-missing", "refusal-code", "refusal-unexpected")
_FORWARD = _Manner(
    "forward the call to",
    "forwarded the call to",
    "forwarded",
    "forward-missing",
    "forward-elsewhere",
    "forward-unexpected",
)


@dataclass(frozen=True, slots=True)
class _Expected:
    source: Source
    phone: str
    each_time: Sequence[object]


def judge_turned_away(expectations: Sequence[Expectation], view: CallerView, scenario: Scenario) -> Iterator[Finding]:
    """Compare each refusal and each forward, in the order of each phone, with the `refused` and `forwarded` entries."""
    refused = [
        _Expected(entry.source, phone, codes)
        for entry in expectations
        if isinstance(entry, Refused)
        for phone, codes in entry.codes.items()
    ]
    forwarded = [
        _Expected(entry.source, phone, targets)
        for entry in expectations
        if isinstance(entry, Forwarded)
        for phone, targets in entry.targets.items()
    ]
    refusals = [(ring.phone, ring.code) for ring in view.rings if ring.ending == "refused" and ring.code is not None]
    forwards = [(ring.phone, ring.to) for ring in view.rings if ring.ending == "forwarded"]
    for manner, expected, observed in ((_REFUSAL, refused, refusals), (_FORWARD, forwarded, forwards)):
        for kind, source, sentence in _differences(manner, expected, observed, scenario):
            yield Finding(kind=kind, source=source, sentence=sentence, caller=view.caller)


def _differences(
    manner: _Manner, expected: Sequence[_Expected], observed: Sequence[tuple[str, object]], scenario: Scenario
) -> Iterator[tuple[Kind, Source, str]]:
    left: dict[str, list[object]] = {}
    for phone, seen in observed:
        left.setdefault(phone, []).append(seen)
    for entry in expected:
        phone, times = entry.phone, left.pop(entry.phone, [])
        for number, wanted in enumerate(entry.each_time):
            wish = f"expected {phone} to {manner.to_do_so} {wanted}; it {manner.did}"
            if number >= len(times):
                often = f"{len(times)} of {len(entry.each_time)} times" if times else "nothing"
                yield manner.missing, entry.source, f"{wish} {often}"
                break
            if times[number] != wanted:
                sentence = f"expected {phone} to {manner.to_do_so} {wanted}; it {manner.did_so} {times[number]}"
                yield manner.other, entry.source, sentence
        left[phone] = times[len(entry.each_time) :]
    for phone, unexpected in left.items():
        for seen in unexpected:
            sentence = f"{phone} was rung and {manner.did_so} {seen}; no expectation names it"
            yield manner.unexpected, scenario.source, sentence
