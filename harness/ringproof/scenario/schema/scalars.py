"""Schemas of scalars as editors read them: YAML 1.2 turns some texts into numbers or booleans."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
_LONGEST = 40
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DIGITS = tuple(digit * length for digit in "07" for length in range(1, _LONGEST + 1))
_INTEGERS = (*_DIGITS, *(f"+{digits}" for digits in _DIGITS), "0x1F", "0o17")
_NEGATIVE = tuple(f"-{digits}" for digits in _DIGITS)
_NUMBERS = ("1.5", "+1.5", "-1.5", ".5", "5.", "1e6", "1.5E-3", "1e+2", ".inf", ".nan")
"""Examples of texts that YAML 1.2 (core schema) reads as another type, like those in the constants above."""


def text(pattern: str = "") -> Schema:
    """Return the schema of a text that fits `pattern` (empty: any text), with every type YAML 1.2 may read it as."""
    form = re.compile(pattern or ".*")
    negative = any(map(form.fullmatch, _NEGATIVE))
    kinds = ["string"]
    if any(map(form.fullmatch, _NUMBERS)):
        kinds.append("number")
    elif negative or any(map(form.fullmatch, _INTEGERS)):
        kinds.append("integer")
    if any(map(form.fullmatch, _BOOLEANS)):
        kinds.append("boolean")
    schema: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if pattern:
        schema["pattern"] = whole(pattern)
        if len(kinds) > 1 and not negative:
            schema["minimum"] = 0
    return schema


def one_of_words(words: Iterable[str]) -> Schema:
    """Return the schema of one of some words; for `true` and `false` the boolean is valid, too."""
    words = list(words)
    return {"enum": [*words, *(_BOOLEANS[word] for word in words if word in _BOOLEANS)]}


def number_from(least: float, most: float, pattern: str, kind: str = "integer") -> Schema:
    """Return the schema of a number between two bounds; if it is quoted, only its pattern is checked."""
    return {"type": [kind, "string"], "minimum": least, "maximum": most, "pattern": whole(pattern)}


def code(least: int, most: int) -> Schema:
    """Return the schema of a SIP response code."""
    return number_from(least, most, f"[{least // 100}-{most // 100}][0-9]{{2}}")


def inside(value: Schema) -> Schema:
    """Wrap a `$ref`, so that a description can stand beside it: draft-07 ignores all keys beside `$ref`."""
    return {"allOf": [value]} if "$ref" in value else value


def whole(pattern: str) -> str:
    """Return a Python pattern for the whole text as JSON Schema needs it: in JavaScript's syntax, and anchored."""
    return "^(?:" + re.sub(r"\(\?P<\w+>", "(?:", pattern.removeprefix("^").removesuffix("$")) + ")$"
