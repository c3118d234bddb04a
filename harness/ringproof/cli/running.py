"""Define `ringproof run`, which plays through pytest in this process, so that there is only one runner."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ringproof.cli.output import counted, interrupted, refuse
from ringproof.cli.paths import Paths, files_of, path_for, read_what_can_be
from ringproof.cli.progress import CommandLine, TerminalSink
from ringproof.core.defaults import DEFAULT_IMAGE, DEFAULT_OUT
from ringproof.core.speed import SpeedError, read_speed
from ringproof.report.out import OutError, OutInUseError, claimed
from ringproof.report.result import EXIT_BROKEN, EXIT_INVALID
from ringproof.report.results import ResultsFile
from ringproof.report.sink import RunReport
from ringproof.run.attempts import UNSTEADY_IN_CI, Confirm
from ringproof.run.discovery import is_meant
from ringproof.run.signals import Interruption

if TYPE_CHECKING:
    from ringproof.run.opening import Opening
    from ringproof.scenario.reading import ReadFile

WORKERS_A_CORE = 3
"""A play uses the processor while its clock races, and waits for the engine before and after. Measured: 3 plays keep a
core busy, and with 4 the suite is no faster."""


def run(  # noqa: PLR0911, PLR0913 - one argument for each option, one return for each error
    paths: Paths = None,
    *,
    texts: Annotated[
        list[str] | None,
        typer.Option("-k", metavar="TEXT", help="Only scenarios whose name contains TEXT; several: any of them."),
    ] = None,
    workers: Annotated[
        str, typer.Option("-n", metavar="N", help="How many to play at once; auto: 3 for each core.")
    ] = "auto",
    image: Annotated[str, typer.Option(metavar="IMAGE", help="Docker image of the PBX.")] = DEFAULT_IMAGE,
    rendered: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Play on the files that `render` wrote there and you edited.",
            parser=path_for("--rendered"),
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Play although Asterisk complains at boot of what this shell pattern matches; several: any of them.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for results and evidence.", parser=path_for("--out"))
    ] = Path(DEFAULT_OUT),
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
        return refuse(f"--speed: {fault}")
    if allow_unsteady and os.environ.get("CI") == "true":
        return refuse(UNSTEADY_IN_CI)
    options = [f"--ringproof-speed={speed}", f"--ringproof-confirm={confirm}"]
    if rendered is not None:
        from ringproof.dialplan.edited import EditedError, require_rendered  # noqa: PLC0415 - brings Jinja2

        try:
            require_rendered(rendered)
        except EditedError as fault:
            return refuse(f"--rendered: {fault}")
        options += [f"--ringproof-rendered={rendered}"]
    options += ["--ringproof-allow-unsteady"] if allow_unsteady else []
    options += [f"--ringproof-repeat={repeat}"] if repeat > 1 else []
    options += ["--ringproof-keep-going"] if keep_going else []
    files = files_of(paths)
    texts = texts or []
    read, unread = read_what_can_be(files)
    broken_files = [entry for entry in read if entry.problems]
    count = repeat * sum(is_meant(scenario.name, texts) for entry in read for scenario in entry.scenarios) + unread
    playable = not broken_files or (keep_going and count > 0)
    if not playable:
        workers = "1"
    options += [f"--ringproof-name={text}" for text in texts]
    options += [f"--ringproof-allow={pattern}" for pattern in allow or []]
    number = _how_many(workers, count)
    interruption = Interruption()
    try:
        with interruption, claimed(out):
            if not broken_files and not count:
                return _nothing_selected(read, texts, out)
            return _run(
                files,
                options,
                out,
                image=image,
                rendered=rendered,
                number=number,
                count=count,
                expected=len(broken_files) + (count if playable else unread),
                playable=playable,
                interruption=interruption,
            )
    except OutError as fault:
        code = refuse(f"--out {out}: {fault}")
        return code if isinstance(fault, OutInUseError) else EXIT_BROKEN
    except KeyboardInterrupt:
        return interrupted(interruption.signal or "SIGINT")


def _run(  # noqa: PLR0913 - the options of the command line
    files: Sequence[Path],
    options: list[str],
    out: Path,
    *,
    image: str,
    rendered: Path | None,
    number: int,
    count: int,
    expected: int,
    playable: bool,
    interruption: Interruption,
) -> int:
    """Play with `number` processes."""
    _shut_out_settings()
    options += [f"--ringproof-image={image}"]
    if number > 1:
        # each scenario may crash its worker once; the limit also ends the restarts of a worker that cannot start
        options += ["-p", "xdist", "--dist", "worksteal", f"--max-worker-restart={count}"]
        options += ["--tx", f"{number}*popen//python={_fork_server()}"]
    with _opening(image, rendered, interruption, playable=playable, alone=number == 1) as opening:
        return _play(files, options, out, CommandLine(opening, TerminalSink(count), expected=expected))


@contextlib.contextmanager
def _opening(
    image: str, rendered: Path | None, interruption: Interruption, *, playable: bool, alone: bool
) -> Iterator[Opening | None]:
    """Open the run while this process imports the remaining modules; yield None where nothing is played.

    `alone` says that this process itself plays, without workers.
    """
    if not playable:
        yield None
        return
    from ringproof.run.opening import Opening  # noqa: PLC0415 - as below

    folder = str(rendered.absolute()) if rendered is not None else ""
    opening = Opening(image, folder, interruption, phones=alone)
    try:
        opening.begin()
        if alone:
            from ringproof.playing import load  # noqa: PLC0415 - as below

            load()
        yield opening
    finally:
        opening.discard()


def _nothing_selected(read: Sequence[ReadFile], texts: Sequence[str], out: Path) -> int:
    results = ResultsFile(out)
    results.started(0)
    nothing = RunReport(results=(), missing=0, exit_code=EXIT_INVALID, interrupted=None, elapsed=0.0, out=out, notes=())
    results.finished(nothing)
    there = sum(len(entry.scenarios) for entry in read)
    told = " or ".join(repr(text) for text in texts)
    return refuse(
        f"nothing selected: of {counted(there, 'scenario')} in {counted(len(read), 'file')} none has {told} in its name"
        if there
        else f"nothing selected: there is no scenario in {counted(len(read), 'file')}"
    )


def _how_many(workers: str, scenarios: int) -> int:
    if workers == "auto":
        return max(1, min(scenarios, WORKERS_A_CORE * len(os.sched_getaffinity(0))))
    if not workers.isdigit() or int(workers) < 1:
        raise typer.Exit(refuse(f"-n {workers}: write a number from 1, or auto"))
    return max(1, min(scenarios, int(workers)))


def _shut_out_settings() -> None:
    """Keep the pytest settings and plugins of a user's project out of this process and its workers."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)


def _play(files: Sequence[Path], options: Iterable[str], out: Path, command: CommandLine) -> int:
    """Play through pytest in this process."""
    import pytest  # noqa: PLC0415 - as above

    # pytest gives files outside its root no name of their own, and would take two of them for one
    root = os.path.commonpath([Path.cwd(), *(os.path.abspath(file) for file in files)])  # noqa: PTH100 - follows no links
    arguments = ["-c", os.devnull, "--rootdir", root, "--noconftest", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:terminalreporter", "-p", "ringproof.pytest_plugin"]
    arguments += ["-p", "no:unraisableexception"]  # it would replace the `sys.unraisablehook` that `Interruption` sets
    arguments += ["-o", "junit_suite_name=ringproof", f"--junitxml={out / 'junit.xml'}"]
    arguments += [f"--ringproof-out={out}"]
    arguments += options
    arguments += [str(file) for file in files]
    status = pytest.main(arguments, plugins=[command])
    run = command.run
    if run is None or not run.is_over:
        if status == pytest.ExitCode.INTERRUPTED:
            return interrupted(command.signal or "SIGINT")
        print(f"ringproof: pytest ended before anything was played (its exit code: {int(status)})", file=sys.stderr)
        print("   hint: a defect of Ringproof: please report it", file=sys.stderr)
        return EXIT_BROKEN
    run.await_removal()
    return run.exit_code


def _fork_server() -> str:
    """Import what workers need, open the fork server they are forked from, and return the command for execnet."""
    import execnet.gateway_base  # noqa: F401, PLC0415 - as above
    import xdist.remote  # noqa: F401, PLC0415

    import ringproof.scenario.reading  # noqa: F401, PLC0415
    from ringproof.playing import load  # noqa: PLC0415
    from ringproof.run import fork_server  # noqa: PLC0415

    load()

    return fork_server.command(fork_server.open_fork_server())
