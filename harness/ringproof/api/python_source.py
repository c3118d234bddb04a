"""Find where in a Python file a story is written: the line of the call, and of each literal inside it.

The interpreter knows the position of the call that it runs (PEP 657); the file's syntax tree has the literals there.
Where a value is no literal of that call, the position of the nearest part of the call that is one is used.
"""

from __future__ import annotations

import ast
import functools
import linecache
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ringproof.scenario.syntax.source_text import shown_name

_OURS = "ringproof"


@dataclass(frozen=True, slots=True)
class CallPlace:
    """A call of this package in a user's Python file."""

    file: str
    """Its name as messages show it."""
    path: Path
    line: int
    column: int
    function: str
    """The function in which the call stands; empty: in none."""
    lines: tuple[str, ...]
    """The lines of the file; empty where it cannot be read, as at a prompt."""
    node: ast.Call | None
    """The call in the syntax tree; None where it is not found."""

    def __str__(self) -> str:
        """Return `file:line:column`, the form that editors and compilers know."""
        return f"{self.file}:{self.line}:{self.column}"

    def argument(self, name: str, number: int | None = None) -> ast.expr | None:
        """Return the expression of an argument, by keyword or by position; None where the call has none."""
        if self.node is None:
            return None
        named = next((keyword.value for keyword in self.node.keywords if keyword.arg == name), None)
        plain = not any(isinstance(each, ast.Starred) for each in self.node.args)
        if named is None and number is not None and plain and number < len(self.node.args):
            return self.node.args[number]
        return named

    def keywords(self) -> Mapping[str, tuple[ast.AST, ast.expr]]:
        """Return for each keyword of the call its node and the expression of its value."""
        found = self.node.keywords if self.node is not None else ()
        return {keyword.arg: (keyword, keyword.value) for keyword in found if keyword.arg is not None}

    def column_of(self, node: ast.AST) -> tuple[int, int]:
        """Return line and column, from 1, of a part of the call, in characters; the syntax tree counts bytes."""
        line, column = getattr(node, "lineno", self.line), getattr(node, "col_offset", self.column - 1)
        return line, _characters(self.lines, line, column) + 1


def calling_place() -> CallPlace:
    """Return the place where code outside this package called it."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the way to the calling frame
    while frame is not None and _is_ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    assert frame is not None  # noqa: S101 - the loop stops at the outermost one
    name = frame.f_code.co_filename
    lines = tuple(line.rstrip("\r\n") for line in linecache.getlines(name, frame.f_globals))
    positions = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    line, _, column, _ = positions
    line = line or frame.f_lineno
    return CallPlace(
        file=shown_name(Path(name)) if not name.startswith("<") else name,
        path=Path(name) if not name.startswith("<") else Path.cwd() / name,
        line=line,
        column=_characters(lines, line, column or 0) + 1,
        function="" if frame.f_code.co_name.startswith("<") else frame.f_code.co_name,
        lines=lines,
        node=_call_at("\n".join(lines), positions),
    )


def place_of_function(path: Path, line: int, function: str) -> CallPlace:
    """Return the place of a function, such as a test, at which errors are reported."""
    lines = tuple(each.rstrip("\r\n") for each in linecache.getlines(os.fspath(path)))
    return CallPlace(shown_name(path), path, line, 1, function, lines, None)


def lines_before(text: str, place: CallPlace) -> tuple[int, int] | None:
    """Return how many lines of the Python file precede a literal of several lines, and its indentation beyond `text`.

    None: the file does not have the lines as they are, which is so for a computed text.
    """
    wanted = text.splitlines()
    while wanted and not wanted[-1].strip():
        wanted.pop()
    first = next((number for number, line in enumerate(wanted) if line.strip()), None)
    if first is None or len(wanted) - first < 2:  # noqa: PLR2004 - one line stands in the call itself
        return None
    body = [line.rstrip() for line in wanted[first:]]
    found = [
        (start, deeper)
        for start in range(len(place.lines) - len(body) + 1)
        if (deeper := _stands_at(body, place.lines[start : start + len(body)])) is not None
    ]
    if not found:
        return None
    start, deeper = min(found, key=lambda each: abs(each[0] - place.line))
    return start - first, deeper


def _stands_at(body: Sequence[str], lines: Sequence[str]) -> int | None:
    """Return how much deeper than `body` these lines are indented; None where they differ in anything else."""
    deeper = _indent(lines[0]) - _indent(body[0])
    if deeper < 0:
        return None
    for number, (wanted, line) in enumerate(zip(body, lines, strict=True)):
        shifted = " " * deeper + wanted if wanted else ""
        last = number == len(body) - 1
        if line.rstrip() != shifted and not (last and line.startswith((f"{shifted}'''", f'{shifted}"""'))):
            return None
    return deeper


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _OURS


def _characters(lines: Sequence[str], line: int, byte: int) -> int:
    """Return how many characters stand before a byte of a line."""
    if not 0 < line <= len(lines):
        return byte
    return len(lines[line - 1].encode()[:byte].decode(errors="replace"))


@functools.lru_cache(maxsize=32)
def _calls(text: str) -> Mapping[tuple[int | None, ...], ast.Call]:
    """Return the calls of a file by their positions."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    return {
        (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset): node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }


def _call_at(text: str, positions: tuple[int | None, ...]) -> ast.Call | None:
    return _calls(text).get(positions) if text else None
