"""The grammar that steps, expectations and behaviours share: one verb and its modifiers.

The verb is found before anything else is checked, so that an unknown, a missing or a second verb is reported as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringproof.core.problem import ReadingError, told
from ringproof.core.spelling import enumerate_words, nearest, suggest
from ringproof.scenario.syntax.tree import Entry, Table, Text, Value
from ringproof.scenario.syntax.values import entry, table_of


@dataclass(frozen=True, slots=True)
class Grammar:
    """The verbs of one kind of line, and the modifiers that each verb takes."""

    what: str
    """The kind of line as messages name it, such as `step`."""
    verbs: Mapping[str, tuple[str, ...]]
    example: str
    alone: str
    """The fix for a second verb."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Verbs of another kind of line, each with the fix that says where that line belongs."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The parts of a line: its verb, the value of the verb, and its modifiers."""

    verb: Text
    value: Value
    modifiers: Mapping[str, Entry]

    def modifier(self, name: str) -> Value | None:
        """Return the value of a modifier, or None if it was not written."""
        return entry(self.modifiers, name)


def take_apart(value: Value, grammar: Grammar) -> Sentence:
    """Return the parts of a line. Raises ReadingError unless it has one verb and only modifiers of that verb."""
    if isinstance(value, Text):
        raise _only_text(value, grammar)
    table = table_of(value, f"this {grammar.what}", f"`{grammar.example}`")
    found = [entry.key for entry in table.entries.values() if entry.key.text in grammar.verbs]
    if not found:
        raise _no_verb(table, grammar)
    verb = found[0]
    if len(found) > 1:
        raise ReadingError(
            found[1].source,
            f"this {grammar.what} has two verbs, `{verb.text}` and `{found[1].text}`",
            grammar.alone,
        )
    allowed = grammar.verbs[verb.text]
    for key, written in table.entries.items():
        if key != verb.text and key not in allowed:
            raise _no_modifier(written.key, verb.text, grammar)
    return Sentence(
        verb,
        table.entries[verb.text].value,
        {key: written for key, written in table.entries.items() if key != verb.text},
    )


def _only_text(text: Text, grammar: Grammar) -> ReadingError:
    for verb in grammar.verbs:
        if text.text.startswith(f"{verb} "):
            rest = text.text.removeprefix(verb).strip()
            return ReadingError(text.source, f"`{verb}` has no colon behind it", f"write `{verb}: {rest}`")
    return ReadingError(
        text.source, f"{told(text.text)} is no {grammar.what}", f"write `verb: value`, such as `{grammar.example}`"
    )


def _no_verb(table: Table, grammar: Grammar) -> ReadingError:
    modifiers = {modifier for allowed in grammar.verbs.values() for modifier in allowed}
    strange = [written.key for key, written in table.entries.items() if key not in modifiers]
    if not strange:
        return ReadingError(
            table.source,
            f"this {grammar.what} has no verb",
            f"its verb is one of {enumerate_words(grammar.verbs, 'or')}; `- ` begins a new {grammar.what}",
        )
    key = strange[0]
    if key.text in grammar.elsewhere:
        return ReadingError(key.source, f"`{key.text}` is no {grammar.what}", grammar.elsewhere[key.text])
    return ReadingError(
        key.source,
        f"unknown verb {told(key.text)} in this {grammar.what}",
        suggest(key.text, grammar.verbs, "the verbs are"),
    )


def _no_modifier(key: Text, verb: str, grammar: Grammar) -> ReadingError:
    allowed = grammar.verbs[verb]
    others = [other for other, words in grammar.verbs.items() if key.text in words]
    words = enumerate_words(f"`{word}`" for word in allowed)
    goes = f"`{verb}` takes {words}" if allowed else f"`{verb}` stands alone"
    if others:
        return ReadingError(key.source, f"`{key.text}` does not go with `{verb}`", goes)
    near = nearest(key.text, (*allowed, *grammar.verbs))
    if near in grammar.verbs:
        return ReadingError(
            key.source,
            f"unknown key {told(key.text)} in a {grammar.what} that has its verb, `{verb}`",
            f"did you mean `{near}`? then begin a {grammar.what} of its own",
        )
    return ReadingError(
        key.source,
        f"unknown key {told(key.text)} beside `{verb}`",
        f"did you mean `{near}`?" if near else goes,
    )
