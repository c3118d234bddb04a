"""A container on a scripted engine: what the engine refuses, and ends at moments at which nobody expects them."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest
from docker.errors import APIError
from ringproof.containers import run_container
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.containers.run_container import RunContainer
from ringproof.setup.named import NamedEngine
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from faults.conftest import IMAGE, until
from faults.scripted_engine import EngineContainer, ScriptedEngine

REMOVING = "removal of container is already in progress"


class Limited(RunContainer):
    """One with limits, as those of PBX and phones have."""

    what = "the limited one"
    ends: list[int]

    def rights(self) -> dict[str, Any]:
        return {"pids_limit": 7, "mem_limit": "1m", "hostname": "limited", "sysctls": {"net.core.somaxconn": "9"}}

    def note_end(self) -> None:
        self.ends.append(self.exit_status)


@pytest.fixture
def limited(environment: RunEnvironment, tmp_path: Path) -> Limited:
    """One of the run that has not been started."""
    made = Limited(IMAGE, environment).with_name("ringproof-limited")
    made.ends = []
    return made.bind(tmp_path, "/inside").bind(tmp_path, "/writable", writable=True)


def test_it_starts_with_what_a_run_gives_it(engine: ScriptedEngine, limited: Limited, tmp_path: Path) -> None:
    """Both networks, labels, mounts, limits; its end is reported by a thread, and `stop` removes it."""
    assert limited.start() is limited
    asked = engine.last.settings
    host = asked["HostConfig"]
    assert limited.addresses == {"office": engine.address, "trunk": engine.address}
    assert asked["Labels"]["ringproof"] == "1"
    assert (asked["Labels"]["ringproof.run"], asked["Labels"]["ringproof.owner"]) == ("scripted", "nobody")
    assert (host["CapDrop"], host["AutoRemove"], host["PidsLimit"], host["Memory"]) == (["ALL"], True, 7, 1 << 20)
    assert host["Sysctls"]["net.core.somaxconn"] == "9"
    assert [(mount["Source"], mount["Target"], mount["ReadOnly"]) for mount in host["Mounts"]] == [
        (str(tmp_path), "/inside", True),
        (str(tmp_path), "/writable", False),
    ]
    assert not limited.wait_ended(0)
    engine.last.end(3)
    assert limited.wait_ended(5)
    until(lambda: limited.ends == [3])
    limited.stop()
    assert engine.last.is_gone
    assert engine.asked.count("GET /version") == 1, "not by each client"


@pytest.mark.parametrize("word", ["cgroups: cannot set memory limit", "pids cgroup is not mounted"])
def test_a_limit_that_is_refused(engine: ScriptedEngine, limited: Limited, word: str) -> None:
    """The hint names the limits, and nothing of the container is left."""
    engine.refuse("POST /containers/[^/]*/start", 500, f"OCI runtime create failed: {word}")
    with pytest.raises(BrokenError) as failed:
        limited.start()
    assert failed.value.sentence == f"the engine could not start the limited one: OCI runtime create failed: {word}"
    assert failed.value.hint == "the limits are pids_limit=7, mem_limit=1m: `docker info` lists what this kernel cannot"
    assert isinstance(failed.value.__cause__, APIError)
    assert engine.last.is_gone


def test_another_refusal_has_no_such_hint(engine: ScriptedEngine, limited: Limited) -> None:
    """Where the sentence is not of limits they are not shown; before it is created there is nothing to remove."""
    engine.refuse("POST /containers/create", 500, "no space left on device")
    with pytest.raises(BrokenError) as failed:
        limited.start()
    assert failed.value.sentence == "the engine could not start the limited one: no space left on device"
    assert failed.value.hint == ""
    assert engine.containers == {}


def test_a_network_that_is_gone(engine: ScriptedEngine, limited: Limited) -> None:
    """Created is not started: it is removed."""
    engine.refuse("POST /networks/trunk/connect", 404, "network trunk not found")
    with pytest.raises(BrokenError, match="could not start the limited one: network trunk not found"):
        limited.start()
    assert engine.last.is_gone
    assert not any(path.endswith("/start") for path in engine.asked)


@pytest.mark.parametrize("by_user", [True, False])
def test_an_engine_on_another_machine(
    engine: ScriptedEngine, limited: Limited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, by_user: bool
) -> None:
    """A path that is there, and that it does not see: not the engine's words, but what they mean."""
    said = "invalid mount config for type 'bind': bind source path does not exist: "
    engine.refuse("POST /containers/create", 400, said + str(tmp_path), times=1)
    if not by_user:
        monkeypatch.setattr(run_container, "named_once", lambda: NamedEngine("unix:///var/run/docker.sock"))
    with pytest.raises(BrokenError) as failed:
        limited.start()
    assert failed.value.sentence == f"the Docker engine does not share {tmp_path} with this machine"
    hint = "unset DOCKER_HOST to use this machine's own" if by_user else "is this process in a container?"
    assert failed.value.hint == f"it has to run on this machine, and see the same files: {hint}"
    engine.refuse("POST /containers/create", 400, said + str(tmp_path / "nowhere"))
    with pytest.raises(BrokenError, match=r"could not start the limited one: .*does not exist: .*/nowhere"):
        limited.start()


def test_another_fault_is_no_refusal(engine: ScriptedEngine, limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an interrupt removes the container that it left behind."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(limited, "reload", interrupted)
    with pytest.raises(KeyboardInterrupt):
        limited.start()
    assert engine.last.is_gone


def test_one_that_does_not_get_ready(limited: Limited) -> None:
    """What its wait strategy raises is raised; to end it is for whoever started it."""

    class Never(WaitStrategy):
        def wait_until_ready(self, container: WaitStrategyTarget) -> None:
            assert container is limited
            raise TimeoutError("of this test")

    limited.waiting_for(Never())
    with pytest.raises(TimeoutError, match="of this test"):
        limited.start()
    assert not limited.ended.is_set()


def test_one_that_ends_at_once(engine: ScriptedEngine, limited: Limited) -> None:
    """Between its start and the look at its addresses: removed by itself, so it could not be started."""

    def end(container: EngineContainer) -> None:
        container.end(0)
        container.is_gone = True

    engine.on_start = end
    with pytest.raises(BrokenError, match="could not start the limited one: No such container"):
        limited.start()
    assert limited.wait_ended(5)


def test_the_engine_that_ends_while_a_container_is_awaited(engine: ScriptedEngine, limited: Limited) -> None:
    """Nobody knows the exit status then, and whoever waits goes on."""
    engine.refuse("POST /containers/[^/]*/wait", 500, "the engine is shutting down")
    limited.start()
    assert limited.wait_ended(5)
    until(lambda: limited.ends == [-1])


@pytest.mark.parametrize(("status", "sentence"), [(404, "No such container"), (409, REMOVING), (500, "stuck")])
def test_a_removal_that_is_refused_in_a_run(
    engine: ScriptedEngine, limited: Limited, status: int, sentence: str
) -> None:
    """Nothing is raised: what is left is waited for when the run ends. The client's connections are closed."""
    limited.start()
    closed = watch_closing(limited)
    engine.refuse("DELETE /containers/.*", status, sentence)
    limited.stop()
    assert closed == [True]


def watch_closing(container: RunContainer) -> list[bool]:
    """Return what grows when the client of the container is closed."""
    closed: list[bool] = []
    client = container.get_docker_client().client
    close = client.close

    def watched() -> None:
        closed[:] = [True]
        close()

    client.close = watched  # type: ignore[method-assign]
    return closed


@pytest.mark.parametrize("status", [404, 409, 500])
def test_a_removal_that_is_refused_alone(engine: ScriptedEngine, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A removal that is under way is waited for; another refusal is docker's own error."""
    monkeypatch.setattr(run_container, "_REMOVED_WITHIN_S", 5)
    alone = RunContainer(IMAGE).start()
    closed = watch_closing(alone)
    engine.refuse("DELETE /containers/.*", status, "of this test")
    removed_at: list[float] = []
    if status == 409:

        def end() -> None:
            removed_at.append(time.monotonic())
            engine.last.end(0)

        threading.Timer(0.02, end).start()
    if status == 500:
        with pytest.raises(APIError, match="of this test"):
            alone.stop()
    else:
        alone.stop()
    assert closed == [True]
    assert any(path.endswith("/wait") for path in engine.asked) is (status == 409)
    assert status != 409 or removed_at


def test_a_removal_that_is_over_before_it_is_waited_for(engine: ScriptedEngine) -> None:
    """The engine says that it is under way, and a moment later that there is none."""
    alone = RunContainer(IMAGE).start()
    engine.refuse("DELETE /containers/.*", 409, REMOVING)
    engine.refuse("POST /containers/.*/wait", 404, "No such container")
    alone.stop()


def test_the_end_of_one_that_is_alone(engine: ScriptedEngine) -> None:
    """The engine is asked: while it runs, after its end, and where it is not there any more."""
    alone = RunContainer(IMAGE).start()
    begun = time.monotonic()
    assert not alone.wait_ended(0.02)
    assert time.monotonic() - begun >= 0.02
    engine.last.end(4)
    assert alone.wait_ended(0)
    assert alone.exit_status == 4
    alone.start()
    assert (alone.ended.is_set(), alone.exit_status) == (False, -1), "a second life"
    engine.last.is_gone = True
    assert alone.wait_ended(0)
    assert alone.exit_status == -1, "unknown"


def test_a_signal(engine: ScriptedEngine, limited: Limited) -> None:
    """It comes to the first process; one that has ended does not mind."""
    limited.start()
    limited.signal("USR1")
    assert engine.last.signals == ["USR1"]
    engine.last.is_gone = True
    limited.signal("USR1")
    closed = watch_closing(limited)
    limited.let_go()
    assert closed == [True]


def test_a_kernel_without_ipv6(engine: ScriptedEngine, limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses the settings that take it away, so they are not asked for."""
    is_dir = Path.is_dir
    kernel = [True]
    monkeypatch.setattr(Path, "is_dir", lambda path: kernel[0] if str(path) == "/proc/sys/net/ipv6" else is_dir(path))
    for has in (True, False):
        kernel[0] = has
        limited.start()
        sysctls = cast("dict[str, str]", engine.last.settings["HostConfig"]["Sysctls"])
        assert ("net.ipv6.conf.all.disable_ipv6" in sysctls) is has
        assert sysctls["net.core.somaxconn"] == "9"
