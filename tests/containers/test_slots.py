"""Places that the processes of a run share: so many at once, and the next one that is left is had by whoever waits."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from ringproof.containers import slots
from ringproof.containers.slots import async_place_in, place_in


class Holder:
    """Has a place in a thread of its own, until it is to leave."""

    def __init__(self, folder: Path, count: int) -> None:
        """Begin to wait for a place."""
        self.has_it, self._leave = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(folder, count), daemon=True)
        self._thread.start()

    def _hold(self, folder: Path, count: int) -> None:
        with place_in(folder, "test", count):
            self.has_it.set()
            self._leave.wait(20)

    def leave(self) -> None:
        """Leave the place."""
        self._leave.set()
        self._thread.join(20)


def test_so_many_at_once_and_no_more(tmp_path: Path) -> None:
    """Who comes later waits until somebody leaves; a place that was left is free again, again and again."""
    for _ in range(3):
        first, second = Holder(tmp_path, 2), Holder(tmp_path, 2)
        assert first.has_it.wait(20)
        assert second.has_it.wait(20)
        third = Holder(tmp_path, 2)
        assert not third.has_it.wait(0.2), "a third one has a place"
        first.leave()
        assert third.has_it.wait(20)
        second.leave()
        third.leave()


@pytest.mark.parametrize("number", range(4))
def test_whichever_place_is_left_is_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Who waits is not bound to one place, whose holder may stay for a minute, and is woken by who leaves."""
    monkeypatch.setattr(slots, "LOOKS_AGAIN", 20.0)
    holders = [Holder(tmp_path, 4) for _ in range(4)]
    for holder in holders:
        assert holder.has_it.wait(20)
    late = [Holder(tmp_path, 4) for _ in range(2)]
    holders[number].leave()
    holders[number - 1].leave()
    for holder in late:
        assert holder.has_it.wait(5)
    for holder in (*holders, *late):
        holder.leave()


def test_the_place_of_a_process_that_was_killed(tmp_path: Path) -> None:
    """It is had by who waits, although nobody reports that it was left."""
    hold = (
        "import signal, sys; from pathlib import Path; from ringproof.containers.slots import place_in\n"
        "with place_in(Path(sys.argv[1]), 'test', 1): print('has it', flush=True); signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"has it\n"
        late = Holder(tmp_path, 1)
        assert not late.has_it.wait(0.1)
        os.kill(process.pid, signal.SIGKILL)
        assert late.has_it.wait(10)
        late.leave()


def test_a_wait_that_is_cancelled_leaves_no_place_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that waits cannot be interrupted; the place that it gets is left again."""
    looks, look = threading.Event(), select.select

    def noted(*args: Any) -> Any:  # noqa: ANN401 - handed on
        looks.set()
        return look(*args)

    kept: list[object] = []

    def place(*args: Any) -> Any:  # noqa: ANN401 - handed on
        kept.append(made := place_in(*args))  # else it would be left when nobody has it any more
        return made

    monkeypatch.setattr(select, "select", noted)
    monkeypatch.setattr(slots, "place_in", place)
    holder = Holder(tmp_path, 1)
    assert holder.has_it.wait(20)

    async def wait() -> None:
        async with async_place_in(tmp_path, "test", 1):
            pass

    async def cancel_and_wait_again() -> None:
        waiting = asyncio.create_task(wait())
        assert await asyncio.to_thread(looks.wait, 20)  # it is the first of those who wait
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        holder.leave()
        try:
            await asyncio.wait_for(wait(), 10)
        finally:
            kept.clear()  # so that no thread waits for ever

    asyncio.run(cancel_and_wait_again())
