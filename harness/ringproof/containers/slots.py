"""Places that the processes of a run share: only so many of them do something at once, and the others wait.

Not all plays get ready at once: to boot a PBX and to start its phones takes half a second of work, and as much of
waiting for the engine. Plays that get ready together are all ready late, and slow down the stories that run beside
them. In turns, the first calls are placed at once, and the last ones no later. The confirmations of reds share places,
too.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import IO

LOOKS_AGAIN = 1.0
"""Seconds after which the first process that waits looks again: a process that was killed does not report its place."""


@contextlib.contextmanager
def place_in(folder: Path, name: str, count: int) -> Iterator[None]:
    """Wait for one of the `count` places of this name that the processes of a run share in `folder`, and hold it.

    Each place is a locked file, so a process that dies has left its place. A process that leaves a place writes a byte
    to a FIFO, and the first process that waits reads it.
    """
    with contextlib.ExitStack() as stack:
        left = _open_fifo(folder / f"{name}-left")
        stack.callback(os.close, left)
        stack.callback(_report_left, left)  # after the files are closed: only then is the place free
        files = [stack.enter_context((folder / f"{name}-{number}").open("w")) for number in range(count)]
        if not _lock_one(files):
            with (folder / f"{name}-next").open("w") as first:
                fcntl.flock(first, fcntl.LOCK_EX)
                while not _lock_one(files):
                    if select.select([left], [], [], LOOKS_AGAIN)[0]:
                        os.read(left, select.PIPE_BUF)
        yield


@contextlib.asynccontextmanager
async def async_place_in(folder: Path, name: str, count: int) -> AsyncIterator[None]:
    """Wait as `place_in` does, in a thread; if the wait is cancelled, the place is left as soon as it is got."""
    place = place_in(folder, name, count)
    entering = asyncio.ensure_future(asyncio.to_thread(place.__enter__))
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        entering.add_done_callback(lambda entered: None if entered.exception() else place.__exit__(None, None, None))
        raise
    try:
        yield
    finally:
        place.__exit__(None, None, None)


def _open_fifo(path: Path) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkfifo(path, 0o600)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def _report_left(fifo: int) -> None:
    with contextlib.suppress(BlockingIOError):  # full of unread bytes: any of them wakes the process that waits
        os.write(fifo, b"\0")


def _lock_one(files: Sequence[IO[str]]) -> bool:
    return any(map(_lock_at_once, files))


def _lock_at_once(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
