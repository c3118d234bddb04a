"""Whatever ends a run, nothing of it stays behind, and nothing of anybody else is touched: with real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from ringproof.containers.engine import OWNED, OWNER, engine
from ringproof.containers.owner import own_name, owner_is_dead
from ringproof.containers.run import RunEnvironment
from ringproof.containers.sweep import sweep

from playing.conftest import story

TWO_LONG_RINGS = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a long ring:
    when:
      - call: anna
    expect:
      - ring: [101]
        for: 15s
      - missed: [101]
      - caller gets: {code: 480}
"""
DEADLINE_S = 60.0
RINGPROOF = str(Path(sys.executable).with_name("ringproof"))
Golden = Callable[[str, str], None]


def soon(holds: Callable[[], object], what: str) -> None:
    """Wait until `holds`, at most a minute of a busy machine."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
        time.sleep(0.05)


def left_of(owner: int) -> list[str]:
    """Names of containers and networks whose owner label names this process."""
    filters = {"label": f"{OWNED}=1"}
    things = [(entry["Names"][0], entry["Labels"]) for entry in engine().api.containers(all=True, filters=filters)]
    things += [(entry["Name"], entry["Labels"]) for entry in engine().api.networks(filters=filters)]
    return sorted(name for name, labels in things if labels[OWNER].split(":")[1] == str(owner))


def held(owner: int) -> list[str]:
    """Names of this process's containers that live no longer than whoever holds them."""
    return [name for name in left_of(owner) if "-phones-" in name or "-network-" in name]


def phones(folder: Path) -> list[int]:
    """Processes that have a file below `folder` open for their output: the phones of a run there."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in str((entry / "fd" / "1").readlink()):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def ringing(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `ringproof run` on a long story and return it once a phone rings there."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, **variables: str) -> subprocess.Popen[bytes]:
        story(TWO_LONG_RINGS, tmp_path)
        (tmp_path / "second.ring.yaml").write_text((tmp_path / "test.ring.yaml").read_text("utf-8"), "utf-8")
        out = tmp_path / "out"
        command = [RINGPROOF, "run", *options, "--out", str(out), str(tmp_path)]
        with (tmp_path / "terminal.log").open("wb") as log:
            runner = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env=os.environ | variables
            )
        started.append(runner)
        soon(lambda: "PhoneInvited" in "".join(_texts(out)) or runner.poll() is not None, "a phone rings")
        assert runner.poll() is None, (tmp_path / "terminal.log").read_text("utf-8")
        return runner

    yield start
    for runner in started:
        if runner.poll() is None:
            os.killpg(runner.pid, signal.SIGKILL)
        runner.wait()
    sweep()


def _of_any_run(names: Iterable[str]) -> str:
    numbers = re.compile(r"\b[0-9a-f]{6,8}\b")
    return "".join(f"removed {numbers.sub('N', name)}\n" for name in sorted(names))


def _texts(out: Path) -> Iterator[str]:
    for record in out.glob("*/events.ndjson"):
        yield record.read_text("utf-8")


@pytest.mark.pbx
@pytest.mark.alone
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("number", "group", "code"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143), (signal.SIGHUP, True, 129)],
    ids=["ctrl-c", "sigterm", "sighup"],
)
def test_interrupted_run_leaves_nothing(
    ringing: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
    number: signal.Signals,
    group: bool,  # noqa: FBT001 - a terminal's Ctrl-C reaches the whole group, a SIGTERM one process
    code: int,
    workers: str,
    golden: Golden,
) -> None:
    """The exit code says which signal; containers, networks and phones are gone when the runner is."""
    runner = ringing("-n", workers)
    assert left_of(runner.pid)
    assert phones(tmp_path / "out")
    (os.killpg if group else os.kill)(runner.pid, number)
    assert runner.wait(timeout=DEADLINE_S) == code, (tmp_path / "terminal.log").read_text("utf-8")
    assert left_of(runner.pid) == []
    soon(lambda: not phones(tmp_path / "out"), "the phones end")
    assert json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["exit"] == code
    golden(
        f"play/{number.name.lower()}.txt", (tmp_path / "terminal.log").read_text("utf-8").replace(str(tmp_path), ".")
    )


@pytest.mark.pbx
@pytest.mark.alone
def test_nothing_outlives_the_lease_of_a_killed_runner(
    ringing: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """SIGKILL cannot be handled: phones end with their parent, the PBX when its lease runs out."""
    runner = ringing("-n", "1", RINGPROOF_LEASE_SECONDS="12")
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    soon(lambda: not phones(tmp_path / "out"), "the phones end")
    soon(lambda: not held(runner.pid), "their containers are removed")
    assert len([name for name in left_of(runner.pid) if name.startswith("/")]) == 1
    soon(lambda: not [name for name in left_of(runner.pid) if name.startswith("/")], "the PBX ends by itself")


@pytest.mark.pbx
@pytest.mark.alone
def test_the_sweep_removes_what_has_a_dead_owner_and_nothing_else(
    environment: RunEnvironment, ringing: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, golden: Golden
) -> None:
    """Another run that is alive keeps its networks and its PBX."""
    killed = ringing("-n", "1")
    mine = left_of(os.getpid())
    assert len(mine) >= 2, "this test's own run has its networks"
    assert not [name for name in sweep() if str(killed.pid) in name]
    assert left_of(killed.pid), "the runner is alive: the sweep left its things alone"
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    soon(
        lambda: not held(killed.pid),
        "the containers of the phones and of the PBX's network end by themselves",
    )
    before = {name.lstrip("/") for name in left_of(killed.pid)}
    said = subprocess.run([RINGPROOF, "clean"], capture_output=True, text=True, check=True).stdout
    assert before <= {line.removeprefix("removed ") for line in said.splitlines()}
    run = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    golden("play/sigkill.txt", f"{_of_any_run(before)}results.json: running {run['running']}, exit {run['exit']}\n")
    assert left_of(killed.pid) == []
    assert left_of(os.getpid()) == mine
    assert environment.office_network in mine


def test_owner_names() -> None:
    """Alive is only a process of this machine with that start time; what cannot be known is never called dead."""
    host, pid, started = own_name().rsplit(":", 2)
    assert not owner_is_dead(own_name())
    assert owner_is_dead(f"{host}:{pid}:1-00000000")
    assert owner_is_dead(f"{host}:4194304:{started}")
    assert not owner_is_dead(f"elsewhere:{pid}:1-00000000")
    assert not owner_is_dead("")
    assert not owner_is_dead("nonsense")


@pytest.mark.pbx
@pytest.mark.alone
def test_two_runs_on_one_machine(ringing: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """One begins and ends while a phone of the other rings, whose containers and networks it leaves alone."""
    first = ringing("-n", "1", "--speed", "1", "-k", "a long ring")
    mine = left_of(first.pid)
    command = [RINGPROOF, "run", "scenarios/first-free.ring.yaml", "-k", "the first answers"]
    second = subprocess.run([*command, "--out", str(tmp_path / "second")], capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stdout
    assert first.poll() is None
    assert left_of(first.pid) == mine
    assert first.wait(timeout=2 * DEADLINE_S) == 0, (tmp_path / "terminal.log").read_text("utf-8")
    assert left_of(first.pid) == []
