"""Who plays: callers, phones and what the phones do when they are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.scenario.office import Office
from harness.scenario.problem import Complaints, ReadingError, told
from harness.scenario.source import Source
from harness.scenario.spelling import enumerate_words, suggest
from harness.scenario.story import (
    AT_ONCE,
    BUSY,
    Answers,
    Behaviour,
    Caller,
    Offline,
    OnACall,
    Refuses,
    RingsOn,
    Silent,
    is_choice,
)
from harness.scenario.tree import Table, Text, Value
from harness.scenario.values import (
    code_of,
    entry,
    items_of,
    refuse_unknown,
    table_of,
    text_of,
    time_of,
    unknown_name,
)
from harness.scenario.verbs import Grammar, Sentence, take_apart

CALLER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,38}")
CALLER = ("from", "to")
_RESERVED = ("caller", "pbx", "harness")
SHOWS = re.compile(r"[A-Za-z0-9+*#_.-]{1,40}")
DIALS = re.compile(r"[0-9+*#]{1,32}")
WORDS: Mapping[str, Behaviour] = {
    "rings": RingsOn(),
    "offline": Offline(),
    "silent": Silent(),
    "on a call": OnACall(),
    "do not disturb": Refuses(BUSY),
}
ALWAYS = "always"
BEHAVIOUR = Grammar(
    what="behaviour",
    verbs={"answers": ("hangs up",), "refuses": ("after",), "do not disturb": (), "on a call": ("call waiting",)},
    example="{answers: 5s}",
    alone="keep one: a phone does one thing",
)
_BEHAVIOURS = (
    "write rings, offline, silent, on a call, do not disturb, {answers: 5s}, {answers: 5s, hangs up: 10s}, "
    "{refuses: 486} or {refuses: 486, after: 3s}"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a phone was told to do, and where."""

    behaviour: Behaviour
    source: Source


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody whom a scenario may name."""

    office: Office | None
    """None where the office file has problems of its own; then no extension is unknown."""
    callers: Mapping[str, Caller]
    phones: Mapping[str, Told]
    """Those that the files name; all others ring on."""
    calling: tuple[str, ...]
    """The callers who have a `call` step, in order."""
    rung: tuple[Behaviour, ...] = ()
    """What those do that `phones` does not name, in the order in which they are rung."""
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The phones that a choice can mean, by its name; filled while the expectations are read."""

    def whom(self, text: Text) -> str:
        """Return the extension, or the name of a choice made before, that a text names."""
        if text.text in self.choices:
            return text.text
        if is_choice(text.text) and self.choices:
            raise unknown_name(text, self.choices, "nothing above is chosen as", "the choices are")
        return self.phone(text)

    def behaviours(self, phone: str) -> tuple[Behaviour, ...]:
        """Return what a phone, or whichever phone a choice means, may do when it is called."""
        if phone in self.choices:
            return tuple(each for one in self.choices[phone] for each in self.behaviours(one))
        behaviour = self.behaviour(phone)
        if isinstance(behaviour, OnACall):
            return (behaviour.waiting or Refuses(BUSY), *([RingsOn()] if behaviour.ends is not None else []))
        if phone in self.phones or not self.rung:
            return (behaviour,)
        return (*self.rung, RingsOn())

    def phone(self, text: Text) -> str:
        """Return the extension that a text names."""
        return known_phone(text, self.office)

    def caller(self, text: Text) -> str:
        """Return the caller that a text names."""
        if not self.callers:
            raise ReadingError(
                text.source, f"there is no caller {told(text.text)}", "describe the caller under `callers:`"
            )
        if text.text not in self.callers:
            raise unknown_name(text, self.callers, "there is no caller", "the callers are")
        return text.text

    def behaviour(self, phone: str) -> Behaviour:
        """Return what a phone does when it is called."""
        return self.phones[phone].behaviour if phone in self.phones else RingsOn()


def known_phone(text: Text, office: Office | None) -> str:
    """Return the extension of the office that a text names."""
    if office is not None and text.text not in office.extensions:
        raise unknown_name(text, office.extensions, "the office has no extension", "its extensions are")
    return text.text


def read_callers(value: Value, office: Office | None, complaints: Complaints) -> dict[str, Caller]:
    """Read `callers:`, a mapping of names to `{from: ..., to: ...}`."""
    callers: dict[str, Caller] = {}
    table = table_of(value, "`callers`", '`anna: {from: "+74951234567", to: "84950000001"}`')
    for written in table.entries.values():
        with complaints:
            name = written.key
            # One that turns out wrong is known all the same: who calls it is not wrong, too.
            callers[name.text] = Caller(name.text, "", "", name.source)
            if not CALLER_NAME.fullmatch(name.text) or name.text in _RESERVED:
                raise ReadingError(
                    name.source,
                    f"{told(name.text)} is no name for a caller",
                    "write a short name of Latin letters and digits that begins with a letter, such as anna "
                    f"(not {enumerate_words(_RESERVED, 'or')})",
                )
            callers[name.text] = _caller(name, written.value, office)
    return callers


def _caller(name: Text, value: Value, office: Office | None) -> Caller:
    table = table_of(value, f"the caller `{name.text}`", '`{from: "+74951234567", to: "84950000001"}`')
    refuse_unknown(table, CALLER, "a caller")
    return Caller(
        name=name.text,
        shows=_number(table, name, "from", SHOWS, ()),
        dials=_number(table, name, "to", DIALS, office.trunk.numbers if office else ()),
        source=name.source,
    )


def _number(table: Table, name: Text, key: str, form: re.Pattern[str], numbers: Iterable[str]) -> str:
    value = entry(table.entries, key)
    meaning = "the number he shows" if key == "from" else "the number he dials"
    if value is None:
        fix = f'write `{key}: "..."`, {meaning}'
        if numbers:
            fix += f"; the office has {enumerate_words(numbers)}"
        raise ReadingError(name.source, f"the caller `{name.text}` has no `{key}:`", fix)
    text = text_of(value, f"`{key}`", f"{meaning}, in quotes")
    if form.fullmatch(text.text):
        return text.text
    wrong = next((sign for sign in text.text if not form.fullmatch(sign)), None)
    reason = f"{told(wrong)} has no place in a number" if wrong else f"{told(text.text)} is no number"
    raise ReadingError(text.source, f"`{key}`: {reason}", "write digits only, a + before them where it belongs")


def read_phones(value: Value, office: Office | None, complaints: Complaints) -> dict[str, Told]:
    """Read `phones:`, a mapping of extensions to behaviours."""
    phones: dict[str, Told] = {}
    for written in table_of(value, "`phones`", "`102: {answers: 5s}`").entries.values():
        with complaints:
            phone = known_phone(written.key, office)
            phones[phone] = Told(_behaviour(written.value, phone), written.key.source)
    return phones


def read_rung(value: Value, complaints: Complaints) -> tuple[Behaviour, ...]:
    """Read `rung:`, a list of behaviours: of the phone that is rung first, of the next one..."""
    behaviours: list[Behaviour] = []
    for number, item in enumerate(items_of(value, "`rung`", "`rung: [rings, {answers: 5s}]`"), start=1):
        with complaints:
            behaviour = _behaviour(item, f"phone number {number}")
            if isinstance(behaviour, Offline | Silent | OnACall):
                raise ReadingError(item.source, "this does not begin when it is rung", "name the phone under `phones:`")
            if isinstance(behaviour, Refuses) and behaviour.after <= AT_ONCE:
                raise ReadingError(
                    item.source,
                    "a phone that refuses at once does not ring, so it is told so before it is its turn",
                    "add `after: 1s`, or name the phone under `phones:`",
                )
            behaviours.append(behaviour)
    return tuple(behaviours)


def _behaviour(value: Value, phone: str) -> Behaviour:
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
    if sentence.verb.text == "answers":
        hangs_up = sentence.modifier("hangs up")
        return Answers(
            after=time_of(sentence.value, "`answers`", "5s"),
            hangs_up=None if hangs_up is None else time_of(hangs_up, "`hangs up`", "10s"),
        )
    if sentence.verb.text == "do not disturb":
        return Refuses(code_of(sentence.value, "`do not disturb`", 400, 699))
    if sentence.verb.text == "on a call":
        return _on_a_call(sentence, phone)
    after = sentence.modifier("after")
    code = code_of(sentence.value, "`refuses`", 400, 699)
    return Refuses(code) if after is None else Refuses(code, time_of(after, "`after`", "3s"))


def _on_a_call(sentence: Sentence, phone: str) -> OnACall:
    """Read `{on a call: 10s}` or `{on a call: always}`, each with what happens to a second call."""
    value, waiting = sentence.value, sentence.modifier("call waiting")
    always = isinstance(value, Text) and value.text == ALWAYS
    ends = None if always else time_of(value, "`on a call`", "10s, from the story's begin, or `always`")
    if waiting is None:
        return OnACall(ends)
    behaviour = _behaviour(waiting, phone)
    if not isinstance(behaviour, RingsOn | Answers | Refuses):
        raise ReadingError(
            waiting.source, "this is nothing to do with a second call", "write rings, {answers: 5s} or {refuses: 486}"
        )
    return OnACall(ends, behaviour)
