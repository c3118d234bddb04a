"""Detects dialplan loops that never wait, by reading Asterisk's log from a thread, in real time.

Hardly any manager event comes during such a loop, since Asterisk is too busy. PBX time almost stands still then, so the
story would take hours, and its log gigabytes.

A loop that calls a phone which turns each call away at once is detected at the phone (`Extensions.on_called_often`).
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
"""Real seconds."""
GROWN = 8_000_000
"""Bytes of log from which on it is searched. A story writes some hundred thousand; one whose call passes through 50
groups, two million."""
TAIL = 1_000_000
"""Bytes at its end that are read then, some four thousand steps: more than any call executes without waiting."""
STEPS = 1_000
"""Fewer steps in that tail are no loop: the log has grown by something else."""
WITHIN_S = 1.0
"""PBX seconds: the steps in the tail of a loop take less than this."""
_STEP = re.compile(rb"^\[(?P<stamp>[^\]]+)\] VERBOSE\S* pbx\.c: Executing \[(?P<place>[^\]:]+):\d+\]", re.MULTILINE)


def loop_at(log: Path, grown: int = GROWN) -> str | None:
    """Return where in the dialplan a call runs in a loop (`s@group-sales`), by the log so far; None: no call does."""
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
    """Return the place of the last step in the log (`101@extensions`), where a loop calls a phone."""
    with contextlib.suppress(OSError), open_evidence(log) as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        steps = _STEP.findall(file.read())
        if steps:
            return str(steps[-1][1].decode("utf-8", "replace"))
    return "a place that its log does not tell"


@contextlib.contextmanager
def watched_for_loops(log: Path, found: Callable[[str], None]) -> Iterator[None]:
    """Until the end of the block, call `found` once, in the running event loop, when a dialplan loop is seen."""
    loop = asyncio.get_running_loop()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOKED_AT_EVERY_S):
            if place := loop_at(log):
                with contextlib.suppress(RuntimeError):  # the event loop is closed: the play is over
                    loop.call_soon_threadsafe(found, place)
                return

    threading.Thread(target=watch, name=f"circles in {log}", daemon=True).start()
    try:
        yield
    finally:
        over.set()
