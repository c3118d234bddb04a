"""Not all plays of a run get ready at once.

Booting a PBX and starting its phones is a second of work for two cores; a story is waiting. Eight plays that get ready
together are all ready late, and stories that run beside them feel it; one after the other the first calls are placed at
once, and the last are no later.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

CORES_A_PLACE = 2


@contextlib.asynccontextmanager
async def turnstile(folder: Path) -> AsyncIterator[None]:
    """Hold a place, of which the run has one for two cores: a lock in `folder`, which ends with whoever holds it."""
    places = max(1, (os.cpu_count() or 1) // CORES_A_PLACE)
    with (folder / f"place-{os.getpid() % places}").open("w") as place:
        await asyncio.to_thread(fcntl.flock, place.fileno(), fcntl.LOCK_EX)
        yield
