"""Judge who picked up, who got the call, and whether the two ends hear each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ringproof.core.duration import PbxSeconds, format_duration
from ringproof.core.source import Source
from ringproof.core.spelling import enumerate_words
from ringproof.judge.expected import Expected
from ringproof.judge.finding import Finding, Kind
from ringproof.observe.model import CallerView
from ringproof.scenario.model.scenario import (
    CLOCK_RESOLUTION,
    Answer,
    CallerGets,
    Expectation,
    Lost,
    Nobody,
    Scenario,
    Talk,
)

_BY_PBX = (
    'where a menu answers, say under `when:` what the caller does in it, such as `- press: "1"`; else write '
    "`- caller gets: {answered by: pbx}`"
)


def judge_answers(
    expected: Expected, view: CallerView, scenario: Scenario, unrung: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield the differences in who answered one caller's call.

    `unrung`: phones that are already reported as not ringing; that they did not answer is the same difference.
    `nobody` needs no check of its own: each phone that rings or answers and is not expected is a finding.
    """
    answers, nobody = expected.take(Answer), expected.take(Nobody)
    pick_ups = list(_judge_pick_ups(answers, nobody, view, scenario, unrung))
    yield from pick_ups
    missing = {
        entry.phone
        for entry in answers
        if any(found.source == entry.source for found in pick_ups) or (entry.phone in unrung and not view.answers)
    }
    yield from _judge_lost(answers, expected.take(Lost), view, scenario, missing)
    yield from _judge_connection(expected.entries, view, scenario)
    for talk in expected.take(Talk):
        if talk.phone not in missing:  # a phone that does not answer does not talk either: that is one difference
            yield from _judge_talk(talk, view)
    for other, since in view.company:
        sentence = (
            f"{view.caller} is in one bridge with {other}, who is of another call, from {format_duration(since)} on"
        )
        yield _finding("talk-shared", scenario.source, sentence, view)
    for phone, parted in view.parted:
        sentence = f"{view.caller} and {phone} were parted at {format_duration(parted)}, and nobody had hung up"
        yield _finding("talk-broken", scenario.source, sentence, view)


def _judge_pick_ups(
    expected: Sequence[Answer],
    nobody: Sequence[Nobody],
    view: CallerView,
    scenario: Scenario,
    unrung: Collection[str],
) -> Iterator[Finding]:
    answers = list(view.answers)
    for expectation in expected:
        if not answers and expectation.phone in unrung:
            continue
        if not answers:
            lost = next((ring for ring in view.rings if (ring.phone, ring.ending) == (expectation.phone, "lost")), None)
            did = (
                "nobody did" if lost is None else f"it picked up at {format_duration(lost.end)}, and was not connected"
            )
            sentence = f"expected {expectation.phone} to answer; {did}"
            yield _finding("answer-missing", expectation.source, sentence, view)
            continue
        phone, at = answers.pop(0)
        if phone != expectation.phone:
            sentence = f"expected {expectation.phone} to answer; {phone} did, at {format_duration(at)}"
            yield _finding("answer-instead", expectation.source, sentence, view)
    source = nobody[0].source if nobody else scenario.source
    for phone, at in answers:
        sentence = f"{phone} answered at {format_duration(at)}; no expectation names it"
        yield _finding("answer-unexpected", source, sentence, view)


def _judge_connection(expectations: tuple[Expectation, ...], view: CallerView, scenario: Scenario) -> Iterator[Finding]:
    """Report a PBX that answers by itself where it may not, or does not where the story says that it does.

    It may do so only where the story says so, the caller presses keys, or the caller is to get 200.
    """
    picked_up = [ring.end for ring in view.rings if ring.ending in {"answered", "lost"}]
    by_phone = bool(picked_up) and view.connected is not None and view.connected >= min(picked_up) - CLOCK_RESOLUTION
    stated = next((entry for entry in expectations if isinstance(entry, CallerGets) and entry.by_pbx), None)
    if stated is not None and (by_phone or view.connected is None):
        did = f"a phone picked up at {format_duration(min(picked_up))}" if by_phone else "nobody answered"
        sentence = f"expected the PBX itself to answer {view.caller} before any phone does; {did}"
        yield _finding("answer-not-by-pbx", stated.source, sentence, view)
    if view.connected is None or by_phone or scenario.lets_pbx_answer(view.caller):
        return
    sentence = f"the PBX itself answered {view.caller} at {format_duration(view.connected)}, before any phone did"
    finding = _finding("answer-by-pbx", scenario.source, sentence, view)
    yield replace(finding, fix=_BY_PBX)


def _judge_lost(
    answers: Sequence[Answer], lost: Sequence[Lost], view: CallerView, scenario: Scenario, missing: Collection[str]
) -> Iterator[Finding]:
    """Report phones that picked up and did not get the call, and those that were to lose it and did not.

    A phone is excused in four cases: several phones pick up at one moment and the scenario says that one of them gets
    the call; the phone is expected to lose the call; two outcomes are right and in this one its answer comes too late;
    its answer is `missing`, which is a finding of its own.
    """
    excused = {*scenario.too_late, *missing}
    for entry in answers:
        if entry.phone in entry.one_of:
            excused.update(entry.one_of)
    observed = {ring.phone for ring in view.rings if ring.ending == "lost"}
    for wanted, phone in ((each, phone) for each in lost for phone in each.phones):
        excused.add(phone)
        if phone not in observed:
            connected = next((at for answered, at in view.answers if answered == phone), None)
            did = "it did not" if connected is None else f"it was, at {format_duration(connected)}"
            sentence = f"expected {phone} to pick up and not to be connected with {view.caller}; {did}"
            yield _finding("lost-missing", wanted.source, sentence, view)
    for ring in view.rings:
        if ring.ending == "lost" and ring.phone not in excused:
            sentence = f"{ring.phone} picked up at {format_duration(ring.end)}, and was never connected with the caller"
            yield _finding("answer-lost", scenario.source, sentence, view)


def _judge_talk(talk: Talk, view: CallerView) -> Iterator[Finding]:
    """Report a talk in which the two are not connected, or an end does not hear the other's own tone.

    Hold music at both ends is no talk.
    """
    if talk.phone not in {phone for phone, _ in view.answers}:
        sentence = f"expected {view.caller} and {talk.phone} to talk; they were never connected"
        yield _finding("talk-missing", talk.source, sentence, view)
        return
    heard = {each.again: each for each in view.talks if each.phone == talk.phone}
    if talk.lasts is not None and True not in heard:
        lasted = _lasted(talk.phone, view)
        sentence = (
            f"expected {view.caller} and {talk.phone} to talk for {format_duration(talk.lasts)}; they did {lasted}"
        )
        yield _finding("talk-too-short", talk.source, sentence, view)
    for again in (False,) if True not in heard else (False, True):
        caller_hears, phone_hears = (
            (heard[again].caller_hears, heard[again].phone_hears) if again in heard else ((), ())
        )
        ends = ((view.caller, caller_hears, talk.phone), (talk.phone, phone_hears, view.caller))
        when = f" after {format_duration(talk.lasts)}" if again and talk.lasts is not None else ""
        unheard = [end for end in ends if end[2] not in end[1]]
        for who, tones, other in unheard:
            instead = f"hears {enumerate_words(tones)} instead" if tones else "hears nothing of anybody"
            sentence = f"{who} does not hear {other}{when}, with whom it is connected; it {instead}"
            yield _finding("talk-unheard", talk.source, sentence, view)
        if unheard:
            return


def _lasted(phone: str, view: CallerView) -> str:
    """Return how long a talk that was too short lasted, as words for a sentence."""
    begun = next(at for other, at in view.answers if other == phone)
    ends = [at for other, at in view.parted if other == phone] + ([view.ended] if view.ended is not None else [])
    ends += [sound.end for sound in view.hears if sound.kind == "talk" and sound.end > begun]
    return f"for {format_duration(PbxSeconds(min(ends) - begun))}" if ends else "not, when they were listened to again"


def _finding(kind: Kind, source: Source, sentence: str, view: CallerView) -> Finding:
    return Finding(kind=kind, source=source, sentence=sentence, caller=view.caller)
