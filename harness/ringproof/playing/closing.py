"""Closes everything at the end of a play, even if closing one thing fails."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence

from ringproof.containers.errors import note_later, raise_first


async def close_all(steps: Sequence[Callable[[], Awaitable[None] | None]], failure: BaseException | None) -> None:
    """Do all `steps` in their order, whatever one of them raises.

    `failure` is the exception that ended the play, if one did: what a step raises is added to it as a note. Without it
    the first exception of a step is raised once all steps have been done.
    """
    faults: list[BaseException] = []
    for step in steps:
        try:
            done = step()
            if inspect.isawaitable(done):
                await done
        except Exception as fault:  # noqa: BLE001 - reported below
            faults.append(fault)
    if failure is None:
        raise_first(faults)
        return
    for later in faults:
        note_later(failure, later)
