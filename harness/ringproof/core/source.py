"""The place in a file at which something was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a file; line and column are counted from 1."""

    file: str
    line: int
    column: int
    within: str = ""
    """For a story written in Python: the path of keys to the part, such as `when[1].press`."""

    def __str__(self) -> str:
        """Return `file:line:column`, as compilers write it, and after it the path of keys, if there is one."""
        return f"{self.file}:{self.line}:{self.column}" + (f": {self.within}" if self.within else "")
