"""A rendered extensions.conf as lines of code, each with the place at which Asterisk runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

DIALPLAN = "extensions.conf"
_SECTION = re.compile(r"\[(?P<name>[\w-]+)\]")
_CODE = re.compile(
    r"(?P<head>(exten => (?P<extension>[^,]+),1| same => n)(\((?P<label>\w+)\))?,)"
    r"(?P<application>\w+)(\((?P<arguments>.*?)\))?(?P<tail>( ;.*)?)"
)
_INCLUDE = re.compile(r"include => (?P<name>[\w-]+)")
GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Code:
    """One priority of an extension."""

    index: int
    """Of the line in the file, from 0."""
    context: str
    extension: str
    priority: int
    label: str
    head: str
    application: str
    arguments: str
    tail: str

    @property
    def calls(self) -> str:
        """What is called, with what: `Gosub(sent-on,s,1)`."""
        return f"{self.application}({self.arguments})"

    @property
    def begins(self) -> bool:
        """True for the line by which an extension is made."""
        return self.priority == 1

    def doing(self, application: str, arguments: str) -> str:
        """Return the line with another application in its place."""
        return f"{self.head}{application}({arguments}){self.tail}"

    def given(self, arguments: str) -> str:
        """Return the line with other arguments."""
        return self.doing(self.application, arguments)


@dataclass(frozen=True, slots=True)
class Include:
    """A line by which a context takes in another one."""

    index: int
    context: str
    name: str


@dataclass(frozen=True, slots=True)
class Dialplan:
    """A file, read."""

    lines: tuple[str, ...]
    code: tuple[Code, ...]
    includes: tuple[Include, ...]

    @property
    def contexts(self) -> Mapping[str, Sequence[Code]]:
        """The code of each context, in the order of the file."""
        found: dict[str, list[Code]] = {}
        for code in self.code:
            found.setdefault(code.context, []).append(code)
        return found

    def section(self, context: str) -> tuple[str, ...]:
        """Return the lines of code of a context, as they stand there."""
        return tuple(self.lines[code.index] for code in self.code if code.context == context)

    def extension(self, code: Code) -> Sequence[Code]:
        """Return all priorities of the extension in which `code` stands."""
        return [each for each in self.code if (each.context, each.extension) == (code.context, code.extension)]

    def ran_at(self, context: str, extension: str, priority: int) -> Code | None:
        """Return the line that Asterisk means when it says where it is; None for a place that no line makes."""
        reach = [context, *(include.name for include in self.includes if include.context == context)]
        for name in reach:
            for code in self.code:
                if code.context == name and code.priority == priority and matches(code.extension, extension):
                    return code
        return None


def matches(written: str, dialled: str) -> bool:
    """True when the extension `written` in a dialplan is the one that was dialled; of patterns, X and . are known."""
    if not written.startswith("_"):
        return written == dialled
    form = "".join({"X": "[0-9]", ".": ".+"}.get(sign, re.escape(sign)) for sign in written[1:])
    return re.fullmatch(form, dialled) is not None


def read(text: str) -> Dialplan:
    """Read a rendered dialplan; comments and `[general]` are no code."""
    code: list[Code] = []
    includes: list[Include] = []
    lines = tuple(text.splitlines())
    context = extension = ""
    priority = 0
    for index, line in enumerate(lines):
        if section := _SECTION.fullmatch(line):
            context, extension = section["name"], ""
        elif include := _INCLUDE.fullmatch(line):
            includes.append(Include(index, context, include["name"]))
        elif found := _CODE.fullmatch(line):
            extension = found["extension"] or extension
            priority = 1 if found["extension"] else priority + 1
            parts = (found["label"] or "", found["head"], found["application"], found["arguments"] or "", found["tail"])
            code.append(Code(index, context, extension, priority, *parts))
        elif line and not line.startswith(";") and context != GENERAL:
            raise ValueError(f"line {index + 1} of the dialplan is of no known form: {line}")
    return Dialplan(lines, tuple(code), tuple(includes))


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of every context, with its own line, up to the next one."""
    starts = [(match["name"], match.start()) for match in re.finditer(r"^\[(?P<name>[\w-]+)\]$", text, re.MULTILINE)]
    for (name, start), (_, end) in zip(starts, [*starts[1:], ("", len(text))], strict=True):
        yield name, text[start:end]
