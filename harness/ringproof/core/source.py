"""Where in which file something was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a file: line and column count from 1."""

    file: str
    line: int
    column: int
    within: str = ""
    """Of a story that is written in Python: the path of keys to it, such as `when[1].press`."""

    def __str__(self) -> str:
        """`file:line:column`, the form editors and compilers know; behind it the path of keys, where there is one."""
        return f"{self.file}:{self.line}:{self.column}" + (f": {self.within}" if self.within else "")
