"""A loop on which time is the page's and passes only when nobody has anything to do: minutes in milliseconds."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from ringproof.clock import clock as clocks
from ringproof.clock import page as pages
from ringproof.clock.clock import PlayLoop
from ringproof.clock.page import Page, Word

HANGS_AFTER_S = 20.0
"""Real seconds, and a day of virtual ones: a play takes some hundredths of one, and minutes."""
A_DAY_NS = 86_400 * 10**9
THREADS_LOOKED_AT_EVERY_S = 0.01
NOBODY_CAME_S = 3600.0
"""Virtual seconds in which a loop without any timer must be woken by a thread; else the play hangs."""


class HangError(BaseException):
    """A play that waits for what never comes; no Exception, so that nothing of the play handles it."""


class _Selector(clocks._Selector):  # noqa: SLF001 - it is to be the play's own loop in all but time
    """Never sleeps while the page's clock can be moved on in place of that."""

    def __init__(self) -> None:
        super().__init__()
        self.pass_time: Callable[[float, bool, float | None], bool] = lambda _, __, ___: False
        self.threads = 0
        """Pieces of work that other threads do for the loop."""

    def select(self, timeout: float | None = None) -> list[Any]:
        timer = timeout
        for clock in self.clocks:
            timeout = clock.before_select(timeout)
        super_select = super(clocks._Selector, self).select  # noqa: SLF001
        events = super_select(THREADS_LOOKED_AT_EVERY_S if self.threads and timeout != 0.0 else 0.0)
        if events or timeout == 0.0 or self.threads:
            return events
        if self.pass_time(NOBODY_CAME_S if timeout is None else timeout, timeout is None, timer):
            return []
        return super_select(THREADS_LOOKED_AT_EVERY_S)


class VirtualLoop(PlayLoop):
    """Its own time passes when nobody has anything to do, and with it that of the page, as the PBX's library has it."""

    def __init__(self) -> None:
        asyncio.SelectorEventLoop.__init__(self, selector := _Selector())
        self.selector = self._virtual_selector = selector
        self._begun = time.monotonic()
        self._now = 0
        self._shown = 0
        """The page's time."""
        self.is_waited_for: Callable[[], bool] = lambda: False
        """True while something that was sent is on its way: then a clock that races stands."""
        self._alarms: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._page: Page | None = None
        selector.pass_time = self._pass

    def time(self) -> float:
        return self._now / 1e9

    def drive(self, page: Page) -> None:
        """Have the page's time stand still but for `_pass`, as the PBX's library would say it."""
        self._page = page
        page[Word.OWNER] = 1
        self._shown = page.now()
        self._write()

    def run_in_executor(  # type: ignore[override]
        self,
        executor: Executor | None,
        func: Callable[..., Any],
        *args: Any,  # noqa: ANN401
    ) -> asyncio.Future[Any]:
        work = super().run_in_executor(executor, func, *args)
        self._virtual_selector.threads += 1
        work.add_done_callback(self._thread_ended)
        return work

    def _thread_ended(self, _: asyncio.Future[Any]) -> None:
        self._virtual_selector.threads -= 1

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        """Call `then` when so much time has passed on the page."""
        heapq.heappush(self._alarms, (self._shown + round(seconds * 1e9), next(self._numbers), then))

    def _pass(self, seconds: float, is_idle: bool, timer: float | None) -> bool:  # noqa: FBT001
        """Let time pass; `is_idle`: the loop has no timer, and without one of the script only a thread can wake it.

        `timer`: seconds until the loop's own next timer. While the page's time stands no moment of it comes, however
        near it is: a play that looked again and again for one that is 100 ns away took minutes.
        """
        if time.monotonic() - self._begun > HANGS_AFTER_S or self._now > A_DAY_NS:
            raise HangError(f"the play hangs: {self._now / 1e9:.0f} s of its own time have passed")
        if is_idle and not self._alarms:
            return False
        nanoseconds = max(1000, round(seconds * 1e9))
        page = self._page
        if page is None or (page[Word.CAP] and self.is_waited_for()):
            self._now += nanoseconds if timer is None else max(1000, round(timer * 1e9))
            return True
        if self._alarms:
            nanoseconds = min(nanoseconds, max(0, self._alarms[0][0] - self._shown))
        self._now += nanoseconds
        self._shown += nanoseconds
        page[Word.RACED] += nanoseconds
        self._write()
        while self._alarms and self._alarms[0][0] <= self._shown:
            self.call_soon(heapq.heappop(self._alarms)[2])
        return True

    def _write(self) -> None:
        page = self._page
        assert page is not None
        words, record = page._words, pages._RECORD  # noqa: SLF001 - what else only the library writes
        for at in (record, record + pages._RECORD_WORDS):  # noqa: SLF001
            words[at], words[at + 1], words[at + 2] = self._shown, 0, 0
        page[Word.HIGHEST] = self._shown
