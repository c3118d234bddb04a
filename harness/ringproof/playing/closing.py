"""The end of a play: everything is closed, also where closing one thing fails."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence

from ringproof.containers.errors import note_later, raise_first


async def close_all(steps: Sequence[Callable[[], Awaitable[None] | None]], failure: BaseException | None) -> None:
    """Do all `steps` in their order, whatever one of them raises.

    `failure` is why the play ended, if it failed: what a step raises is noted with it. Without one the first that is
    raised leaves this function, once all have been done.
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
