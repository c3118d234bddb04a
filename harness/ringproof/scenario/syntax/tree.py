"""YAML as it was written: every scalar is a text, and every part has its place in the file.

There are no implicit types: `0555123`, `+45...`, `no` and `12:30` stay as written (an empty value, `~` and `null` are
Nothing). Anchors, aliases, tags, `<<`, second documents and deep nesting are refused; a duplicate key is a problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.core.source import Source
from ringproof.scenario.syntax.source_text import SourceText
from ringproof.scenario.syntax.yaml_errors import explain

DEEPEST = 16
"""The most levels of nesting; a scenario needs 8."""
QUICK_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader of libyaml if PyYAML was built with it, because it is three times as fast."""
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_DROP = "write the value out where it is needed; what scenarios share stands once at file level"


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar, also one that looks like a number or a boolean."""

    source: Source
    text: str
    plain: bool = True
    """True if it was written without quotes."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A value that was left out."""

    source: Source


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence: `- a` or `[a]`."""

    source: Source
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value."""

    key: Text
    value: Value


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order written."""

    source: Source
    entries: Mapping[str, Entry]


Value = Text | Nothing | Listing | Table


def read_tree(source_text: SourceText, complaints: Complaints) -> Value:
    """Return the only document of the file.

    Raises ReadingError if reading cannot go on; a duplicate key is added to the complaints.
    """
    return _Tree(source_text, complaints).document()


class _Tree:
    def __init__(self, source_text: SourceText, complaints: Complaints) -> None:
        self._source_text = source_text
        self._complaints = complaints
        self._events = self._checked(iter(yaml.parse(source_text.text, Loader=QUICK_LOADER)))
        self._anchored = False

    def document(self) -> Value:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise ReadingError(
                Source(self._source_text.file, 1, 1),
                "this file is empty" if not self._source_text.text.strip() else "this file holds comments only",
                "write at least `pbx:` and `scenarios:`, or delete the file",
            )
        value = self._value(next(self._events), 1)
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            raise ReadingError(
                self._source(event),
                "a second document begins here, and only one is read",
                "delete the `---`, or move what follows into a file of its own",
            )
        return value

    def _checked(self, events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
        while True:
            try:
                event = next(events)
            except yaml.YAMLError as fault:
                raise explain(fault, self._source_text) from None
            yield event

    def _source(self, event: yaml.Event) -> Source:
        mark = event.start_mark
        if mark is None:  # events of a parser have a mark; only one made by hand may have none
            return Source(self._source_text.file, 1, 1)
        return Source(self._source_text.file, mark.line + 1, mark.column + 1)

    def _value(self, event: yaml.Event, depth: int) -> Value:
        source = self._source(event)
        self._refuse(event, source)
        if isinstance(event, yaml.ScalarEvent):
            plain = not event.style
            return Nothing(source) if plain and event.value in _NULL else Text(source, event.value, plain)
        if depth > DEEPEST:
            raise ReadingError(
                source, f"this is nested deeper than {DEEPEST} levels", "check the brackets and the indentation"
            )
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Value] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._value(event, depth + 1))
            return Listing(source, tuple(items))
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            value = self._value(next(self._events), depth + 1)
            first = entries.setdefault(key.text, Entry(key, value)).key
            if first is not key:
                self._complaints.add(
                    ReadingError(
                        key.source,
                        f"the key {told(key.text)} stands here for the second time; the first is on line "
                        f"{first.source.line}",
                        "keep one of the two: YAML would silently keep the last",
                        first.source,
                    )
                )
        return Table(source, entries)

    def _key(self, event: yaml.Event) -> Text:
        source = self._source(event)
        self._refuse(event, source)
        if not isinstance(event, yaml.ScalarEvent):
            raise ReadingError(source, "a key must be a word, not a list or a mapping", "quote it if it is a name")
        if not event.style and event.value == "<<":
            raise ReadingError(source, "the merge key `<<` is not used here", _DROP)
        if not event.style and not event.value:
            raise ReadingError(source, "a key is missing before this `:`", "write the key, or quote the line")
        return Text(source, event.value, not event.style)

    def _refuse(self, event: yaml.Event, source: Source) -> None:
        if isinstance(event, yaml.AliasEvent):
            name = f"*{event.anchor}"
            if self._anchored:
                raise ReadingError(source, f"the alias {told(name)} is not used here", _DROP)
            raise ReadingError(
                source, f"{told(name)} is not quoted, and YAML takes its * for an alias", f'write "{name}"'
            )
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            return
        if event.tag is not None:
            raise ReadingError(
                source,
                f"the tag {told(event.tag.replace('tag:yaml.org,2002:', '!!'))} is not used here: every value is text",
                "delete it, or quote the value if it begins with !",
            )
        if event.anchor is not None:
            self._anchored = True
            self._complaints.add(
                ReadingError(
                    source,
                    f"the anchor {told(f'&{event.anchor}')} is not used here",
                    _DROP + "; quote the value if it begins with &",
                )
            )
