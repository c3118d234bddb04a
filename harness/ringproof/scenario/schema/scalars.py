"""Texts as an editor sees them: YAML 1.2 has made numbers and booleans of some."""

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
"""Samples of what YAML 1.2 (core schema) takes for something else than text."""


def text(pattern: str = "") -> Schema:
    """Return what a text that fits `pattern` (any text, where there is none) may be for YAML 1.2."""
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
    """Return one of some words; `false` may be false."""
    words = list(words)
    return {"enum": [*words, *(_BOOLEANS[word] for word in words if word in _BOOLEANS)]}


def number_from(least: float, most: float, pattern: str, kind: str = "integer") -> Schema:
    """Return a number between two bounds; in quotes it is only looked at for its form."""
    return {"type": [kind, "string"], "minimum": least, "maximum": most, "pattern": whole(pattern)}


def code(least: int, most: int) -> Schema:
    """Return a SIP response code."""
    return number_from(least, most, f"[{least // 100}-{most // 100}][0-9]{{2}}")


def inside(value: Schema) -> Schema:
    """Let a description stand beside a value: in draft-07 nothing beside `$ref` is looked at."""
    return {"allOf": [value]} if "$ref" in value else value


def whole(pattern: str) -> str:
    """Write a pattern that the whole text has to fit as JSON Schema has it: JavaScript's, and found anywhere."""
    return "^(?:" + re.sub(r"\(\?P<\w+>", "(?:", pattern.removeprefix("^").removesuffix("$")) + ")$"
