"""Ctrl-C, SIGTERM and SIGHUP: exit code, clean-up and results that say so, with real processes and real signals."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from front_project import Project, scenario
from ringproof.containers.folders import folders_left_behind
from ringproof.containers.run import RunEnvironment
from ringproof.run.opening import Opening
from ringproof.run.session import Run
from ringproof.run.signals import Interruption

WAITERS = [scenario("one waits"), scenario("two waits"), scenario("three waits")]


def start(project: Project, command: list[str], waiting: int, **more: str) -> subprocess.Popen[str]:
    """Start a command in a process group of its own; return once `waiting` scenarios are being played."""
    running = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - nohup, say
    )
    deadline = time.monotonic() + 60
    while len(list(project.stage.glob("waiting-*"))) < waiting:
        assert running.poll() is None, running.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)  # a file appears: there is no event to wait for between two processes
    return running


def nothing_is_left(group: int) -> bool:
    """True once the process group is empty."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("workers", [1, 3])
def test_interrupted_while_the_run_is_being_opened(
    project: Project, workers: int, number: signal.Signals, code: int
) -> None:
    """Nothing has been played, and what was begun in the engine is removed all the same."""
    project.write("long.ring.yaml", *WAITERS)
    command = project.command("run", "-n", str(workers), "--image", "slow")
    running = start(project, command, waiting=0)
    deadline = time.monotonic() + 60
    while not project.notes:
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)  # as above
    running.send_signal(number)
    (project.stage / "go on").touch()
    told = running.communicate(timeout=30)[0]
    assert running.returncode == code, told
    assert told.splitlines()[-1] == f"ringproof: interrupted by {number.name}"
    assert "Traceback" not in told
    assert project.notes == ["opened", "closed"]
    assert nothing_is_left(running.pid)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("number", "send", "code"),
    [
        pytest.param(signal.SIGINT, os.killpg, 130, id="ctrl-c in a terminal"),
        pytest.param(signal.SIGINT, os.kill, 130, id="SIGINT to the parent"),
        pytest.param(signal.SIGTERM, os.kill, 143, id="SIGTERM to the parent"),
        pytest.param(signal.SIGTERM, os.killpg, 143, id="SIGTERM to all"),
        pytest.param(signal.SIGHUP, os.kill, 129, id="SIGHUP to the parent"),
        pytest.param(signal.SIGHUP, os.killpg, 129, id="SIGHUP to all"),
    ],
)
def test_interrupted(
    project: Project, workers: int, number: signal.Signals, send: Callable[[int, int], None], code: int
) -> None:
    """Every play tidies up, once, before the run is closed; no process is left."""
    project.write("long.ring.yaml", *WAITERS)
    running = start(project, project.command("run", "-n", str(workers)), waiting=workers)
    send(running.pid, number)
    told = running.communicate(timeout=30)[0]
    assert running.returncode == code, told
    assert f"interrupted by {number.name}; exit {code}" in told
    assert project.notes == ["opened", *["tidied up"] * workers, "closed"]
    results = project.results
    assert (results["exit"], results["interrupted"], results["running"]) == (code, number.name, False)
    assert results["not_played"] == 3
    assert nothing_is_left(running.pid)


def test_a_signal_that_a_library_drops(project: Project) -> None:
    """It ends the run at the next result: what was played is kept, and nothing more is."""
    project.write("some.ring.yaml", scenario("one drops a signal"), *WAITERS)
    ended = project.ringproof("run", "-n", "1")
    assert ended.returncode == 143, ended.stdout
    assert "interrupted by SIGTERM; exit 143" in ended.stdout
    assert [result["outcome"] for result in project.results["scenarios"]] == ["passed"]
    assert (project.results["interrupted"], project.results["not_played"]) == ("SIGTERM", 3)
    assert project.notes == ["opened", "closed"]


class Opened(Opening):
    """A run that has been opened."""

    def take(self, stack: contextlib.ExitStack) -> RunEnvironment:
        """Return one."""
        del stack
        return RunEnvironment("run", "owner", "image", "phones", "office", "trunk", "subnets", "hosts", "tmp", "")


def test_a_signal_that_is_dropped_while_the_run_is_being_opened(tmp_path: Path) -> None:
    """It is raised again before anything is played."""
    interruption = Interruption()
    interruption.signal = "SIGTERM"
    run = Run(tmp_path, "image", opening=Opened("image", "", interruption, phones=False))
    with pytest.raises(KeyboardInterrupt):
        run.open()


def test_a_defect_of_pytest_is_exit_3(tmp_path: Path) -> None:
    """Also of a run whose scenarios are all green, and in results.json."""
    run = Run(tmp_path, "image")
    run.start(0)
    green = run.exit_code
    run.note_defect()
    run.close()
    assert (green, json.loads((tmp_path / "results.json").read_text("utf-8"))["exit"]) == (0, 3)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_terminal_that_is_closed(project: Project, workers: int) -> None:
    """Its SIGHUP ends the run in order, although nothing can be written to it any more."""
    project.write("long.ring.yaml", *WAITERS)
    pid, terminal = pty.fork()
    if not pid:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which whatever began the tests may ignore
        os.chdir(project.folder)
        command = project.command("run", "-n", str(workers))
        os.execve(command[0], command, project.environment)  # noqa: S606 - in a terminal of its own
    deadline = time.monotonic() + 60
    while len(list(project.stage.glob("waiting-*"))) < workers:
        assert time.monotonic() < deadline
        time.sleep(0.02)  # as above
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    assert project.notes == ["opened", *["tidied up"] * workers, "closed"]
    results = project.results
    assert (results["exit"], results["interrupted"], results["running"]) == (129, "SIGHUP", False)
    assert nothing_is_left(pid)


@pytest.mark.parametrize("workers", [1, 3])
def test_nohup_holds(project: Project, workers: int) -> None:
    """Where the shell had SIGHUP ignored it ends nobody, workers neither."""
    project.write("long.ring.yaml", *WAITERS)
    command = ["nohup", *project.command("run", "-n", str(workers))]
    running = start(project, command, waiting=workers)
    os.killpg(running.pid, signal.SIGHUP)
    os.killpg(running.pid, signal.SIGTERM)
    told = running.communicate(timeout=30)[0]
    assert running.returncode == 143, told
    assert project.results["interrupted"] == "SIGTERM"
    assert project.notes == ["opened", *["tidied up"] * workers, "closed"]


EARLY = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "MODULE":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from ringproof.cli import main
main()
"""


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("ringproof.cli.program", "run"),
        ("typer", "run"),
        ("typer._adapters", "run"),
        ("ringproof.cli.running", "run"),
        ("ringproof.run.opening", "run"),
        ("pytest", "run"),
        ("ringproof.scenario.check.changed", "validate"),
        ("ringproof.scenario.schema", "schema"),
    ],
)
def test_ctrl_c_while_the_program_is_imported(project: Project, module: str, command: str) -> None:
    """One line, whatever is being imported, and 130."""
    project.write("quick.ring.yaml", scenario("quick"))
    ended = subprocess.run(
        [sys.executable, "-c", EARLY.replace("MODULE", module), command],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "ringproof: interrupted by SIGINT\n")


def test_killed_run_leaves_results_that_say_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL of the runner: results.json is readable, not finished, and has what was known; the workers end.

    What they were told is in a folder that says whose it was, so that the next run and `ringproof clean` remove it.
    """
    project.write("long.ring.yaml", *WAITERS, scenario("quick one"), scenario("quick two"))
    command = project.command("run", "-n", "5")
    temporary = project.folder / "tmp"
    temporary.mkdir()
    running = start(project, command, waiting=3, TMPDIR=str(temporary))
    deadline = time.monotonic() + 30
    while len(project.results["scenarios"]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)  # as above
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert not [folder for folder in folders_left_behind() if folder.parent == temporary]
    running.kill()
    running.communicate()
    results = project.results
    assert (results["exit"], results["running"], results["not_played"]) == (None, True, 3)
    assert nothing_is_left(running.pid)
    (told,) = temporary.glob("ringproof-*")
    assert told in folders_left_behind()


def test_sigterm_of_plain_pytest_cleans_up(project: Project) -> None:
    """Alone, pytest would die of it; its exit code stays its own."""
    project.write("long.ring.yaml", *WAITERS)
    command = project.pytest_command("scenarios")
    running = start(project, command, waiting=1, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=30) == pytest.ExitCode.INTERRUPTED, running.communicate()[0]
    running.communicate()
    assert project.notes == ["opened", "tidied up", "closed"]
    assert project.results["interrupted"] == "SIGTERM"


DROPS = """
import os, signal, time
from ringproof.run.signals import Interruption

class Dropping:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

def half_read():
    try:
        yield 1
    finally:
        os.kill(os.getpid(), signal.SIGTERM)

with Interruption() as interruption:
    try:
        WAY
        time.sleep(20)
        print("never raised")
    except KeyboardInterrupt:
        print("raised", interruption.signal)
        try:
            os.kill(os.getpid(), signal.SIGINT)
            print("the next is ignored")
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            print("the third gets through")
"""
"""A signal that comes while Python finalizes an object."""


@pytest.mark.parametrize("way", ["next(half_read())", "Dropping()", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_a_signal_that_python_drops_comes_again(project: Project, way: str) -> None:
    """`Exception ignored in: <generator object parse>` once was all that came of a SIGTERM: the run played on."""
    program = DROPS.replace("WAY", way)
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout.splitlines() == ["raised SIGTERM", "the next is ignored", "the third gets through"]
    assert ended.stderr == ""
