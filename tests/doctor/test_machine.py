"""Looking at a machine: this one, engines that are none, and nothing that keeps it waiting."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from ringproof.containers.engine import engine
from ringproof.doctor import machine
from ringproof.doctor.checks import diagnose
from ringproof.doctor.facts import Engine, NoEngine, Route
from ringproof.doctor.machine import look, look_at_clock, look_at_engine, read_routes
from ringproof.doctor.output import diagnoses_text, exit_code
from ringproof.doctor.trial import try_networks
from ringproof.phones.container import SEALABLE, PhonesContainer
from ringproof.setup import dockerapi
from ringproof.setup.engine import Machine
from ringproof.setup.image import PHONES

ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
gone0	0000000A	00000000	0000	0	0	0	000000FF	0	0	0
"""


@pytest.mark.pbx
def test_this_machine_is_good(tmp_path: Path) -> None:
    """Everything that calls need is here: the tests beside this one play them."""
    diagnoses = diagnose(look(tmp_path / "out"))
    told = diagnoses_text(diagnoses)
    assert exit_code(diagnoses) == 0, told
    states = {(each.subject, each.state) for each in diagnoses}
    assert {(subject, "ok") for subject in ("python", "phones", "engine", "image", "addresses", "clock")} <= states, (
        told
    )
    assert "ringproof-asterisk:22 has Asterisk 22." in told
    assert "ringproof-phones:2 has pjsua2 2." in told


@pytest.mark.pbx
def test_the_networks_of_a_run_can_be_tried() -> None:
    """They are made, and removed again; an image that is not there is told."""
    before = {network.name for network in engine().networks.list()}
    assert try_networks("ringproof-asterisk:22").state == "ok"
    assert {name for name in {network.name for network in engine().networks.list()} - before if _mine(name)} == set()
    tried = try_networks("ringproof-asterisk:none")
    assert (tried.state, tried.found) == ("broken", "the engine has no image ringproof-asterisk:none")
    assert tried.fix


@pytest.mark.pbx
def test_a_host_that_cannot_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is played there: a run is not even begun."""
    rights = PhonesContainer.rights
    caps = ["SETGID", "SETPCAP", "SETUID"]
    monkeypatch.setattr(PhonesContainer, "rights", lambda self: {**rights(self), "cap_add": caps})
    tried = try_networks("ringproof-asterisk:22")
    assert tried.state == "broken"
    assert tried.found.startswith("the container of the phones could not be sealed: ")
    assert tried.fix == SEALABLE
    assert exit_code([tried]) == 3


def _mine(name: str | None) -> bool:
    """True for a network that this process owns."""
    found = [network for network in engine().networks.list() if network.name == name]
    return any(f":{os.getpid()}:" in (network.attrs["Labels"] or {}).get("ringproof.owner", "") for network in found)


@contextmanager
def listening(folder: Path, answer: bytes | None) -> Iterator[dockerapi.Engine]:
    """An engine's socket at which somebody takes every call, and says this, or nothing at all."""
    path = folder / "docker.sock"
    taken: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            try:
                while True:
                    asking, _ = listener.accept()
                    taken.append(asking)
                    if answer is not None:
                        asking.recv(4096)
                        asking.sendall(answer)
                        asking.close()
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield dockerapi.Engine(f"unix://{path}")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for asking in taken:
        asking.close()


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """A machine without a pid file."""
    (tmp_path / "proc").mkdir()
    return Machine(tmp_path / "proc", tmp_path / "run", tmp_path / "var", tmp_path / "log")


def test_an_engine_that_says_nothing_is_not_waited_for(
    tmp_path: Path, bare: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hang; the doctor does not."""
    monkeypatch.setattr(machine, "PATIENCE_S", 0.2)
    begun = time.monotonic()
    with listening(tmp_path, None) as hanging:
        found = look_at_engine(hanging, bare, {})
    assert time.monotonic() - begun < 2
    assert isinstance(found, NoEngine)
    assert (found.obstacle, found.why) == ("silent", "timed out")


@pytest.mark.parametrize("answer", [b"", b"hello\r\n", b"HTTP/1.0 500 Oops\r\n\r\nnothing"])
def test_what_is_no_engine_is_told_as_such(answer: bytes, tmp_path: Path, bare: Machine) -> None:
    """Whatever listens there."""
    with listening(tmp_path, answer) as strange:
        found = look_at_engine(strange, bare, {})
    assert isinstance(found, NoEngine)
    assert found.obstacle == "other"
    assert found.why


def test_where_nothing_listens(tmp_path: Path, bare: Machine) -> None:
    """No socket; a socket that nobody serves any more; an address that nobody understands."""
    absent = look_at_engine(dockerapi.Engine(f"unix://{tmp_path}/none.sock"), bare, {})
    assert isinstance(absent, NoEngine)
    assert (absent.obstacle, absent.is_this_machines_own) == ("absent", False)
    with listening(tmp_path, None) as gone:
        pass
    refused = look_at_engine(gone, bare, {})
    assert isinstance(refused, NoEngine)
    assert refused.obstacle == "absent"
    strange = look_at_engine(dockerapi.Engine("ssh://anna@pbx"), bare, {})
    assert isinstance(strange, NoEngine)
    assert strange.why.startswith("DOCKER_HOST=ssh://anna@pbx is not understood")
    named = look_at_engine(dockerapi.Engine("tcp://127.0.0.1:9", "the docker context x", "do y"), bare, {})
    assert isinstance(named, NoEngine)
    assert named.way_back == "do y"


def test_a_stale_pid_file_is_found(tmp_path: Path, bare: Machine) -> None:
    """The number in it is by now another program's."""
    bare.var_run.mkdir()
    (bare.var_run / "docker.pid").write_text("4711\n")
    (bare.proc / "4711").mkdir()
    (bare.proc / "4711" / "cmdline").write_bytes(b"/usr/bin/mc\0")
    found = look_at_engine(dockerapi.Engine(f"unix://{tmp_path}/none.sock"), bare, {})
    assert isinstance(found, NoEngine)
    assert (found.stale_pid_file, found.stale_pid) == (bare.var_run / "docker.pid", 4711)
    (bare.proc / "4711" / "cmdline").write_bytes(b"/usr/sbin/dockerd\0")
    found = look_at_engine(dockerapi.Engine(f"unix://{tmp_path}/none.sock"), bare, {})
    assert isinstance(found, NoEngine)
    assert found.stale_pid_file is None


@pytest.mark.pbx
def test_an_image_of_another_recipe_is_stale() -> None:
    """What it was made of is on its label."""
    wanted = {"ringproof-asterisk:22": "of something else", PHONES.name: "neither"}
    found = look_at_engine(dockerapi.Engine.of_environment(), Machine(), wanted)
    assert isinstance(found, Engine)
    for image in (found.images["22"], found.phones):
        assert image is not None
        assert not image.is_fresh


def test_routes() -> None:
    """Networks with their devices; not the default route, and nothing that is down."""
    assert list(read_routes(ROUTES)) == [
        Route(IPv4Network("192.0.2.0/24"), "eth0"),
        Route(IPv4Network("172.17.0.0/16"), "docker0"),
    ]


def test_the_pools_of_docker() -> None:
    """31 where nothing else is configured (facts of the engine's own defaults), else those of its configuration."""
    assert len(machine.DEFAULT_POOLS) == 31
    configured = [{"Base": "10.10.0.0/16", "Size": 24}, {"Base": "fd00::/8", "Size": 64}]
    assert len(list(machine._pools(configured))) == 256  # noqa: SLF001 - what no engine of ours is configured with


def test_a_library_that_is_none_does_not_load(tmp_path: Path) -> None:
    """The loader says why; one that is not there is not loaded."""
    library = tmp_path / "ringproof-clock.so"
    assert not look_at_clock(library).is_there
    library.write_bytes(b"no library\n")
    found = look_at_clock(library)
    assert found.is_there
    assert "cannot be preloaded" in found.loads


def test_a_program_says_why_it_does_not_end_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last word; one that says nothing and one that never ends are told, too."""
    fault_of = machine._fault_of  # noqa: SLF001 - whatever else is looked at is good here
    assert fault_of(["sh", "-c", "echo no luck >&2; exit 1"], {}) == "no luck"
    assert fault_of(["sh", "-c", "kill -ABRT $$"], {}) == "it ends with -6"
    monkeypatch.setattr(machine, "PATIENCE_S", 0.1)
    assert fault_of(["sleep", "60"], {}) == "not within 0.4 s"


def test_a_program_that_is_not_there_is_a_fault() -> None:
    """Not an exception."""
    assert machine._fault_of([f"{sys.executable}-none"], {})  # noqa: SLF001 - nothing that is looked at is missing here
