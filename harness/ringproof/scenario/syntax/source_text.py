"""A file as text; a file that is not readable text is refused here, before the YAML parser reads it."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ringproof.core.problem import Complaints, Problem, ReadingError
from ringproof.core.source import Source

MOST_LINES = 20_000
MOST_BYTES = 1_000_000
_COUNTED = 100_000_000
"""A file that is too long is read up to this size in bytes, to count its lines."""
_BREAK = re.compile(r"\r\n|\r|\n")
_INVISIBLE = re.compile(
    # matches control characters, YAML's unusual line breaks, marks that change the direction of text, non-characters
    "[^\t\n\r\x20-\x7e\xa0-\u200a\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_ODD_INDENT = re.compile(r"^ *(?P<sign>[\t\xa0\u2000-\u200a\u3000])[^\S\r\n]*[^\s#]", re.MULTILINE)
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text of a file and its lines; `file` is the name that messages show."""

    file: str
    text: str
    lines: tuple[str, ...]


def shown_name(path: Path) -> str:
    """Return the path as messages show it: normalised, and relative if it is below the current folder."""
    here = os.getcwd().rstrip(os.sep) + os.sep  # noqa: PTH109 - a string is wanted
    return os.path.normpath(path).removeprefix(here)


def open_source_text(path: Path) -> SourceText | Problem:
    """Read a file of at most 20,000 lines and 1 MB of UTF-8 text, or return why it cannot be read.

    A byte order mark is skipped.
    """
    file = shown_name(path)
    start = Source(file, 1, 1)
    try:
        raw = _bytes(path, start)
    except ReadingError as fault:
        return Problem(fault.source, fault.sentence, fault.fix)
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        return Problem(start, f"this file cannot be read: {reason.lower()}", "check the path and its permissions")
    problem = _encoding(raw, file)
    if problem is not None:
        return problem
    return source_text_of(file, raw.removeprefix(codecs.BOM_UTF8).decode())


def source_text_of(file: str, text: str) -> SourceText | Problem:
    """Return a text with its lines, or the first problem with it; `file` is the name that messages show."""
    lines = tuple(_BREAK.split(text))
    if lines[-1] == "":
        lines = lines[:-1]
    complaints = Complaints(lines)
    with complaints:
        if len(lines) > MOST_LINES:
            raise ReadingError(
                Source(file, MOST_LINES + 1, 1),
                f"this file has {len(lines):,} lines, and at most {MOST_LINES:,} are read",
                "split it: every file of a folder is played",
            )
        _characters(file, text)
    return complaints.problems[0] if complaints else SourceText(file, text, lines)


def _bytes(path: Path, start: Source) -> bytes:
    if not path.exists():
        raise ReadingError(start, "there is no such file", "check the path; it counts from the current folder")
    if path.is_dir():
        raise ReadingError(start, "this is a folder, not a file", "name a file in it")
    if not path.is_file():
        raise ReadingError(start, "this is no ordinary file", "name a text file")
    size = path.stat().st_size
    if size > _COUNTED:
        raise ReadingError(
            start,
            f"this file has {size // 1_000_000:,} MB, and at most {MOST_BYTES // 1_000_000} MB is read",
            "split it: every file of a folder is played",
        )
    raw = path.read_bytes()
    if len(raw) > MOST_BYTES:
        lines = raw.count(b"\n")
        raise ReadingError(
            start,
            f"this file has {lines:,} lines and {len(raw) / 1e6:.1f} MB, and at most {MOST_LINES:,} lines "
            f"and {MOST_BYTES // 1_000_000} MB are read",
            "split it: every file of a folder is played",
        )
    return raw


def _encoding(raw: bytes, file: str) -> Problem | None:
    start = Source(file, 1, 1)
    for mark, name in _OTHER_ENCODINGS:
        if raw.startswith(mark):
            return Problem(start, f"this file is written in {name}, not in UTF-8", "save it as UTF-8")
    if b"\0" in raw:
        return Problem(
            start,
            f"this is no text file: byte {raw.index(bytes(1)) + 1} is NUL",
            "name a YAML file; a scenario file ends in .ring.yaml",
        )
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError as fault:
        before = _BREAK.split(body[: fault.start].decode())
        lines = _BREAK.split(body.decode(errors="replace"))
        complaints = Complaints(lines)
        complaints.add(
            ReadingError(
                Source(file, len(before), len(before[-1]) + 1),
                f"this file is not UTF-8: byte 0x{body[fault.start]:02X} begins no character",
                "save it as UTF-8 (an editor may have written it in cp1251 or latin-1)",
            )
        )
        return complaints.problems[0]
    return None


def _characters(file: str, text: str) -> None:
    invisible = _INVISIBLE.search(text)
    if invisible is not None:
        raise ReadingError(
            _place(file, text, invisible.start()),
            f"the invisible character U+{ord(invisible[0]):04X} stands here",
            "delete it",
        )
    odd = _ODD_INDENT.search(text)
    if odd is not None:
        name = "a tab" if odd["sign"] == "\t" else f"the odd space U+{ord(odd['sign']):04X}"
        raise ReadingError(
            _place(file, text, odd.start("sign")),
            f"{name} indents this line, and YAML counts spaces only",
            "indent with spaces, two for each level",
        )


def _place(file: str, text: str, index: int) -> Source:
    before = _BREAK.split(text[:index])
    return Source(file, len(before), len(before[-1]) + 1)
