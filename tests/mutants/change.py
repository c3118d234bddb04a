"""What makes a rendered folder a wrong PBX: changes of its files, as somebody who edits them would make them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .dialplan import DIALPLAN, sections


@dataclass(frozen=True, slots=True)
class Replace:
    """What is replaced where it stands first in a context (empty: in the file), and by what."""

    context: str
    old: str
    new: str
    everywhere: bool = False
    file: str = DIALPLAN

    def make(self, folder: Path) -> None:
        """Change the file. Raises ValueError where it no longer holds `old`."""
        text = (folder / self.file).read_text("utf-8")
        head, found, rest = text.partition(f"[{self.context}]\n") if self.context else ("", "", text)
        inside, more = _up_to_the_next(rest) if self.context else (rest, "")
        if self.old not in inside:
            raise ValueError(f"{self.file} no longer holds {self.old!r} in {self.context or 'any context'}")
        inside = inside.replace(self.old, self.new) if self.everywhere else inside.replace(self.old, self.new, 1)
        (folder / self.file).write_text(head + found + inside + more, "utf-8")


@dataclass(frozen=True, slots=True)
class Swap:
    """Two texts of a context, each of which takes the other's place."""

    context: str
    one: str
    other: str

    def make(self, folder: Path) -> None:
        """Change the dialplan."""
        between = "\0"
        for old, new in ((self.one, between), (self.other, self.one), (between, self.other)):
            Replace(self.context, old, new).make(folder)


@dataclass(frozen=True, slots=True)
class Transplant:
    """One group's strategy in the place of another one's: what is between `[group-a]` and the next context."""

    into: str
    of: str

    def make(self, folder: Path) -> None:
        """Change the dialplan."""
        text = (folder / DIALPLAN).read_text("utf-8")
        there = dict(sections(text))
        body = there[self.of].replace(self.of, self.into)
        (folder / DIALPLAN).write_text(text.replace(there[self.into], body), "utf-8")


@dataclass(frozen=True, slots=True)
class Append:
    """Lines behind the end of a file."""

    file: str
    lines: str

    def make(self, folder: Path) -> None:
        """Change the file."""
        with (folder / self.file).open("a", encoding="utf-8") as file:
            file.write(self.lines)


Change = Replace | Swap | Transplant | Append


def _up_to_the_next(text: str) -> tuple[str, str]:
    """Cut before the next context."""
    place = text.find("\n[")
    return (text, "") if place < 0 else (text[:place], text[place:])
