"""The expectations of one caller's call, with a record of which of them a judge has taken.

An expectation that no judge looks at would always be green. So each judge takes the entries that it judges from here.
Where one is left at the end an error is raised: the scenario is broken, not passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, get_args

from ringproof.core.spelling import enumerate_words
from ringproof.scenario.model.scenario import Expectation, verb_of

_Kind = TypeVar("_Kind")


class UnjudgedError(Exception):
    """An expectation of a scenario that no judge has taken."""


class Expected:
    """The expectations of one caller's call, in the order written."""

    def __init__(self, entries: Sequence[Expectation]) -> None:
        """Take the entries; none of them is judged yet."""
        self.entries = tuple(entries)
        """All entries, for a judge that needs the entries beside or before the one that it judges."""
        self._taken: set[int] = set()

    def take(self, kind: type[_Kind]) -> list[_Kind]:
        """Return the entries of one kind and record them as judged: the code that calls this judges them."""
        taken: list[_Kind] = [entry for entry in self.entries if isinstance(entry, kind)]
        self._taken.update(map(id, taken))
        return taken

    def require_all_taken(self) -> None:
        """Raise UnjudgedError for the entries that no judge has taken."""
        left = [entry for entry in self.entries if id(entry) not in self._taken]
        if left:
            known = get_args(Expectation)
            told = [
                f"`{verb_of(entry) if isinstance(entry, known) else type(entry).__name__}` on line {entry.source.line}"
                for entry in left
            ]
            raise UnjudgedError(f"no judge looks at {enumerate_words(told)}")
