"""Compare a caller's ring chart with the expected waves, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from ringproof.core.duration import PbxSeconds, format_duration
from ringproof.judge.finding import Finding, Kind
from ringproof.observe.model import CallerView, Observation, ObservedWave
from ringproof.scenario.model.scenario import ACTS_WITHIN, CLOCK_RESOLUTION, Nobody, Ring, Scenario


def judge_waves(
    scenario: Scenario, observation: Observation, view: CallerView, expected: Sequence[Ring]
) -> Iterator[Finding]:
    """Report how the observed waves differ; after the first wave that has other phones, no further wave is compared."""
    yield from _judge_doubles(scenario, view)
    yield from _judge_brief(scenario, view)
    first = next((entry for entry in expected if entry.phones), None)
    early: list[Finding] = []
    observed = comparable(scenario, observation, view, expected)
    if not expected:
        yield from _judge_none_expected(scenario, view, observed)
        return
    for number, expectation in enumerate(expected):
        if number >= len(observed):
            yield _nobody_rang(expectation, expected[:number], view)
            return
        wave = observed[number]
        if wave.phones != frozenset(expectation.phones):
            yield _other_phones(expectation, expected[:number], wave, view)
            return
        if expectation is first:
            early = list(_judge_cause(expectation, view))
            yield from early
        if number == 0 and not early:
            yield from _judge_start(scenario, expectation, wave, view)
        elif number:
            yield from _judge_after_key(expected[number - 1], expectation, observed[number - 1], wave, view)
        yield from _judge_again(expectation, wave, expected[:number], view)
        yield from _judge_length(scenario, expectation, wave, view)
    for wave in observed[len(expected) :]:
        if wave.phones:
            sentence = (
                f"{_names(wave.phones)} rang at {format_duration(wave.start)}, after the last expected wave, "
                f"for {_length(wave)}"
            )
            yield _finding("ring-unexpected", expected[-1], sentence, view)


def comparable(
    scenario: Scenario, observation: Observation, view: CallerView, expected: Sequence[Ring]
) -> list[ObservedWave]:
    """Return the observed waves in the form in which expectations are written.

    A silence no longer than the tolerance is the change-over between two waves, not a wave. Silence before the first
    ring and after the last one is a wave only where one is expected: otherwise it is judged by `after:` and by the end
    of the call.
    """
    waves = [wave for wave in view.waves if wave.phones or wave.end - wave.start > scenario.tolerance]
    begun = view.acted if view.acted is not None else PbxSeconds(0.0)
    finished = view.ended if view.ended is not None else observation.over
    if expected and expected[0].silent:
        first = waves[0].start if waves else finished
        begun = view.cause_of(first) or begun
        waves.insert(0, ObservedWave(phones=frozenset(), start=begun, end=first))
    if len(expected) > 1 and expected[-1].silent and waves and waves[-1].phones:
        waves.append(ObservedWave(phones=frozenset(), start=waves[-1].end, end=finished))
    return waves


def _judge_doubles(scenario: Scenario, view: CallerView) -> Iterator[Finding]:
    """Report a second ring of one caller at a phone that still rings: the waves are sets and would not show it."""
    for phone in sorted({ring.phone for ring in view.rings}):
        rings = [ring for ring in view.rings if ring.phone == phone]
        for before, ring in pairwise(rings):
            if ring.start < before.end - CLOCK_RESOLUTION:
                sentence = f"{phone} got a second INVITE at {format_duration(ring.start)} while it still rang"
                yield Finding(kind="ring-twice", source=scenario.source, sentence=sentence, caller=view.caller)


def _judge_brief(scenario: Scenario, view: CallerView) -> Iterator[Finding]:
    """Report rings too short for a wave; refusals, forwards, unseen INVITEs and answers are judged elsewhere."""
    answered = {phone for phone, _ in view.answers}
    for ring in view.brief:
        if ring.ending not in {"refused", "forwarded", "unseen"} and not (
            ring.ending == "answered" and ring.phone in answered
        ):
            milliseconds = round((ring.end - ring.start) * 1000)
            rang = f"rang for only {milliseconds} ms" if ring.alerted else "was invited, but never rang aloud,"
            sentence = f"{ring.phone} {rang} at {format_duration(ring.start)} ({ring.ending})"
            yield Finding(kind="ring-unnamed", source=scenario.source, sentence=sentence, caller=view.caller)


def _judge_none_expected(scenario: Scenario, view: CallerView, observed: Sequence[ObservedWave]) -> Iterator[Finding]:
    nobody = [entry.source for entry in scenario.expect[view.caller] if isinstance(entry, Nobody)]
    source = nobody[0] if nobody else scenario.source
    for wave in observed:
        if wave.phones:
            sentence = f"expected nobody to ring; {_names(wave.phones)} rang at {format_duration(wave.start)}"
            yield Finding(kind="ring-unexpected", source=source, sentence=sentence, caller=view.caller)


def _judge_cause(first: Ring, view: CallerView) -> Iterator[Finding]:
    """Report ringing that begins before the caller's action that is to cause it (`acted`).

    A key that the story does not place after a ring must come before the ring. Without this check a PBX that does not
    wait for the key would pass, as the ring would be counted from the call.
    """
    ringing = [wave for wave in view.waves if wave.phones]
    if not ringing or view.acted is None:
        return
    acted = view.acted
    meanwhile = [wave for wave in ringing if wave.start + CLOCK_RESOLUTION < acted < wave.end - CLOCK_RESOLUTION]
    if not meanwhile and any(wave.start >= acted - CLOCK_RESOLUTION for wave in ringing):
        return
    early = (meanwhile or ringing)[0]
    stated = "at once" if first.after is None else f"{format_duration(first.after)} after the caller's last action"
    before = format_duration(PbxSeconds(acted - early.start))
    sentence = f"expected {_names(early.phones)} to ring {stated}, not {before} before that action"
    if view.pressed:
        moment = f"`at: {{after: 5s, of: {{ring: {min(early.phones)}}}}}`"
        sentence += f"; where the key comes after that ring, write {moment} at its step"
    yield _finding("ring-early", first, sentence, view)


def _judge_start(scenario: Scenario, expectation: Ring, wave: ObservedWave, view: CallerView) -> Iterator[Finding]:
    """Report a first wave that starts too early or too late.

    It must start within half a second (ACTS_WITHIN) of the action that caused it, or when `after:` says.
    """
    cause = view.cause_of(wave.start)
    if cause is None or not expectation.phones:
        return
    delay = wave.start - cause
    earliest, latest = -float(CLOCK_RESOLUTION), float(ACTS_WITHIN)
    stated = "at once"
    if expectation.after is not None:
        earliest, latest = expectation.after - scenario.tolerance, expectation.after + scenario.tolerance
        stated = f"{format_duration(expectation.after)} after the caller's last action"
    names = _names(wave.phones)
    if delay < earliest:
        when = f"{format_duration(delay)} after" if delay >= 0 else f"{format_duration(-delay)} before"
        sentence = f"expected {names} to ring {stated}, not {when} that action"
        yield _finding("ring-early", expectation, sentence, view)
    elif delay > latest:
        sentence = f"expected {names} to ring {stated}, not after {format_duration(delay)}"
        yield _finding("ring-late", expectation, sentence, view)


def _judge_after_key(
    silence: Ring, expectation: Ring, before: ObservedWave, wave: ObservedWave, view: CallerView
) -> Iterator[Finding]:
    """Report a wave that starts more than half a second (ACTS_WITHIN) after the key pressed in the silence before it.

    A silence whose length the story says is not judged here.
    """
    if silence.phones or silence.lasts is not None or not expectation.phones:
        return
    cause = view.cause_of(wave.start)
    if cause is not None and cause >= before.start and wave.start - cause > ACTS_WITHIN:
        late = format_duration(PbxSeconds(wave.start - cause))
        sentence = f"expected {_names(wave.phones)} to ring at once after the key, not after {late}"
        yield _finding("ring-late", expectation, sentence, view)


def _judge_again(expectation: Ring, wave: ObservedWave, before: Sequence[Ring], view: CallerView) -> Iterator[Finding]:
    """Report phones of two consecutive waves that do not ring on, or that `again:` names and that get no new INVITE."""
    if not before:
        return
    stayed = frozenset(before[-1].phones) & wave.phones
    for phone in sorted((wave.fresh & stayed) - frozenset(expectation.again)):
        sentence = (
            f"expected {phone} to keep ringing; it was cancelled and invited again at {format_duration(wave.start)}"
        )
        yield _finding("ring-again", expectation, sentence, view)
    for phone in sorted(frozenset(expectation.again) - wave.fresh):
        sentence = f"expected a fresh INVITE at {phone}; it just kept ringing"
        yield _finding("ring-not-again", expectation, sentence, view)


def _judge_length(scenario: Scenario, expectation: Ring, wave: ObservedWave, view: CallerView) -> Iterator[Finding]:
    if expectation.lasts is None:
        return
    difference = (wave.end - wave.start) - expectation.lasts
    subject = f"{_names(wave.phones)} to ring" if wave.phones else "silence"
    sentence = f"expected {subject} for {format_duration(expectation.lasts)}; observed {_length(wave)}"
    if difference > scenario.tolerance:
        yield _finding("ring-too-long", expectation, sentence, view)
    elif -difference > scenario.tolerance:
        yield _finding("ring-too-short", expectation, sentence, view)


def _nobody_rang(expectation: Ring, before: Sequence[Ring], view: CallerView) -> Finding:
    if not expectation.phones:
        return _finding("silence-missing", expectation, "expected silence; the call went on without any", view)
    sentence = f"expected {_names(expectation.phones)} to ring{_when(before)}; nobody rang"
    return _finding("ring-missing", expectation, sentence, view)


def _other_phones(expectation: Ring, before: Sequence[Ring], wave: ObservedWave, view: CallerView) -> Finding:
    """Return one finding for a wave of other phones; it names only phones that are missing, or rang and should not."""
    missing = frozenset(expectation.phones) - wave.phones
    extra = wave.phones - frozenset(expectation.phones)
    joined = before and frozenset(before[-1].phones) & frozenset(expectation.phones)
    verb = "join" if joined else "ring"
    if not expectation.phones:
        sentence = f"expected silence{_when(before)}; {_names(wave.phones)} rang"
        return _finding("silence-missing", expectation, sentence, view)
    if not wave.phones:
        sentence = f"expected {_names(missing)} to {verb}{_when(before)}; there was silence for {_length(wave)}"
        return _finding("ring-missing", expectation, sentence, view)
    if missing and extra:
        sentence = f"expected {_names(missing)} to {verb}{_when(before)}; {_names(extra)} rang instead"
        return _finding("ring-instead", expectation, sentence, view)
    if missing:
        sentence = f"expected {_names(missing)} to {verb}{_when(before)}; only {_names(wave.phones)} rang"
        return _finding("ring-missing", expectation, sentence, view)
    sentence = f"expected only {_names(expectation.phones)} to ring{_when(before)}; {_names(extra)} rang too"
    return _finding("ring-unexpected", expectation, sentence, view)


def _when(before: Sequence[Ring]) -> str:
    if before and before[-1].lasts is not None:
        return f" after {format_duration(before[-1].lasts)}"
    return ""


def _length(wave: ObservedWave) -> str:
    return format_duration(wave.end - wave.start)


def _names(phones: Collection[str]) -> str:
    """Return `101`, `101 and 102`, `101, 102 and 103`."""
    names = sorted(phones)
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _finding(kind: Kind, expectation: Ring, sentence: str, view: CallerView) -> Finding:
    return Finding(kind=kind, source=expectation.source, sentence=sentence, caller=view.caller)
