"""What may be the case when a group is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ringproof.scenario.model.office import FirstFree, ToExtension, ToGroup
from ringproof.scenario.model.scenario import (
    Answers,
    AsRung,
    Behaviour,
    Call,
    CallerGets,
    Forwarded,
    Forwards,
    HangUp,
    Nobody,
    Offline,
    OnACall,
    Refused,
    Refuses,
    RingsOn,
    Silent,
    Unseen,
)

from .told import Told

DO_NOT_DISTURB = "do not disturb"


def nobody_answers(told: Told) -> bool:
    """All ring as long as they may, and then whoever the call is sent on to does; nobody is special."""
    plain = told.is_alone and all(isinstance(behaviour, RingsOn | AsRung) for behaviour in told.members.values())
    ends = any(isinstance(entry, CallerGets) and entry.ended_by == "pbx" for entry in told.listed)
    return plain and ends and any(isinstance(entry, Nobody) for entry in told.listed) and bool(told.rung)


def rung_answers(number: int) -> Callable[[Told], bool]:
    """Whoever is rung as the number so-and-so answers, and nobody is special.

    Where no answer ends a hunt the others, who would answer, never ring.
    """

    def situation(told: Told) -> bool:
        plain = all(isinstance(behaviour, RingsOn | Answers | AsRung) for behaviour in told.members.values())
        if not plain or not told.is_alone:
            return False
        stops = isinstance(told.group, FirstFree) and told.group.on_no_answer == "stop"
        if stops and number > 0:
            others = told.group.members[number : number + 1]
            return set(others) <= set(told.some(Answers)) != set() and told.rung == [told.group.members[0]]
        return told.answered in told.rung and told.rung.index(told.answered) == number

    return situation


def so_many(kind: type[Behaviour], number: int) -> Callable[[Told], bool]:
    """So many members are on a call, or offline; all of them: 0."""

    def situation(told: Told) -> bool:
        return len(told.some(kind)) == (number or len(told.group.members))

    return situation


def silent(told: Told) -> bool:
    """A member is dialled and answers nothing."""
    return bool(set(told.some(Silent)) & told.told(Unseen))


def do_not_disturb(told: Told) -> bool:
    """A member does not want to be disturbed."""
    quiet = {phone for phone, words in told.words.items() if words == DO_NOT_DISTURB or DO_NOT_DISTURB in words}  # type: ignore[operator]
    return bool(quiet & set(told.members) & told.told(Refused))


def refuses(code: int, after: float) -> Callable[[Told], bool]:
    """A member refuses with a code, at once or after some ringing."""

    def situation(told: Told) -> bool:
        refusers = {
            member
            for member, behaviour in told.members.items()
            if isinstance(behaviour, Refuses)
            and (behaviour.code, behaviour.after) == (code, after)
            and told.words.get(member) != DO_NOT_DISTURB
        }
        as_rung = any(
            isinstance(each, Refuses) and (each.code, each.after) == (code, after) for each in told.scenario.rung
        )
        return bool(refusers & told.told(Refused)) or (as_rung and bool(told.told(Refused) & set(told.rung)))

    return situation


def forwards(told: Told) -> bool:
    """A member sends the call on with 302."""
    as_rung = any(isinstance(each, Forwards) for each in told.scenario.rung)
    return bool((set(told.some(Forwards)) | (set(told.rung) if as_rung else set())) & told.told(Forwarded))


def caller_hangs_up(told: Told) -> bool:
    """While somebody rings; nobody else calls."""
    hangs_up = any(isinstance(step, HangUp) for step in told.scenario.when)
    return hangs_up and told.is_alone and told.answered is None and bool(told.rung)


def second_caller(event: str) -> Callable[[Told], bool]:
    """Another call to the same group comes before, and is ringing, or talked on."""

    def situation(told: Told) -> bool:
        calls = [step for step in told.scenario.when if isinstance(step, Call)]
        dials = {caller: told.scenario.callers[caller].dials for caller in told.scenario.callers}
        before = [step.caller for step in calls[: calls.index(told.call(told.caller))]]
        at = told.call(told.caller).at
        return at is not None and at.event == event and any(dials[other] == dials[told.caller] for other in before)

    return situation


def on_to_a_group(told: Told) -> bool:
    """The call goes on to another group, whose members ring then."""
    goes_on = told.goes_on
    if not isinstance(goes_on, ToGroup) or not told.waves:
        return False
    return set(told.waves[-1]) <= set(told.scenario.office.groups[goes_on.group].members)


def operator_is_busy(told: Told) -> bool:
    """The call is sent on to somebody who is on a call."""
    goes_on = told.goes_on
    if not isinstance(goes_on, ToExtension) or told.answered is not None:
        return False
    is_busy = isinstance(told.scenario.phones.get(goes_on.extension), OnACall)
    return is_busy and not any(goes_on.extension in wave for wave in told.waves)


SITUATIONS: Mapping[str, Callable[[Told], bool]] = {
    "nobody answers": nobody_answers,
    "the first answers": rung_answers(0),
    "the second answers": rung_answers(1),
    "the third answers": rung_answers(2),
    "one on a call": so_many(OnACall, 1),
    "two on a call": so_many(OnACall, 2),
    "all on a call": so_many(OnACall, 0),
    "one offline": so_many(Offline, 1),
    "all offline": so_many(Offline, 0),
    "one silent": silent,
    "do not disturb": do_not_disturb,
    "486 at once": refuses(486, 0.0),
    "603 after 3 s": refuses(603, 3.0),
    "302": forwards,
    "the caller hangs up": caller_hangs_up,
    "a second caller, ringing": second_caller("ring"),
    "a second caller, talking": second_caller("answer"),
    "on to another group": on_to_a_group,
    "the operator is busy": operator_is_busy,
}
