"""One run: all scenarios of a command, its environment, its results and its exit code."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ringproof.core.paths import shown
from ringproof.report.out import is_unwritable, unwritable
from ringproof.report.result import EXIT_BROKEN, Result, all_skipped, exit_code
from ringproof.report.results import ResultsFile
from ringproof.report.sink import Red, ResultSink, RunReport
from ringproof.report.summary import clock_notes, complaint_notes
from ringproof.run.attempts import NotJudgedError
from ringproof.run.signals import Interruption, undisturbed

if TYPE_CHECKING:
    from ringproof.playing import RunEnvironment
    from ringproof.run.opening import Opening

NOTHING_PLAYED = "nothing was played: all that was selected needs a newer Asterisk, which is no success"


class Run:
    """All scenarios of one command, seen from the controlling process: environment, results, interruption."""

    def __init__(
        self,
        out: Path,
        image: str,
        *,
        rendered: str = "",
        allow_unsteady: bool = False,
        allow: Sequence[str] = (),
        opening: Opening | None = None,
        sinks: Sequence[ResultSink] = (),
    ) -> None:
        """Write to `out`; play on `image`, and on the files in the folder `rendered` if one is given.

        `allow_unsteady`: unsteady scenarios do not make the run fail. `allow`: patterns of complaints of Asterisk at
        boot for which the configuration is not refused. `opening`: an environment of this image that is being opened
        already. `sinks`: what takes the results beside the file in `out`.
        """
        self._opening = opening
        self.out = out
        self.rendered = rendered
        self.allow_unsteady = allow_unsteady
        self.allow = tuple(allow)
        self.results: list[Result] = []
        self.selected = 0
        self.not_played = 0
        """How many scenarios were not played because a file is invalid."""
        self.may_stop = False
        """True if the user asked to stop at the first failure (pytest -x): missing results are not lost then."""
        self.interrupted: str | None = None
        self.environment: RunEnvironment | None = None
        self.fault: NotJudgedError | None = None
        self.unwritten = ""
        """Why results could not be written; empty: all were."""
        self._image = image
        self._sinks: tuple[ResultSink, ...] = (ResultsFile(out), *sinks)
        self._defect = False
        self._begun = time.monotonic()
        self._interruption = opening.interruption if opening is not None else Interruption()
        self._stack = contextlib.ExitStack()
        self._over = False
        self._removal: threading.Thread | None = None
        self._removal_fault: BaseException | None = None

    def start(self, selected: int) -> None:
        """Report to the sinks how many scenarios are about to be played (invalid files included)."""
        self.selected = selected
        self._tell(lambda sink: sink.started(selected))

    def open(self) -> None:
        """Prepare the environment; if that fails, `fault` says why and every scenario is broken."""
        from ringproof.playing import BrokenError, open_run  # noqa: PLC0415 - docker is imported when it is needed

        if self._opening is None:
            self._interruption.__enter__()
        try:
            if self._opening is not None:
                self.environment = self._opening.take(self._stack)
            else:
                self.environment = self._stack.enter_context(open_run(self._image, self.rendered))
        except BrokenError as fault:
            self.fault = NotJudgedError(fault.sentence, fault.hint)
        self._heed()

    def add(self, result: Result) -> None:
        """Add one more result, and report it to the sinks."""
        self.results.append(result)
        self._tell(lambda sink: sink.scenario(result))
        self._heed()

    def note_red(self, red: Red) -> None:
        """Report to the sinks a red that is being confirmed."""
        self._tell(lambda sink: sink.red(red))

    def note_defect(self) -> None:
        """Record that the program that plays (pytest) failed itself: the run then ends with exit code 3."""
        self._defect = True

    def _heed(self) -> None:
        """Raise KeyboardInterrupt again if a signal came, and some library caught the exception and dropped it."""
        if self._interruption.signal is not None and self.interrupted is None:
            raise KeyboardInterrupt

    def note_unwritten(self, fault: OSError) -> None:
        """Record why results could not be written: the run then ends with exit code 3, and reports the first reason."""
        self.unwritten = self.unwritten or f"results are missing in {shown(self.out)}: {unwritable(fault)}"

    def _tell(self, tell: Callable[[ResultSink], None]) -> None:
        for sink in self._sinks:
            try:
                tell(sink)
            except OSError as fault:
                if not is_unwritable(fault):
                    raise
                self.note_unwritten(fault)

    def interrupt(self) -> None:
        """Record which signal ended the run: the one that came, or else SIGINT."""
        self.interrupted = self._interruption.signal or "SIGINT"

    def close(self) -> None:
        """Report to the sinks that the run is over, and begin to remove what it made; further calls do nothing.

        The verdict does not have to wait for the engine: `await_removal` waits for it.
        """
        if self._over:
            return
        self._over = True
        with undisturbed():
            self._removal = threading.Thread(target=self._remove, name="removing the run")
            self._removal.start()
            self._tell(lambda sink: sink.finished(self.report))

    def _remove(self) -> None:
        try:
            self._stack.close()
        except BaseException as fault:  # noqa: BLE001 - `await_removal` raises it
            self._removal_fault = fault

    def await_removal(self) -> None:
        """Return when nothing of a closed run is left in the engine.

        A second Ctrl-C has to wait: half a clean-up would leave containers behind.
        """
        if self._removal is None:
            return
        with undisturbed():
            self._removal.join()
        self._removal = None
        if self._opening is None:
            self._interruption.__exit__()
        if self._removal_fault is not None:
            raise self._removal_fault

    @property
    def is_over(self) -> bool:
        """True once `close` has been called."""
        return self._over

    @property
    def report(self) -> RunReport:
        """The state of the run so far."""
        return RunReport(
            results=tuple(self.results),
            missing=self.missing,
            exit_code=self.exit_code,
            interrupted=self.interrupted,
            elapsed=time.monotonic() - self._begun,
            out=self.out,
            notes=(*clock_notes(self.results), *self._notes()),
        )

    def _notes(self) -> list[str]:
        notes = [f"played on the files in {shown(Path(self.rendered))}"] if self.rendered else []
        notes += complaint_notes(self.results, self.allow)
        notes += [self.unwritten] if self.unwritten else []
        return [*notes, NOTHING_PLAYED] if all_skipped(self.results) else notes

    @property
    def missing(self) -> int:
        """How many of the selected scenarios have no result."""
        return max(0, self.selected - len(self.results)) + self.not_played

    @property
    def exit_code(self) -> int:
        """The exit code of `ringproof run`."""
        lost = 0 if self.may_stop else self.selected - len(self.results)
        code = exit_code(self.results, lost=lost, interrupted=self.interrupted, allow_unsteady=self.allow_unsteady)
        return max(code, EXIT_BROKEN) if self.unwritten or self._defect else code
