"""Reads what a container has written. It may be hostile: no link is followed, and no pipe is waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

LONGEST = 64_000_000
"""The most bytes that are read of a file: a story writes some hundred thousand, and a sparse file may have any size."""


def is_evidence(path: Path) -> bool:
    """True where there is a plain file that a container may have written, and no link to something else."""
    return path.is_file() and not path.is_symlink()


def open_evidence(path: Path) -> BinaryIO:
    """Open a file that a container wrote. Raises OSError where it is no plain file, such as a symbolic link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no plain file")
    return os.fdopen(descriptor, "rb")


def read_evidence(path: Path) -> str:
    """Return the first 64 MB of a file that a container wrote, as text. Raises OSError as `open_evidence` does."""
    with open_evidence(path) as file:
        return file.read(LONGEST).decode("utf-8", "replace")
