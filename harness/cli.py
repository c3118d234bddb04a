"""The command line: `ringproof run`, `validate` and the others. It plays through pytest, so there is one runner."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness import __version__
from harness.plays import UNSTEADY_IN_CI, Confirm, SpeedError, read_speed
from harness.report.result import EXIT_BROKEN, EXIT_INVALID, EXIT_OF_SIGNAL
from harness.session import DEFAULT_IMAGE, DEFAULT_OUT, ENDING, find_files, is_meant, shown

if TYPE_CHECKING:
    import pytest

    from harness.report.result import Result
    from harness.scenario.reading import ReadFile
    from harness.session import Run

WORKERS_A_CORE = 2
"""Measured: while the clock races, a play is work; more of them at once only wait for each other."""
_OUTCOME_COLOUR = {"passed": "green", "failed": "red", "unsteady": "red", "invalid": "yellow", "broken": "magenta"}

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Write down who must ring, in which order and for how long; real calls through a real Asterisk prove it.",
)
Kind = Literal["scenario", "office"]
Paths = Annotated[
    list[Path] | None, typer.Argument(metavar="PATHS", help="Files or folders; scenarios/ where there is one.")
]


def main() -> None:
    """Start the command line; the exit code is 0, 1, 2, 3, 130 or 143 (README)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a log that knows no block characters gets question marks
    try:
        code = app(prog_name="ringproof", standalone_mode=False)
    except KeyboardInterrupt:
        code = EXIT_OF_SIGNAL["SIGINT"]
    except Exception as fault:
        code = _usage_exit(fault)
        if code is None:
            raise
    sys.exit(code)


def _usage_exit(fault: Exception) -> int | None:
    """Tell an error of the command line itself; None when it is none."""
    show, code = getattr(fault, "show", None), getattr(fault, "exit_code", None)
    if show is None or code is None:
        return None
    show()
    return int(code)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's own signature
    if wanted:
        print(f"ringproof {__version__}")
        raise typer.Exit


@app.callback()
def ringproof(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options of the program itself."""
    del version  # its callback has done everything


@app.command()
def run(  # noqa: PLR0913 - an option each
    paths: Paths = None,
    *,
    texts: Annotated[
        list[str] | None,
        typer.Option("-k", metavar="TEXT", help="Only scenarios whose name contains TEXT; several: any of them."),
    ] = None,
    workers: Annotated[
        str, typer.Option("-n", metavar="N", help="How many to play at once; auto: 2 for each core.")
    ] = "auto",
    image: Annotated[str, typer.Option(metavar="IMAGE", help="Docker image of the PBX.")] = DEFAULT_IMAGE,
    rendered: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Play on the files that `render` wrote there and you edited.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for results and evidence.")] = Path(DEFAULT_OUT),
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Play although some files are invalid.")] = False,
    speed: Annotated[
        str, typer.Option(metavar="N", help="How fast the PBX's clock may race: 1 to 500 times real time, or auto.")
    ] = "auto",
    confirm: Annotated[
        Confirm, typer.Option(help="auto: what is red on a racing clock is played at speed 1 before it is told.")
    ] = "auto",
    repeat: Annotated[
        int,
        typer.Option(min=1, max=999, metavar="N", help="Play every scenario so many times; tells how often it passed."),
    ] = 1,
    allow_unsteady: Annotated[
        bool, typer.Option("--allow-unsteady", help="A red that speed 1 does not confirm does not fail the run.")
    ] = False,
) -> int:
    """Play scenarios on a real PBX and tell the verdicts."""
    try:
        read_speed(speed)
    except SpeedError as fault:
        return _refuse(f"--speed: {fault}")
    if allow_unsteady and os.environ.get("CI") == "true":
        return _refuse(UNSTEADY_IN_CI)
    options = [f"--ringproof-speed={speed}", f"--ringproof-confirm={confirm}"]
    if rendered is not None:
        from harness.dialplan.edited import EditedError, require_rendered  # noqa: PLC0415 - brings Jinja2

        try:
            require_rendered(rendered)
        except EditedError as fault:
            return _refuse(f"--rendered: {fault}")
        options += [f"--ringproof-rendered={rendered}"]
    options += ["--ringproof-allow-unsteady"] if allow_unsteady else []
    options += [f"--ringproof-repeat={repeat}"] if repeat > 1 else []
    options += ["--ringproof-keep-going"] if keep_going else []
    files = _files(paths)
    texts = texts or []
    read = _read(files)
    broken_files = [entry for entry in read if entry.problems]
    count = repeat * sum(is_meant(scenario.name, texts) for entry in read for scenario in entry.scenarios)
    if not broken_files and not count:
        return _nothing_selected(read, texts, out)
    if broken_files and not keep_going:
        workers = "1"  # nothing is going to be played
    options += [f"--ringproof-name={text}" for text in texts]
    return _play(files, options, _how_many(workers, count), image, out, count=count)


@app.command()
def validate(paths: Paths = None) -> int:
    """Check scenario files and the offices that they name."""
    files = _files(paths)
    read = _read(files)
    problems = dict.fromkeys(problem for entry in read for problem in entry.problems)
    if problems:
        from harness.scenario.reading import render_problem  # noqa: PLC0415 - --help must not wait for pydantic

        print("\n\n".join(render_problem(problem) for problem in problems))
        wrong = sum(bool(entry.problems) for entry in read)
        print(f"\n{_count(len(problems), 'problem')}; {wrong} of {_count(len(read), 'file')} cannot be played")
        return EXIT_INVALID
    scenarios = sum(len(entry.scenarios) for entry in read)
    verb = "is" if scenarios == 1 else "are"
    print(f"{_count(scenarios, 'scenario')} in {_count(len(read), 'file')} {verb} valid")
    return 0


@app.command()
def render(
    office: Annotated[Path, typer.Argument(metavar="OFFICE", help="An office file.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the Asterisk configuration.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")] = False,
) -> int:
    """Write the Asterisk configuration of an office."""
    from harness.dialplan.render import render_office  # noqa: PLC0415 - as above
    from harness.scenario.reading import read_office, render_problem  # noqa: PLC0415

    _must_exist([office])
    read = read_office(office)
    if read.office is None:
        print("\n\n".join(render_problem(problem) for problem in read.problems))
        return EXIT_INVALID
    if out.exists() and not out.is_dir():
        return _refuse(f"{out} is a file; the configuration needs a folder")
    if out.is_dir() and any(out.iterdir()) and not force:
        return _refuse(f"the folder {out} is not empty; --force writes into it all the same")
    try:
        rendered = render_office(read.office, out, office_folder=office.parent)
    except (ValueError, OSError) as fault:
        return _refuse(f"{office}: {fault}")
    for name in rendered.files:
        print(out / name)
    return 0


@app.command()
def schema(
    of: Annotated[Kind, typer.Argument(metavar="KIND", help="Of which kind of file.")] = "scenario",
) -> int:
    """Print the JSON Schema (draft-07) of a kind of file, for editors."""
    import json  # noqa: PLC0415 - as above

    from harness.scenario.schema import office_schema, scenario_schema  # noqa: PLC0415

    print(json.dumps(scenario_schema() if of == "scenario" else office_schema(), indent=2, ensure_ascii=False))
    return 0


@app.command()
def clean() -> int:
    """Remove containers and networks that dead runs left behind."""
    from harness.pbx.errors import BrokenError  # noqa: PLC0415 - as above
    from harness.pbx.sweep import sweep  # noqa: PLC0415

    try:
        removed = sweep()
    except BrokenError as fault:
        print(f"ringproof: {fault}", file=sys.stderr)
        return EXIT_BROKEN
    for name in removed:
        print(f"removed {name}")
    if not removed:
        print("nothing was left behind")
    return 0


def _files(paths: Sequence[Path] | None) -> list[Path]:
    """Return the scenario files that the command line means; ends the program in a sentence when there is none."""
    if not paths and not Path("scenarios").is_dir():
        raise typer.Exit(_refuse("there is no folder scenarios/ here: name the files or folders to take"))
    paths = list(paths) if paths else [Path("scenarios")]
    _must_exist(paths)
    for path in paths:
        if path.is_file() and not path.name.endswith(ENDING):
            raise typer.Exit(_refuse(f"{path} is no scenario file: its name does not end in {ENDING}"))
    files = list(find_files(paths))
    if not files:
        told = ", ".join(str(path) for path in paths)
        raise typer.Exit(_refuse(f"there is no scenario file (*{ENDING}) in {told}"))
    return files


def _must_exist(paths: Iterable[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise typer.Exit(_refuse(f"there is no {path}"))


def _read(files: Iterable[Path]) -> list[ReadFile]:
    from harness.scenario.reading import read_scenarios  # noqa: PLC0415 - as above

    return [read_scenarios(file) for file in files]


def _nothing_selected(read: Sequence[ReadFile], texts: Sequence[str], out: Path) -> int:
    from harness.report.results import ResultsFile  # noqa: PLC0415 - as above

    results = ResultsFile(out)
    results.start(0)
    results.end(EXIT_INVALID)
    there = sum(len(entry.scenarios) for entry in read)
    told = " or ".join(repr(text) for text in texts)
    return _refuse(
        f"nothing selected: of {_count(there, 'scenario')} in {_count(len(read), 'file')} none has {told} in its name"
        if there
        else f"nothing selected: there is no scenario in {_count(len(read), 'file')}"
    )


def _how_many(workers: str, scenarios: int) -> int:
    if workers == "auto":
        return max(1, min(scenarios, WORKERS_A_CORE * len(os.sched_getaffinity(0))))
    if not workers.isdigit() or int(workers) < 1:
        raise typer.Exit(_refuse(f"-n {workers}: write a number from 1, or auto"))
    return max(1, min(scenarios, int(workers)))


def _play(
    files: Sequence[Path],
    options: Iterable[str],
    workers: int,
    image: str,
    out: Path,
    *,
    count: int,
) -> int:
    """Play through pytest in this process. What a project has set up for its own pytest does not reach in."""
    import pytest  # noqa: PLC0415 - as above

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    # pytest gives files outside its root no name of their own, and two of them would be one
    root = os.path.commonpath([Path.cwd(), *(os.path.abspath(file) for file in files)])  # noqa: PTH100 - follows no links
    arguments = ["-c", os.devnull, "--rootdir", root, "--noconftest", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:terminalreporter", "-p", "harness.pytest_plugin"]
    arguments += ["-o", "junit_suite_name=ringproof", f"--junitxml={out / 'junit.xml'}"]
    arguments += [f"--ringproof-out={out}", f"--ringproof-image={image}"]
    arguments += options
    if workers > 1:
        arguments += ["-p", "xdist", "--dist", "worksteal", "--tx", f"{workers}*popen//python={_nursery()}"]
    teller = _Teller(count)
    arguments += [str(file) for file in files]
    status = pytest.main(arguments, plugins=[teller])
    if teller.run is None:
        if status == pytest.ExitCode.INTERRUPTED:
            return EXIT_OF_SIGNAL["SIGINT"]
        print(f"ringproof: pytest ended before anything was played (its exit code: {int(status)})", file=sys.stderr)
        print("   hint: a defect of Ringproof: please report it", file=sys.stderr)
        return EXIT_BROKEN
    code = teller.run.exit_code
    if status in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}:
        code = max(code, EXIT_BROKEN)
    teller.finish(code)
    return code


def _nursery() -> str:
    """Import what workers need, open the nursery they are forked from, and return what execnet is to start."""
    import execnet.gateway_base  # noqa: F401, PLC0415 - as above
    import xdist.remote  # noqa: F401, PLC0415

    import harness.play  # noqa: PLC0415
    import harness.scenario.reading  # noqa: F401, PLC0415
    from harness import nursery  # noqa: PLC0415

    return nursery.command(nursery.open_nursery())


class _Teller:
    """Tells on the terminal what becomes of the run; a plugin of the pytest that plays."""

    def __init__(self, count: int) -> None:
        self.run: Run | None = None
        self._count = count
        self._told = 0

    def pytest_ringproof_result(self, result: Result, run: Run) -> None:
        """A line as soon as a scenario is over."""
        self.run = run
        if result.whole_file:
            return
        outcome = result.outcome if result.outcome == "passed" else result.outcome.upper()
        self._told += 1
        number = f"{self._told:{len(str(self._count))}}/{self._count}"
        told = typer.style(f"{outcome:8}", fg=_OUTCOME_COLOUR[result.outcome])
        name = f"{Path(result.file).name.removesuffix(ENDING)}: {result.name}"
        typer.echo(f"{number} {told} {name}  {result.wall:.1f} s")

    def pytest_configure(self, config: pytest.Config) -> None:
        """Keep the configuration: the run is found there even when no result came."""
        self._config = config

    def pytest_unconfigure(self) -> None:
        """Look for the run."""
        from harness.pytest_plugin import RUN  # noqa: PLC0415 - brings pytest

        self.run = self._config.stash.get(RUN, None)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Say at once that the signal has arrived: ending calls and removing containers takes a moment."""
        if excinfo.type is KeyboardInterrupt:
            typer.echo("ringproof: interrupted; ending the calls and removing what was started", err=True)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell what pytest itself could not collect: a defect."""
        if report.failed:
            typer.echo(f"ringproof: {report.longreprtext}", err=True)

    def finish(self, code: int) -> None:
        """Tell failures in the house form, then the table, then the totals."""
        from harness.report.summary import clock_notes, summary_text, totals_line  # noqa: PLC0415 - brings rich

        run = self.run
        assert run is not None  # noqa: S101 - checked by the caller
        for line in _failures(run.results):
            typer.echo(line)
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        if any(result.outcome != "invalid" for result in run.results):
            width = max(60, min(120, _columns()))
            typer.echo(f"\n{summary_text(run.results, width=width, colour=colour)}")
        totals = totals_line(
            run.results, elapsed=run.elapsed, not_played=run.missing, interrupted=run.interrupted, exit_code=code
        )
        typer.echo(f"\n{totals}")
        for note in [*clock_notes(run.results), *run.notes]:
            typer.echo(note)
        typer.echo(f"results: {shown(run.out / 'results.json')}, {shown(run.out / 'junit.xml')}")


def _failures(results: Sequence[Result]) -> list[str]:
    """Return what is not green in the house form; what broke all plays alike, such as a missing engine, once."""
    lines: list[str] = []
    told: set[str] = set()
    for result in sorted(results, key=lambda result: (result.file, result.line)):
        if result.outcome == "passed":
            continue
        if result.outcome == "invalid":
            blocks = [block for block in result.text.split("\n\n") if block not in told]
            told.update(blocks)
            lines += ["", "\n\n".join(blocks)] if blocks else []
            continue
        reason = result.findings[0].sentence
        if result.outcome == "broken" and reason in told:
            continue
        told.add(reason)
        alike = sum(other.outcome == "broken" and other.findings[0].sentence == reason for other in results)
        more = f" (and {_count(alike - 1, 'more scenario')})" if result.outcome == "broken" and alike > 1 else ""
        lines += ["", f"{result.outcome.upper()}  {result.name}{more}", result.text]
    return lines


def _columns() -> int:
    import shutil  # noqa: PLC0415 - a standard library's start-up time, too

    return shutil.get_terminal_size((120, 24)).columns


def _refuse(sentence: str) -> int:
    print(f"ringproof: {sentence}", file=sys.stderr)
    return EXIT_INVALID


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"
