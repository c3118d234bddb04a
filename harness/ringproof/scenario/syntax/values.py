"""Readers of the basic parts: texts, times, lists, mappings and codes, and checks of keys and names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringproof.core.duration import HOW_TO_WRITE, PbxSeconds, parse_duration, write_duration
from ringproof.core.problem import ReadingError, told
from ringproof.core.spelling import suggest, suggest_name
from ringproof.scenario.syntax.tree import Entry, Listing, Nothing, Table, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ringproof.core.source import Source


NO_TIME = PbxSeconds(0.0)


def text_of(value: Value, what: str, example: str) -> Text:
    """Return a scalar. In the error, `what` begins the sentence (`` `press` ``), and `example` shows a right value."""
    if isinstance(value, Text):
        return value
    raise ReadingError(value.source, f"{what} {_unlike(value)}, where one text belongs", f"write {example}")


def time_of(value: Value, what: str, example: str, least: PbxSeconds = NO_TIME) -> PbxSeconds:
    """Return a time of at least `least`. Raises ReadingError for any other value."""
    text = text_of(value, what, f"a time, such as `{example}`")
    try:
        seconds = parse_duration(text.text)
    except ValueError as fault:
        raise ReadingError(text.source, f"{what}: {fault}", HOW_TO_WRITE) from None
    if seconds < least:
        raise ReadingError(
            text.source,
            f"{what} of {told(text.text)} is shorter than {write_duration(least)}",
            f"write at least {write_duration(least)}",
        )
    return seconds


def items_of(value: Value, what: str, example: str) -> tuple[Value, ...]:
    """Return the parts of a list. Raises ReadingError for any other value."""
    if isinstance(value, Listing):
        return value.items
    raise ReadingError(value.source, f"{what} {_unlike(value)}, where a list belongs", f"write {example}")


def table_of(value: Value, what: str, example: str) -> Table:
    """Return a mapping. Raises ReadingError for any other value."""
    if isinstance(value, Table):
        return value
    raise ReadingError(value.source, f"{what} {_unlike(value)}, where a mapping belongs", f"write {example}")


def code_of(value: Value, what: str, least: int, most: int) -> int:
    """Return a SIP response code between two bounds. Raises ReadingError for any other value."""
    text = text_of(value, what, f"a code, such as {486 if least <= 486 <= most else least}")  # noqa: PLR2004
    if len(text.text) == 3 and text.text.isascii() and text.text.isdigit() and least <= int(text.text) <= most:  # noqa: PLR2004
        return int(text.text)
    raise ReadingError(
        text.source, f"{what}: {told(text.text)} is no SIP code from {least} to {most}", "write 486, 480 or 603, say"
    )


def refuse_unknown(table: Table, known: Iterable[str], what: str) -> None:
    """Raise ReadingError for the first key that is not known; `what` names the mapping: `a scenario`."""
    words = list(known)
    for key in table.entries:
        if key not in words:
            raise unknown_key(table.entries[key].key, words, what)


def unknown_key(key: Text, known: Iterable[str], what: str) -> ReadingError:
    """Return the error about a key that is not known."""
    return ReadingError(key.source, f"{what} has no key {told(key.text)}", suggest(key.text, known, "its keys are"))


def unknown_name(name: Text, known: Iterable[str], what: str, have: str) -> ReadingError:
    """Return the error about an unknown name: `what` begins its sentence, `have` begins the list of known names."""
    return ReadingError(name.source, f"{what} {told(name.text)}", suggest_name(name.text, known, have))


def each_once(texts: Iterable[Text], what: str) -> tuple[str, ...]:
    """Return the texts. Raises ReadingError if one of them stands twice."""
    seen: dict[str, Source] = {}
    for text in texts:
        if text.text in seen:
            raise ReadingError(
                text.source, f"{what} names {told(text.text)} twice", "delete one of the two", seen[text.text]
            )
        seen[text.text] = text.source
    return tuple(seen)


def entry(entries: Mapping[str, Entry], key: str) -> Value | None:
    """Return the value of a key, or None if the key is missing."""
    found = entries.get(key)
    return None if found is None else found.value


def _unlike(value: Value) -> str:
    if isinstance(value, Nothing):
        return "has no value"
    if isinstance(value, Text):
        return f"is {told(value.text)}"
    return "is a list" if isinstance(value, Listing) else "is a mapping"
