"""The pytest front end: `*.ring.yaml` files are collected, each scenario is an item.

setup() plays (an exception there is pytest's ERROR: broken), runtest() judges (FAILED). Every pytest of a machine with
Ringproof imports this module: only pytest itself and the standard library may be imported at its top.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from harness.plays import Plays, Speed, Table
    from harness.report.result import Result
    from harness.scenario.problem import Problem
    from harness.scenario.story import Scenario
    from harness.session import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
"""Of the controlling process: the run, once something is to be played or an invalid file is to be told."""
_ENDING = ".ring.yaml"
_INVALID = "[invalid]"
"""Name of the item that stands for a file with mistakes; no scenario can have it."""
_SHARED = "ringproof_shared"
_OWNER = "ringproof_owner"
_ATTRIBUTE = "ringproof"
"""Of a report: the result as plain values, which xdist carries home."""
DEFECT = "defect"
"""Kind of what is told of an exception that nobody foresaw: its traceback is shown."""


class RingproofHooks:
    """Hooks that other plugins may implement."""

    @pytest.hookspec
    def pytest_ringproof_result(self, result: Result, run: Run) -> None:
        """Called in the controlling process, for each scenario or invalid file as soon as its result is known."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make our own hooks known."""
    pluginmanager.add_hookspecs(RingproofHooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; all begin with --ringproof-."""
    group = parser.getgroup("ringproof", "telephony scenarios (*.ring.yaml)")
    group.addoption("--ringproof-out", default="out", metavar="DIR", help="folder for results and evidence (out)")
    group.addoption("--ringproof-image", metavar="IMAGE", help="Docker image of the PBX (ringproof-asterisk:22)")
    group.addoption(
        "--ringproof-rendered",
        default="",
        metavar="DIR",
        help="play on the files in DIR, which `ringproof render` wrote and somebody edited",
    )
    group.addoption(
        "--ringproof-speed",
        default="auto",
        metavar="N",
        help="highest rate of the PBX's clock, in its seconds per real second: 1 to 500, or auto",
    )
    group.addoption(
        "--ringproof-confirm",
        default="auto",
        choices=["auto", "never"],
        help="play what is red on a racing clock again at speed 1 before it is told (auto)",
    )
    group.addoption(
        "--ringproof-allow-unsteady", action="store_true", help="a red that speed 1 does not confirm is no failure"
    )
    group.addoption(
        "--ringproof-repeat",
        type=int,
        default=1,
        metavar="N",
        help="play every scenario so many times, each on a PBX of its own",
    )
    group.addoption(
        "--ringproof-keep-going", action="store_true", help="play the valid scenarios although some are invalid"
    )
    group.addoption(
        "--ringproof-name",
        action="append",
        default=[],
        metavar="TEXT",
        help="play the scenarios whose name contains this text; may be given several times",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the folder known-red, unless its path or one in it is on the command line."""
    if collection_path.name != "known-red" or not collection_path.is_dir():
        return None
    here = config.invocation_params.dir
    named = [Path(os.path.abspath(here / arg.partition("::")[0])) for arg in config.args]  # noqa: PTH100
    is_named = any(path == collection_path or collection_path in path.parents for path in named)
    return None if is_named else True


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> RingFile | None:
    """Collect a scenario file; the first one wakes the rest of this plugin."""
    if not file_path.name.endswith(_ENDING):
        return None
    wake(parent.config)
    return RingFile.from_parent(parent, path=file_path)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist has no public type
    """Tell a worker of pytest-xdist where it will find the environment; so far it is only a name."""
    shared = getattr(node.config, "ringproof_shared", None)
    if shared is None:
        shared = Path(tempfile.gettempdir()) / f"ringproof-{os.getpid()}-{os.urandom(6).hex()}"
        node.config.ringproof_shared = shared
    from harness.pbx.owner import own_name  # noqa: PLC0415 - as above

    node.workerinput[_SHARED] = str(shared)
    node.workerinput[_OWNER] = own_name()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:  # noqa: ANN401
    """Open the run once it is known what the workers are going to play; they play only afterwards."""
    ours = [name for name in ids if f"{_ENDING}::" in name]
    if ours and RUN not in node.config.stash:
        controller = Controller(node.config)
        node.config.pluginmanager.register(controller, "ringproof-controller")
        controller.begin(ours)


def wake(config: pytest.Config) -> None:
    """Register what plays, and in a session without workers what controls, too."""
    if not config.pluginmanager.has_plugin("ringproof-player"):
        config.pluginmanager.register(Player(config), "ringproof-player")
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Controller(config), "ringproof-controller")


class RingFile(pytest.File):
    """A `*.ring.yaml` file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each scenario, and one that tells all mistakes of the file."""
        from harness.scenario.reading import read_scenarios  # noqa: PLC0415 - brings pydantic and PyYAML
        from harness.session import repetition  # noqa: PLC0415 - the same

        read = read_scenarios(self.path)
        if read.problems:
            yield InvalidItem.from_parent(self, name=_INVALID, problems=read.problems)
        times = self.config.getoption("ringproof_repeat")
        for scenario in read.scenarios:
            for number in range(1, times + 1):
                again = scenario if times == 1 else repetition(scenario, number, times)
                yield RingItem.from_parent(self, name=again.name, scenario=again)


class RingproofItem(pytest.Item):
    """What our items share: a result, which travels on the report."""

    result: Result | None = None

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line from 0 and name."""
        return self.path, 0, self.name


class InvalidItem(RingproofItem):
    """A file with mistakes: fails, telling all of them."""

    def __init__(self, *, problems: tuple[Problem, ...], **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        """Keep the problems."""
        super().__init__(**kwargs)
        self.problems = problems

    def runtest(self) -> None:
        """Fail."""
        from harness.session import invalid, shown  # noqa: PLC0415 - as above

        self.result = invalid(shown(self.path), self.problems)
        pytest.fail(self.result.text, pytrace=False)


class RingItem(RingproofItem):
    """A scenario."""

    def __init__(self, *, scenario: Scenario, **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        """Keep the scenario."""
        super().__init__(**kwargs)
        self.scenario = scenario
        self.plays: tuple[Plays, Table] | None = None

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line from 0 and name."""
        return self.path, self.scenario.source.line - 1, self.name

    def setup(self) -> None:
        """Play. Whatever goes wrong here says nothing about the routing."""
        from harness.plays import NotJudgedError, play_scenario  # noqa: PLC0415 - as above
        from harness.session import not_judged  # noqa: PLC0415

        player: Player = self.config.pluginmanager.getplugin("ringproof-player")
        begun = time.monotonic()

        def broken(fault: NotJudgedError) -> None:
            wall = time.monotonic() - begun
            self.result = not_judged(self.scenario, fault, table, wall, player.width)

        table: Table | None = None
        try:
            table = player.table()
            self.plays = play_scenario(self.scenario, table), table
        except NotJudgedError as fault:
            broken(fault)
            assert self.result is not None  # noqa: S101 - `broken` has just set it
            if fault.outcome == "skipped":
                pytest.skip(fault.sentence)
            if fault.problem is None:
                pytest.fail(self.result.text, pytrace=False)
        except Exception as fault:
            broken(
                NotJudgedError(f"{type(fault).__name__}: {fault}", "a defect of Ringproof: please report it", DEFECT)
            )
            raise

    def runtest(self) -> None:
        """Judge."""
        from harness.session import tell  # noqa: PLC0415 - as above

        if self.result is not None:  # a mistake in what was to be played: it fails, as an invalid file does
            pytest.fail(self.result.text, pytrace=False)
        assert self.plays is not None  # noqa: S101 - pytest runs setup() first
        plays, table = self.plays
        self.result = tell(self.scenario, plays, table)
        if self.result.outcome != "passed":
            pytest.fail(self.result.text, pytrace=False)


class Player:
    """In each process that plays: selects, and puts results on the reports."""

    def __init__(self, config: pytest.Config) -> None:
        """Serve this pytest process."""
        from harness.pbx.folders import sign  # noqa: PLC0415 - as above
        from harness.session import Interruption  # noqa: PLC0415

        self.config = config
        self.out = _out(config)
        self.shared: Path | None = None
        self.width = _width()
        self._table: Table | None = None
        workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
        if workerinput is not None:
            self.shared = Path(workerinput[_SHARED])
            self.shared.mkdir(mode=0o700, exist_ok=True)
            sign(self.shared, workerinput[_OWNER])
            (self.shared / f"{workerinput['workerid']}.pid").write_text(str(os.getpid()))
            Interruption().__enter__()  # to the end of this process, which plays and nothing else

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Play nothing when a file is invalid; -k does not hide the mistakes of a file whose names nobody knows."""
        from harness.session import is_meant  # noqa: PLC0415 - as above

        invalid = [item for item in items if isinstance(item, InvalidItem)]
        texts = config.getoption("ringproof_name")
        out = [item for item in items if isinstance(item, RingItem) and not is_meant(item.name, texts)]
        self._deselect(items, out)
        yield
        items[:0] = [item for item in invalid if item not in items]
        if invalid and not config.getoption("ringproof_keep_going"):
            idle = [item for item in items if isinstance(item, RingItem)]
            self._deselect(items, idle)
            self._tell_not_played(len(idle))

    def _deselect(self, items: list[pytest.Item], out: list[RingItem]) -> None:
        if out:
            gone = set(out)
            items[:] = [item for item in items if item not in gone]
            self.config.hook.pytest_deselected(items=out)

    def _tell_not_played(self, count: int) -> None:
        if self.shared is not None:
            (self.shared / "not-played").write_text(str(count))
        else:
            controller: Controller = self.config.pluginmanager.getplugin("ringproof-controller")
            controller.run.not_played = count

    def table(self) -> Table:
        """Return where to play. Raises NotJudgedError when the run could not be opened."""
        from harness.play import RunEnvironment  # noqa: PLC0415 - as above
        from harness.plays import NotJudgedError, Table  # noqa: PLC0415

        if self._table is None:
            if self.shared is not None:
                told = json.loads((self.shared / "environment.json").read_text())
            else:
                controller: Controller = self.config.pluginmanager.getplugin("ringproof-controller")
                told = controller.told()
            if "fault" in told:
                raise NotJudgedError(*told["fault"])
            environment = RunEnvironment.from_dict(told["environment"])
            self._table = Table(
                environment=environment,
                out=self.out,
                width=told["width"],
                speed=_speed(self.config),
                confirm=self.config.getoption("ringproof_confirm"),
            )
        return self._table

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the result on the report that decided it."""
        report = yield
        decided = report.when == "call" or report.failed or report.skipped
        if isinstance(item, RingproofItem) and item.result is not None and decided:
            message = item.result.to_message()
            if item.result.findings and item.result.findings[0].kind == DEFECT:
                message["text"] += f"\n{report.longreprtext}"
            report.__dict__[_ATTRIBUTE] = message
            if report.skipped:  # in the scenario, not where this plugin says so
                report.longrepr = (item.result.file, item.result.line, f"Skipped: {item.result.findings[0].sentence}")
        return report


class Controller:
    """In the one process that the user started: opens and closes the run, gathers the results."""

    def __init__(self, config: pytest.Config) -> None:
        """Serve this session."""
        from harness.plays import UNSTEADY_IN_CI  # noqa: PLC0415 - as above
        from harness.session import DEFAULT_IMAGE, Run  # noqa: PLC0415

        self.config = config
        allow_unsteady = bool(config.getoption("ringproof_allow_unsteady"))
        if allow_unsteady and os.environ.get("CI") == "true":
            raise pytest.UsageError(UNSTEADY_IN_CI)
        _speed(config)
        if config.getoption("ringproof_repeat") < 1:
            raise pytest.UsageError("--ringproof-repeat: give a number from 1 on")
        image = config.getoption("ringproof_image") or DEFAULT_IMAGE
        self.run = Run(_out(config), image, rendered=_rendered(config), allow_unsteady=allow_unsteady)
        self._shared: Path | None = getattr(config, "ringproof_shared", None)
        self.run.may_stop = bool(config.getoption("maxfail", 0))
        config.stash[RUN] = self.run

    def begin(self, ids: list[str]) -> None:
        """Open the run, unless only invalid files are told."""
        if self._shared is not None and (self._shared / "not-played").exists():
            self.run.not_played = int((self._shared / "not-played").read_text())
        self.run.start(len(ids))
        if any(not name.endswith(f"::{_INVALID}") for name in ids):
            self.run.open()
            if self._shared is not None:
                (self._shared / "environment.json").write_text(json.dumps(self.told()))

    def told(self) -> dict[str, Any]:
        """Return what those who play have to know."""
        if self.run.fault is not None:
            return {"fault": [self.run.fault.sentence, self.run.fault.hint]}
        assert self.run.environment is not None  # noqa: S101 - `begin` has set either
        return {"environment": self.run.environment.to_dict(), "width": _width()}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Open the run of a session without workers."""
        ours = [item.nodeid for item in session.items if isinstance(item, RingproofItem)]
        if ours and not session.config.getoption("collectonly") and not session.testsfailed:
            self.begin(ours)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in a result; a scenario whose process died has one, too."""
        message = getattr(report, _ATTRIBUTE, None)
        if message is None and report.when not in {"setup", "call", "teardown"} and f"{_ENDING}::" in report.nodeid:
            message = _crashed(report)
        if message is None:
            return
        from harness.report.result import Result  # noqa: PLC0415 - as above

        result = Result.from_message(message)
        if result.findings and not report.skipped and result.findings[0].kind != DEFECT:
            report.__dict__["longrepr"] = _HouseForm(result)  # not pytest's own class, which is private
        self.run.add(result)
        self.config.hook.pytest_ringproof_result(result=result, run=self.run)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """End the workers at once: a SIGTERM reached only this process. -x comes here too, as a subclass."""
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
        """Forget a worker that has ended: its number may be another process's soon."""
        if self._shared is not None:
            (self._shared / f"{node.gateway.id}.pid").unlink(missing_ok=True)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Close the run, after xdist has ended its workers."""
        self.pytest_unconfigure()

    def pytest_unconfigure(self) -> None:
        """Close the run even when the session's end was disturbed."""
        if self.run.selected:
            self.run.close()
        if self._shared is not None:
            shutil.rmtree(self._shared, ignore_errors=True)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Tell the table, the totals and where the results are."""
        if not self.run.selected:
            return
        from harness.report.summary import clock_notes, summary_text, totals_line  # noqa: PLC0415 - as above
        from harness.session import shown  # noqa: PLC0415

        run = self.run
        terminalreporter.section("Ringproof")
        terminalreporter.write_line(summary_text(run.results, width=_width()))
        totals = totals_line(
            run.results,
            elapsed=run.elapsed,
            not_played=run.missing,
            interrupted=run.interrupted,
        )
        terminalreporter.write_line(f"{totals}; results: {shown(run.out / 'results.json')}")
        for note in [*clock_notes(run.results), *run.notes]:
            terminalreporter.write_line(note)


class _HouseForm:
    """A failure as pytest and its JUnit writer ask for it: the text, and the one sentence for summaries."""

    class _Crash:
        def __init__(self, message: str) -> None:
            self.message = message

        def toterminal(self, tw: Any) -> None:  # noqa: ANN401 - pytest's own
            tw.line(self.message)

    def __init__(self, result: Result) -> None:
        self._text = result.text
        more = f" (+{len(result.findings) - 1} more)" if len(result.findings) > 1 else ""
        self.reprcrash = self._Crash(result.findings[0].sentence + more)

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: Any) -> None:  # noqa: ANN401 - pytest's own
        tw.line(self._text)


def _crashed(report: pytest.TestReport) -> dict[str, Any]:
    """Return the result of a scenario whose worker died: no report of its own came."""
    from harness.report.result import Result, Told  # noqa: PLC0415 - as above

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


def _out(config: pytest.Config) -> Path:
    return Path(os.path.abspath(config.invocation_params.dir / config.getoption("ringproof_out")))  # noqa: PTH100


def _rendered(config: pytest.Config) -> str:
    from harness.dialplan.edited import EditedError, require_rendered  # noqa: PLC0415 - as above

    given = config.getoption("ringproof_rendered")
    if not given:
        return ""
    folder = Path(os.path.abspath(config.invocation_params.dir / given))  # noqa: PTH100
    try:
        require_rendered(folder)
    except EditedError as fault:
        raise pytest.UsageError(f"--ringproof-rendered: {fault}") from fault
    return str(folder)


def _speed(config: pytest.Config) -> Speed:
    from harness.plays import SpeedError, read_speed  # noqa: PLC0415 - as above

    try:
        return read_speed(config.getoption("ringproof_speed"))
    except SpeedError as fault:
        raise pytest.UsageError(f"--ringproof-speed: {fault}") from fault


def _width() -> int:
    """Columns of a failure: those of the terminal, 120 in a log, never more than the charts need."""
    return max(60, min(120, shutil.get_terminal_size((120, 24)).columns))
