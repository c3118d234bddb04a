"""Adds an account of our own to a user's manager.conf: the file's text is kept, and the account follows it.

Asterisk ignores a second `[general]`, and refuses the whole file where `[general](+)` has none to add to (config.c). So
it has to be known whether the file itself, or one that it includes, has a `[general]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ringproof.pbx.manager import Login

MANAGER_CONF = "manager.conf"
MANAGER_PORT = 5038
DEEPEST_INCLUDE = 10
"""The depth to which Asterisk itself follows includes (config.c, MAX_INCLUDE_LEVEL)."""
_BLOCK_COMMENT = re.compile(r";--(?!-).*?--;", re.DOTALL)
_INCLUDE = re.compile(r"#(?:try)?include\s+[\"'<]?(?P<file>[^\"'>]+)", re.IGNORECASE)
_SECTION = re.compile(r"\[(?P<name>[^\]]*)\]\s*(?:\((?P<options>[^)]*)\))?")
_PORT = re.compile(r"port\s*=>?\s*(?P<port>\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ManagerConf:
    """A manager.conf with an account of our own."""

    text: bytes
    port: int
    """TCP port at which the manager interface listens."""


def with_account(folder: Path, at: str, login: Login) -> ManagerConf:
    """Return the manager.conf of `folder`, which is at `at` in the container, with the account `login` added.

    The interface is enabled on all addresses of the container, at the port that the file names, else at 5038. Raises
    OSError where the file cannot be read.
    """
    has_general, port = _general(folder, at)
    added = f"""
; Added by Ringproof, in the container alone: the account of this test.
[general]{"(+)" if has_general else ""}
enabled=yes
bindaddr=0.0.0.0
port={port}

[{login.user}]
secret={login.secret}
read=all
write=all
"""
    file = folder / MANAGER_CONF
    return ManagerConf((file.read_bytes() if file.is_file() else b"") + added.encode(), port)


def _general(folder: Path, at: str) -> tuple[bool, int]:
    """Return whether there is a `[general]` that is no template, and the port that it names last."""
    found, inside, port = False, False, MANAGER_PORT
    for line in _lines(folder / MANAGER_CONF, folder, at):
        if section := _SECTION.match(line):
            options = section["options"] or ""
            is_general = section["name"].casefold() == "general" and "!" not in options
            inside = is_general and (not found or "+" in options)
            found = found or is_general
        elif inside and (setting := _PORT.match(line)):
            port = int(setting["port"])
    return found, port


def _lines(file: Path, folder: Path, at: str, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a file, with those of included files in their places, without comments and blank lines."""
    if depth > DEEPEST_INCLUDE or not file.is_file():
        return
    text = _BLOCK_COMMENT.sub("", file.read_text(encoding="utf-8", errors="replace"))
    for line in (line.partition(";")[0].strip() for line in text.splitlines()):
        if include := _INCLUDE.match(line):
            for included in _included(include["file"].strip(), folder, at):
                yield from _lines(included, folder, at, depth + 1)
        elif line:
            yield line


def _included(name: str, folder: Path, at: str) -> list[Path]:
    """Return the files that a name in an #include means; none where it is outside the folder: those are the image's."""
    path = PurePosixPath(name)
    if path.is_absolute():
        if not path.is_relative_to(at):
            return []
        path = path.relative_to(at)
    return sorted(folder.glob(str(path)))
