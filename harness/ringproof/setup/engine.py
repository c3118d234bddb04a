"""The engine step: use the Docker engine that answers as it is; where none does, install and start Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ringproof.setup import apt
from ringproof.setup.dockerapi import Engine
from ringproof.setup.output import SetupError, run, say, step, tail

READY_SECONDS = 30.0
LOOK_SECONDS = 0.1
PACKAGES = ("docker.io", "mmdebstrap")
NO_ENGINE = "No Docker engine answers"


@dataclass(frozen=True)
class Machine:
    """The paths that the engine step reads and changes; tests pass their own."""

    proc: Path = Path("/proc")
    run: Path = Path("/run")
    var_run: Path = Path("/var/run")
    log: Path = Path("/var/log/ringproof-dockerd.log")

    @property
    def pid_files(self) -> dict[Path, str]:
        """The pid files that keep a dockerd from starting, and the program whose process each may name."""
        return {
            self.var_run / "docker.pid": "dockerd",
            self.var_run / "docker" / "containerd" / "containerd.pid": "containerd",
            self.run / "containerd" / "containerd.pid": "containerd",
        }

    @property
    def systemd(self) -> bool:
        """Return whether systemd runs this machine, tested as sd_booted(3) does."""
        return (self.run / "systemd" / "system").is_dir()


def ensure() -> None:
    """Ensure that a Docker engine answers.

    Raises:
        SetupError: none does, and it cannot or must not be started from here.

    """
    engine = Engine.of_environment()
    obstacle = engine.answers()
    if obstacle is None:
        return
    refuse(engine, obstacle, keep=os.environ.get("RINGPROOF_ENGINE") == "keep", root=os.geteuid() == 0)
    machine = Machine()
    if find("dockerd") is None:
        apt.install([*PACKAGES, *apparmor()], "This machine has no Docker engine")
    start(engine, machine)


def refuse(engine: Engine, obstacle: OSError, *, keep: bool, root: bool) -> None:
    """Raise SetupError in each case in which Ringproof must not install or start an engine."""
    why = f"{NO_ENGINE} at {engine.address} ({obstacle.strerror or obstacle})"
    if not engine.is_this_machines_own:
        raise SetupError(f"{why}: start it, or {engine.way_back}.")
    if isinstance(obstacle, PermissionError):
        raise SetupError(
            f"The Docker engine at {engine.address} runs, but you may not talk to it: "
            "run this, log in anew, then run this again.",
            "sudo usermod -aG docker $USER",
        )
    if keep:
        raise SetupError(
            f"{why}, and RINGPROOF_ENGINE=keep forbids to install or start one: "
            "start it yourself, or unset RINGPROOF_ENGINE."
        )
    if not root:
        raise SetupError(
            f"{why}, and only root can install and start one: run this, log in anew, then run this again.",
            "sudo apt-get update\n"
            f"sudo apt-get install --no-install-recommends {' '.join([*PACKAGES, *apparmor()])}\n"
            "sudo systemctl enable --now docker        (without systemd: sudo service docker start)\n"
            "sudo usermod -aG docker $USER",
        )


def apparmor() -> list[str]:
    """Return the package that dockerd needs where the kernel has AppArmor switched on."""
    switch = Path("/sys/module/apparmor/parameters/enabled")
    return ["apparmor"] if switch.exists() and switch.read_text().startswith("Y") else []


def find(program: str) -> str | None:
    """Return the path of a program, or None; the directories of root's programs are searched, too."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"]))


def start(engine: Engine, machine: Machine) -> None:
    """Start dockerd and wait until it answers."""
    with step("starting the Docker engine"):
        started = None
        if not is_running(machine):
            if machine.systemd:
                hint = "see below and `journalctl -u docker`; mend that, then run this again"
                run(["systemctl", "start", "docker"], machine.log, f"systemctl could not start docker ({hint}):")
            else:
                remove_stale_pid_files(machine)
                started = launch(machine)
        await_answer(engine, machine, started)


def is_running(machine: Machine) -> bool:
    """Return whether the dockerd that docker.pid names is alive, and so is starting."""
    pid = read_pid(machine.var_run / "docker.pid")
    return pid is not None and program_of(pid, machine) == "dockerd"


def read_pid(file: Path) -> int | None:
    """Return the number in a pid file, None where there is no file or no number."""
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return None


def program_of(pid: int, machine: Machine) -> str | None:
    """Return the program a process runs, None where there is no such process."""
    try:
        return Path((machine.proc / str(pid) / "cmdline").read_bytes().split(b"\0")[0].decode()).name
    except (FileNotFoundError, ProcessLookupError):
        return None


def remove_stale_pid_files(machine: Machine) -> list[Path]:
    """Remove pid files whose process is gone, or is another program by now; return them.

    A dockerd that was killed by SIGKILL leaves its pid file, and the next one does not start while
    a process has that number.
    """
    removed = []
    for file, pid in stale_pid_files(machine):
        say(f"removing {file}: its process {pid} is no {machine.pid_files[file]}")
        file.unlink()
        removed.append(file)
    return removed


def stale_pid_files(machine: Machine) -> list[tuple[Path, int | None]]:
    """Return the pid files that are stale, and the number in each; None where it has none."""
    return [
        (file, pid)
        for file, program in machine.pid_files.items()
        if file.exists() and ((pid := read_pid(file)) is None or program_of(pid, machine) != program)
    ]


def launch(machine: Machine) -> subprocess.Popen[bytes]:
    """Start dockerd in a session of its own, with none of our descriptors: else a pipe of make would never end."""
    program = find("dockerd")
    if program is None:
        raise SetupError("docker.io is installed but has no dockerd: run `apt-get install --reinstall docker.io`.")
    with machine.log.open("ab") as log:
        return subprocess.Popen(  # it outlives this process on purpose
            [program], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
        )


def await_answer(engine: Engine, machine: Machine, started: subprocess.Popen[bytes] | None) -> None:
    """Wait until the engine answers.

    Raises:
        SetupError: dockerd ended, or does not answer in time; the error has the log's tail.

    """
    deadline = time.monotonic() + READY_SECONDS
    while (obstacle := engine.answers()) is not None:
        if started is not None and started.poll() is not None:
            what = f"dockerd ended with status {started.returncode}"
        elif time.monotonic() > deadline:
            what = f"dockerd did not answer within {READY_SECONDS:.0f} s ({obstacle.strerror or obstacle})"
        else:
            time.sleep(LOOK_SECONDS)
            continue
        raise SetupError(
            f"{what}: mend what its log says, then run this again.", f"{tail(machine.log)}\n(all of it: {machine.log})"
        )
