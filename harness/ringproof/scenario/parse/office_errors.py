"""Errors of pydantic about an office, in words of our own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ringproof.core.duration import HOW_TO_WRITE
from ringproof.core.problem import ReadingError, told
from ringproof.core.spelling import suggest
from ringproof.scenario.model.office import FORMS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from ringproof.core.source import Source


def explain(fault: ErrorDetails, place: Source, what: str) -> ReadingError:  # noqa: C901, PLR0911 - one case an error
    """Return our error for one error of pydantic; `what` names the part of the office that has it."""
    context = fault.get("ctx", {})
    key = _key(fault)
    written = fault["input"]
    match fault["type"]:
        case "missing":
            return ReadingError(place, f"{what} has no `{key}:`", f"write `{key}:` with its value")
        case "string_pattern_mismatch":
            which = "" if fault["loc"][-1] == "[key]" else f"`{key}`: "
            return ReadingError(place, f"{which}{told(str(written))} cannot stand here", FORMS[str(context["pattern"])])
        case "literal_error":
            words = re.findall(r"'([^']*)'", str(context["expected"]))
            return ReadingError(
                place, f"`{key}`: unknown word {told(str(written))}", suggest(str(written), words, "the words are")
            )
        case "value_error":
            sentence, _, advice = str(context["error"]).partition("\n")
            fix = advice or ("leave it out" if "would break" in sentence else HOW_TO_WRITE)
            return ReadingError(place, f"`{key}`: {sentence}", fix)
        case "bool_parsing" | "bool_type":
            return ReadingError(place, f"`{key}`: {_shown(written)} is neither true nor false", "write true or false")
        case "int_parsing" | "int_type" | "int_from_float" | "greater_than_equal" | "less_than_equal":
            return ReadingError(place, f"`{key}`: {_shown(written)} is no number from 1 to 9", "write 3, say")
        case "too_short" | "string_too_short":
            return ReadingError(place, f"`{key}` is empty", "write at least one")
        case "too_long" | "string_too_long":
            most = context["max_length"]
            return ReadingError(place, f"`{key}` is longer than {most}", f"write at most {most}")
        case "string_type":
            return ReadingError(place, f"`{key}` is {_shown(written)}, where one text belongs", "write one text")
        case "tuple_type":
            return ReadingError(
                place, f"`{key}` is {_shown(written)}, where a list belongs", 'write a list, such as ["101", "102"]'
            )
        case _:
            return ReadingError(place, f"`{key}`: {_shown(written)} cannot stand here", f"write a value for `{key}:`")


def _key(fault: ErrorDetails) -> str:
    """Return the innermost key of the error's path."""
    words = [part for part in fault["loc"] if isinstance(part, str) and part not in ("[key]", "tuple")]
    return words[-1] if words else "this"


def _shown(written: object) -> str:
    if isinstance(written, str):
        return told(written)
    return "a list" if isinstance(written, list | tuple) else "a mapping"
