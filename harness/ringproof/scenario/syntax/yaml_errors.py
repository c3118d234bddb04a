"""Errors of the YAML parsers, in words of our own and with the fix.

libyaml and PyYAML's own parser word their errors differently; the message is the same with both.
"""

from __future__ import annotations

import re

import yaml

from ringproof.core.problem import ReadingError, told
from ringproof.core.source import Source
from ringproof.scenario.syntax.source_text import SourceText

_CUT_NAME = re.compile(r"\s*(?:- )?(?P<name>[^\s\"'#\[{:][^\"'#:]*?)(?P<cut>\s+#)[^ ].*")
"""An unquoted name with a ` #` before its colon: YAML reads the rest of the line as a comment."""

_MARKS = {"*": "an alias", "&": "an anchor", "!": "a tag"}
_MISFIT = "this line does not fit those above it: no line of its level begins in this column"
_INDENT = "indent it as its neighbours; the parts of a list all begin with `- `, the keys of a mapping never do"


def explain(fault: yaml.YAMLError, source_text: SourceText) -> ReadingError:
    """Return our error for an error of either parser."""
    if not isinstance(fault, yaml.MarkedYAMLError):
        return ReadingError(Source(source_text.file, 1, 1), "this file is not YAML", "check it with a YAML editor")
    here = _source(source_text, fault.problem_mark or fault.context_mark)
    opened = _source(source_text, fault.context_mark or fault.problem_mark)
    cut = _cut_name(source_text, here.line)
    if cut is not None:
        return cut
    return _explain(fault.context or "", fault.problem or "", here, opened, source_text)


def _explain(context: str, problem: str, here: Source, opened: Source, source_text: SourceText) -> ReadingError:
    for sign, meaning in _MARKS.items():
        if meaning in context:
            word = re.split(r"[\s,\]}]", _rest(source_text, opened))[0]
            return ReadingError(
                opened, f"{told(word)} is not quoted, and YAML takes its {sign} for {meaning}", f'write "{word}"'
            )
    tab = _line(source_text, here)[: here.column].find("\t") + 1
    if tab:
        place = Source(here.file, here.line, tab)
        return ReadingError(place, "a tab stands in this line, and YAML counts spaces only", "write a space instead")
    if "quoted scalar" in context and "unexpected" in problem:
        return ReadingError(opened, "the quote that opens here is never closed", "close it on the same line")
    if "',' or" in problem:
        return ReadingError(
            here,
            f"the bracket that opened on line {opened.line} is not closed before this",
            "close it, put a comma between its parts, or quote a part that holds a colon, a comma or a bracket",
            opened,
        )
    for words, place, sentence, fix in (
        (
            "cannot start any token",
            here,
            f"a value without quotes cannot begin with {told(_rest(source_text, here)[:1])}",
            "put it in quotes",
        ),
        (
            "escape",
            opened,
            "a backslash in this text means something else to YAML, because it stands between double quotes",
            "write single quotes, or two backslashes for one",
        ),
        (
            "mapping values are not allowed",
            here,
            "there is one colon too many here, or this line is indented too far",
            "quote a name that holds `: `; a line of the same level begins in the same column",
        ),
        (
            "could not find expected ':'",
            opened,
            "this line has no colon, so it is no key",
            "write `key: value`, or begin a list's part with `- `",
        ),
        (
            "nesting depth",  # libyaml 0.2.6 reads this far ahead before it returns the first bracket
            here,
            "this is nested deeper than YAML can be",
            "check the brackets and the indentation",
        ),
        ("expected <block end>", here, _MISFIT, _INDENT),
        ("did not find expected key", here, _MISFIT, _INDENT),
        ("did not find expected '-' indicator", here, _MISFIT, _INDENT),
        ("<document start>", here, _MISFIT, _INDENT),
    ):
        if words in problem:
            return ReadingError(place, sentence, fix)
    return ReadingError(here, "YAML cannot read this", "quote a value that holds anything but words and numbers")


def _cut_name(source_text: SourceText, line: int) -> ReadingError | None:
    """Return the error about a name with ` #` in or just above the line of the YAML error, or None if there is none."""
    for number in range(line, max(line - 3, 0), -1):
        text = source_text.lines[number - 1] if number <= len(source_text.lines) else ""
        match = _CUT_NAME.fullmatch(text)
        if match is not None and ":" in text:
            return ReadingError(
                Source(source_text.file, number, match.start("cut") + 2),
                f"` #` begins a comment, so the name ends at {told(match['name'])}",
                "put the name in quotes",
            )
        if number < line and text.strip():
            break
    return None


def _source(source_text: SourceText, mark: yaml.Mark | None) -> Source:
    return Source(source_text.file, mark.line + 1, mark.column + 1) if mark else Source(source_text.file, 1, 1)


def _line(source_text: SourceText, here: Source) -> str:
    return source_text.lines[here.line - 1] if here.line <= len(source_text.lines) else ""


def _rest(source_text: SourceText, here: Source) -> str:
    return _line(source_text, here)[here.column - 1 :]
