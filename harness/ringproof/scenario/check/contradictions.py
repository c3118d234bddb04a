"""Refusal of stories that contradict themselves, so that no PBX can fulfil them.

Only what the file states is checked: how long phones ring before they act, how often they ring, and when the caller
hangs up. If more than one outcome is right, a story is refused only if none of them can hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ringproof.core.duration import PbxSeconds, write_duration
from ringproof.core.problem import Complaints, ReadingError
from ringproof.core.spelling import enumerate_words
from ringproof.scenario.model.office import Destination, Office, ToExtension, ToGroup, ToMenu
from ringproof.scenario.model.scenario import (
    ANY,
    ENDS_WITHIN,
    SETTLE_WINDOW,
    Answer,
    Answers,
    AnswersWith,
    Call,
    CallerGets,
    Expectation,
    Forwarded,
    Forwards,
    HangUp,
    Hear,
    Missed,
    Nobody,
    Press,
    Refused,
    Refuses,
    Ring,
    Step,
    Unseen,
    Wait,
    choices_of,
    extension_of,
)
from ringproof.scenario.model.split_waves import one_wave_each
from ringproof.scenario.parse.participants import Participants

_EXACT = 1e-9
OK = 200
OF_THE_STACK = frozenset(
    (400, 406, 413, 415, 416, 420, 421, 422, 481, 482, 483, 488, 493, 494, 500, 501, 503, 505, 580, 606)
)
"""Codes with which a phone's SIP stack refuses an INVITE that it cannot handle, whatever the phone's behaviour is."""

Reading = Mapping[str, Sequence[Expectation]]


def check_contradictions(
    readings: Sequence[Reading],
    steps: Sequence[Step],
    participants: Participants,
    tolerance: PbxSeconds,
    complaints: Complaints,
) -> None:
    """Add what can never hold in the first reading; add nothing if at least one reading can hold."""
    told: list[list[ReadingError]] = []
    for reading in readings:
        story = _Story(reading, steps, replace(participants, choices=dict(choices_of(reading))), tolerance)
        faults = [fault for caller in reading for fault in story.faults(caller)]
        if not faults:
            return
        told.append(faults)
    for fault in told[0] if told else ():
        complaints.add(fault)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Waves in which a phone rings without a break."""

    phone: str
    waves: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class _Story:
    """One reading of a story."""

    reading: Reading
    steps: Sequence[Step]
    participants: Participants
    tolerance: PbxSeconds

    def faults(self, caller: str) -> Iterator[ReadingError]:
        """Yield what can never hold in one caller's call."""
        listed = one_wave_each(self.reading[caller])
        yield from self._ring_on_too_long(listed)
        yield from self._answer_without_a_ring(listed)
        yield from self._ring_after_the_hang_up(caller, listed)
        yield from self._refuse_otherwise(listed)
        yield from self._answer_and_miss(listed)
        yield from self._connected_with_nobody(caller, listed)

    def _ring_on_too_long(self, listed: Sequence[Expectation]) -> Iterator[ReadingError]:
        """Yield an error for each phone that acts before the end of its ring.

        If a key is pressed at a stated moment, which may move a call, each wave is looked at by itself.
        """
        keys = any(isinstance(step, Press) and step.at is not None for step in self.steps)
        for stretch in _stretches(listed, self.participants, single=keys):
            phone = stretch.phone
            behaviour = self.participants.phones[phone].behaviour if phone in self.participants.phones else None
            if not isinstance(behaviour, Answers | Refuses | Forwards):
                continue
            length = 0.0
            for wave in stretch.waves:
                length += wave.lasts or 0.0
                if length > behaviour.after + self.tolerance + _EXACT:
                    yield self._too_long(phone, behaviour, wave, PbxSeconds(length))
                    break

    def _too_long(
        self, phone: str, behaviour: Answers | Refuses | Forwards, wave: Ring, length: PbxSeconds
    ) -> ReadingError:
        match behaviour:
            case Answers():
                verb, line = "answer", f"answer: {phone}"
            case Refuses(code=code):
                verb, line = "refuse", f"refused: {{{phone}: {code}}}"
            case Forwards(to=to):
                verb, line = "forward", f'forwarded: {{{phone}: "{to}"}}'
        after = write_duration(behaviour.after)
        return ReadingError(
            wave.source,
            f"{phone} {verb}s after {after} of ringing, and is expected to ring for {write_duration(length)}",
            f"let it ring for {after} and write `- {line}` behind that, or let it {verb} later",
            self.participants.phones[phone].source,
        )

    def _answer_without_a_ring(self, listed: Sequence[Expectation]) -> Iterator[ReadingError]:
        """Yield an error for each phone that rings before it answers, and is in no wave of any caller's call.

        A step that is timed from the phone's ring also states that it rings.
        """
        rings = [each for others in self.reading.values() for each in others if isinstance(each, Ring)]
        named = {phone for ring in rings for phone in (*ring.phones, *ring.one_of)}
        ringing = {extension_of(one) for phone in named for one in self.participants.choices.get(phone, (phone,))}
        ringing |= {extension_of(step.at.phone) for step in self.steps if step.at is not None}
        for answer in (entry for entry in listed if isinstance(entry, Answer)):
            phones = [
                one for each in answer.one_of or (answer.phone,) for one in self.participants.choices.get(each, (each,))
            ]
            if ANY in ringing or any(
                extension_of(phone) in ringing or self._may_answer_at_once(phone) for phone in phones
            ):
                continue
            who = enumerate_words(phones, "or")
            yield ReadingError(
                answer.source,
                f"{who} rings before it answers, and no wave has it",
                f"write the wave in which it rings above this line, such as `- ring: [{', '.join(phones)}]`",
                self.participants.phones[phones[0]].source if phones[0] in self.participants.phones else None,
            )

    def _may_answer_at_once(self, phone: str) -> bool:
        least = SETTLE_WINDOW + self.tolerance
        return any(
            isinstance(each, AnswersWith) or (isinstance(each, Answers) and each.after < least)
            for each in self.participants.behaviours(phone)
        )

    def _ring_after_the_hang_up(self, caller: str, listed: Sequence[Expectation]) -> Iterator[ReadingError]:
        """Yield an error for the first wave that would end after the caller's hang-up, if that moment is known."""
        waves: list[Ring] = []
        for entry in listed:
            if isinstance(entry, Answer):
                break
            if isinstance(entry, Ring):
                waves.append(entry)
        known = _hang_up_of(caller, self.steps)
        if known is None:
            return
        hang_up, limit = known
        counted_from = "the call"
        if hang_up.at is not None:
            phone = hang_up.at.phone
            first = next((number for number, wave in enumerate(waves) if _has(wave, phone)), None)
            if first is None:
                return
            waves = waves[first:]
            counted_from = "the first ring" if phone == ANY else f"the first ring of {phone}"
        length = 0.0
        for wave in waves:
            length += wave.lasts or 0.0
            if length > limit + ENDS_WITHIN + self.tolerance + _EXACT:
                yield ReadingError(
                    wave.source,
                    f"{caller} hangs up {write_duration(limit) if limit else 'right'} after {counted_from}, and this "
                    f"wave ends {write_duration(PbxSeconds(length))} after it",
                    "let the waves be over when the caller hangs up, or let him hang up later",
                    hang_up.source,
                )
                return

    def _refuse_otherwise(self, listed: Sequence[Expectation]) -> Iterator[ReadingError]:
        """Yield an error for each phone whose behaviour is to refuse with other codes."""
        for entry in (entry for entry in listed if isinstance(entry, Refused)):
            for phone, codes in entry.codes.items():
                behaviours = self.participants.behaviours(phone)
                able = {each.code for each in behaviours if isinstance(each, Refuses)}
                wrong = [code for code in codes if code not in able | OF_THE_STACK]
                if able and wrong:
                    told = enumerate_words(sorted(map(str, able)), "or")
                    yield ReadingError(
                        entry.source,
                        f"{phone} refuses with {told} in this scenario, not with {wrong[0]}",
                        f"write `- refused: {{{phone}: {min(able)}}}`, or `{phone}: {{refuses: {wrong[0]}}}` under "
                        "`phones:`",
                        self.participants.phones[phone].source if phone in self.participants.phones else None,
                    )

    def _answer_and_miss(self, listed: Sequence[Expectation]) -> Iterator[ReadingError]:
        """Yield an error for each phone that misses more calls than it has rings beyond those that it answers."""
        answers: dict[str, Answer] = {}
        answered: dict[str, int] = {}
        for answer in (entry for entry in listed if isinstance(entry, Answer) and not entry.one_of):
            answers[answer.phone] = answer
            answered[answer.phone] = answered.get(answer.phone, 0) + 1
        for missed in (entry for entry in listed if isinstance(entry, Missed)):
            for phone in missed.phones:
                if phone not in answered or phone in self.participants.choices:
                    continue
                rings = sum(1 for _ in _rings_of(phone, listed, self.participants))
                if missed.times.get(phone, 1) > max(0, rings - answered[phone]):
                    yield ReadingError(
                        missed.source,
                        f"{phone} answers every ring that is expected of it, so it misses no call",
                        f"delete {phone} here, or write the wave in which it rings once more",
                        answers[phone].source,
                    )

    def _connected_with_nobody(self, caller: str, listed: Sequence[Expectation]) -> Iterator[ReadingError]:
        """Yield an error if the caller gets 200, nobody answers, and nothing the call can reach answers by itself."""
        nobody = next((entry for entry in listed if isinstance(entry, Nobody)), None)
        gets = [entry for entry in listed if isinstance(entry, CallerGets)]
        connected = next((entry for entry in gets if entry.code == OK), None)
        office, dials = self.participants.office, self.participants.callers[caller].dials
        if nobody is None or connected is None or office is None or dials not in office.trunk.numbers:
            return
        listens = any(isinstance(step, Hear | Press) and step.caller == caller for step in self.steps)
        behaviours = [*(told.behaviour for told in self.participants.phones.values()), *self.participants.rung]
        if any(entry.by_pbx for entry in gets):
            return
        if listens or any(isinstance(each, Forwards) for each in behaviours) or _reaches_a_menu(office, dials):
            return
        yield ReadingError(
            connected.source,
            f"{caller} gets 200, and nothing answers: nobody does, and {dials} leads to no menu",
            "write the code with which the PBX refuses, such as 480, or who answers; or `- caller gets: {answered by: "
            "pbx}`, where the PBX itself does",
            nobody.source,
        )


def _stretches(listed: Sequence[Expectation], participants: Participants, *, single: bool) -> Iterator[_Stretch]:
    """Yield the waves in which each phone rings without a break; `single`: each wave by itself."""
    phones = dict.fromkeys(phone for entry in listed if isinstance(entry, Ring) for phone in entry.phones)
    for phone in phones:
        waves: list[Ring] = []
        for entry in listed:
            if waves and _breaks(entry, phone, participants, single=single):
                yield _Stretch(phone, tuple(waves))
                waves = []
            if isinstance(entry, Ring) and phone in entry.phones:
                waves.append(entry)
        if waves:
            yield _Stretch(phone, tuple(waves))


def _breaks(entry: Expectation, phone: str, participants: Participants, *, single: bool) -> bool:
    """Return whether a phone's stretch of ringing ends here.

    A refusal or forward is counted from each INVITE, so a new INVITE (`again`) ends the stretch of such a phone.
    """
    match entry:
        case Ring():
            afresh = phone in entry.again and isinstance(participants.behaviour(phone), Refuses | Forwards)
            return single or afresh or phone not in entry.phones
        case Answer():
            return True
        case Refused(codes=named) | Forwarded(targets=named):
            return phone in named
        case Unseen(phones=phones):
            return phone in phones
        case _:
            return False


def _rings_of(phone: str, listed: Sequence[Expectation], participants: Participants) -> Iterator[Ring]:
    """Yield the wave in which each ring of a phone begins, and the waves in which a choice may mean the phone."""
    rings = False
    for entry in listed:
        if isinstance(entry, Ring):
            chosen = {one for each in entry.phones for one in participants.choices.get(each, ())}
            begins = phone in entry.phones and (not rings or phone in entry.again)
            if begins or phone in entry.one_of or phone in chosen:
                yield entry
            rings = phone in entry.phones
        elif _breaks(entry, phone, participants, single=False):
            rings = False


def _hang_up_of(caller: str, steps: Sequence[Step]) -> tuple[HangUp, PbxSeconds] | None:
    """Return the step in which a caller hangs up, and its latest time after the call, or after the ring it names.

    Return None if the time is not known: a step in between takes an unknown time, or the hang-up is timed from an
    answer.
    """
    waited: float | None = None
    for step in steps:
        if isinstance(step, Call) and step.caller == caller:
            waited = 0.0
        elif waited is None:
            continue
        elif isinstance(step, HangUp) and step.caller == caller:
            if step.at is not None and step.at.event != "ring":
                return None
            return step, PbxSeconds(waited + (step.at.after if step.at is not None else 0.0))
        elif step.at is not None or not isinstance(step, Call | Wait):
            return None
        elif isinstance(step, Wait):
            waited += step.time
    return None


def _has(wave: Ring, phone: str) -> bool:
    if phone == ANY:
        return not wave.silent
    return phone in wave.phones or phone in map(extension_of, wave.phones)


def _reaches_a_menu(office: Office, number: str) -> bool:
    """Return whether a call to a number of the office can reach a menu, at any time and with any phones free."""
    left: list[Destination] = [office.trunk.numbers[number]]
    if office.hours is not None:
        left.append(office.hours.closed)
    seen: set[str] = set()
    while left:
        destination = left.pop()
        if repr(destination) in seen:
            continue
        seen.add(repr(destination))
        match destination:
            case ToMenu():
                return True
            case ToGroup(group=name):
                left += office.groups[name].destinations.values()
            case ToExtension():
                left.append(office.extension_destination)
    return False
