"""Handles the signals that end a run in order, and keeps them from disturbing its clean-up."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a run in order."""


class Interruption:
    """While installed, makes SIGTERM and SIGHUP end what runs as Ctrl-C does: by KeyboardInterrupt, with its clean-up.

    The second signal is ignored, so that the clean-up is not cut short: a terminal's Ctrl-C reaches the workers
    directly, and the controlling process sends them a signal, too. The third raises KeyboardInterrupt again.

    Python drops an exception that is raised while an object is finalized (a generator that is left half-read, a
    `__del__`, a callback from C), and reports it only to `sys.unraisablehook`. A signal that came at such a moment is
    sent to this process again, until its exception has been raised where it can be caught.
    """

    AGAIN_AFTER_S = 0.02
    """The finalizer should have ended by then; if not, the exception is dropped again, and the signal sent again."""

    def __init__(self) -> None:
        """Install nothing yet."""
        self.signal: str | None = None
        self._seen = 0
        self._before: dict[signal.Signals, Any] = {}
        self._hook_before: Callable[[sys.UnraisableHookArgs], object] | None = None
        self._last: int | None = None
        self._telling = False

    def __enter__(self) -> Self:
        """Install. A signal that the shell made ignored (SIGINT of a background job, SIGHUP by nohup) stays ignored."""
        for number in INTERRUPTS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        self._hook_before, sys.unraisablehook = sys.unraisablehook, self._dropped
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the handlers and the hook of before."""
        while self._before:
            signal.signal(*self._before.popitem())
        if self._hook_before is not None:
            if sys.unraisablehook == self._dropped:  # otherwise another hook has been set above this one
                sys.unraisablehook = self._hook_before
            self._hook_before = None

    def _handle(self, number: int, _frame: object) -> None:
        self._last = number
        if number == signal.SIGHUP:
            _leave_closed_terminal()
        if self._telling:  # what is raised in a hook is dropped, too
            self._send_again(number)
            return
        self._seen += 1
        self.signal = self.signal or signal.Signals(number).name
        if self._seen != 2:  # noqa: PLR2004 - see the class
            raise KeyboardInterrupt

    def _dropped(self, told: sys.UnraisableHookArgs) -> None:
        hook = self._hook_before or sys.__unraisablehook__
        if self._last is None or not issubclass(told.exc_type, KeyboardInterrupt):
            hook(told)
            return
        self._telling = True
        try:
            self._seen -= 1
            self._send_again(self._last)
        finally:
            self._telling = False

    def _send_again(self, number: int) -> None:
        main = threading.main_thread().ident
        assert main is not None  # noqa: S101 - it has started
        again = threading.Timer(self.AGAIN_AFTER_S, signal.pthread_kill, (main, number))
        again.daemon = True
        again.start()


def _leave_closed_terminal() -> None:
    """Redirect the descriptors of a closed terminal to /dev/null: each write would fail, and end the clean-up.

    All descriptors are checked, since pytest moves those of stdout and stderr while a test runs.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        try:
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"")
        except OSError as fault:
            if fault.errno == errno.EIO:
                os.dup2(nowhere, descriptor)
    os.close(nowhere)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore the INTERRUPTS until the end of the block: half a clean-up would leave containers behind."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
