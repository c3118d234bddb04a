"""Calls that run in a circle in the dialplan, where nothing waits: told, since otherwise nothing would ever tell.

Where the circle calls a phone that turns each call away at once, the phone shows it (`Extensions.on_called_often`).

PBX time all but stands while the PBX is busy, so a story with such a call would take hours, and its log gigabytes.
It is Asterisk's log that shows it: of its manager events hardly one comes while it is so busy. A thread
looks, in real time.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from ringproof.containers.evidence import open_evidence

LOOKED_AT_EVERY_S = 0.5
"""Of real time."""
GROWN = 8_000_000
"""Bytes of log. A story writes some hundred thousand; one whose call goes round through 50 groups, two million."""
TAIL = 1_000_000
"""Bytes at its end that are read then, some four thousand steps: more than any call makes at a stretch."""
STEPS = 1_000
"""Fewer in that tail are no circle: the log has grown by something else."""
WITHIN_S = 1.0
"""Of PBX time."""
_STEP = re.compile(rb"^\[(?P<stamp>[^\]]+)\] VERBOSE\S* pbx\.c: Executing \[(?P<place>[^\]:]+):\d+\]", re.MULTILINE)


def loop_at(log: Path, grown: int = GROWN) -> str | None:
    """Return where in the dialplan a call runs in a circle (`s@group-sales`), by the log so far; None: none does."""
    try:
        size = log.stat().st_size
        if size < grown:
            return None
        with open_evidence(log) as file:
            file.seek(size - min(size, TAIL))
            steps = list(_STEP.finditer(file.read()))
    except OSError:
        return None
    if len(steps) < STEPS:
        return None
    first, last = (datetime.fromisoformat(step["stamp"].decode()) for step in (steps[0], steps[-1]))
    return steps[-1]["place"].decode() if (last - first).total_seconds() < WITHIN_S else None


def place_in(log: Path) -> str:
    """Return the place of the last step that the log tells of (`101@extensions`), where a circle calls a phone."""
    with contextlib.suppress(OSError), open_evidence(log) as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        steps = _STEP.findall(file.read())
        if steps:
            return str(steps[-1][1].decode("utf-8", "replace"))
    return "a place that its log does not tell"


@contextlib.contextmanager
def watched_for_loops(log: Path, found: Callable[[str], None]) -> Iterator[None]:
    """Until the end of the block, call `found` in the running loop as soon as a call runs in a circle; once."""
    loop = asyncio.get_running_loop()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOKED_AT_EVERY_S):
            if place := loop_at(log):
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
                    loop.call_soon_threadsafe(found, place)
                return

    threading.Thread(target=watch, name=f"circles in {log}", daemon=True).start()
    try:
        yield
    finally:
        over.set()
