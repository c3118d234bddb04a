"""Boot a PBX with its phones and keep it open, on an event loop in a thread of its own.

The loop drives the PBX's clock. While no step runs, the clock is held: PBX time passes as real time does. While a step
runs on the loop, the clock may race, as in a play. So a test that does one step after the other misses nothing between
two of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from ringproof.api.errors import HIDDEN, RingproofError, ScenarioFailedError
from ringproof.api.python_source import calling_place
from ringproof.api.run import ERRORS, Run
from ringproof.clock.clock import PbxClock, PbxEpoch, PlayLoop
from ringproof.clock.jitter import auto
from ringproof.clock.page import PageError
from ringproof.containers.errors import BrokenError, EditedConfigurationError, UnmetNeedsError, broken_by
from ringproof.events.model import RegistrationLost, RegistrationRefused
from ringproof.events.record import read_record
from ringproof.pbx.manager import ManagerLostError
from ringproof.playing.clock_setup import open_page, prove_all_heard, prove_clock, prove_page_whole
from ringproof.playing.closing import close_all
from ringproof.playing.conductor import CLEARS_WITHIN
from ringproof.playing.context import PbxFaultError, PlayContext
from ringproof.playing.frozen_phones import prove_awake, watched_pbx, watched_phones
from ringproof.playing.recorder import Recorder
from ringproof.playing.registration import RegistrationRefusedError
from ringproof.playing.setup import PlaySetup
from ringproof.report.finding_text import WIDTH
from ringproof.run.attempts import NEEDS, NotJudgedError, Table
from ringproof.run.verdicts import not_judged
from ringproof.scenario.model.scenario import Scenario as Story

__tracebackhide__ = HIDDEN

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts of an open PBX, which are used on its loop."""

    loop: asyncio.AbstractEventLoop
    clock: PbxClock
    context: PlayContext
    setup: PlaySetup
    began: PbxEpoch
    closing: asyncio.Event


class OpenPbx:
    """A PBX that has booted with an office, its phones registered; calls are made only by the steps of a test.

    A context manager. Its phones do what the story's `phones` say, and keep ringing where that says nothing.
    """

    def __init__(self, run: Run, story: Story, folder: Path, place: str) -> None:
        """Open it in a run; `folder` has its evidence, and a failure to boot is reported at `place`."""
        self.story = story
        self.folder = folder
        self.opened: Opened | None = None
        self._run = run
        self._place = place
        self._held = contextlib.ExitStack()
        self._ready = threading.Event()
        self._fault: BaseException | None = None
        self._reported = False
        """True if a step has raised the fault already or was interrupted: then nothing is proven at the end."""
        self._begun = time.monotonic()
        self._thread = threading.Thread(target=self._live, name=f"the PBX of {place}", daemon=True)

    def __enter__(self) -> Self:
        """Boot it. Raises what `play` raises."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self._ready.wait()
        if self.opened is None:
            self._thread.join()
            assert self._fault is not None  # noqa: S101 - else it would be open
            raise self._error(self._fault, self._place) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End phones and PBX. Raises a fault that occurred meanwhile and that no step has raised."""
        if self.opened is not None:
            self.opened.loop.call_soon_threadsafe(self.opened.closing.set)
        self._thread.join()
        self.opened = None
        if kind is None and self._fault is not None and not self._reported:
            raise self._error(self._fault, self._place) from None

    def do(self, step: Callable[[Opened], Coroutine[Any, Any, T]]) -> T:
        """Run a step on the loop while the PBX's clock may race; return its result."""
        return self._on_the_loop(step, races=True)

    def ask(self, question: Callable[[Opened], Awaitable[T]]) -> T:
        """Ask the PBX something while its clock is held: PBX time passes only as real time does."""

        async def ask(open_: Opened) -> T:
            return await question(open_)

        return self._on_the_loop(ask, races=False)

    def look(self, at: Callable[[Opened], T]) -> T:
        """Return something as it is now, read on the loop."""

        async def look(open_: Opened) -> T:
            return at(open_)

        return self._on_the_loop(look, races=False)

    def _on_the_loop(self, step: Callable[[Opened], Coroutine[Any, Any, T]], *, races: bool) -> T:
        open_ = self.opened
        if open_ is None:
            hint = "use it inside the test that got it from the fixture `asterisk`"
            raise RingproofError(f"{calling_place()}: the PBX of this test is not open\n   hint: {hint}")

        async def run() -> T:
            open_.context.check()
            if races:
                self._held.close()
            try:
                return await step(open_)
            finally:
                if races:
                    self._held.enter_context(open_.clock.hold())

        running = asyncio.run_coroutine_threadsafe(run(), open_.loop)
        try:
            return running.result()
        except KeyboardInterrupt:
            self._reported = True
            running.cancel()
            raise
        except RingproofError as fault:
            raise fault.with_traceback(None) from None  # the error is about the user's line
        except (BrokenError, PbxFaultError) as fault:
            self._reported = True
            raise self._error(fault, str(calling_place())) from None

    def _live(self) -> None:
        """Open the PBX and serve it until it is closed, in a thread of its own."""
        try:
            with asyncio.Runner(loop_factory=PlayLoop) as runner:
                runner.run(self._serve())
        except BaseException as fault:  # noqa: BLE001 - it is raised in the test's thread
            self._fault = fault
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        environment = self._run.require_open()
        speed = auto() if self._run.speed == "auto" else self._run.speed
        clock = PbxClock(open_page(self.story, environment), speed=min(speed, self.story.speed or speed))
        recorder = Recorder(self.folder / "events.ndjson")
        context = PlayContext(clock, recorder)
        setup = PlaySetup(self.story, environment, self.folder, context, allow=self._run.allow)
        failure: BaseException | None = None
        with context.unforeseen_reported():
            try:
                try:
                    with watched_phones(setup.phones, context), watched_pbx(setup, context):
                        await self._open_and_wait(context, setup, recorder)
                except ManagerLostError:
                    await setup.explain_loss()
            except BaseException as fault:
                failure = fault
                raise
            finally:
                await close_all(
                    [self._held.close, context.end_tasks, setup.close, recorder.close, clock.close], failure
                )

    async def _open_and_wait(self, context: PlayContext, setup: PlaySetup, recorder: Recorder) -> None:
        clock = context.clock
        with clock.hold():
            await setup.open()
            if await setup.prepare():
                context.check()
                recorder.forget()
        await prove_clock(self.story, clock, setup.pbx)
        recorder.begin(clock.now())
        clock.begin_story(dialplan_step=self.story.dialplan_step or 0.0)
        setup.watch_media()
        setup.extensions.begin_story()
        self._held.enter_context(clock.hold())
        closing = asyncio.Event()
        self.opened = Opened(asyncio.get_running_loop(), clock, context, setup, clock.now(), closing)
        self._ready.set()
        await closing.wait()
        prove_page_whole(clock.page)
        context.check()
        self._held.close()
        if not self._reported:
            await self._prove(context, setup)

    async def _prove(self, context: PlayContext, setup: PlaySetup) -> None:
        """End all calls, and prove that nothing of them was lost: else what the test saw would mean nothing."""
        clock = context.clock
        setup.callers.hang_up_all()
        cleared = PbxEpoch(clock.now() + CLEARS_WITHIN)
        if not await context.until(lambda: setup.callers.over and not setup.extensions.ringing, cleared):
            setup.extensions.hang_up_all()
        await context.wait_until(PbxEpoch(clock.now() + CLEARS_WITHIN))
        await prove_awake(setup.phones, context)
        await setup.captures.compare()
        await prove_all_heard(clock)
        setup.pbx.refuse_log()
        context.check()

    def _error(self, fault: BaseException, place: str) -> BaseException:
        """Return the error to raise for a fault: that of the outcome that the command would report."""
        if isinstance(fault, PbxFaultError | RegistrationRefusedError):
            text = f"{place}: {self._refused() or fault}\n   evidence: {self.folder}"
            return ScenarioFailedError(text, evidence=self.folder)
        if isinstance(fault, UnmetNeedsError):
            judged = NotJudgedError(str(fault), kind=NEEDS)
        elif isinstance(fault, EditedConfigurationError):
            judged = NotJudgedError(fault.sentence, fault.hint, "configuration", fault.problems)
        elif isinstance(fault, BrokenError):
            judged = NotJudgedError(fault.sentence, fault.hint)
        elif isinstance(fault, (PageError, OSError)):
            broken = broken_by(fault, "beside the test")
            judged = NotJudgedError(broken.sentence, broken.hint)
        else:
            return fault
        table = Table(environment=self._run.require_open(), out=self.folder.parent, width=WIDTH)
        result = not_judged(self.story, judged, table, time.monotonic() - self._begun, WIDTH)
        return ERRORS[result.outcome](result.text, evidence=self.folder)

    def _refused(self) -> str:
        """Return, from the record, which phone the PBX did not register first, and why; empty where there is none."""
        with contextlib.suppress(OSError, ValueError):
            for event in read_record((self.folder / "events.ndjson").read_text(encoding="utf-8")):
                if isinstance(event, RegistrationRefused | RegistrationLost):
                    why = f": {event.because}" if event.because else ""
                    return f"the PBX did not register {event.phone}{why}"
        return ""
