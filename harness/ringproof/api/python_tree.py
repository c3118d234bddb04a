"""Turn Python values into the tree that the reader of scenario files reads, so that both give the same messages."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from ringproof.api.python_source import CallPlace
from ringproof.core.duration import write_duration
from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.core.source import Source
from ringproof.scenario.syntax.tree import DEEPEST, Entry, Listing, Nothing, Table, Text, Value

_WRITE = "write a text, a number, a timedelta, a list or a dict"


class PythonTree:
    """Makes trees of the arguments of one call."""

    def __init__(self, place: CallPlace, complaints: Complaints) -> None:
        """Take the call at `place`, in which the values are written."""
        self._place = place
        self._complaints = complaints

    def words(self, words: Mapping[str, object]) -> Table:
        """Return the tree of the call's keyword arguments; `dialplan_step` is the key `dialplan step`."""
        written = self._place.keywords()
        source = self._source(None, "", self._start())
        entries: dict[str, Entry] = {}
        for name, value in words.items():
            key = name.replace("_", " ")
            keyword, node = written.get(name, (None, None))
            at = self._source(keyword, key, source)
            self._add(entries, Entry(Text(at, key, plain=False), self.value(value, key, node, at)))
        return Table(source, entries)

    def value(self, value: object, path: str, node: ast.expr | None, around: Source, depth: int = 1) -> Value:
        """Return the tree of a value with this path and expression; `around` is the place of what it is a part of."""
        source = self._source(node, path, around)
        if depth > DEEPEST:
            raise ReadingError(source, f"this is nested deeper than {DEEPEST} levels", "check the lists and the dicts")
        if value is None:
            return Nothing(source)
        if isinstance(value, Mapping):
            return self._table(value, path, node, source, depth)
        if isinstance(value, list | tuple):
            nodes = _parts(node, len(value))
            items = zip(value, nodes, strict=True)
            return Listing(
                source,
                tuple(
                    self.value(item, f"{path}[{number}]", part, source, depth + 1)
                    for number, (item, part) in enumerate(items)
                ),
            )
        return Text(source, _text(value, source), plain=False)

    def _table(
        self, value: Mapping[Any, object], path: str, node: ast.expr | None, source: Source, depth: int
    ) -> Table:
        written = _keys(node)
        entries: dict[str, Entry] = {}
        for key, inner in value.items():
            name = _text(key, source)
            key_node, value_node = written.get(name, (None, None))
            inside = f"{path}.{name}" if path else name
            at = self._source(key_node, inside, source)
            self._add(entries, Entry(Text(at, name, plain=False), self.value(inner, inside, value_node, at, depth + 1)))
        return Table(source, entries)

    def _add(self, entries: dict[str, Entry], entry: Entry) -> None:
        """Add an entry, or report a key that stands there already; 101 and "101" are one key."""
        key = entry.key
        if entries.setdefault(key.text, entry) is not entry:
            self._complaints.add(
                ReadingError(
                    key.source, f"the key {told(key.text)} stands here for the second time", "keep one of the two"
                )
            )

    def _start(self) -> Source:
        return Source(self._place.file, self._place.line, self._place.column)

    def _source(self, node: ast.AST | None, path: str, around: Source) -> Source:
        line, column = self._place.column_of(node) if node is not None else (around.line, around.column)
        return Source(self._place.file, line, column, path)


def _text(value: object, source: Source) -> str:
    """Return a scalar as a scenario file has it. Raises ReadingError for what a story cannot have."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return write_duration(value.total_seconds())
    if isinstance(value, str | int | float):
        text = str(value)
    elif isinstance(value, os.PathLike):
        text = os.fsdecode(os.fspath(value))
    else:
        kind = type(value).__name__
        raise ReadingError(source, f"a value of the type {told(kind)} has no place in a story", _WRITE)
    if not text.isprintable():
        raise ReadingError(source, f"{told(text)} holds a control character", "write it on one line, without")
    return text


def _parts(node: ast.expr | None, count: int) -> Iterable[ast.expr | None]:
    """Return the expression of each item of a list; None for an item that is not written out."""
    if isinstance(node, ast.List | ast.Tuple) and len(node.elts) == count:
        return [None if isinstance(each, ast.Starred) else each for each in node.elts]
    return [None] * count


def _keys(node: ast.expr | None) -> Mapping[str, tuple[ast.expr, ast.expr]]:
    """Return the expressions of the keys and values of a dict literal, by key; none for another expression."""
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {str(key.value): (key, value) for key, value in pairs if isinstance(key, ast.Constant)}
