"""Reader of an office file's shape; keys select destination, strategy and prompt before pydantic validates them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.core.spelling import enumerate_words, nearest, suggest
from ringproof.scenario.model.office import (
    BundledSound,
    Extension,
    FirstFree,
    Hours,
    InOrder,
    Menu,
    Office,
    OwnSound,
    Progressive,
    RandomFree,
    RingAll,
    Silence,
    ToExtension,
    ToGroup,
    ToHangUp,
    ToMenu,
    Trunk,
    WrongKey,
)
from ringproof.scenario.parse.office_errors import explain
from ringproof.scenario.syntax.tree import Entry, Listing, Nothing, Table, Text, Value
from ringproof.scenario.syntax.values import entry, table_of, text_of, unknown_key

if TYPE_CHECKING:
    from ringproof.core.source import Source

M = TypeVar("M", bound=BaseModel)
Reader = Callable[[Entry], object]
"""A function that makes a part from its entry, or returns None after a complaint."""

_STRATEGIES: Mapping[str, type[BaseModel]] = {
    "ring_all": RingAll,
    "progressive": Progressive,
    "first_free": FirstFree,
    "in_order": InOrder,
    "random_free": RandomFree,
}
_DESTINATIONS: Mapping[str, type[BaseModel]] = {
    "extension": ToExtension,
    "group": ToGroup,
    "menu": ToMenu,
    "hang up": ToHangUp,
}
_PROMPTS: Mapping[str, type[BaseModel]] = {"sound": BundledSound, "wav": OwnSound}


def read_shape(root: Value, lines: tuple[str, ...], complaints: Complaints) -> Office | None:
    """Return the office, or None after at least one complaint."""
    with complaints:
        table = table_of(root, "an office file", "`office:`, `extensions:`, `trunk:` and so on, as keys")
        return _Shape(lines, complaints).office(table)
    return None


def place_of(root: Value, path: Iterable[str | int]) -> Source:
    """Return the place of the part that a path of keys and numbers names.

    If the part is missing, the place is that of the innermost existing part of the path. As in pydantic's `loc`,
    `[key]` after a key means the key, not its value.
    """
    value, place, key = root, root.source, root.source
    for part in path:
        if isinstance(value, Table) and str(part) in value.entries:
            written = value.entries[str(part)]
            value, place, key = written.value, written.value.source, written.key.source
        elif isinstance(value, Listing) and isinstance(part, int) and part < len(value.items):
            value = value.items[part]
            place = key = value.source
        elif part == "[key]":
            return key
    return place


class _Shape:
    def __init__(self, lines: tuple[str, ...], complaints: Complaints) -> None:
        self._lines = lines
        self._complaints = complaints

    def office(self, root: Table) -> Office | None:
        return self._fill(
            Office,
            root,
            root.source,
            "an office",
            {
                "office": self._uncut,
                "extensions": self._each(self._extension),
                "groups": self._each(self._group),
                "extension_destination": self._destination,
                "menus": self._each(self._menu),
                "hours": self._hours,
                "trunk": self._trunk,
            },
        )

    def _extension(self, written: Entry) -> Extension | None:
        value = written.value
        table = Table(value.source, {}) if isinstance(value, Nothing) else self._table(written)
        return self._fill(
            Extension, table, written.key.source, f"the extension `{written.key.text}`", {"name": self._uncut}
        )

    def _group(self, written: Entry) -> BaseModel | None:
        what = f"the group `{written.key.text}`"
        table = self._table(written)
        strategy = entry(table.entries, "strategy")
        if strategy is None:
            raise ReadingError(
                written.key.source,
                f"{what} has no `strategy:`",
                f"write one of {enumerate_words(_STRATEGIES, 'or')}",
            )
        word = text_of(strategy, "`strategy`", f"one of {enumerate_words(_STRATEGIES, 'or')}")
        if word.text not in _STRATEGIES:
            raise ReadingError(
                word.source,
                f"unknown strategy {told(word.text)}",
                suggest(word.text, _STRATEGIES, "the strategies are"),
            )
        model = _STRATEGIES[word.text]
        children: dict[str, Reader] = dict.fromkeys(("destination", "nobody_free", "all_refused"), self._destination)
        return self._fill(model, table, written.key.source, what, children)

    def _menu(self, written: Entry) -> Menu | None:
        return self._fill(
            Menu,
            self._table(written),
            written.key.source,
            f"the menu `{written.key.text}`",
            {
                "greeting": self._prompt,
                "keys": self._each(self._destination),
                "wrong_key": self._wrong_key,
                "silence": self._silence,
            },
        )

    def _wrong_key(self, written: Entry) -> WrongKey | None:
        children: dict[str, Reader] = {"prompt": self._prompt, "destination": self._destination}
        return self._fill(WrongKey, self._table(written), written.key.source, "`wrong_key`", children)

    def _silence(self, written: Entry) -> Silence | None:
        children: dict[str, Reader] = {"destination": self._destination}
        return self._fill(Silence, self._table(written), written.key.source, "`silence`", children)

    def _hours(self, written: Entry) -> Hours | None:
        children: dict[str, Reader] = {"closed": self._destination}
        return self._fill(Hours, self._table(written), written.key.source, "`hours`", children)

    def _trunk(self, written: Entry) -> Trunk | None:
        children: dict[str, Reader] = {"numbers": self._each(self._destination)}
        return self._fill(Trunk, self._table(written), written.key.source, "`trunk`", children)

    def _destination(self, written: Entry) -> BaseModel | None:
        return self._by_key(written, _DESTINATIONS, "a destination", '`{extension: "100"}`')

    def _prompt(self, written: Entry) -> BaseModel | None:
        return self._by_key(written, _PROMPTS, "a prompt", "`{sound: vm-enter-num-to-call}`")

    def _by_key(
        self, written: Entry, models: Mapping[str, type[BaseModel]], what: str, example: str
    ) -> BaseModel | None:
        table = table_of(written.value, f"`{written.key.text}`", f"{what}, such as {example}")
        for key in table.entries.values():
            if key.key.text not in models:
                raise unknown_key(key.key, models, what)
        keys = list(table.entries)
        if len(keys) != 1:
            names = enumerate_words((f"`{key}`" for key in models), "or")
            source = table.entries[keys[1]].key.source if keys else table.source
            raise ReadingError(source, f"{what} is exactly one of {names}", f"write {what}, such as {example}")
        return self._fill(models[keys[0]], table, written.key.source, what, {})

    def _uncut(self, written: Entry) -> str | None:
        """Return a name. Raises ReadingError if YAML read a part of it, after ` #`, as a comment."""
        text = text_of(written.value, f"`{written.key.text}`", "a name")
        line = self._lines[text.source.line - 1][text.source.column - 1 :]
        if text.plain and re.match(re.escape(text.text) + r"\s+#\S", line):
            raise ReadingError(
                text.source, f"` #` begins a comment, so this name ends at {told(text.text)}", "put the name in quotes"
            )
        return text.text

    def _table(self, written: Entry) -> Table:
        return table_of(written.value, f"`{written.key.text}`", "its keys below it, indented")

    def _each(self, reader: Reader) -> Reader:
        def read(written: Entry) -> dict[str, object] | None:
            made: dict[str, object] = {}
            for key, inner in self._table(written).entries.items():
                with self._complaints:
                    part = reader(inner)
                    if part is not None:
                        made[key] = part
            return made if len(made) == len(self._table(written).entries) else None

        return read

    def _fill(self, model: type[M], table: Table, place: Source, what: str, children: Mapping[str, Reader]) -> M | None:
        """Return a model made of its children and its plain values, or None after a complaint.

        `place` is the place of the error about a missing key.
        """
        before = len(self._complaints)
        known = [field.alias or name for name, field in model.model_fields.items()]
        filled: dict[str, object] = {}
        broken: set[str] = set()
        for key, written in table.entries.items():
            part = None
            with self._complaints:
                if key not in known:
                    broken.add(nearest(key, known) or "")  # the key that was meant is not reported as missing, too
                    raise unknown_key(written.key, known, what)
                part = children[key](written) if key in children else _plain(written)
            if part is None:
                broken.add(key)
            else:
                filled[key] = part
        try:
            made = model.model_validate(filled)
        except ValidationError as faults:
            for fault in faults.errors(include_url=False):
                if fault["loc"][0] not in broken:
                    missing = fault["type"] == "missing"
                    at = place if missing else place_of(table, [part for part in fault["loc"] if part != "tuple"])
                    self._complaints.add(explain(fault, at, what))
            return None
        return made if len(self._complaints) == before else None


def _plain(written: Entry) -> object:
    """Return a value as pydantic reads it: texts, lists, mappings. Raises ReadingError for a missing value."""

    def plain(value: Value) -> object:
        if isinstance(value, Text):
            return value.text
        if isinstance(value, Listing):
            return [plain(item) for item in value.items]
        if isinstance(value, Table):
            return {key: plain(inner.value) for key, inner in value.entries.items()}
        raise ReadingError(value.source, f"`{written.key.text}` has no value", "write its value, or delete the line")

    return plain(written.value)
