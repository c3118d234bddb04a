"""The version of the language that a file is written in: `ringproof: 1`, at the top of a scenario or office file."""

from __future__ import annotations

from ringproof.core.problem import ReadingError, told
from ringproof.scenario.model.version import FILE_VERSION
from ringproof.scenario.syntax.tree import Table
from ringproof.scenario.syntax.values import entry, text_of

KEY = "ringproof"


def check_version(root: Table) -> None:
    """Raise ReadingError for a file of another version, since the rest of such a file cannot be checked."""
    value = entry(root.entries, KEY)
    if value is None:
        return
    text = text_of(value, f"`{KEY}`", f"the version, `{KEY}: {FILE_VERSION}`")
    if text.text == str(FILE_VERSION):
        return
    if text.text.isascii() and text.text.isdigit() and not text.text.startswith("0"):
        raise ReadingError(
            text.source,
            f"this file is for a later Ringproof (version {text.text[:9]}); this one reads {FILE_VERSION}",
            f"install a later Ringproof; `{KEY}: {FILE_VERSION}` is right only where the file uses nothing newer",
        )
    raise ReadingError(
        text.source, f"{told(text.text)} is no version of a file", f"write `{KEY}: {FILE_VERSION}`, or delete the line"
    )
