"""The folder that results and evidence are written to: one run at a time has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

IN_USE = ".in-use"
_OWN: set[str] = set()
"""Folders that this process has claimed."""


class OutError(Exception):
    """Nothing can be written there; the message continues the folder's name."""


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Make the folder, and have it for this run until the end of the block. Raises OutError.

    Two runs in one folder would play on each other's configuration. The lock ends with this process, however that ends.
    """
    if (name := os.path.abspath(out)) in _OWN:  # noqa: PTH100 - as it was given
        yield  # by this very run: both front ends claim it
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out / IN_USE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise OutError(f"{fault.strerror or fault}; name a folder that can be written to") from fault
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutError("another run writes there; give each a folder of its own") from None
        _OWN.add(name)
        yield
    finally:
        _OWN.discard(name)
        os.close(descriptor)
