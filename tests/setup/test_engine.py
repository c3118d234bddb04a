"""The engine step: what is said where it may not act, and what it does where it may."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ringproof.setup import apt, engine
from ringproof.setup.dockerapi import Engine
from ringproof.setup.named import DEFAULT_ADDRESS
from ringproof.setup.output import SetupError

ABSENT = FileNotFoundError(2, "No such file or directory")


@pytest.fixture
def machine(tmp_path: Path) -> engine.Machine:
    """Return a machine without processes, pid files or systemd."""
    for name in ("proc", "run", "var/run"):
        (tmp_path / name).mkdir(parents=True)
    return engine.Machine(tmp_path / "proc", tmp_path / "run", tmp_path / "var" / "run", tmp_path / "dockerd.log")


def alive(machine: engine.Machine, pid: int, *command: str) -> None:
    """Let a process be alive."""
    (machine.proc / str(pid)).mkdir()
    (machine.proc / str(pid) / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in command))


@pytest.mark.parametrize(
    ("name", "address", "obstacle", "keep", "root"),
    [
        ("no-root", DEFAULT_ADDRESS, ABSENT, False, False),
        ("keep", DEFAULT_ADDRESS, ABSENT, True, True),
        ("not-in-group", DEFAULT_ADDRESS, PermissionError(13, "Permission denied"), False, False),
        ("elsewhere", "tcp://10.0.0.7:2375", ConnectionRefusedError(111, "Connection refused"), False, True),
    ],
)
def test_where_it_may_not_act_it_says_who_may(
    name: str,
    address: str,
    obstacle: OSError,
    *,
    keep: bool,
    root: bool,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
) -> None:
    """One sentence, and the exact commands where commands help."""
    monkeypatch.setattr(engine, "apparmor", lambda: ["apparmor"])
    with pytest.raises(SetupError) as refused:
        engine.refuse(Engine(address), obstacle, keep=keep, root=root)
    golden(f"setup/engine-{name}.txt", f"{refused.value}\n")


def test_root_without_keep_is_not_refused() -> None:
    """The one case in which an engine is installed and started."""
    engine.refuse(Engine(DEFAULT_ADDRESS), ABSENT, keep=False, root=True)


def test_an_engine_that_answers_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed, started or even looked at."""
    monkeypatch.setattr(Engine, "answers", lambda _: None)
    monkeypatch.setattr(engine, "start", lambda *_: pytest.fail("started an engine"))
    monkeypatch.setattr(apt, "install", lambda *_: pytest.fail("installed something"))
    engine.ensure()


def test_pid_files_of_a_dead_dockerd_are_removed(machine: engine.Machine) -> None:
    """The number is gone, or is another program's by now, or the file was never finished."""
    files = list(machine.pid_files)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
    files[0].write_text("4711")
    files[1].write_text("4712\n")
    files[2].write_text("")
    alive(machine, 4712, "/usr/bin/python3", "containerd")
    assert engine.remove_stale_pid_files(machine) == files
    assert not any(file.exists() for file in files)


def test_pid_files_of_the_living_stay(machine: engine.Machine) -> None:
    """A containerd that the system runs for others is none of ours."""
    file = machine.run / "containerd" / "containerd.pid"
    file.parent.mkdir()
    file.write_text("88")
    alive(machine, 88, "/usr/bin/containerd", "--config", "x")
    assert engine.remove_stale_pid_files(machine) == []
    assert file.exists()


def test_a_dockerd_that_is_coming_up_is_waited_for(machine: engine.Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not started a second time."""
    (machine.var_run / "docker.pid").write_text("99")
    alive(machine, 99, "/usr/sbin/dockerd", "-H", "fd://")
    answers = iter([ABSENT, None])
    monkeypatch.setattr(Engine, "answers", lambda _: next(answers))
    monkeypatch.setattr(engine, "launch", lambda _: pytest.fail("started a second one"))
    engine.start(Engine(DEFAULT_ADDRESS), machine)


def test_a_dockerd_that_does_not_get_ready_shows_its_log(
    machine: engine.Machine, monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    """What it said last, and where the rest is."""
    machine.log.write_text("".join(f"line {number}\n" for number in range(100)) + "failed to start: no iptables\n")
    monkeypatch.setattr(Engine, "answers", lambda _: ABSENT)
    monkeypatch.setattr(engine, "READY_SECONDS", 0.0)
    with pytest.raises(SetupError) as failed:
        engine.await_answer(Engine(DEFAULT_ADDRESS), machine, None)
    golden("setup/engine-not-ready.txt", f"{failed.value}\n".replace(str(machine.log), "LOG"))


def test_a_dockerd_that_ends_is_not_waited_for(
    machine: engine.Machine, monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    """Its own words at once, not after 30 s."""
    monkeypatch.setattr(Engine, "answers", lambda _: ABSENT)
    monkeypatch.setattr(engine, "find", lambda _: "/bin/false")
    ended = engine.launch(machine)
    ended.wait()
    machine.log.write_text("failed to start daemon: no iptables\n")
    with pytest.raises(SetupError) as failed:
        engine.await_answer(Engine(DEFAULT_ADDRESS), machine, ended)
    golden("setup/engine-ended.txt", f"{failed.value}\n".replace(str(machine.log), "LOG"))


def test_dockerd_inherits_nothing(tmp_path: Path) -> None:
    """A pipe that make's stdout goes to, or any other descriptor, ends with the set-up and not with dockerd."""
    fake = tmp_path / "dockerd"
    pid_file = tmp_path / "pid"
    fake.write_text(f"#!/bin/sh\necho $$ >{pid_file}.new; mv {pid_file}.new {pid_file}\necho started\nexec sleep 60\n")
    fake.chmod(0o755)
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from ringproof.setup import engine\n"
        "os.set_inheritable(os.dup(1), True)\n"
        f"engine.launch(engine.Machine(log=Path({str(tmp_path / 'log')!r})))\n"
        f"while not os.path.exists({str(pid_file)!r}): time.sleep(0.01)\n"
    )
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, timeout=30, check=True)
    pid = int(pid_file.read_text())
    try:
        os.kill(pid, 0)
        assert os.getsid(pid) == pid
        assert ended.stdout == b""
    finally:
        os.kill(pid, signal.SIGKILL)
