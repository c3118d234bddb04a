"""Reader of `when:`, the list of steps that the callers take."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal, cast

from ringproof.core.duration import PbxSeconds
from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.scenario.model.scenario import ANY, Call, HangUp, Hear, Moment, Press, Step, Wait
from ringproof.scenario.parse.participants import Participants
from ringproof.scenario.syntax.tree import Listing, Table, Text, Value
from ringproof.scenario.syntax.values import entry, items_of, refuse_unknown, table_of, text_of, time_of
from ringproof.scenario.syntax.verbs import Grammar, Sentence, take_apart

_EXPECTATIONS = (
    "ring, refused, forwarded, unseen, answer, talk, nobody, missed, lost, caller gets, over, either, together"
)
_UNDER_EXPECT = "it is an expectation: write it under `expect:`"
STEP = Grammar(
    what="step",
    verbs={
        "call": ("at",),
        "hear": ("by", "within", "at"),
        "press": ("by", "after", "at"),
        "wait": ("by", "at"),
        "hang up": ("at",),
    },
    example="call: anna",
    alone="keep one; the other is a step of its own, with its own `- `",
    elsewhere=dict.fromkeys(_EXPECTATIONS.split(", "), _UNDER_EXPECT),
)
DIGITS = re.compile(r"[0-9*#A-D]{1,32}")
MOMENT = ("after", "of")
MOMENT_OF = ("ring", "answer")
_AT = "`{after: 5s, of: {ring: 101}}`"
_LEAST = PbxSeconds(0.001)


def callers_who_call(value: Value) -> tuple[str, ...]:
    """Return the names in `call:` steps, in order, even if the steps have mistakes."""
    if not isinstance(value, Listing):
        return ()
    names: dict[str, None] = {}
    for item in value.items:
        if isinstance(item, Table) and isinstance(name := entry(item.entries, "call"), Text):
            names[name.text] = None
    return tuple(names)


def read_steps(value: Value, participants: Participants, complaints: Complaints) -> tuple[Step, ...]:
    """Read `when:`; add the mistakes of its steps to the complaints."""
    steps: list[Step] = []
    grammar = replace(STEP, example=f"call: {participants.example}")
    for item in items_of(value, "`when`", f"`- {grammar.example}`, one step a line"):
        with complaints:
            steps.append(_step(take_apart(item, grammar), participants, steps))
    return tuple(steps)


def _step(sentence: Sentence, participants: Participants, before: list[Step]) -> Step:
    source = sentence.verb.source
    at = _moment(sentence.modifier("at"), participants)
    match sentence.verb.text:
        case "call":
            return Call(caller=_named(sentence, participants), source=source, at=at)
        case "hang up":
            return HangUp(caller=_named(sentence, participants), source=source, at=at)
        case "hear":
            caller = _by(sentence, participants)
            heard = text_of(sentence.value, "`hear`", "`hear: prompt`")
            if heard.text != "prompt":
                raise ReadingError(
                    heard.source, f"{told(heard.text)} cannot be heard for", "write `hear: prompt`: any sound counts"
                )
            within = sentence.modifier("within")
            if within is None:
                return Hear(caller=caller, source=source, at=at)
            return Hear(caller=caller, source=source, at=at, within=time_of(within, "`within`", "10s", _LEAST))
        case "press":
            return _press(sentence, participants, at)
        case "wait":
            time = time_of(sentence.value, "`wait`", "5s", _LEAST)
            return Wait(caller=_waiting(sentence, participants, before), source=source, at=at, time=time)
        case verb:
            raise LookupError(f"no reader for the step `{verb}`")


def _press(sentence: Sentence, participants: Participants, at: Moment | None) -> Press:
    caller = _by(sentence, participants)
    digits = text_of(
        sentence.value, "`press`", 'the keys in quotes, such as `press: "2"`; a bare # or * means something to YAML'
    )
    wrong = next((sign for sign in digits.text if not DIGITS.fullmatch(sign)), None)
    if wrong is not None:
        raise ReadingError(
            digits.source, f"`press`: no phone has a key {told(wrong)}", "the keys are 0 to 9, * and # (and A to D)"
        )
    if not DIGITS.fullmatch(digits.text):
        raise ReadingError(digits.source, f"`press` has {len(digits.text)} keys", "write from 1 to 32 keys in one step")
    after = sentence.modifier("after")
    if after is not None and at is not None:
        raise ReadingError(
            sentence.modifiers["after"].key.source,
            "this step has two moments, `after` and `at`",
            "keep `after` (counted from the end of the last step) or `at` (counted from what a phone does)",
        )
    return Press(
        caller=caller,
        source=sentence.verb.source,
        at=at,
        digits=digits.text,
        after=None if after is None else time_of(after, "`after`", "2s"),
    )


def _moment(value: Value | None, participants: Participants) -> Moment | None:
    if value is None:
        return None
    table = table_of(value, "`at`", _AT)
    refuse_unknown(table, MOMENT, "`at`")
    after, of = entry(table.entries, "after"), entry(table.entries, "of")
    if after is None or of is None:
        raise ReadingError(table.source, f"`at` has no `{'after' if after is None else 'of'}:`", f"write {_AT}")
    event = table_of(of, "`of`", "`{ring: 101}` or `{answer: 101}`")
    refuse_unknown(event, MOMENT_OF, "`of`")
    if len(event.entries) != 1:
        raise ReadingError(event.source, "`of` names no moment", "write `{ring: 101}` or `{answer: 101}`, one of them")
    kind, written = next(iter(event.entries.items()))
    phone = text_of(written.value, f"`{kind}`", "one extension, such as 101, or any")
    return Moment(
        after=time_of(after, "`after`", "5s"),
        event=cast('Literal["ring", "answer"]', kind),
        phone=ANY
        if phone.text == ANY
        else phone.text
        if participants.contacts(phone.text)
        else participants.phone(phone),
    )


def _named(sentence: Sentence, participants: Participants) -> str:
    verb = sentence.verb.text
    return participants.caller(
        text_of(sentence.value, f"`{verb}`", f"a caller's name, such as `{verb}: {participants.example}`")
    )


def _by(sentence: Sentence, participants: Participants) -> str:
    written = sentence.modifier("by")
    if written is not None:
        return participants.caller(text_of(written, "`by`", f"a caller's name, such as `by: {participants.example}`"))
    if len(participants.calling) == 1:
        return participants.calling[0]
    if participants.strangers and not participants.calling:
        return participants.strangers[0]  # reported at its `call` step
    if not participants.calling:
        raise ReadingError(
            sentence.verb.source,
            "nobody calls in this scenario",
            f"let the steps begin with `- call: {participants.example}`, say",
        )
    raise ReadingError(
        sentence.verb.source,
        f"this step does not say who does it: {' and '.join(participants.calling)} call",
        f"add `by: {participants.calling[0]}`",
    )


def _waiting(sentence: Sentence, participants: Participants, before: list[Step]) -> str:
    """Return the caller of a wait; `by` may be missing even with several callers, since a wait delays all of them."""
    if sentence.modifier("by") is None and before:
        return before[-1].caller
    if sentence.modifier("by") is None and participants.calling:
        return participants.calling[0]
    return _by(sentence, participants)
