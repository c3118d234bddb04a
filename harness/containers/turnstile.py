"""Not all plays of a run get ready at once.

To boot a PBX and to start its phones is half a second of work, and as much of waiting for the engine. Plays that get
ready together are all ready late, and stories that run beside them feel it; by turns, the first calls are placed at
once, and the last are no later.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path


@contextlib.asynccontextmanager
async def turnstile(folder: Path) -> AsyncIterator[None]:
    """Hold a place, of which the run has one for each core: a lock in `folder`, which ends with whoever holds it."""
    places = os.cpu_count() or 1
    with (folder / f"place-{os.getpid() % places}").open("w") as place:
        await asyncio.to_thread(fcntl.flock, place.fileno(), fcntl.LOCK_EX)
        yield
