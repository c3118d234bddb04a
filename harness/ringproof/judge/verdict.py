"""The verdict on one play: what belongs to no caller comes first, then one caller after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ringproof.core.duration import PbxSeconds, format_duration
from ringproof.core.source import Source
from ringproof.core.spelling import enumerate_words
from ringproof.judge.answers import judge_answers
from ringproof.judge.chance import judge_calls
from ringproof.judge.choice import settle
from ringproof.judge.displays import commanded_to, first_commands, judge_displays
from ringproof.judge.expected import Expected
from ringproof.judge.finding import Finding, Kind
from ringproof.judge.hearing import judge_hearing
from ringproof.judge.moments import judge_moments
from ringproof.judge.turns import judge_turns
from ringproof.judge.waves import comparable, judge_waves
from ringproof.observe.model import CallerView, Observation, ObservedLead
from ringproof.scenario.model.scenario import (
    ENDS_WITHIN,
    Answer,
    CallerGets,
    CallerHears,
    Expectation,
    HangUp,
    Missed,
    Over,
    Press,
    Ring,
    Scenario,
    Step,
)


def judge(scenario: Scenario, observation: Observation) -> tuple[Finding, ...]:
    """Compare the observation with what `scenario` expects and return the findings; an empty tuple means passed."""
    if scenario.calls > 1:
        return judge_calls(scenario, observation, _judge_reading)
    return _fewest(scenario, observation)[1]


def judged_as(scenario: Scenario, observation: Observation) -> Scenario:
    """Return the story that is judged: the reading nearest to the observation, with the phones that were chosen."""
    return settle(_fewest(scenario, observation)[0], observation)


def _fewest(scenario: Scenario, observation: Observation) -> tuple[Scenario, tuple[Finding, ...]]:
    """Return the reading with the fewest findings, and these; of equal ones the first as written."""
    readings = ((reading, _judge_reading(reading, observation)) for reading in scenario.readings)
    return min(readings, key=lambda read: len(read[1]))


def _judge_reading(scenario: Scenario, observation: Observation) -> tuple[Finding, ...]:
    """Judge one play of a story, with all its callers, by one reading."""
    scenario = settle(scenario, observation)
    findings = list(_judge_play(scenario, observation))
    if observation.cut_off:
        return tuple(findings)  # the callers' stories were not played to their end
    for name, expectations in scenario.expect.items():
        findings += _judge_caller(scenario, observation, observation.callers[name], expectations)
    return tuple(findings)


def _judge_play(scenario: Scenario, observation: Observation) -> Iterator[Finding]:
    """Report what belongs to no caller in particular."""
    where = scenario.source
    if observation.crashed is not None:
        yield Finding(kind="pbx-crashed", source=where, sentence=f"Asterisk crashed by signal {observation.crashed}")
    if observation.endless is not None:
        sentence = f"a call runs in a circle in the dialplan, and nothing waits there: it is at {observation.endless}"
        yield Finding(kind="call-endless", source=where, sentence=sentence)
    yield from _judge_leads(observation, where)
    for phone, code, because in observation.registrations_refused:
        why = f": {because}" if because else ""
        did = f"refused the registration of {phone} with {code}" if code else f"did not answer the REGISTER of {phone}"
        sentence = f"the PBX {did}{why}; the story was not played"
        yield Finding(kind="registration-refused", source=where, sentence=sentence)
    for phone, because in observation.registrations_lost:
        why = f": {because}" if because else ""
        sentence = f"the PBX accepted the registration of {phone}, and dropped it{why}; the story was not played"
        yield Finding(kind="registration-lost", source=where, sentence=sentence)
    for phone, code, because in observation.talks_refused:
        sentence = f"{phone} refused the call that was to be up when the story begins, with {code} ({because})"
        yield Finding(kind="talk-refused", source=where, sentence=sentence)
    for number, reason in observation.failed_steps:
        step = scenario.when[number]
        sentence = {
            "not heard": f"{step.caller} heard nothing from the PBX before this step",
            "heard ringing": f"{step.caller} heard no prompt before this step, but a ringing tone of the PBX",
            "heard busy": f"{step.caller} heard no prompt before this step, but a busy tone of the PBX",
            "call over": f"{step.caller}'s call was over before this step",
            "moment never came": "the moment that this step waits for never came",
            "no telephone-event": f"the PBX did not offer RFC 4733 telephone-event, so {_keys(step)} cannot be sent",
            "no sound": f"the PBX had agreed on no sound with {step.caller}, so {_keys(step)} cannot be sent",
        }[reason]
        yield Finding(kind="step-failed", source=step.source, sentence=sentence, caller=step.caller)
    left_alone = observation.elsewhere or observation.talks_refused
    if not left_alone:  # else the play was given up with its calls, perhaps before the story began
        yield from _judge_legs(observation, where)


def _keys(step: Step) -> str:
    digits = step.digits if isinstance(step, Press) else ""
    return f"key {digits}" if len(digits) == 1 else f"keys {digits}"


def _judge_leads(observation: Observation, where: Source) -> Iterator[Finding]:
    """Report each line that sends phones or callers elsewhere once, as all phones of a group are sent the same one."""
    sent: dict[tuple[str, str, str], list[ObservedLead]] = {}
    for lead in observation.elsewhere:
        sent.setdefault((lead.address, lead.message, lead.line), []).append(lead)
    for (address, message, line), leads in sent.items():
        who = enumerate_words(dict.fromkeys(lead.who for lead in leads))
        at = f"at {format_duration(leads[0].at)}" if leads[0].at >= 0 else "before the story began"
        sentence = (
            f"the PBX sends {who} to {address}, which is no address in the run's networks, {at}: "
            f"its {message} says `{line}`"
        )
        yield Finding(kind="leads-elsewhere", source=where, sentence=sentence)


def _judge_legs(observation: Observation, where: Source) -> Iterator[Finding]:
    """Report legs, commands and dials that should not have happened, and calls that ended too early or too late."""
    for ring in observation.strays:
        sentence = f"{ring.phone} rang at {format_duration(ring.start)}, but it was nobody's call"
        yield Finding(kind="ring-stray", source=where, sentence=sentence)
    for ring in observation.late_rings:
        late = format_duration(ring.start - observation.over)
        sentence = f"{ring.phone} rang {late} after the story was over; nothing may ring any more"
        yield Finding(kind="ring-after-end", source=where, sentence=sentence)
    for at, target, said in observation.dial_failures:
        sentence = f"the PBX dialled {target}, which is not there, at {format_duration(at)}: {said}"
        yield Finding(kind="dial-nowhere", source=where, sentence=sentence)
    for at in observation.trunk_legs:
        sentence = f"a call left the office at {format_duration(at)}; no expectation names it"
        yield Finding(kind="call-leaves", source=where, sentence=sentence)
    for command in first_commands(observation.commands):
        sentence = f"{commanded_to(command)}, outside the dialog of any ring"
        yield Finding(kind="command-unexpected", source=where, sentence=sentence)
    for phone, at in observation.dropped:
        sentence = f"the PBX ended the call that {phone} was on when the story began, at {format_duration(at)}"
        yield Finding(kind="talk-dropped", source=where, sentence=sentence)
    for phone, seconds in observation.late_legs:
        rounded = format_duration(seconds)
        after = f"{seconds:.2f} s" if rounded == "1 s" else rounded  # 1 s is allowed: hundredths show more
        length = "did not end, so that Ringproof ended it" if seconds == float("inf") else f"ended only {after} later"
        sentence = f"the caller hung up, but the call at {phone} {length}; expected within 1 s"
        yield Finding(kind="leg-outlives-caller", source=where, sentence=sentence)


def _judge_caller(
    scenario: Scenario, observation: Observation, view: CallerView, expectations: tuple[Expectation, ...]
) -> Iterator[Finding]:
    """Report the differences in one caller's call, causes first: what was done, who rang, who answered, the rest.

    A phone that could not take what the PBX offered explains who rang, so its refusal comes before the waves. A finding
    that may follow from an earlier one is marked (`follows`).

    Raises UnjudgedError for an expectation that no judge has taken.
    """
    expected = Expected(expectations)
    rings = expected.take(Ring)
    keys = list(_judge_keys(scenario, view))
    chart = [_explained(finding, scenario, view) for finding in judge_waves(scenario, observation, view, rings)]
    turns = list(judge_turns(expected, view, scenario))
    refused_offer = any(ring.because for ring in view.rings) and bool(turns)
    undone = bool(keys) or any(scenario.when[number].caller == view.caller for number, _ in observation.failed_steps)
    yield from keys
    if refused_offer:
        yield from _following(turns, undone)
    yield from _following(chart, undone or refused_offer)
    if not refused_offer:
        yield from _following(turns, undone)
    expected.take(CallerHears)
    if not chart and not turns:  # else it is not known which wave or turn is which
        waves = comparable(scenario, observation, view, rings)
        yield from judge_moments(expectations, view, waves, scenario.tolerance)
        yield from judge_hearing(expected, view, waves, scenario)
    yield from judge_displays(expected, view, scenario, charted=bool(chart or turns))
    otherwise = undone or bool(chart or turns)
    answers = list(judge_answers(expected, view, scenario, _told_as_missing(chart, rings, view)))
    yield from _following(answers, otherwise)
    yield from _following(_judge_missed(expected, view, scenario), otherwise or bool(answers))
    yield from _following(_judge_end(expected, view, scenario), otherwise or bool(answers))
    if scenario.calls > 1:
        expected.take(Over)  # `judge_calls` judges it, over all calls
    expected.require_all_taken()


def _following(findings: Iterable[Finding], follows: bool) -> Iterator[Finding]:  # noqa: FBT001 - what it is called
    return (replace(finding, follows=follows) for finding in findings)


def _told_as_missing(chart: Sequence[Finding], rings: Sequence[Ring], view: CallerView) -> frozenset[str]:
    """Return the phones that are reported as not ringing: that they did not answer is the same difference."""
    if not any(finding.kind in {"ring-missing", "ring-instead"} for finding in chart):
        return frozenset()
    rang = {ring.phone for ring in view.rings}
    return frozenset(phone for entry in rings for phone in entry.phones if phone not in rang)


def _explained(finding: Finding, scenario: Scenario, view: CallerView) -> Finding:
    """Return the finding, with the reason where a ring is missing or too short because the story ended before it."""
    if view.ended is None or view.ended_by != "harness" or view.answers:
        return finding
    cut = any(abs(ring.end - view.ended) <= scenario.tolerance for ring in view.rings)
    if (finding.kind == "ring-missing" and not view.rings) or (finding.kind == "ring-too-short" and cut):
        at = format_duration(view.ended)
        fix = f"Ringproof itself hung up at {at}, because the story had ended; `- wait: 20s`, say, makes it longer"
        return replace(finding, fix=fix)
    return finding


def _judge_keys(scenario: Scenario, view: CallerView) -> Iterator[Finding]:
    if view.keys != view.pressed:
        heard = f"heard {view.keys}" if view.keys else "heard no key"
        sentence = f"{view.caller} pressed {view.pressed or 'no key'}, but the PBX {heard}"
        yield Finding(kind="key-unheard", source=scenario.source, sentence=sentence, caller=view.caller)


def _judge_missed(expected: Expected, view: CallerView, scenario: Scenario) -> Iterator[Finding]:
    entries = expected.take(Missed)
    named = {phone: entry.source for entry in entries for phone in entry.phones}
    observed = Counter(ring.phone for ring in view.rings if ring.missed)
    for phone, source in named.items():
        if phone not in observed:
            sentence = f"expected a missed call at {phone}; it shows none"
            yield _finding("missed-missing", source, sentence, view)
    for phone, times in (each for entry in entries for each in entry.times.items()):
        if phone in observed and observed[phone] != times:
            sentence = f"expected {times} missed calls at {phone}; it shows {observed[phone]}"
            yield _finding("missed-count", named[phone], sentence, view)
    for phone in sorted(observed.keys() - named.keys()):
        source = entries[0].source if entries else scenario.source
        sentence = f"{phone} shows a missed call; no expectation names it"
        yield _finding("missed-unexpected", source, sentence, view)


def _judge_end(expected: Expected, view: CallerView, scenario: Scenario) -> Iterator[Finding]:
    """Judge who ended the call, when, and with which final response.

    Unless the story says who ends the call, it is the PBX where a refusal is expected, else the caller where it hangs
    up in the story, else Ringproof after the story.
    """
    entries = expected.take(CallerGets)
    code = next((entry for entry in entries if entry.code is not None), None)
    ours = view.ended_by in {None, "harness"}
    until = f"until {format_duration(view.ended)}, when Ringproof ended it" if view.ended is not None else ""
    if code is not None and view.code != code.code:
        got = f"observed {view.code}" if view.code is not None else "there was no final response"
        if ours and view.code == 487 and until:  # noqa: PLR2004 - the answer to our own CANCEL
            got = f"there was no final response {until}"
        sentence = f"expected {view.caller} to get {code.code}; {got}"
        yield _finding("caller-code", code.source, sentence, view)
    stated = next((entry for entry in entries if entry.ended_by is not None), None)
    allowed = {"harness"}
    if any(isinstance(step, HangUp) and step.caller == view.caller for step in scenario.when):
        allowed = {"caller"}
    if stated is not None and stated.ended_by is not None:
        allowed = {stated.ended_by}
    elif code is not None and code.code is not None and code.code >= 400:  # noqa: PLR2004 - a refusal ends the call
        allowed = {"pbx"}
    source = stated.source if stated is not None else scenario.source
    if view.ended_by in allowed:
        if view.ended_by == "pbx":
            yield from _judge_end_in_time(expected.entries, view, scenario, source)
        return
    wanted = " or ".join(sorted(allowed)).replace("harness", "nobody before the story's end")
    if ours:
        sentence = f"expected {view.caller}'s call to be ended by {wanted}; nobody ended it {until}".rstrip()
    else:
        at = format_duration(view.ended or 0.0)
        how = f" with {view.refused_with}" if view.refused_with is not None else ""
        sentence = f"{view.caller}'s call was ended by {view.ended_by} at {at}{how}; expected: {wanted}"
    finding = _finding("caller-ended-by", source, sentence, view)
    yield finding if ours or entries else replace(finding, fix=_as_observed(expected, view))


def _as_observed(expected: Expected, view: CallerView) -> str:
    """Return the line to write for the observed end, where the answers are as expected; empty: no line would do."""
    answers = [entry.phone for entry in expected.entries if isinstance(entry, Answer)]
    if view.ended_by == "caller" or answers != [phone for phone, _ in view.answers]:
        return ""
    code = f"code: {view.code}, " if view.code is not None else ""
    return f"if that is right, write `- caller gets: {{{code}ended by: {view.ended_by}}}`"


def _judge_end_in_time(
    expectations: tuple[Expectation, ...], view: CallerView, scenario: Scenario, source: Source
) -> Iterator[Finding]:
    """Report a PBX that holds an unanswered call for more than a second after the last thing that happened in it.

    A call that the PBX itself answered is not judged, as in a menu: a prompt may last any time. Nor is one whose
    expected waves end with a silence (`ring: []`): that silence lasts until the call ends.
    """
    waves = [entry for entry in expectations if isinstance(entry, Ring)]
    if view.ended is None or view.answers or view.connected is not None or (waves and waves[-1].silent):
        return
    said = [sound.end for sound in view.hears if sound.kind in {"sound", "busy"}]  # an announcement, without an answer
    last = max([PbxSeconds(0.0), *view.acts, *said, *(ring.end for ring in view.rings)])
    if view.ended - last > ENDS_WITHIN + scenario.tolerance:
        held = format_duration(PbxSeconds(view.ended - last))
        sentence = f"expected {view.caller}'s call to end when nobody rings any more; the PBX ended it {held} later"
        yield _finding("caller-ended-late", source, sentence, view)


def _finding(kind: Kind, source: Source, sentence: str, view: CallerView) -> Finding:
    return Finding(kind=kind, source=source, sentence=sentence, caller=view.caller)
