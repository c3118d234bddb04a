"""The part of the plugin that runs in the one process that the user started."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringproof.core.paths import shown
from ringproof.pytest_plugin.confirming import RED
from ringproof.pytest_plugin.items import DEFECT, INVALID, UNREAD, RingproofItem
from ringproof.pytest_plugin.keys import ENDING, EXPECTED, OPENING, RUN, SINKS
from ringproof.pytest_plugin.options import WIDTH
from ringproof.pytest_plugin.player import ATTRIBUTE
from ringproof.pytest_plugin.settings import image_of, out_of, rendered_of, speed_of
from ringproof.report.out import OutError, claimed, is_unwritable
from ringproof.report.result import Result, Told, and_more
from ringproof.report.sink import Red
from ringproof.report.summary import summary_text, totals_line
from ringproof.run.attempts import UNSTEADY_IN_CI
from ringproof.run.session import Run

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter


class Controller:
    """Opens and closes the run, and gathers the results, in the one process that the user started."""

    def __init__(self, config: pytest.Config) -> None:
        """Serve this session."""
        self.config = config
        allow_unsteady = bool(config.getoption("ringproof_allow_unsteady"))
        if allow_unsteady and os.environ.get("CI") == "true":
            raise pytest.UsageError(UNSTEADY_IN_CI)
        speed_of(config)
        if config.getoption("ringproof_repeat") < 1:
            raise pytest.UsageError("--ringproof-repeat: give a number from 1 on")
        self.run = Run(
            out_of(config),
            image_of(config),
            rendered=rendered_of(config),
            allow_unsteady=allow_unsteady,
            allow=config.getoption("ringproof_allow"),
            opening=config.stash.get(OPENING, None),
            sinks=config.stash.get(SINKS, ()),
        )
        self._claim = contextlib.ExitStack()
        self._others_passed = False
        """True if a test that is no scenario has passed: then pytest's own exit code is right."""
        self._shared: Path | None = getattr(config, "ringproof_shared", None)
        self.run.may_stop = bool(config.getoption("maxfail", 0))
        config.stash[RUN] = self.run

    def begin(self, ids: list[str]) -> None:
        """Open the run, unless nothing is to be played.

        If fewer were collected than the command line has read, the rest counts as lost: the exit code is then 3.
        """
        if self._shared is not None and (self._shared / "not-played").exists():
            self.run.not_played = int((self._shared / "not-played").read_text())
        try:
            self._claim.enter_context(claimed(self.run.out))
        except OutError as fault:
            raise pytest.UsageError(f"--ringproof-out: {self.run.out}: {fault}") from fault
        self.run.start(max(len(ids), self.config.stash.get(EXPECTED, 0)))
        if any(not name.endswith((f"::{INVALID}", f"::{UNREAD}")) for name in ids):
            self.run.open()
            if self._shared is not None:
                (self._shared / "environment.json").write_text(json.dumps(self.told()))

    def told(self) -> dict[str, Any]:
        """Return what the processes that play must know: the environment and the width, or why there is none."""
        if self.run.fault is not None:
            return {"fault": [self.run.fault.sentence, self.run.fault.hint]}
        assert self.run.environment is not None  # noqa: S101 - `begin` has set this or the fault
        return {"environment": self.run.environment.to_dict(), "width": WIDTH}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Open the run of a session without workers."""
        ours = [item.nodeid for item in session.items if isinstance(item, RingproofItem)]
        if ours and not session.config.getoption("collectonly") and not session.testsfailed:
            self.begin(ours)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the result that a report carries; a scenario whose process died gets one, too."""
        if (red := getattr(report, RED, None)) is not None:
            self.run.note_red(Red(**red))
        self._others_passed |= report.when == "call" and report.passed and f"{ENDING}::" not in report.nodeid
        message = getattr(report, ATTRIBUTE, None)
        if message is None and report.when not in {"setup", "call", "teardown"} and f"{ENDING}::" in report.nodeid:
            message = _crashed(report)
        if message is None:
            return

        result = Result.from_message(message)
        if result.findings and not report.skipped and result.findings[0].kind != DEFECT:
            report.__dict__["longrepr"] = _HouseForm(result)  # not pytest's own class, which is private
        self.run.add(result)

    def pytest_internalerror(self) -> None:
        """Record that pytest or a plugin of it failed."""
        self.run.note_defect()

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """End the workers at once, since a SIGTERM reached only this process. -x calls this too, with a subclass."""
        if excinfo.type is KeyboardInterrupt:
            self.run.interrupt()
            for pid in self._workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def _workers(self) -> list[int]:
        if self._shared is None:
            return []
        return [int(file.read_text()) for file in self._shared.glob("*.pid")]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - xdist has no public type
        """Forget the process id of a worker that has ended: another process may get it soon."""
        if self._shared is not None:
            (self._shared / f"{node.gateway.id}.pid").unlink(missing_ok=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, None]:
        """Close the run after xdist has ended its workers, and replace an exit code of 0 by the run's own."""
        try:
            yield
        except OSError as fault:  # pytest could not write its junit.xml
            if not is_unwritable(fault) or not self.run.selected:
                raise
            self.run.note_unwritten(fault)
        if not self.run.selected:
            return
        self.run.close()
        if session.exitstatus == pytest.ExitCode.OK and self.run.exit_code and not self._others_passed:
            session.exitstatus = self.run.exit_code

    def pytest_unconfigure(self) -> None:
        """Close the run even when the session's end was disturbed, and leave nothing of it."""
        if self.run.selected:
            self.run.close()
            if OPENING not in self.config.stash:  # otherwise the command line waits, after it has printed the verdict
                self.run.await_removal()
        self._claim.close()
        if self._shared is not None:
            shutil.rmtree(self._shared, ignore_errors=True)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Print the table, the totals and where the results are."""
        if not self.run.selected:
            return

        report = self.run.report
        terminalreporter.section("Ringproof")
        terminalreporter.write_line(summary_text(report.results, width=WIDTH))
        totals = totals_line(
            report.results, elapsed=report.elapsed, not_played=report.missing, interrupted=report.interrupted
        )
        terminalreporter.write_line(f"{totals}; results: {shown(report.out / 'results.json')}")
        for note in report.notes:
            terminalreporter.write_line(note)


class _HouseForm:
    """A failure in the form that pytest and its JUnit writer use: the text, and the one sentence for summaries."""

    class _Crash:
        def __init__(self, message: str) -> None:
            self.message = message

        def toterminal(self, tw: Any) -> None:  # noqa: ANN401 - pytest's own
            tw.line(self.message)

    def __init__(self, result: Result) -> None:

        self._text = result.text
        self.reprcrash = self._Crash(result.findings[0].sentence + and_more(result.findings))

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: Any) -> None:  # noqa: ANN401 - pytest's own
        tw.line(self._text)


def _crashed(report: pytest.TestReport) -> dict[str, Any]:
    """Return the result of a scenario whose worker died: no report of its own came."""
    file, _, name = report.nodeid.partition("::")
    sentence = "the process that played this scenario ended without a word"
    return Result(
        id=name,
        name=name,
        file=file,
        line=1,
        outcome="broken",
        findings=(Told("broken", sentence, 1),),
        text=f"{file}: {name}: {sentence}",
    ).to_message()
