"""The pages that people read, cut into their code blocks, commands and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")))
ELISION = "..."
"""A line of a `console` block that stands for any lines that were printed, also for none."""
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_VARIES = (
    (re.compile(r"\b\d+(\.\d+)? s(?= for )"), "N s"),
    (re.compile(r"(?<= for )\d+ s(?= of PBX time)"), "N s"),
    (re.compile(r"; N s for N s of PBX time(, \d+ times as fast)?"), "; N s for N s of PBX time"),
    (re.compile(r"^( *\d+/\d+ .*  )\d+\.\d s$", re.MULTILINE), r"\1N s"),
    (re.compile(r"(?<=\.conf:)\d+$", re.MULTILINE), "N"),
)
"""What differs from run to run, and lines of the rendered dialplan, which say nothing to whoever reads the page."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: the word behind its fence, and its text without the indent."""

    kind: str
    text: str

    @property
    def key(self) -> str:
        """The first key of a YAML file, which says what kind of file it is."""
        return self.text.partition(":")[0]


def blocks(page: str, kind: str) -> list[Block]:
    """Return the blocks of this kind on a page."""
    return [
        Block(word, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))
        for indent, word, text in _BLOCK.findall(page)
        if word == kind
    ]


def session(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands of a `console` block, each with the lines that it is said to print."""
    command, shown = "", list[str]()
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, shown
            command, shown = line.removeprefix("$ "), []
        else:
            shown.append(line)
    yield command, shown


def steady(text: str) -> list[str]:
    """Return the lines of an output, without the blank ones around it; what differs from run to run is replaced."""
    for varies, instead in _VARIES:
        text = varies.sub(instead, text)
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def not_printed(shown: list[str], printed: str) -> list[str]:
    """Return the first lines of `shown` that were not printed so: in this order, without others between them."""
    parts, lines, place = _parts(steady("\n".join(shown))), steady(printed), 0
    for number, part in enumerate(parts):
        first, last = number == 0, number == len(parts) - 1
        starts = [0] if first else range(place, len(lines) - len(part) + 1)
        if last:
            starts = [start for start in starts if start == len(lines) - len(part) or not part]
        found = next((start for start in starts if lines[start : start + len(part)] == part), None)
        if found is None:
            return part or [f"(nothing before {ELISION})"]
        place = found + len(part)
    return [] if place == len(lines) or not parts[-1] else lines[place:]


def _parts(lines: list[str]) -> list[list[str]]:
    """Cut at each elision; an elision at the beginning or end leaves an empty part there."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line == ELISION:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def broken_links(page: str, folder: Path) -> list[str]:
    """Return the links of a page in `folder` that lead to no file, or to no heading of it."""
    return [
        f"{path}#{anchor}" if anchor else path
        for path, anchor in _LINK.findall(page)
        if not (folder / path).exists()
        or (anchor and anchor not in anchors((folder / path).read_text("utf-8") if path else page))
    ]


def anchors(page: str) -> set[str]:
    """Return the anchors that GitHub and GitLab make of the headings of a page."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(page)}
