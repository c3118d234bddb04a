"""What both front ends share: which files are meant, playing and judging one scenario, and the run around them all."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ringproof.report.out import unwritable
from ringproof.report.result import EXIT_BROKEN, REPEATED, Outcome, Play, Result, Told, all_skipped, exit_code
from ringproof.report.results import ResultsFile
from ringproof.run.attempts import FAST, NotJudgedError, Plays, Table

if TYPE_CHECKING:
    from ringproof.core.problem import Problem
    from ringproof.play import RunEnvironment
    from ringproof.run.attempts import Attempt
    from ringproof.run.opening import Opening
    from ringproof.scenario.model.scenario import Scenario

ENDING = ".ring.yaml"
KNOWN_RED = "known-red"
"""A folder of this name holds scenarios that are red on purpose: it is played only when its path is named."""
DEFAULT_OUT = "out"
NOTHING_PLAYED = "nothing was played: all that was selected needs a newer Asterisk, which is no success"
DEFAULT_IMAGE = "ringproof-asterisk:22"
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a run in order."""


def is_named(folder: Path, named: Iterable[Path]) -> bool:
    """True when one of the paths on the command line is `folder` or lies in it."""
    return any(path == folder or folder in path.parents for path in named)


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the scenario files that `paths` mean, each once; folders are searched, hidden ones and known-red not.

    A file that is named twice, once relative and once absolute, is one file, as pytest collects it.
    """
    paths = list(paths)
    seen: set[str] = set()
    named = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - resolve() would follow links
    for path in paths:
        for file in _below(path, named) if path.is_dir() else [path]:
            if (name := os.path.abspath(file)) not in seen:  # noqa: PTH100 - as above
                seen.add(name)
                yield file


def _below(folder: Path, named: list[Path]) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        inside = Path(here)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (name != KNOWN_RED or is_named(Path(os.path.abspath(inside / name)), named))  # noqa: PTH100
        )
        yield from (inside / name for name in sorted(files) if name.endswith(ENDING))


def repetition(scenario: Scenario, number: int, times: int) -> Scenario:
    """Return the scenario as its play number `number` of `times`, with a name and an evidence folder of its own."""
    digits = len(str(times))
    return dataclasses.replace(
        scenario, id=f"{scenario.id}-{number:0{digits}}", name=f"{scenario.name}{REPEATED.format(number, times)}"
    )


def is_meant(name: str, texts: Iterable[str]) -> bool:
    """True when a scenario's name contains one of `texts`, upper and lower case alike; without texts all are meant."""
    texts = list(texts)
    return not texts or any(text.casefold() in name.casefold() for text in texts)


def tell(scenario: Scenario, plays: Plays, table: Table) -> Result:
    """Return the verdict, and write it to the evidence folder as `verdict.txt`."""
    from ringproof.core.duration import PbxSeconds, format_duration  # noqa: PLC0415
    from ringproof.report.complaints import complaints_in  # noqa: PLC0415 - as above
    from ringproof.report.finding_text import WIDTH, failure_text, unsteady_text  # noqa: PLC0415
    from ringproof.report.plain import plain_observation  # noqa: PLC0415

    folder = table.out / scenario.id
    told, fast = plays.told, plays.fast
    outcome: Outcome = "failed" if told.findings else "passed"
    if not plays.steady:
        outcome = "unsteady"

    def text(width: int) -> str:
        evidence = f"{shown(folder)}/"
        if fast is None or plays.steady:
            length = format_duration(PbxSeconds(told.observation.over))
            note = f"not confirmed, since the story takes {length}: `--speed 1` plays it so" if plays.too_long else ""
            return failure_text(
                scenario, told.observation, told.findings, evidence=evidence, folder=folder, width=width, note=note
            )
        seen = [
            (f"at speed {play.report.speed:g}", play.observation, play.findings, place)
            for play, place in ((fast, f"{evidence}{FAST}/"), (told, evidence))
        ]
        return unsteady_text(scenario, seen, width=width)

    (folder / "verdict.txt").write_text(("passed" if outcome == "passed" else text(WIDTH)) + "\n", encoding="utf-8")
    findings = told.findings or (fast.findings if fast is not None else ())
    return Result(
        id=scenario.id,
        name=scenario.name,
        file=scenario.source.file,
        line=scenario.source.line,
        starts=scenario.starts.isoformat() if scenario.starts is not None else None,
        outcome=outcome,
        findings=tuple(Told(entry.kind, entry.sentence, entry.source.line, entry.follows) for entry in findings),
        wall=plays.wall,
        pbx=float(told.observation.over + told.observation.watched),
        speed=told.report.speed,
        plays=_plays(plays.made),
        why_not=told.report.why_not,
        held=told.report.held,
        observation=plain_observation(told.observation),
        fast=plain_observation(fast.observation) if fast is not None else None,
        complaints=complaints_in(folder, table.allow),
        text="" if outcome == "passed" else text(table.width),
    )


def _plays(made: Iterable[Attempt]) -> tuple[Play, ...]:
    return tuple(
        Play(each.report.speed, round(each.report.longest_stall, 3), each.became, round(each.wall, 3)) for each in made
    )


def not_judged(scenario: Scenario, fault: NotJudgedError, table: Table | None, wall: float, width: int) -> Result:
    """Return the result of a play that is broken, skipped or, for a mistake in an edited configuration, invalid.

    Its evidence folder gets it as `verdict.txt`.

    Without `table` the play did not even begin; a folder of that name is then from another run.
    """
    from ringproof.core.problem import render_problem  # noqa: PLC0415
    from ringproof.report.complaints import complaints_in  # noqa: PLC0415 - as above
    from ringproof.report.finding_text import WIDTH, broken_text, skipped_text  # noqa: PLC0415

    def text(width: int) -> str:
        if fault.problems:
            return "\n\n".join(map(render_problem, fault.problems))
        if fault.outcome == "skipped":
            return skipped_text(scenario, fault.sentence)
        return broken_text(scenario, fault.sentence, hint=fault.hint, evidence=evidence, width=width)

    evidence = ""
    folder = table.out / scenario.id if table is not None else None
    if folder is not None and folder.is_dir():
        evidence = f"{shown(folder)}/"
        with contextlib.suppress(OSError):  # a disk that is full may be what broke the play; the result says it
            (folder / "verdict.txt").write_text(text(WIDTH) + "\n", encoding="utf-8")
    return Result(
        id=scenario.id,
        name=scenario.name,
        file=scenario.source.file,
        line=scenario.source.line,
        starts=scenario.starts.isoformat() if scenario.starts is not None else None,
        outcome=fault.outcome,
        findings=(Told(fault.kind, fault.sentence.partition("\n")[0].removesuffix(":"), scenario.source.line),),
        wall=wall,
        plays=_plays(fault.made),
        complaints=complaints_in(folder, table.allow if table is not None else ()),
        text=text(width),
    )


def invalid(file: str, problems: Iterable[Problem]) -> Result:
    """Return the result of a file with mistakes: all of them, none was played."""
    from ringproof.core.problem import render_problem  # noqa: PLC0415 - as above

    problems = list(problems)
    return Result(
        id=Path(file).name,
        name=Path(file).name,
        file=file,
        line=problems[0].source.line,
        outcome="invalid",
        findings=tuple(Told("invalid", problem.sentence, problem.source.line) for problem in problems),
        text="\n\n".join(render_problem(problem) for problem in problems),
    )


def unread(file: str, fault: Exception, *, kind: str, hint: str) -> Result:
    """Return the result of a file for which the reader raised an exception: broken, by a finding of this kind."""
    sentence = f"this file could not be read: {type(fault).__name__}: {fault}"
    return Result(
        id=Path(file).name,
        name=Path(file).name,
        file=file,
        line=1,
        outcome="broken",
        findings=(Told(kind, sentence.partition("\n")[0], 1),),
        text=f"{file}:1:1: not judged: {sentence}\n   hint: {hint}",
    )


def shown(path: Path) -> str:
    """Return a path as messages show it: relative to the current folder where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


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
    ) -> None:
        """Write to `out`; play on `image`, and on what is in the folder `rendered` where one is given.

        `allow_unsteady`: what is unsteady does not make the run fail. `allow`: patterns of complaints of Asterisk's at
        boot that do not refuse it. `opening`: an environment of this image that is
        being opened already.
        """
        self._opening = opening
        self.out = out
        self.rendered = rendered
        self.allow_unsteady = allow_unsteady
        self.allow = tuple(allow)
        self.results: list[Result] = []
        self.selected = 0
        self.not_played = 0
        """Scenarios that nobody tried to play because a file is invalid."""
        self.may_stop = False
        """True when the user asked to stop at the first failure (pytest -x): what is missing then is not lost."""
        self.interrupted: str | None = None
        self.environment: RunEnvironment | None = None
        self.fault: NotJudgedError | None = None
        self.unwritten = ""
        """Why results could not be written; empty: all were."""
        self._image = image
        self._file = ResultsFile(out)
        self._begun = time.monotonic()
        self._interruption = opening.interruption if opening is not None else Interruption()
        self._stack = contextlib.ExitStack()
        self._over = False
        self._removal: threading.Thread | None = None
        self._removal_fault: BaseException | None = None

    def start(self, selected: int) -> None:
        """Tell the results file that so many scenarios are about to be played (invalid files included)."""
        self.selected = selected
        self._write(lambda: self._file.start(selected))

    def open(self) -> None:
        """Prepare the environment; when that fails, `fault` says why and every scenario is broken."""
        from ringproof.play import BrokenError, open_run  # noqa: PLC0415 - docker is imported when it is needed

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
        """Tell one more result."""
        self.results.append(result)
        self._write(lambda: self._file.add(result))
        self._heed()

    def _heed(self) -> None:
        """Raise a KeyboardInterrupt once more that some library has caught with everything else, and dropped."""
        if self._interruption.signal is not None and self.interrupted is None:
            raise KeyboardInterrupt

    def note_unwritten(self, fault: OSError) -> None:
        """Keep why results could not be written: the run then ends with exit 3, and says so once."""
        self.unwritten = self.unwritten or f"results are missing in {shown(self.out)}: {unwritable(fault)}"

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as fault:
            self.note_unwritten(fault)

    def interrupt(self) -> None:
        """Tell that a signal ended the run: the one that came, or Ctrl-C."""
        self.interrupted = self._interruption.signal or "SIGINT"

    def close(self) -> None:
        """Finish the results file, and begin to remove what the run made in the engine; further calls do nothing.

        Nobody who reads the verdict has to wait for the engine: `await_removal` does.
        """
        if self._over:
            return
        self._over = True
        with undisturbed():
            self._removal = threading.Thread(target=self._remove, name="removing the run")
            self._removal.start()
            self._write(lambda: self._file.end(self.exit_code, interrupted=self.interrupted, not_played=self.missing))

    def _remove(self) -> None:
        try:
            self._stack.close()
        except BaseException as fault:  # noqa: BLE001 - it is raised where the removal is waited for
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
    def notes(self) -> list[str]:
        """What is to be known of all its plays, a line each."""
        from ringproof.report.summary import complaint_notes  # noqa: PLC0415 - as above

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
        return max(code, EXIT_BROKEN) if self.unwritten else code

    @property
    def elapsed(self) -> float:
        """Seconds of real time since the run began."""
        return time.monotonic() - self._begun


class Interruption:
    """While installed, SIGTERM and SIGHUP end what runs as Ctrl-C does: a KeyboardInterrupt, with all its cleaning up.

    It comes once: of the signals that follow (a terminal's Ctrl-C reaches the workers directly, and the controlling
    process tells them, too) the next one is ignored, so that cleaning up is not cut short; the third gets through.

    Python drops an exception that is raised while an object is finalized (a generator that is left half-read, a
    `__del__`, a callback from C) and tells `sys.unraisablehook` alone. A signal that came at such a moment is sent to
    this process again, until it has been raised where somebody can catch it.
    """

    AGAIN_AFTER_S = 0.02
    """The finalizer has ended by then; if not, the signal is dropped, told and sent once more."""

    def __init__(self) -> None:
        """Nothing is installed yet."""
        self.signal: str | None = None
        self._seen = 0
        self._before: dict[signal.Signals, Any] = {}
        self._hook_before: Callable[[sys.UnraisableHookArgs], object] | None = None
        self._last: int | None = None
        self._telling = False

    def __enter__(self) -> Self:
        """Install; where the shell had a signal ignored (SIGINT of a background job, SIGHUP by nohup), it stays so."""
        for number in INTERRUPTS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        self._hook_before, sys.unraisablehook = sys.unraisablehook, self._dropped
        return self

    def __exit__(self, *_: object) -> None:
        """Put back what was there."""
        while self._before:
            signal.signal(*self._before.popitem())
        if self._hook_before is not None:
            if sys.unraisablehook == self._dropped:  # else somebody has put one over ours, which ends with theirs
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
    """Have nothing written to a terminal that is closed: each write would fail, and end what cleans up.

    All descriptors are looked at, since pytest puts those of stdout and stderr elsewhere while a test runs.
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
