"""What the tasks of a play share: the clock, the record of events, and waiting for a condition."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from ringproof.clock.clock import PbxClock, PbxEpoch
from ringproof.containers.errors import BrokenError, broken_by
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import CallEndless, Event, LedElsewhere, PbxCrashed, TalkRefused
from ringproof.pbx.manager import ManagerLostError
from ringproof.playing.recorder import Recorder


class PbxFaultError(Exception):
    """The PBX did something that ends the story: the verdict is red."""

    def __init__(self, sentence: str, event: Event | None) -> None:
        """`event`: what is to be recorded; None: it has been recorded."""
        super().__init__(sentence)
        self.event = event


class PbxCrashedError(PbxFaultError):
    """Asterisk crashed: it ended by a signal such as SIGSEGV or SIGABRT."""

    def __init__(self, signal: int, at: PbxEpoch) -> None:
        """Keep the signal's number."""
        super().__init__(f"Asterisk crashed by signal {signal}", PbxCrashed(at=PbxSeconds(at), signal=signal))


class CallEndlessError(PbxFaultError):
    """A call runs in a dialplan loop that never waits: PBX time almost stands still, and the story would take hours."""

    def __init__(self, place: str, at: PbxEpoch) -> None:
        """`place`: where in the dialplan it runs."""
        super().__init__(f"a call runs in a circle at {place}", CallEndless(at=PbxSeconds(at), place=place))


class LedElsewhereError(PbxFaultError):
    """The PBX sent a phone or caller to an address outside the run: the story would only wait for answers."""

    def __init__(self, led: LedElsewhere) -> None:
        """`led` has been recorded: all such events are, and the first one ends the story."""
        super().__init__(f"the PBX sends {led.who} to {led.address}", None)


class TalkRefusedError(PbxFaultError):
    """A phone could not take the call that it is to be on when the story begins, because of what the PBX offered."""

    def __init__(self, refused: TalkRefused) -> None:
        """`refused`: the event to record."""
        super().__init__(f"{refused.phone} refused its first call with {refused.code}", refused)


class PlayContext:
    """Records events, each of which wakes all tasks that wait; a failure reported here ends every wait."""

    def __init__(self, clock: PbxClock, recorder: Recorder) -> None:
        """Share `clock` and `recorder`."""
        self.clock = clock
        self._recorder = recorder
        self._changed = asyncio.Event()
        self._failure: BrokenError | PbxFaultError | None = None
        self._unforeseen: BrokenError | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def record(self, event: Event) -> None:
        """Record an event (its `at` is a PbxEpoch) and wake all tasks that wait."""
        self._recorder.record(event)
        self.notify()

    def notify(self) -> None:
        """Wake all tasks that wait, so that they check their conditions again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def fail(self, failure: BrokenError | PbxFaultError) -> None:
        """End every wait with this failure; only the first one reported counts."""
        if self._failure is None:
            self._failure = failure
            if isinstance(failure, PbxFaultError) and failure.event is not None:
                self._recorder.record(failure.event)
        self.notify()

    def check(self) -> None:
        """Raise the first failure reported, if any."""
        if self._failure is not None:
            raise self._failure

    @contextlib.contextmanager
    def unforeseen_reported(self) -> Iterator[None]:
        """Until the end of the block, make the play fail if a callback or task of the running loop raises an exception.

        It is raised as BrokenError at the end, unless another exception leaves the block.
        """
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        loop.set_exception_handler(self._take_unforeseen)
        try:
            yield
        finally:
            loop.set_exception_handler(before)
        if self._unforeseen is not None:
            raise self._unforeseen

    def _take_unforeseen(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        what = context.get("message", "")
        fault = context.get("exception")
        broken = broken_by(fault, f"({what})") if fault is not None else BrokenError(f"the harness failed: {what}")
        self._unforeseen = self._unforeseen or broken
        self.fail(broken)

    def hold_for(self, span: PbxSeconds, why: str) -> None:
        """Keep the clock at the pace of real time for `span`."""

        async def hold() -> None:
            with self.clock.hold():
                await self.clock.wait_until(PbxEpoch(self.clock.now() + span))

        self.begin(hold(), why)

    def begin(self, task: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Run a task beside the story; an exception that it raises is a failure of the play."""
        running = asyncio.get_running_loop().create_task(task, name=name)
        self._tasks.add(running)
        running.add_done_callback(self._ended)
        return running

    def end_tasks(self) -> None:
        """Cancel what still runs beside the story."""
        for task in self._tasks:
            task.cancel()

    async def wait_until(self, moment: PbxEpoch) -> None:
        """Wait until `moment`. Raises a failure that is reported meanwhile, at once."""
        await self.until(lambda: False, moment)

    async def until(self, holds: Callable[[], bool], deadline: PbxEpoch) -> bool:
        """Return True as soon as `holds` does, False when `deadline` has come. Raises the first failure reported."""
        timer = asyncio.ensure_future(self.clock.wait_until(deadline))
        try:
            while True:
                self.check()
                if holds():
                    return True
                if timer.done():
                    return False
                change = asyncio.ensure_future(self._changed.wait())
                try:
                    await asyncio.wait({timer, change}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    change.cancel()
        finally:
            timer.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (fault := task.exception()) is None:
            return
        if isinstance(fault, ManagerLostError):
            return  # `PlaySetup.explain_loss` finds out why the PBX ended, and raises that
        if isinstance(fault, (BrokenError, PbxFaultError)):
            self.fail(fault)
        else:
            self.fail(broken_by(fault, f"in {task.get_name()}"))
