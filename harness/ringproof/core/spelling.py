"""Hints for misspelt words: the known word that is nearest, or a list of all known words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MANY = 12


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most similar to `word`, or None if none is similar enough."""
    matches = difflib.get_close_matches(word[:80].lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggest(word: str, known: Iterable[str], what: str) -> str:
    """Return the hint for an unknown word: the nearest known word, or the list of all. `what` begins that list."""
    words = list(known)
    near = nearest(word, words)
    return f"did you mean `{near}`?" if near is not None else f"{what} {enumerate_words(words)}"


def suggest_name(name: str, known: Iterable[str], what: str) -> str:
    """Return the hint for an unknown name: the nearest known name and the list of all. `what` begins that list."""
    words = list(known)
    near = nearest(name, words)
    everybody = f"{what} {enumerate_words(words)}"
    if near is None:
        return everybody
    return f"did you mean `{near}`? ({everybody})" if len(words) > 1 else f"did you mean `{near}`?"


def enumerate_words(words: Iterable[str], joint: str = "and") -> str:
    """Return `a, b and c`; of more than twelve words only the first twelve, and how many more there are."""
    listed = list(words)
    if len(listed) > _MANY:
        return ", ".join(listed[:_MANY]) + f" and {len(listed) - _MANY} more"
    if len(listed) <= 1:
        return "".join(listed) or "none"
    return ", ".join(listed[:-1]) + f" {joint} {listed[-1]}"
