"""Reader of behaviours, what a phone does when it is called: a word, or a mapping with one verb."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ringproof.core.problem import ReadingError, told
from ringproof.core.spelling import suggest
from ringproof.scenario.model.scenario import (
    AT_ONCE,
    BUSY,
    Answers,
    AnswersWith,
    Behaviour,
    Forwards,
    Offline,
    OnACall,
    Refuses,
    RingsOn,
    Silent,
)
from ringproof.scenario.syntax.tree import Text, Value
from ringproof.scenario.syntax.values import code_of, table_of, text_of, time_of
from ringproof.scenario.syntax.verbs import Grammar, Sentence, take_apart

WORDS: Mapping[str, Behaviour] = {
    "rings": RingsOn(),
    "offline": Offline(),
    "silent": Silent(),
    "on a call": OnACall(),
    "do not disturb": Refuses(BUSY),
}
DIALS = re.compile(r"[0-9+*#]{1,32}")
"""A number that can be dialled."""
ALWAYS = "always"
BEHAVIOUR = Grammar(
    what="behaviour",
    verbs={
        "answers": ("hangs up",),
        "answers with": (),
        "refuses": ("after",),
        "forwards": ("after",),
        "do not disturb": (),
        "on a call": ("call waiting",),
    },
    example="{answers: 5s}",
    alone="keep one: a phone does one thing",
)
_BEHAVIOURS = (
    "write rings, offline, silent, on a call, do not disturb, {answers: 5s}, {answers: 5s, hangs up: 10s}, "
    '{refuses: 486}, {refuses: 486, after: 3s}, {forwards: "103"} or {answers with: 103}'
)


def read_behaviour(value: Value, phone: str) -> Behaviour:
    """Return the behaviour that `rings`, `{answers: 5s}`... means; messages name it as that of `phone`."""
    if isinstance(value, Text):
        if value.text in WORDS:
            return WORDS[value.text]
        if value.text in BEHAVIOUR.verbs:
            raise ReadingError(value.source, f"`{value.text}` alone does not say what {phone} does", _BEHAVIOURS)
        raise ReadingError(
            value.source,
            f"unknown behaviour {told(value.text)}",
            suggest(value.text, (*WORDS, *BEHAVIOUR.verbs), "the behaviours are"),
        )
    table_of(value, f"the behaviour of {phone}", _BEHAVIOURS.removeprefix("write "))
    sentence = take_apart(value, BEHAVIOUR)
    return _deed(sentence, phone)


def _deed(sentence: Sentence, phone: str) -> Behaviour:
    value = sentence.value
    after = sentence.modifier("after")
    moment = AT_ONCE if after is None else time_of(after, "`after`", "3s")
    match sentence.verb.text:
        case "answers":
            hangs_up = sentence.modifier("hangs up")
            return Answers(
                after=time_of(value, "`answers`", "5s"),
                hangs_up=None if hangs_up is None else time_of(hangs_up, "`hangs up`", "10s"),
            )
        case "answers with":
            return AnswersWith(text_of(value, "`answers with`", "the phone with which it picks up, such as 101").text)
        case "forwards":
            return Forwards(_forwards_to(value), moment)
        case "do not disturb":
            return Refuses(code_of(value, "`do not disturb`", 400, 699))
        case "on a call":
            return _on_a_call(sentence, phone)
        case _:
            return Refuses(code_of(value, "`refuses`", 400, 699), moment)


def _forwards_to(value: Value) -> str:
    text = text_of(value, "`forwards`", "the number to which it sends calls on, in quotes")
    if not DIALS.fullmatch(text.text):
        raise ReadingError(
            text.source,
            f"`forwards`: {told(text.text)} is no number",
            'write digits only, a + before them where it belongs, such as `forwards: "103"`',
        )
    return text.text


def _on_a_call(sentence: Sentence, phone: str) -> OnACall:
    """Read `{on a call: 10s}` or `{on a call: always}`, each with or without `call waiting`."""
    value, waiting = sentence.value, sentence.modifier("call waiting")
    always = isinstance(value, Text) and value.text == ALWAYS
    ends = None if always else time_of(value, "`on a call`", "10s, from the story's begin, or `always`")
    if waiting is None:
        return OnACall(ends)
    behaviour = read_behaviour(waiting, phone)
    if not isinstance(behaviour, RingsOn | Answers | Refuses):
        raise ReadingError(
            waiting.source, "this is nothing to do with a second call", "write rings, {answers: 5s} or {refuses: 486}"
        )
    return OnACall(ends, behaviour)
