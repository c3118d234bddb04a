"""Refusal of events at nearly the same moment: an action that may fall on either side of an expected boundary.

If a phone answers after 15 s and the next wave begins after 15 s, the network decides which comes first, not the PBX.
Only what the file states is computed: the waves up to the first one without `for`, and each phone's stretch of ringing
from the first wave that has it. A new INVITE (`again`) breaks the stretch only of a phone that refuses or forwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from ringproof.core.duration import PbxSeconds, write_duration
from ringproof.core.problem import Complaints, ReadingError
from ringproof.core.source import Source
from ringproof.scenario.model.scenario import (
    ANY,
    Answer,
    Answers,
    Expectation,
    Forwarded,
    Forwards,
    HangUp,
    Lost,
    Refused,
    Refuses,
    Ring,
    Step,
    extension_of,
)
from ringproof.scenario.parse.participants import Participants

_EXACT = 1e-9
_VERBS = {Answers: "answers", Refuses: "refuses", Forwards: "forwards"}


@dataclass(frozen=True, slots=True)
class _Wave:
    ring: Ring
    number: int
    """Its place among the expectations."""
    start: float
    end: float | None
    """None: the file does not give it."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    phone: str
    waves: tuple[_Wave, ...]

    @property
    def start(self) -> float:
        return self.waves[0].start

    @property
    def end(self) -> float | None:
        return self.waves[-1].end


@dataclass(frozen=True, slots=True)
class _Action:
    what: str
    """`101 answers`."""
    moment: float
    source: Source
    refuses: bool
    expected: bool
    """An expectation results from it."""
    causes: float | None
    """The boundary that is expected because of it; None if there is none, or its moment is not known."""
    since: float
    """The start of the ringing from which it is counted; boundaries up to here are not compared with it."""
    expects: str = ""
    """The expectation that states it, such as `answer: 101`; empty for a caller."""

    @property
    def either(self) -> tuple[str, float]:
        """Return the key that is the same for this action in another reading."""
        return self.what, round(self.moment, 6)

    def comes_first(self, tolerance: PbxSeconds) -> bool:
        """Return True if it is expected to come in time and to end the ringing in which it happens."""
        return self.expected and (self.causes is None or abs(self.causes - self.moment) < tolerance)


def check_moments_apart(
    readings: Sequence[Mapping[str, Sequence[Expectation]]],
    steps: Sequence[Step],
    participants: Participants,
    tolerance: PbxSeconds,
    complaints: Complaints,
) -> None:
    """Add the actions in one caller's call that are closer to a boundary, or to each other, than the tolerance.

    An action is accepted if it comes first in one reading and too late in another: then both outcomes are expected.
    """
    told = [
        [_Call(caller, listed, steps, participants, tolerance) for caller, listed in reading.items()]
        for reading in readings
    ]
    outcomes: dict[tuple[str, float], set[bool]] = {}
    for action in (action for calls in told for call in calls for action in call.actions):
        outcomes.setdefault(action.either, set()).add(action.comes_first(tolerance))
    both = frozenset(either for either, known in outcomes.items() if len(known) > 1)
    before = len(complaints)
    for calls in told:
        for call in calls:
            call.check(both, complaints)
        if len(complaints) > before:
            return  # further readings have the same mistakes in other lines


class _Call:
    """One caller's call in one reading: its waves, and the actions during them."""

    def __init__(
        self,
        caller: str,
        listed: Sequence[Expectation],
        steps: Sequence[Step],
        participants: Participants,
        tolerance: PbxSeconds,
    ) -> None:
        self._waves = waves = _waves(listed)
        self._tolerance = tolerance
        actions = [*_of_phones(waves, listed, participants, tolerance), *_of_caller(caller, waves, steps)]
        self.actions = [action for action in actions if _in_time(action, waves, tolerance)]

    def check(self, both: Collection[tuple[str, float]], complaints: Complaints) -> None:
        """Add what is left to chance; `both` are the actions of which both outcomes are expected."""
        waves, tolerance = self._waves, self._tolerance
        told: set[_Action] = {action for action in self.actions if action.either in both}
        for action in self.actions:
            if action in told:
                continue
            for before, wave in pairwise(waves):
                if _beside(action, wave.start, tolerance) and action.causes != before.end:
                    told.add(action)
                    if self._causes(action, before, wave):
                        complaints.add(_unexplained(action, wave, tolerance))
                    else:
                        complaints.add(_at_boundary(action, wave, tolerance))
                    break
            else:
                last = waves[-1]
                if last.end is not None and _beside(action, last.end, tolerance) and action.causes != last.end:
                    told.add(action)
                    complaints.add(_at_end(action, last, tolerance))
        for one, other in combinations([action for action in self.actions if action not in told], 2):
            if abs(one.moment - other.moment) < tolerance - _EXACT and not (one.refuses and other.refuses):
                complaints.add(
                    ReadingError(
                        other.source,
                        f"{one.what} and {other.what} {_together(one.moment, other.moment)}: which comes first is "
                        "chance",
                        f"set them further apart than the tolerance, {write_duration(tolerance)}",
                        one.source,
                    )
                )

    def _causes(self, action: _Action, before: _Wave, wave: _Wave) -> bool:
        """Return whether a wave begins because phones act: it is the wave before without the phones that act then."""
        leaving = set(before.ring.phones) - set(wave.ring.phones)
        rest = set(before.ring.phones) & set(wave.ring.phones)
        acting = {_who(each) for each in self.actions if each.expects and _beside(each, wave.start, self._tolerance)}
        return _who(action) in leaving <= acting and rest == set(wave.ring.phones) and not wave.ring.silent


def _who(action: _Action) -> str:
    return action.what.partition(" ")[0]


def _waves(listed: Sequence[Expectation]) -> list[_Wave]:
    waves: list[_Wave] = []
    moment = 0.0
    for number, expectation in enumerate(listed):
        if not isinstance(expectation, Ring):
            continue
        end = None if expectation.lasts is None else moment + expectation.lasts
        waves.append(_Wave(expectation, number, moment, end))
        if end is None:
            break
        moment = end
    return waves


def _stretches(waves: Sequence[_Wave], participants: Participants) -> Iterator[_Stretch]:
    """Yield each phone's stretches of ringing.

    A refusal or forward is counted from each INVITE, so a new INVITE (`again`) begins a new stretch for such a phone.
    """
    phones = dict.fromkeys(phone for wave in waves for phone in wave.ring.phones)
    for phone in phones:
        run: list[_Wave] = []
        for wave in waves:
            afresh = phone in wave.ring.again and isinstance(participants.behaviour(phone), Refuses | Forwards)
            if run and (afresh or phone not in wave.ring.phones):
                yield _Stretch(phone, tuple(run))
                run = []
            if phone in wave.ring.phones:
                run.append(wave)
        if run:
            yield _Stretch(phone, tuple(run))


def _of_phones(
    waves: Sequence[_Wave], listed: Sequence[Expectation], participants: Participants, tolerance: PbxSeconds
) -> Iterator[_Action]:
    answered = {
        phone: number
        for number, each in enumerate(listed)
        if isinstance(each, Answer)
        for phone in each.one_of or (each.phone,)
    }
    answered |= {phone: number for number, each in enumerate(listed) if isinstance(each, Lost) for phone in each.phones}
    refused = {phone for each in listed if isinstance(each, Refused) for phone in each.codes}
    refused |= {phone for each in listed if isinstance(each, Forwarded) for phone in each.targets}
    for stretch in _stretches(waves, participants):
        phone, behaviour = stretch.phone, participants.behaviour(stretch.phone)
        if not isinstance(behaviour, Answers | Refuses | Forwards):
            continue
        moment = stretch.start + behaviour.after
        if stretch.end is not None and moment > stretch.end + tolerance - _EXACT:
            continue
        if isinstance(behaviour, Answers):
            causes = phone in answered and not any(
                phone in wave.ring.phones for wave in waves if stretch.waves[-1].number < wave.number < answered[phone]
            )
        else:
            causes = phone in refused
        yield _Action(
            what=f"{phone} {_VERBS[type(behaviour)]}",
            moment=moment,
            source=participants.phones[phone].source,
            refuses=isinstance(behaviour, Refuses),
            expected=causes,
            causes=stretch.end if causes else None,
            since=stretch.start,
            expects=_expectation_of(phone, behaviour),
        )


def _expectation_of(phone: str, behaviour: Answers | Refuses | Forwards) -> str:
    match behaviour:
        case Answers():
            return f"answer: {phone}"
        case Refuses(code=code):
            return f"refused: {{{phone}: {code}}}"
        case Forwards(to=to):
            return f'forwarded: {{{phone}: "{to}"}}'


def _of_caller(caller: str, waves: Sequence[_Wave], steps: Sequence[Step]) -> Iterator[_Action]:
    for step in steps:
        if not (isinstance(step, HangUp) and step.caller == caller and step.at and step.at.event == "ring"):
            continue
        phone = step.at.phone
        start = next((wave.start for wave in waves if _names(wave.ring, phone)), None)
        if start is not None:
            yield _Action(
                what=f"{caller} hangs up",
                moment=start + step.at.after,
                source=step.source,
                refuses=False,
                expected=True,
                causes=waves[-1].end,
                since=start,
            )


def _names(ring: Ring, phone: str) -> bool:
    named = phone in ring.phones or phone in map(extension_of, ring.phones)
    return named or (phone == ANY and not ring.silent)


def _in_time(action: _Action, waves: Sequence[_Wave], tolerance: PbxSeconds) -> bool:
    end = waves[-1].end
    return end is None or action.moment < end + tolerance


def _beside(action: _Action, boundary: float, tolerance: PbxSeconds) -> bool:
    return boundary > action.since + _EXACT and abs(action.moment - boundary) < tolerance - _EXACT


def _at_boundary(action: _Action, wave: _Wave, tolerance: PbxSeconds) -> ReadingError:
    line, when = wave.ring.source.line, _when(action.moment, wave.start)
    return ReadingError(
        action.source,
        f"{action.what} {when} the wave on line {line} begins: which comes first is chance",
        f"set them further apart than the tolerance, {write_duration(tolerance)}",
        wave.ring.source,
    )


def _unexplained(action: _Action, wave: _Wave, tolerance: PbxSeconds) -> ReadingError:
    line, when = wave.ring.source.line, _when(action.moment, wave.start)
    return ReadingError(
        action.source,
        f"{action.what} {when} the wave on line {line} begins without it, and nothing says that this is why",
        f"write `- {action.expects}` above line {line}, or set them further apart than the tolerance, "
        f"{write_duration(tolerance)}",
        wave.ring.source,
    )


def _at_end(action: _Action, wave: _Wave, tolerance: PbxSeconds) -> ReadingError:
    line, when = wave.ring.source.line, _when(action.moment, wave.end or 0.0)
    missing = f"write `- {action.expects}` behind it" if action.expects else f"expect what {_who(action)} does"
    return ReadingError(
        action.source,
        f"{action.what} {when} the wave on line {line} ends, and nothing says that this is why",
        f"{missing}, or set them further apart than the tolerance, {write_duration(tolerance)}",
        wave.ring.source,
    )


def _when(moment: float, boundary: float) -> str:
    if abs(moment - boundary) < _EXACT:
        return "just when"
    side = "before" if moment < boundary else "after"
    return f"{write_duration(abs(moment - boundary))} {side}"


def _together(one: float, other: float) -> str:
    return "at the same moment" if abs(one - other) < _EXACT else f"within {write_duration(abs(one - other))}"
