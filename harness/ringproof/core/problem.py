"""Mistakes in a file, reported as a compiler does: place, one sentence, the line itself, what to do."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ringproof.core.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

MOST = 100
"""The most problems reported for one file: a generated file may have a mistake in every line."""
_WIDEST = 100
"""Most characters shown of a quoted line; a longer line is cut around its caret."""


class QuotedLine(NamedTuple):
    """A line of the file; lines are numbered from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file; `fix` says what to do about it."""

    source: Source
    sentence: str
    fix: str
    quoted: tuple[QuotedLine, ...] = ()


class ReadingError(Exception):
    """A mistake that ends the reading of the part in which it stands; the other parts are still read."""

    def __init__(self, source: Source, sentence: str, fix: str, also: Source | None = None) -> None:
        """Keep the mistake; `also` is a second place that the sentence mentions, and its line is quoted, too."""
        super().__init__(sentence)
        self.source = source
        self.sentence = sentence
        self.fix = fix
        self.also = also


class _EnoughError(Exception):
    """The file has more problems than are reported; this ends its reading."""


class Complaints:
    """The problems of one file, each once; as a context manager it records a ReadingError and suppresses it.

    After the first hundred problems it ends the whole reading: the outermost of its contexts is left.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        """Start without problems; `lines` are the lines of the file, from which problems are quoted."""
        self._lines = lines
        self._problems: dict[Problem, None] = {}
        self._depth = 0

    def __enter__(self) -> None:
        """Count the contexts that are open."""
        self._depth += 1

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        fault: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        """Record and suppress a ReadingError; let any other exception pass."""
        self._depth -= 1
        if isinstance(fault, ReadingError):
            self.add(fault)
            return True
        return isinstance(fault, _EnoughError) and not self._depth

    def add(self, fault: ReadingError) -> None:
        """Record a mistake, with the lines that it mentions."""
        if len(self._problems) == MOST:
            sentence = f"there are more than {MOST} mistakes in this file; told are those that were found first"
            self._problems[Problem(Source(fault.source.file, 1, 1), sentence, "correct these, then try again")] = None
            raise _EnoughError
        numbers = {place.line for place in (fault.source, fault.also) if place is not None}
        quoted = tuple(
            QuotedLine(number, self._lines[number - 1]) for number in sorted(numbers) if 0 < number <= len(self._lines)
        )
        self._problems[Problem(fault.source, fault.sentence, fault.fix, quoted)] = None

    def extend(self, problems: Sequence[Problem]) -> None:
        """Add the problems that were found in another file."""
        self._problems.update(dict.fromkeys(problems))

    def __len__(self) -> int:
        """Return the number of problems so far."""
        return len(self._problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, sorted by file, line and column."""
        return tuple(sorted(self._problems, key=lambda problem: problem.source))


def render_problem(problem: Problem) -> str:
    """Return `file:line:col: sentence`, the lines with their numbers, a caret, and the hint."""
    told = [f"{problem.source}: {problem.sentence}"]
    for number, text in problem.quoted:
        if number != problem.source.line:
            told.append(f"{number:5} | {_window(text, 1)[0]}".rstrip())
            continue
        shown, before = _window(text, problem.source.column)
        told.extend((f"{number:5} | {shown}".rstrip(), f"{'':5} | {' ' * before}^"))
    told.append(f"   hint: {problem.fix}")
    return "\n".join(told)


def _window(text: str, column: int) -> tuple[str, int]:
    """Return the part of a line that is shown, and the number of terminal columns before the caret."""
    start = 0 if column <= _WIDEST * 3 // 4 else column - 1 - _WIDEST // 2
    cut = text[start : start + _WIDEST]
    shown = "".join(map(_visible, cut))
    before = sum(_columns(sign) for sign in shown[: column - 1 - start])
    if start:
        shown, before = "…" + shown, before + 1
    if start + _WIDEST < len(text):
        shown += "…"
    return shown, before


def _visible(sign: str) -> str:
    if sign == "\t":
        return "→"
    return sign if sign.isprintable() else "�"


def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def told(text: str) -> str:
    """Return a text of the file as messages quote it: in backquotes, on one line, cut after 60 characters."""
    shown = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text[:60])
    return f"`{shown}…`" if len(text) > 60 else f"`{shown}`"  # noqa: PLR2004
