"""Reader of one line of `expect:`: an expectation, which may contain a choice of the PBX."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeVar, cast

from ringproof.core.duration import PbxSeconds
from ringproof.core.problem import ReadingError, told
from ringproof.core.source import Source
from ringproof.core.spelling import suggest
from ringproof.scenario.model.scenario import (
    ANY,
    Answer,
    CallerGets,
    Expectation,
    Forwarded,
    Lost,
    Missed,
    Nobody,
    PicksUpByItself,
    Refused,
    Ring,
    Shows,
    Talk,
    Unseen,
)
from ringproof.scenario.parse.chance import read_over
from ringproof.scenario.parse.hearing import read_caller_hears
from ringproof.scenario.parse.participants import Participants
from ringproof.scenario.syntax.tree import Listing, Table, Text, Value
from ringproof.scenario.syntax.values import (
    code_of,
    each_once,
    entry,
    items_of,
    refuse_unknown,
    table_of,
    text_of,
    time_of,
    unknown_name,
)
from ringproof.scenario.syntax.verbs import Grammar, Sentence

_UNDER_WHEN = "it is a step: write it under `when:`"
EXPECTATION = Grammar(
    what="expectation",
    verbs={
        "ring": ("for", "after", "again"),
        "refused": (),
        "forwarded": (),
        "unseen": (),
        "answer": (),
        "talk": ("for",),
        "nobody": (),
        "missed": (),
        "lost": (),
        "caller gets": (),
        "caller hears": (),
        "shows": (),
        "picks up by itself": (),
        "over": ("shares", "independent", "false alarm"),
        "either": (),
    },
    example="ring: [101]",
    alone="keep one; the other is an expectation of its own, with its own `- `",
    elsewhere=dict.fromkeys(("call", "hear", "press", "wait", "hang up"), _UNDER_WHEN),
)
CHOICE = ("one_of", "as", "not")
ANSWER_CHOICE = ("one_of", "as")
NOBODY = ("rings", "answers")
SHOWN = ("from", "diverted by")
CALLER_GETS = ("code", "answered by", "ended by")
ANSWERED_BY = ("pbx",)
TALKS_AT_LEAST = PbxSeconds(3.0)
"""The shortest `for:` of a talk: a shorter talk is listened to once, from its beginning to its end."""
_CHOICE = "`{one_of: [101, 102], as: first}`"
_FEWEST = 2
CHOICE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,38}")
_COUNT = re.compile(r"[1-9][0-9]?")
_LEAST = PbxSeconds(0.001)
_T = TypeVar("_T")


def read_expectation(  # noqa: C901, PLR0911, PLR0912 - one case for each verb
    sentence: Sentence, caller: str, participants: Participants
) -> Expectation:
    """Read one line of what is expected of a caller's call; not `either`, which stands for several lists."""
    source, value = sentence.verb.source, sentence.value
    match sentence.verb.text:
        case "ring":
            return _ring(sentence, participants)
        case "refused":
            codes = _by_phone(sentence, "{101: 486}", participants)
            return Refused(
                source=source,
                codes={phone: _each_time(code, "refused: {101: 486}", _code) for phone, code in codes.items()},
            )
        case "forwarded":
            targets = _by_phone(sentence, '{101: "103"}', participants)
            return Forwarded(
                source=source,
                targets={
                    phone: _each_time(target, 'forwarded: {101: "103"}', _target) for phone, target in targets.items()
                },
            )
        case "unseen":
            phones, times = _counted(value, "`unseen`", "how often it is dialled, such as 2", participants)
            return Unseen(source=source, phones=phones, times=times)
        case "answer":
            if isinstance(value, Table):
                one_of, chosen, _ = _choice(value, participants, ANSWER_CHOICE)
                return Answer(source=source, phone="", one_of=one_of, name=chosen)
            return Answer(
                source=source, phone=participants.whom(text_of(value, "`answer`", "one extension, such as 101"))
            )
        case "talk":
            return _talk(sentence, caller, participants)
        case "nobody":
            return _nobody(sentence)
        case "missed":
            phones, times = _counted(value, "`missed`", "how many missed calls it shows, such as 2", participants)
            return Missed(source=source, phones=phones, times=times)
        case "lost":
            return Lost(source=source, phones=_phones(value, "`lost`", participants))
        case "caller hears":
            return read_caller_hears(sentence)
        case "shows":
            return _shows(sentence, participants)
        case "picks up by itself":
            return PicksUpByItself(source=source, phones=_phones(value, "`picks up by itself`", participants))
        case "over":
            return read_over(sentence, participants)
        case "caller gets":
            return _caller_gets(sentence, participants)
        case verb:
            raise LookupError(f"no reader for the expectation `{verb}`")


def _by_phone(sentence: Sentence, example: str, participants: Participants) -> dict[str, Value]:
    """Return a mapping of phones to a value for each."""
    verb = sentence.verb.text
    table = table_of(sentence.value, f"`{verb}`", f"`{verb}: {example}`")
    if not table.entries:
        raise ReadingError(sentence.verb.source, f"`{verb}` names nobody", f"write `{verb}: {example}`, or delete it")
    return {phone: written.value for written in table.entries.values() for phone in participants.all_of(written.key)}


def _code(value: Value) -> int:
    return code_of(value, "`refused`", 400, 699)


def _target(value: Value) -> str:
    return text_of(value, "`forwarded`", "the number to which the call was sent on").text


def _talk(sentence: Sentence, caller: str, participants: Participants) -> Talk:
    """Read `[anna, 101]`, in any order."""
    meant = f"the caller and who answered, such as `talk: [{caller}, 101]`"
    texts = [text_of(item, "a part of `talk`", meant) for item in items_of(sentence.value, "`talk`", meant)]
    others = [text for text in texts if text.text != caller]
    if len(texts) != _FEWEST or len(others) != 1:
        raise ReadingError(sentence.value.source, f"`talk` is between {caller} and one phone", f"write {meant}")
    lasts = sentence.modifier("for")
    return Talk(
        source=sentence.verb.source,
        phone=participants.whom(others[0]),
        lasts=None if lasts is None else time_of(lasts, "`for`", "60s", TALKS_AT_LEAST),
    )


def _each_time(value: Value, example: str, read: Callable[[Value], _T]) -> tuple[_T, ...]:
    """Read what a phone does with a call, or a list of it with one part for each call to the phone."""
    listed = value.items if isinstance(value, Listing) else (value,)
    if not listed:
        raise ReadingError(value.source, "this list is empty", f"write `{example}`, or delete it")
    return tuple(read(item) for item in listed)


def _counted(value: Value, verb: str, meant: str, participants: Participants) -> tuple[tuple[str, ...], dict[str, int]]:
    """Read `[101, 102]`, or `{101: 2}` with counts; return the phones and the counts that are written."""
    times: dict[str, int] = {}
    if not isinstance(value, Table):
        return _phones(value, verb, participants), times
    for written in value.entries.values():
        text = text_of(written.value, verb, meant)
        if not _COUNT.fullmatch(text.text):
            raise ReadingError(text.source, f"{told(text.text)} is no number from 1 to 99", "write 2, say")
        times |= dict.fromkeys(participants.all_of(written.key), int(text.text))
    return tuple(times), times


def _ring(sentence: Sentence, participants: Participants) -> Ring:
    lasts, after, again = (sentence.modifier(name) for name in ("for", "after", "again"))
    one_of: tuple[str, ...] = ()
    name, excluded = "", one_of
    if isinstance(sentence.value, Table):
        one_of, name, excluded = _choice(sentence.value, participants)
    return Ring(
        source=sentence.verb.source,
        phones=() if one_of else _phones(sentence.value, "`ring`", participants),
        one_of=one_of,
        name=name,
        excluded=excluded,
        lasts=None if lasts is None else time_of(lasts, "`for`", "15s", _LEAST),
        after=None if after is None else time_of(after, "`after`", "2s"),
        again=() if again is None else _phones(again, "`again`", participants),
    )


def _choice(
    table: Table, participants: Participants, keys: tuple[str, ...] = CHOICE
) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Read `{one_of: [101, 102], as: first, not: [others]}`; the name is known in the lines after it."""
    refuse_unknown(table, keys, "a choice")
    value, as_, not_ = (entry(table.entries, key) for key in CHOICE)
    before = tuple(participants.choices)
    name = "" if as_ is None else _new_name(text_of(as_, "`as`", "a name, such as first"), participants)
    if name:  # known even if the choice has mistakes, so that later uses of the name are no mistakes
        participants.choices[name] = ()
    if value is None:
        raise ReadingError(table.source, "a choice has no `one_of:`", f"write {_CHOICE}")
    texts = [text_of(item, "`one_of`", "one extension, such as 101") for item in items_of(value, "`one_of`", _CHOICE)]
    phones = tuple(participants.phone(text) for text in texts)
    each_once(texts, "`one_of`")
    if len(phones) < _FEWEST:
        raise ReadingError(value.source, "a choice has at least two phones", "write `ring: [101]` where there is none")
    excluded: list[str] = []
    for item in [] if not_ is None else items_of(not_, "`not`", "`not: [first]`"):
        text = text_of(item, "`not`", "a choice made above, such as first")
        if text.text not in before:
            raise unknown_name(text, before, "nothing above is chosen as", "the choices are")
        excluded.append(text.text)
    if len(excluded) >= len(phones):
        raise ReadingError(table.source, "`not` leaves nobody to choose", "add phones to `one_of`")
    if name:
        participants.choices[name] = phones
    return phones, name, tuple(excluded)


def _new_name(text: Text, participants: Participants) -> str:
    if not CHOICE_NAME.fullmatch(text.text) or text.text in (ANY, "caller", "pbx", "harness"):
        raise ReadingError(
            text.source, f"{told(text.text)} is no name for a choice", "write a word of small letters, such as first"
        )
    if text.text in participants.choices:
        raise ReadingError(text.source, f"{told(text.text)} is chosen already", "give each choice a name of its own")
    return text.text


def _phones(value: Value, what: str, participants: Participants) -> tuple[str, ...]:
    example = f"a list of extensions, such as {what[:-1]}: [101, 102]`"
    texts = [
        text_of(item, f"a part of {what}", "one extension, such as 101") for item in items_of(value, what, example)
    ]
    each_once(texts, what)
    phones: dict[str, Source] = {}
    for text in texts:
        for phone in participants.all_of(text):
            if phone in phones:  # by the number of its extension, and by its own name
                raise ReadingError(text.source, f"{what} names {phone} twice", "delete one of the two", phones[phone])
            phones[phone] = text.source
    return tuple(phones)


def _nobody(sentence: Sentence) -> Nobody:
    does = text_of(sentence.value, "`nobody`", "`nobody: rings` or `nobody: answers`")
    if does.text not in NOBODY:
        raise ReadingError(
            does.source, f"`nobody`: unknown word {told(does.text)}", suggest(does.text, NOBODY, "write")
        )
    return Nobody(source=sentence.verb.source, does=cast('Literal["rings", "answers"]', does.text))


def _caller_gets(sentence: Sentence, participants: Participants) -> CallerGets:
    example = "`caller gets: {code: 480, ended by: pbx}`"
    table = table_of(sentence.value, "`caller gets`", example)
    refuse_unknown(table, CALLER_GETS, "`caller gets`")
    if not table.entries:
        raise ReadingError(table.source, "`caller gets` says nothing", f"write {example}")
    code, by = entry(table.entries, "code"), entry(table.entries, "ended by")
    ended_by = None
    if by is not None:
        text = text_of(by, "`ended by`", "caller, pbx or an extension")
        ended_by = text.text if text.text in ("caller", "pbx") else _extension(text, participants)
    answered = entry(table.entries, "answered by")
    if answered is not None and (text := text_of(answered, "`answered by`", "pbx")).text not in ANSWERED_BY:
        raise ReadingError(
            text.source,
            f"`answered by`: unknown word {told(text.text)}",
            f"write `pbx`, or `- answer: {text.text}` where a phone answers",
        )
    return CallerGets(
        source=sentence.verb.source,
        code=None if code is None else code_of(code, "`code`", 200, 699),
        ended_by=ended_by,
        by_pbx=answered is not None,
    )


def _shows(sentence: Sentence, participants: Participants) -> Shows:
    shown: dict[str, str] = {}
    diverted: dict[str, str] = {}
    for phone, value in _by_phone(sentence, '{101: "+74951234567"}', participants).items():
        caller = value
        if isinstance(value, Table):
            refuse_unknown(value, SHOWN, "an entry of `shows`")
            parts = [entry(value.entries, key) for key in SHOWN]
            missing = next((key for key, part in zip(SHOWN, parts, strict=True) if part is None), None)
            if missing is not None or parts[0] is None or parts[1] is None:
                raise ReadingError(
                    value.source,
                    f"an entry of `shows` has no `{missing}`",
                    'write `{from: "+7495", diverted by: "100"}`',
                )
            caller = parts[0]
            diverted[phone] = _said(parts[1], "`diverted by`", "the number by which the call was diverted")
        shown[phone] = _said(caller, "`shows`", "what the phone shows of the caller: his number, or his name")
    return Shows(source=sentence.verb.source, phones=shown, diverted=diverted)


def _said(value: Value, what: str, meant: str) -> str:
    text = text_of(value, what, meant)
    if not text.text.strip():
        raise ReadingError(text.source, f"{what} says nothing", 'write the number or the name, such as "+74951234567"')
    return text.text


def _extension(text: Text, participants: Participants) -> str:
    if participants.office is not None and not text.text.isdigit():
        raise ReadingError(
            text.source,
            f"`ended by`: unknown word {told(text.text)}",
            suggest(text.text, ("caller", "pbx"), "write an extension, or one of"),
        )
    return participants.phone(text)
