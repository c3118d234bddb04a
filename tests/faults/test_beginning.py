"""What a process begins before its first play: imports, the phones' container, a network for its PBX; no Docker."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ringproof import playing
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.pbx import namespace as namespaces
from ringproof.pbx.namespace import give_back, take_namespace
from ringproof.phones import container as phones
from ringproof.phones.container import phones_of
from ringproof.playing import start_phones

from faults.conftest import until
from faults.scripted_engine import EngineContainer, ScriptedEngine

LATER = (
    "ringproof.dialplan.render",
    "ringproof.pbx.capture",
    "ringproof.playing.names",
    "ringproof.playing.sent_sound",
)
IMPORTS = f"""
import sys
from ringproof import playing
from ringproof.containers.errors import BrokenError

class Phones:
    def await_started(self):
        assert not set({LATER!r}) & set(sys.modules), "it delays nothing that comes before"
        if sys.argv[1] == "fails":
            raise BrokenError("of the phones")

assert "ringproof.playing.conductor" not in sys.modules
playing.load()
assert "ringproof.playing.conductor" in sys.modules
playing.begin_phones = lambda _: Phones()
playing.load_later(None)  # type: ignore[arg-type]
assert set({LATER!r}) <= set(sys.modules)
"""


@pytest.fixture(autouse=True)
def forgotten(environment: RunEnvironment) -> Iterator[None]:
    """What this process has of the run before and after a test: nothing."""
    key = (os.getpid(), environment.run)
    for kept in (phones._CONTAINERS, namespaces._FREE):  # noqa: SLF001
        kept.pop(key, None)
    yield
    for container in [*namespaces._FREE.pop(key, []), *filter(None, [phones._CONTAINERS.pop(key, None)])]:  # noqa: SLF001
        container.await_started().stop()


def network(engine: ScriptedEngine) -> EngineContainer:
    """Return the one container that holds a network."""
    (found,) = [each for each in engine.containers.values() if "-network-" in each.name]
    return found


@pytest.mark.parametrize("phones", ["start", "fails"])
def test_what_is_imported_when(phones: str) -> None:
    """What a play needs at once, and the rest when the phones' container has been started, or could not be."""
    done = subprocess.run([sys.executable, "-c", IMPORTS, phones], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("fails", [False, True])
def test_the_order_of_imports(monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    """The rest is imported behind the phones' container, whether that starts or not: the play is going to say so."""
    steps: list[str] = []
    importlib.import_module("ringproof.playing.conductor")  # so that what it imports itself is no step
    really_import = builtins.__import__

    def note(name: str, *args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - Python's own
        steps.append(name)
        return really_import(name, *args, **kwargs)

    class Phones:
        def await_started(self) -> None:
            steps.append("the phones' container")
            if fails:
                raise BrokenError("of this test")

    monkeypatch.setattr(playing, "begin_phones", lambda _: Phones())
    monkeypatch.setattr(builtins, "__import__", note)
    playing.load()
    playing.load_later(None)  # type: ignore[arg-type]
    monkeypatch.undo()
    ours = [step for step in steps if step.startswith(("ringproof.", "the phones"))]
    assert ours[:2] == ["ringproof.playing.conductor", "the phones' container"]
    assert set(LATER) <= set(ours[2:])


def test_what_the_first_play_would_wait_for(engine: ScriptedEngine, environment: RunEnvironment) -> None:
    """Both containers are begun, nobody waits for them, and the play gets just these."""
    gate = threading.Event()

    def stand(_: object) -> None:
        gate.wait()

    engine.on_start = stand
    start_phones(environment)
    until(lambda: len(engine.containers) == 2)
    gate.set()
    held = take_namespace(environment).await_started()
    assert phones_of(environment).lives
    assert sorted(each.name.split("-")[2] for each in engine.containers.values()) == ["network", "phones"]
    give_back(held)


def test_the_network_of_a_pbx(engine: ScriptedEngine, environment: RunEnvironment) -> None:
    """It is sealed, has few rights, and an address in each network; it reads a pipe that this process holds."""
    held = take_namespace(environment).await_started()
    assert held.addresses == {"office": engine.address, "trunk": engine.address}
    made = network(engine)
    command, limits = made.settings["Cmd"], made.settings["HostConfig"]
    assert command[:5] == ["/ringproof/seal", "--refuse", "172.18.0.1", "--refuse", "172.19.0.1"]
    assert command[command.index("--user") + 1] == "65534:65534"
    assert set(limits["CapAdd"]) == {"NET_ADMIN", "SETGID", "SETPCAP", "SETUID"}
    assert (limits["PidsLimit"], limits["Memory"]) == (16, 32 << 20)
    pipe = made.mounted_at(namespaces.HELD_INSIDE)
    assert pipe.is_fifo()
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))  # ENXIO where nobody holds it
    held.stop()
    until(held.ended.is_set)

    def nobody_holds_it() -> bool:
        try:
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return True
        return False

    until(nobody_holds_it)


def test_a_network_is_handed_out_again(engine: ScriptedEngine, environment: RunEnvironment) -> None:
    """Never to two PBXes at once, and not when its container has ended."""
    first = take_namespace(environment).await_started()
    second = take_namespace(environment).await_started()
    assert first is not second
    give_back(first)
    assert take_namespace(environment) is first
    give_back(second)
    give_back(first)
    for made in engine.containers.values():
        made.end(137)
    until(lambda: not first.lives and not second.lives)
    third = take_namespace(environment)
    assert third not in {first, second}
    third.await_started().stop()


def test_a_network_that_the_engine_does_not_give(engine: ScriptedEngine, environment: RunEnvironment) -> None:
    """The play that waits for it hears why; the next one has another."""
    engine.refuse("POST /containers/create", 500, "no space left on device", times=1)
    refused = take_namespace(environment)
    with pytest.raises(BrokenError) as failed:
        refused.await_started()
    assert failed.value.sentence == (
        "the engine could not start the container that holds the PBX's network: no space left on device"
    )
    give_back(refused)
    following = take_namespace(environment)
    assert following is not refused
    following.await_started().stop()
