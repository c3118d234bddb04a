"""What is said of a mistake in a Python file, for a golden: lines are counted from that of the function."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import ringproof


def sentence_of(mistake: Callable[[], object]) -> str:
    """Make the mistake, and return the text of what is raised, with `+2` for the second line after the `def`."""
    with pytest.raises(ringproof.RingproofError) as raised:
        mistake()
    begins, file = mistake.__code__.co_firstlineno, Path(mistake.__code__.co_filename).name

    def counted(line: re.Match[str]) -> str:
        offset = int(line["line"]) - begins
        shown = f"+{offset}" if offset >= 0 else line["line"]
        return line["before"] + (shown.rjust(5) if line["after"] == " | " else shown) + line["after"]

    text = re.sub(rf"(?P<before>{re.escape(file)}:)(?P<line>\d+)(?P<after>[:,])", counted, str(raised.value))
    return re.sub(r"(?m)(?P<before>^) *(?P<line>\d+)(?P<after> \| )", counted, text) + "\n"
