"""Readers of the participants: callers, phones and what the phones do when they are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.core.source import Source
from ringproof.core.spelling import enumerate_words
from ringproof.scenario.model.office import Office
from ringproof.scenario.model.scenario import (
    BUSY,
    AnswersWith,
    Behaviour,
    Caller,
    Forwards,
    Offline,
    OnACall,
    Refuses,
    RingsOn,
    Silent,
    extension_of,
    is_choice,
)
from ringproof.scenario.parse.behaviour import DIALS, read_behaviour
from ringproof.scenario.syntax.tree import Table, Text, Value
from ringproof.scenario.syntax.values import (
    entry,
    items_of,
    refuse_unknown,
    table_of,
    text_of,
    unknown_name,
)

CALLER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,38}")
CALLER = ("from", "to")
_RESERVED = ("caller", "pbx", "harness")
SHOWS = re.compile(r"[A-Za-z0-9+*#_.-]{1,40}")
CONTACT = re.compile(r"[a-z][a-z0-9-]{0,18}")


@dataclass(frozen=True, slots=True)
class Told:
    """The behaviour that a file gives a phone, and where."""

    behaviour: Behaviour
    source: Source


@dataclass(frozen=True, slots=True)
class Participants:
    """The callers, phones and choices that a scenario may name."""

    office: Office | None
    """None if the office file has problems; then every extension counts as known."""
    callers: Mapping[str, Caller]
    phones: Mapping[str, Told]
    """The phones that the file names; all others do what `rung` says, or only ring."""
    calling: tuple[str, ...]
    """The callers that have a `call` step, in order."""
    strangers: tuple[str, ...] = ()
    """Names in `call` steps that are not the name of a caller; each is reported at its step, and nowhere else."""
    rung: tuple[Behaviour, ...] = ()
    """What the phones that `phones` does not name do, in the order in which they are rung."""
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The phones that each choice can mean, by the name of the choice; filled while the expectations are read."""

    @property
    def example(self) -> str:
        """Return the caller that a hint names: one of the file, or `anna` if it has none."""
        return next(iter((*self.calling, *self.callers)), "anna")

    def whom(self, text: Text) -> str:
        """Return the one phone, or the name of an earlier choice, that a text names. Raises ReadingError."""
        if text.text in self.choices:
            return text.text
        if is_choice(text.text) and self.choices:
            raise unknown_name(text, self.choices, "nothing above is chosen as", "the choices are")
        return self.phone(text)

    def all_of(self, text: Text) -> tuple[str, ...]:
        """Return the phones, or the name of a choice, that a text names: `101` means all phones of 101."""
        several = self.contacts(text.text)
        return several or (self.whom(text),)

    def contacts(self, extension: str) -> tuple[str, ...]:
        """Return the phones of an extension with several, such as `101/desk` and `101/mobile`; else an empty tuple."""
        return tuple(phone for phone in self.phones if phone != extension and extension_of(phone) == extension)

    def behaviours(self, phone: str) -> tuple[Behaviour, ...]:
        """Return everything that a phone, or any phone that a choice can mean, may do when it is called."""
        if phone in self.choices:
            return tuple(each for one in self.choices[phone] for each in self.behaviours(one))
        behaviour = self.behaviour(phone)
        if isinstance(behaviour, OnACall):
            return (behaviour.waiting or Refuses(BUSY), *([RingsOn()] if behaviour.ends is not None else []))
        if phone in self.phones or not self.rung:
            return (behaviour,)
        return (*self.rung, RingsOn())

    def phone(self, text: Text) -> str:
        """Return the one phone that a text names: an extension, or one phone of an extension. Raises ReadingError."""
        several = self.contacts(text.text)
        if len(several) > 1:
            raise ReadingError(
                text.source,
                f"{text.text} has {len(several)} phones in this scenario, and one is meant here",
                f"write {enumerate_words(several, 'or')}",
                self.phones[several[0]].source,
            )
        if several:
            return several[0]
        phone = known_phone(text, self.office)
        if "/" in phone and phone not in self.phones:
            others = self.contacts(extension_of(phone))
            raise ReadingError(
                text.source,
                f"{extension_of(phone)} has no phone {told(phone)}",
                f"its phones are {enumerate_words(others)}" if others else f"describe `{phone}:` under `phones:`",
            )
        return phone

    def caller(self, text: Text) -> str:
        """Return the caller that a text names. Raises ReadingError."""
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
    """Return the extension of the office, or its phone (`101/desk`), that a text names. Raises ReadingError."""
    extension, several, contact = text.text.partition("/")
    if office is not None and extension not in office.extensions:
        raise unknown_name(text, office.extensions, "the office has no extension", "its extensions are")
    if several and not CONTACT.fullmatch(contact):
        raise ReadingError(
            text.source,
            f"{told(text.text)} is no name for one of several phones of {told(extension)}",
            f"write the extension, a / and a word of small letters, such as {extension}/desk",
        )
    return text.text


def phones_on_top(shared: Mapping[str, Told], own: Mapping[str, Told]) -> dict[str, Told]:
    """Return the phones of file and scenario; an extension that the scenario names has only the scenario's phones."""
    redone = {extension_of(phone) for phone in own}
    return {phone: each for phone, each in shared.items() if extension_of(phone) not in redone} | dict(own)


def read_callers(value: Value, office: Office | None, complaints: Complaints) -> dict[str, Caller]:
    """Read `callers:`, a mapping of names to `{from: ..., to: ...}`."""
    callers: dict[str, Caller] = {}
    table = table_of(value, "`callers`", '`anna: {from: "+74951234567", to: "84950000001"}`')
    for written in table.entries.values():
        with complaints:
            name = written.key
            # A caller with mistakes is known, too, so that a `call` step that names it is no second mistake.
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
            rival = _rival(phone, phones)
            if rival is not None:
                raise ReadingError(
                    written.key.source,
                    f"{extension_of(phone)} is one phone here, and has several there: {phone} and {rival}",
                    f"name all its phones, such as {extension_of(phone)}/desk, or the extension alone",
                    phones[rival].source,
                )
            phones[phone] = Told(read_behaviour(written.value, phone), written.key.source)
    return phones


def _rival(phone: str, phones: Mapping[str, Told]) -> str | None:
    """Return a phone that excludes this one, or None: an extension is one phone, or has several with names."""
    if "/" in phone:
        return extension_of(phone) if extension_of(phone) in phones else None
    return next((other for other in phones if extension_of(other) == phone), None)


def read_rung(value: Value, complaints: Complaints) -> tuple[Behaviour, ...]:
    """Read `rung:`, a list of behaviours: that of the phone that is rung first, that of the next one..."""
    behaviours: list[Behaviour] = []
    for number, item in enumerate(items_of(value, "`rung`", "`rung: [rings, {answers: 5s}]`"), start=1):
        with complaints:
            behaviour = read_behaviour(item, f"phone number {number}")
            if isinstance(behaviour, Offline | Silent | OnACall | AnswersWith):
                raise ReadingError(item.source, "this does not begin when it is rung", "name the phone under `phones:`")
            if isinstance(behaviour, Refuses | Forwards) and behaviour.at_once:
                verb = "refuses" if isinstance(behaviour, Refuses) else "forwards"
                raise ReadingError(
                    item.source,
                    f"a phone that {verb} at once does not ring, so it is told so before it is its turn",
                    "add `after: 1s`, or name the phone under `phones:`",
                )
            behaviours.append(behaviour)
    return tuple(behaviours)
