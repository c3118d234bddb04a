"""Opens a run in a thread: networks and the container of the phones are made while files are being collected.

Most of that time passes in the engine, the rest in this process, with imports. Modules that a play needs only after its
PBX has been started are imported while the engine starts it.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringproof.playing import RunEnvironment
    from ringproof.run.signals import Interruption


class Opening:
    """A run that is being opened by a thread; `take` waits until it is open, `discard` until that thread has ended."""

    def __init__(self, image: str, rendered: str, interruption: Interruption, *, phones: bool) -> None:
        """Begin nothing yet. `phones`: this process is going to play, so its container of phones is started, too.

        `interruption` must be installed already, so that what is begun is removed after a signal, too.
        """
        self.interruption = interruption
        self._image = image
        self._rendered = rendered
        self._phones = phones
        self._stack = contextlib.ExitStack()
        self._environment: RunEnvironment | None = None
        self._fault: BaseException | None = None
        self._opened = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to open. `discard` must follow in any case: a signal may come at any moment from here on."""
        import ringproof.playing  # noqa: F401, PLC0415 - here, since two threads that import at once delay each other

        self._thread = threading.Thread(target=self._open, name="opening the run", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        from ringproof.playing import load_later, open_run, start_phones  # noqa: PLC0415 - as above

        try:
            self._environment = self._stack.enter_context(open_run(self._image, self._rendered))
            if self._phones:
                start_phones(self._environment)
        except BaseException as fault:  # noqa: BLE001 - `take` raises it
            self._fault = fault
        finally:
            self._opened.set()
        if self._phones and self._environment is not None:
            load_later(self._environment)
            import ringproof.judge  # noqa: PLC0415 - as above
            import ringproof.observe  # noqa: PLC0415
            import ringproof.report.timeline  # noqa: F401, PLC0415

    def take(self, stack: contextlib.ExitStack) -> RunEnvironment:
        """Return the environment; what it has made is removed when `stack` is closed. Raises BrokenError."""
        self._opened.wait()
        stack.push(self._stack.pop_all().__exit__)
        if self._fault is not None:
            raise self._fault
        assert self._environment is not None  # noqa: S101 - the thread has set this or the fault
        return self._environment

    def discard(self) -> None:
        """Remove what was made, unless it has been taken; a signal that comes meanwhile is ignored."""
        from ringproof.run.signals import undisturbed  # noqa: PLC0415 - as above

        with undisturbed():
            if self._thread is not None and self._thread.ident is not None:
                self._thread.join()
            self._stack.close()
