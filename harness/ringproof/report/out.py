"""Claim the folder for results and evidence: only one run at a time may have it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

IN_USE = ".in-use"
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
_OWN: set[str] = set()
"""The folders that this process has claimed."""


PROBED_BYTES = 2**20
"""The size of a trial write: results and evidence of one play are some 100 kB."""


class OutError(Exception):
    """Nothing can be written to the folder; the message continues a sentence that begins with the folder's name."""


class OutInUseError(OutError):
    """Another run writes to the folder."""


def is_unwritable(fault: BaseException) -> bool:
    """Return whether an error says that nothing can be written: no space, no permission, a read-only medium."""
    return isinstance(fault, OSError) and fault.errno in _UNWRITABLE


def unwritable(fault: OSError) -> OutError:
    """Return the error to raise where the system refuses to write."""
    return OutError(f"{fault.strerror or fault}; name a folder that can be written to")


def _try(out: Path) -> None:
    """Write a file and remove it; raise OSError if that fails. On a full disk a file can be made, but not written."""
    trial = out / f".trial-{os.getpid()}"
    try:
        trial.write_bytes(bytes(PROBED_BYTES))
    finally:
        trial.unlink(missing_ok=True)


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Make the folder and lock it for this run until the end of the block. Raises OutError.

    Two runs in one folder would play on each other's configuration. The lock ends with this process in any case.
    """
    if (name := os.path.abspath(out)) in _OWN:  # noqa: PTH100 - as it was given
        yield  # this run has claimed it already: both front ends do so
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        _try(out)
        descriptor = os.open(out / IN_USE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise unwritable(fault) from fault
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutInUseError("another run writes there; give each a folder of its own") from None
        _OWN.add(name)
        yield
    finally:
        _OWN.discard(name)
        os.close(descriptor)
