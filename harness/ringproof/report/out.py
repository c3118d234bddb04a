"""The folder that results and evidence are written to: one run at a time has it."""

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
"""Folders that this process has claimed."""


PROBED_BYTES = 2**20
"""What is written on trial: results and evidence of one play are some 100 kB."""


class OutError(Exception):
    """Nothing can be written there; the message continues the folder's name."""


class OutInUseError(OutError):
    """Another run writes there."""


def is_unwritable(fault: BaseException) -> bool:
    """True for what the system says where nothing can be written: no space, no right, a medium to read only."""
    return isinstance(fault, OSError) and fault.errno in _UNWRITABLE


def unwritable(fault: OSError) -> OutError:
    """Return what is to be raised where the system refuses to write."""
    return OutError(f"{fault.strerror or fault}; name a folder that can be written to")


def _try(out: Path) -> None:
    """Write something, and remove it. Raises OSError: a full disk lets files be made, and nothing be written."""
    trial = out / f".trial-{os.getpid()}"
    try:
        trial.write_bytes(bytes(PROBED_BYTES))
    finally:
        trial.unlink(missing_ok=True)


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
