"""Checks of one scenario: steps, behaviours and expectations fit each other, and what can never happen is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from ringproof.core.duration import write_duration
from ringproof.core.problem import Complaints, ReadingError
from ringproof.core.source import Source
from ringproof.core.spelling import enumerate_words, suggest_name
from ringproof.scenario.check.answers import check_answers
from ringproof.scenario.model.scenario import (
    ANY,
    SETTLE_WINDOW,
    Answer,
    Answers,
    AnswersWith,
    Call,
    CallerGets,
    CallerHears,
    Expectation,
    Forwarded,
    Forwards,
    HangUp,
    Hear,
    Lost,
    Missed,
    Nobody,
    Offline,
    OnACall,
    Over,
    PicksUpByItself,
    Press,
    Refused,
    Refuses,
    Ring,
    Shows,
    Silent,
    Step,
    Talk,
    Unseen,
    Wait,
    extension_of,
)
from ringproof.scenario.model.split_waves import rings_on
from ringproof.scenario.parse.participants import Participants

_ONLY_ONCE = (Missed, Lost, CallerGets, PicksUpByItself)


def check_steps(steps: Sequence[Step], complaints: Complaints) -> None:
    """Add what is wrong with the order of the steps."""
    called: dict[str, Source] = {}
    hung_up: dict[str, Source] = {}
    for step in steps:
        caller = step.caller
        if isinstance(step, Call):
            if caller in called:
                complaints.add(
                    ReadingError(
                        step.source,
                        f"{caller} calls for the second time",
                        "a caller calls once: name a second caller under `callers:`",
                        called[caller],
                    )
                )
            called[caller] = step.source
        elif isinstance(step, Wait):
            continue
        elif caller not in called:
            complaints.add(
                ReadingError(
                    step.source,
                    f"{caller} {_does(step)} before calling",
                    f"write `- call: {caller}` above this step",
                )
            )
        elif caller in hung_up:
            complaints.add(
                ReadingError(
                    step.source,
                    f"{caller} {_does(step)} after hanging up",
                    "move the hang-up below this step",
                    hung_up[caller],
                )
            )
        if isinstance(step, HangUp):
            hung_up[caller] = step.source


def _does(step: Hear | Press | HangUp) -> str:
    match step:
        case Hear():
            return "hears"
        case Press():
            return "presses a key"
        case HangUp():
            return "hangs up"
        case _:
            assert_never(step)


def check_moments(
    steps: Sequence[Step],
    expect: Mapping[str, Sequence[Expectation]],
    participants: Participants,
    complaints: Complaints,
) -> None:
    """Add the steps whose moment never comes, because the event from which it is counted is not expected."""
    ringing, answering = _who_do_something(each for listed in expect.values() for each in listed)
    for known in (ringing, answering):
        known.update([extension_of(phone) for phone in known])
    for step in steps:
        if step.at is None:
            continue
        phone, event = step.at.phone, step.at.event
        known = ringing if event == "ring" else answering
        if phone not in known and not (phone == ANY and known):
            who = "anybody" if phone == ANY else phone
            fix = _missing(phone, event, sorted(known), participants)
            complaints.add(
                ReadingError(
                    step.source,
                    f"no expectation says that {who} {event}s, so the moment of this step never comes",
                    fix,
                )
            )


def _who_do_something(expectations: Iterable[Expectation]) -> tuple[set[str], set[str]]:
    """Return the phones that are expected to ring, and those of them that are expected to pick up."""
    ringing: set[str] = set()
    answering: set[str] = set()
    for expectation in expectations:
        match expectation:
            case Ring(phones=phones, one_of=one_of):
                ringing.update(phones, one_of)
            case Refused(codes=named) | Forwarded(targets=named):
                ringing.update(named)
            case Answer() | Lost():
                ringing.update(_who_pick_up(expectation))
                answering.update(_who_pick_up(expectation))
            case Unseen() | Talk() | Nobody() | Missed() | CallerGets() | CallerHears() | Shows() | PicksUpByItself():
                pass
            case Over():
                pass
            case _:
                assert_never(expectation)
    return ringing, answering


def _who_pick_up(expectation: Answer | Lost) -> tuple[str, ...]:
    if isinstance(expectation, Lost):
        return expectation.phones
    return expectation.one_of or (expectation.phone,)


def _missing(phone: str, event: str, known: Sequence[str], participants: Participants) -> str:
    """Return the fix for a step timed from an unexpected event; similar numbers are not taken for misspelt ones."""
    if phone == ANY:
        return "add what anybody is expected to do to `expect:`"
    written = f"`- {event}: {phone}`" if event == "answer" else f"`- {event}: [{phone}]`"
    phones = participants.contacts(phone) or (phone,)
    able = any(isinstance(each, Answers | AnswersWith) for one in phones for each in participants.behaviours(one))
    told = "" if event == "ring" or able else f"`{phones[0]}: {{answers: 5s}}` under `phones:` and "
    fix = f"write {told}{written} under `expect:`"
    return f"{fix}; expected to {event} so far: {enumerate_words(known)}" if known else fix


def check_expectations(
    caller: str,
    listed: Sequence[Expectation],
    steps: Sequence[Step],
    participants: Participants,
    complaints: Complaints,
) -> None:
    """Add expectations that contradict each other, or that no phone of this scenario can fulfil."""
    for expectation in listed:
        with complaints:
            _possible(caller, expectation, steps, participants)
    for kind in _ONLY_ONCE:
        same = [expectation for expectation in listed if isinstance(expectation, kind)]
        for again in same[1:]:
            complaints.add(
                ReadingError(
                    again.source,
                    "this is said for the second time, and each time it means: these and no others",
                    "write both in one",
                    same[0].source,
                )
            )
    with complaints:
        _number_exists(caller, listed, participants)
    check_answers(caller, listed, steps, participants, complaints)
    _check_nobody(listed, complaints)
    _check_waves(listed, complaints)


def _possible(  # noqa: C901, PLR0912 - one case for each expectation
    caller: str, expectation: Expectation, steps: Sequence[Step], participants: Participants
) -> None:
    match expectation:
        case Ring(phones=phones, one_of=one_of):
            for phone in (*phones, *one_of):
                _rings_long_enough(phone, expectation.source, participants)
        case Unseen(phones=phones):
            _silent(phones, expectation.source, participants)
        case Missed(phones=phones):
            for phone in phones:
                _reachable(phone, "misses nothing", expectation.source, participants)
        case Lost(phones=phones):
            for phone in phones:
                _can_answer(phone, expectation.source, participants)
        case Answer(phone=phone, one_of=one_of):
            for each in one_of or (phone,):
                _can_answer(each, expectation.source, participants)
        case Refused(codes=codes):
            for phone, each_time in codes.items():
                if not any(isinstance(each, Refuses) for each in participants.behaviours(phone)):
                    raise _not_told(phone, "refuse", f"refuses: {each_time[0]}", expectation.source, participants)
        case Forwarded(targets=targets):
            for phone, target in ((phone, target) for phone, each_time in targets.items() for target in each_time):
                if not any(isinstance(each, Forwards) and each.to == target for each in participants.behaviours(phone)):
                    deed, behaviour = f"forward to {target}", f'forwards: "{target}"'
                    raise _not_told(phone, deed, behaviour, expectation.source, participants)
        case CallerGets(ended_by=by):
            _can_end(caller, by, expectation.source, steps, participants)
        case Shows(phones=shown):
            for phone in shown:
                _reachable(phone, "shows nothing", expectation.source, participants)
        case PicksUpByItself(phones=phones):
            for phone in phones:
                _reachable(phone, "is commanded nothing", expectation.source, participants)
        case Talk() | Nobody() | CallerHears() | Over():
            pass  # `check_answers`, `_check_nobody` and `check_calls` check them; `CallerHears` has no check
        case _:
            assert_never(expectation)


def _can_answer(phone: str, source: Source, participants: Participants) -> None:
    if not any(isinstance(each, Answers | AnswersWith) for each in participants.behaviours(phone)):
        raise _not_told(phone, "answer", "answers: 5s", source, participants)


def _silent(phones: Sequence[str], source: Source, participants: Participants) -> None:
    for phone in phones:
        if not any(isinstance(each, Silent) for each in participants.behaviours(phone)):
            raise ReadingError(
                source,
                f"{phone} is not silent, so nothing of it is unseen",
                f"write `{phone}: silent` under `phones:`",
            )


def _not_told(phone: str, deed: str, behaviour: str, source: Source, participants: Participants) -> ReadingError:
    if phone in participants.choices:
        return ReadingError(
            source,
            f"nothing tells the phone that is chosen as {phone} to {deed}",
            f"write `rung: [{{{behaviour}}}]`: what the phones do in the order in which they are rung",
        )
    return ReadingError(
        source,
        f"nothing tells {phone} to {deed}",
        f"write `{phone}: {{{behaviour}}}` under `phones:`",
        participants.phones[phone].source if phone in participants.phones else None,
    )


def _reachable(phone: str, so: str, source: Source, participants: Participants) -> None:
    behaviour = participants.behaviour(phone)
    if isinstance(behaviour, Offline | Silent):
        silent = isinstance(behaviour, Silent)
        instead = f" and write `- unseen: [{phone}]` where it is dialled" if silent else ""
        raise ReadingError(
            source,
            f"{phone} is {'silent' if silent else 'offline'} in this scenario, so it {so}",
            f"delete {phone} here{instead}, or its behaviour",
            participants.phones[phone].source,
        )


def _talks(phone: str, source: Source, participants: Participants) -> None:
    behaviour = participants.behaviour(phone)
    if isinstance(behaviour, OnACall) and behaviour.waiting is None and behaviour.ends is None:
        raise ReadingError(
            source,
            f"{phone} is on a call in this scenario, and does not take a second one, so it cannot ring",
            f"delete {phone} here, or write `{{on a call: always, call waiting: rings}}`",
            participants.phones[phone].source,
        )


def _rings_long_enough(phone: str, source: Source, participants: Participants) -> None:
    """Raise ReadingError for a phone in a wave that cannot ring, or acts too soon to be in a wave."""
    _reachable(phone, "cannot ring", source, participants)
    _talks(phone, source, participants)
    behaviour = participants.behaviour(phone)
    if isinstance(behaviour, Refuses | Forwards) and behaviour.after < SETTLE_WINDOW:
        does, named = "refuses", f"refused: {{{phone}: {getattr(behaviour, 'code', '')}}}"
        if isinstance(behaviour, Forwards):
            does, named = "forwards", f'forwarded: {{{phone}: "{behaviour.to}"}}'
        raise ReadingError(
            source,
            f"{phone} {does} at once, so it is in no wave",
            f"delete {phone} here and write `- {named}`",
            participants.phones[phone].source,
        )
    if isinstance(behaviour, Answers) and behaviour.after < SETTLE_WINDOW:
        raise ReadingError(
            source,
            f"{phone} answers at once, so it is in no wave",
            f"delete {phone} here (`- answer: {phone}` says enough), or let it ring for a second",
            participants.phones[phone].source,
        )


def _can_end(caller: str, by: str | None, source: Source, steps: Sequence[Step], participants: Participants) -> None:
    if by is None or by == "pbx":
        return
    if by == "caller":
        if not any(isinstance(step, HangUp) and step.caller == caller for step in steps):
            raise ReadingError(
                source, f"{caller} never hangs up in this scenario", f"add the step `- hang up: {caller}`"
            )
        return
    if not any(isinstance(each, Answers) and each.hangs_up is not None for each in participants.behaviours(by)):
        raise _not_told(by, "hang up", "answers: 5s, hangs up: 10s", source, participants)


def _number_exists(caller: str, listed: Sequence[Expectation], participants: Participants) -> None:
    """Raise ReadingError for a number that the office does not have, unless `nobody: rings` is expected."""
    dialled = participants.callers[caller]
    if participants.office is None or not dialled.dials or dialled.dials in participants.office.trunk.numbers:
        return
    if any(isinstance(expectation, Nobody) and expectation.does == "rings" for expectation in listed):
        return
    raise ReadingError(
        dialled.source,
        f"{caller} dials {dialled.dials}, and the office has no such number",
        suggest_name(dialled.dials, participants.office.trunk.numbers, "its numbers are")
        + "; where an unknown number is the point, expect `- nobody: rings`",
    )


def _check_nobody(listed: Sequence[Expectation], complaints: Complaints) -> None:
    for nobody in listed:
        if not isinstance(nobody, Nobody):
            continue
        for other in listed:
            somebody = isinstance(other, Answer) or (
                nobody.does == "rings"
                and (
                    (isinstance(other, Ring) and not other.silent)
                    or (isinstance(other, Missed) and bool(other.phones))
                    or isinstance(other, Refused | Forwarded)
                )
            )
            if somebody:
                complaints.add(
                    ReadingError(
                        nobody.source,
                        f"`nobody: {nobody.does}` contradicts line {other.source.line}",
                        "keep one of the two",
                        other.source,
                    )
                )
                break


def _check_waves(listed: Sequence[Expectation], complaints: Complaints) -> None:
    before: Ring | None = None
    between: list[Expectation] = []
    first = True
    for expectation in listed:
        if isinstance(expectation, Answer):
            before = None
        if not isinstance(expectation, Ring):
            between.append(expectation)
            continue
        with complaints:
            _check_wave(expectation, before, between, first=first)
        before, between, first = expectation, [], False


def _check_wave(wave: Ring, before: Ring | None, between: Sequence[Expectation], *, first: bool) -> None:
    if wave.lasts is not None and wave.lasts < SETTLE_WINDOW:
        raise ReadingError(
            wave.source,
            f"a wave of {write_duration(wave.lasts)} is shorter than {write_duration(SETTLE_WINDOW)}, "
            "within which all changes are one",
            f"write at least `for: {write_duration(SETTLE_WINDOW)}`, or name what happens under `refused:`",
        )
    if wave.after is not None and not first:
        raise ReadingError(
            wave.source,
            "only the first wave takes `after`: every other begins when the one before it ends",
            "write the silence between them as a wave, `- ring: []` with its `for:`",
        )
    both = set(wave.phones) & set(before.phones) if before is not None else set()
    for phone in wave.again:
        if phone not in both:
            raise ReadingError(
                wave.source,
                f"`again` names {phone}, which is not in this wave and in the one before it",
                f"delete {phone} from `again`: only who rings on can be rung afresh",
                before.source if before is not None else None,
            )
    if before is not None and rings_on(wave, before, between):
        if before.lasts is None:
            raise ReadingError(
                before.source,
                f"this wave goes on in line {wave.source.line}, and nothing says when what stands between them happens",
                "write how long it is until then, such as `for: 15s`",
                wave.source,
            )
        return
    same = before is not None and set(wave.phones) == set(before.phones) and not (wave.one_of or before.one_of)
    if before is not None and same and not wave.again:
        raise ReadingError(
            wave.source,
            f"this wave and the one on line {before.source.line} are the same, so they are one",
            "add up their times"
            + (f", or write `again: [{', '.join(wave.phones)}]` if they are rung afresh" if wave.phones else ""),
            before.source,
        )
