"""The container of the phones on a scripted engine, with a scripted server in it that fails in each of its ways."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ringproof.containers import seal
from ringproof.containers.engine import is_rootless
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.containers.seal import NOT_SEALED
from ringproof.phones import container as phones_container
from ringproof.phones import wire
from ringproof.phones.container import (
    FOLDER,
    LOG,
    NOT_SHARED,
    SEALABLE,
    PhonesContainer,
    begin_phones,
    phones_of,
)
from ringproof.playing.phones_network import phones_network_of

from faults.scripted_engine import EngineContainer, ScriptedEngine

Script = Callable[[socket.socket, wire.Request], bool]
"""Answers a request; False: the server ends."""


def granting(link: socket.socket, request: wire.Request) -> bool:
    """Answer as the server does."""
    if "hold" in request:
        wire.send(link, {"held": True})
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        wire.send(link, {"made": True}, made.fileno())
    return True


class Server:
    """Listens in the container that was started, and does to each request what the script says."""

    def __init__(self) -> None:
        self.script: Script = granting
        self.asked: list[wire.Request] = []
        self.status = 0
        """With which the container ends when the server does."""
        self._open: list[socket.socket] = []

    def begin(self, container: EngineContainer) -> None:
        """Be what the engine starts."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(container.mounted_at(FOLDER) / "socket"))
        listener.listen(8)
        self._open.append(listener)
        threading.Thread(target=self._accept, args=[listener, container], daemon=True).start()

    def _accept(self, listener: socket.socket, container: EngineContainer) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = listener.accept()
                self._open.append(link)
                self._serve(link, container)

    def _serve(self, link: socket.socket, container: EngineContainer) -> None:
        while True:
            request, _ = wire.receive(link)
            if request is None:
                return
            self.asked.append(request)
            if not self.script(link, request):
                link.close()
                container.end(self.status)
                return

    def close(self) -> None:
        """Let go of everything."""
        for link in self._open:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()


@pytest.fixture
def server(engine: ScriptedEngine) -> Iterator[Server]:
    """The server that every container of this engine starts."""
    made = Server()
    engine.on_start = made.begin
    yield made
    made.close()


@pytest.fixture
def phones(environment: RunEnvironment) -> Iterator[PhonesContainer]:
    """The container, which has not been started."""
    made = PhonesContainer(environment)
    assert (made.folder / "resolv.conf").read_text() == "nameserver 127.0.0.1\n", "until the run's own is known"
    assert (made.folder / "pbx-resolv.conf").read_text() == "", "it can be mounted"
    yield made
    made.stop()


@pytest.fixture
def impatient(phones: PhonesContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come is waited for no longer than 0.1 s."""
    monkeypatch.setattr(phones_container, "READY_WITHIN_S", 0.1)
    monkeypatch.setattr(phones_container, "ANSWERS_WITHIN_S", 0.1)
    phones._ready._startup_timeout = 0.1  # noqa: SLF001 - with_startup_timeout takes whole seconds


def ends_with(engine: ScriptedEngine, status: int, *said: str) -> None:
    """Have every container end at once, after it has logged this."""

    def end(container: EngineContainer) -> None:
        (container.mounted_at(FOLDER) / LOG).write_text("".join(f"{line}\n" for line in said))
        threading.Timer(0.005, container.end, [status]).start()

    engine.on_start = end


def test_it_hands_out_sockets(engine: ScriptedEngine, server: Server, phones: PhonesContainer) -> None:
    """Once it holds the connection, which it asks for once; `stop` lets go of it."""
    phones.start().await_ready()
    phones.await_ready()
    assert (phones.office_address, phones.trunk_address) == (engine.address, engine.address)
    assert phones.lives
    modes = {path.name: path.stat().st_mode & 0o777 for path in (phones.folder, *phones.folder.iterdir())}
    assert (modes[phones.folder.name], modes["recordings"], modes[LOG]) == (0o777, 0o777, 0o666)
    for link in (phones.new_socket("tcp"), phones.resolver(), phones_network_of(phones).new_socket()):
        assert link.type == socket.SOCK_DGRAM, "the one that the server made"
        link.close()
    assert server.asked == [{"hold": True}, {"socket": "tcp"}, {"resolver": True}, {"socket": "tcp"}]
    assert phones_network_of(phones).resolv_conf.read_text().startswith(f"nameserver {engine.address}\n")
    asked, mounts = engine.last.settings, engine.last.settings["HostConfig"]["Mounts"]
    assert engine.last.name == f"ringproof-scripted-{phones.folder.name}"
    assert {mount["Target"]: mount["ReadOnly"] for mount in mounts} == {
        FOLDER: False, "/ringproof/code/ringproof": True, "/ringproof/seal": True, "/etc/resolv.conf": True,
    }  # fmt: skip
    assert {"PYTHONPATH=/ringproof/code", "PYTHONDONTWRITEBYTECODE=1"} <= set(asked["Env"])
    command = asked["Cmd"]
    assert command[command.index("/ringproof/seal") :] == [
        "/ringproof/seal", "--refuse", "172.18.0.1", "--refuse", "172.19.0.1", "--capture", "--user", phones.user, "--",
        "python3", "-P", "-m", "ringproof.phones.server", FOLDER,
    ]  # fmt: skip
    tap = phones.tap()
    assert phones.tap() is tap
    phones.stop()
    assert tap.link.fileno() == -1
    assert engine.last.is_gone


def test_words_of_the_seal(environment: RunEnvironment) -> None:
    """What is not asked for is not among them."""
    assert seal.seal_command(environment, aliases=("10.0.0.9/16",)) == [
        "/ringproof/seal", "--refuse", "172.18.0.1", "--refuse", "172.19.0.1", "--alias", "10.0.0.9/16", "--",
    ]  # fmt: skip


def test_a_seal_that_nobody_made(environment: RunEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No container is made without it."""
    monkeypatch.setattr(seal, "SEAL", tmp_path / "ringproof-seal")
    with pytest.raises(BrokenError) as failed:
        PhonesContainer(environment)
    assert failed.value.sentence == "the program that seals containers has not been made: there is no ringproof-seal"
    assert failed.value.hint == "`ringproof image` makes it"


def test_one_that_is_not_sealed(engine: ScriptedEngine, phones: PhonesContainer) -> None:
    """The seal's own sentence, and what the engine has to grant."""
    ends_with(engine, NOT_SEALED, "ringproof: the default route is still there", "")
    phones.start()
    with pytest.raises(BrokenError) as failed:
        phones.await_ready()
    assert failed.value.sentence == (
        "the container of the phones could not be sealed: the default route is still there"
    )
    assert failed.value.hint == SEALABLE
    assert not phones.lives


def test_one_that_does_not_find_its_folder(engine: ScriptedEngine, phones: PhonesContainer) -> None:
    """The engine has another file system: that is what is said."""
    ends_with(engine, NOT_SHARED)
    phones.start()
    with pytest.raises(BrokenError) as failed:
        phones.await_ready()
    assert failed.value.sentence == f"the Docker engine does not share {phones.folder} with this machine"


@pytest.mark.parametrize(
    ("said", "word"), [(["Traceback", "ImportError: no pjsua2"], "ImportError: no pjsua2"), ([], "exit status 1")]
)
def test_one_that_ends(engine: ScriptedEngine, phones: PhonesContainer, said: list[str], word: str) -> None:
    """The last line of its log, else its exit status; whoever asks it for something later hears the same."""
    ends_with(engine, 1, *said)
    phones.start()
    for _ in range(2):
        with pytest.raises(BrokenError) as failed:
            phones.resolver()
        assert failed.value.sentence == f"the container of the phones ended: {word}"
        assert failed.value.hint == f"its log is {phones.folder / LOG}"


def test_one_that_ends_and_nobody_knows_how(engine: ScriptedEngine, phones: PhonesContainer) -> None:
    """No log, no status."""
    engine.refuse("POST /containers/.*/wait", 500, "the engine is shutting down")
    phones.start()
    (phones.folder / LOG).unlink()
    with pytest.raises(BrokenError) as failed:
        phones.await_ready()
    assert failed.value.sentence == "the container of the phones ended: it said nothing"


@pytest.mark.usefixtures("impatient")
def test_a_server_that_does_not_listen(engine: ScriptedEngine, phones: PhonesContainer) -> None:
    """It is given up at the deadline, with the last line of its log, and removed."""
    phones.start()
    (phones.folder / LOG).write_text("ringproof: importing\n\n")
    begun = time.monotonic()
    with pytest.raises(BrokenError) as failed:
        phones.await_ready()
    assert failed.value.sentence == "the container of the phones was not ready 0 s after its start: importing"
    assert time.monotonic() - begun < 5
    assert engine.last.is_gone


@pytest.mark.usefixtures("impatient")
def test_a_server_that_does_not_answer(engine: ScriptedEngine, server: Server, phones: PhonesContainer) -> None:
    """It listens, takes the request, and is silent: no answer is no readiness."""
    server.script = lambda _link, _request: True
    phones.start()
    (phones.folder / LOG).write_text("listening\n")
    with pytest.raises(BrokenError, match=r"was not ready 0 s after its start: listening$"):
        phones.await_ready()
    assert server.asked[0] == {"hold": True}
    assert engine.last.is_gone


@pytest.mark.parametrize("answer", [None, {"fault": "no such request"}])
def test_a_server_that_ends_while_it_is_to_be_held(
    server: Server, phones: PhonesContainer, answer: wire.Request | None
) -> None:
    """A connection that ended, or another answer, is no container that lives for this process."""

    def script(link: socket.socket, _request: wire.Request) -> bool:
        if answer is not None:
            wire.send(link, answer)
        return False

    server.script, server.status = script, 9
    phones.start()
    with pytest.raises(BrokenError, match="the container of the phones ended: exit status 9"):
        phones.await_ready()
    assert not phones.hold()


@pytest.mark.parametrize("answers", [True, False])
def test_a_server_that_answers_and_then_ends(server: Server, phones: PhonesContainer, *, answers: bool) -> None:
    """Between two requests, or in the middle of one."""

    def script(link: socket.socket, request: wire.Request) -> bool:
        return granting(link, request) if "hold" in request or (answers and "resolver" in request) else False

    server.script, server.status = script, 9
    phones.start()
    if answers:
        phones.resolver().close()
    for _ in range(2):
        with pytest.raises(BrokenError, match="the container of the phones ended: exit status 9"):
            phones.new_socket("tcp")
    assert not phones.lives


def test_a_request_that_is_refused(server: Server, phones: PhonesContainer) -> None:
    """Its fault is shown, and it lives on."""

    def script(link: socket.socket, request: wire.Request) -> bool:
        if request == {"capture": True}:
            wire.send(link, {"fault": "Too many open files"})
            return True
        return granting(link, request)

    server.script = script
    phones.start()
    with pytest.raises(BrokenError) as failed:
        phones.tap()
    assert failed.value.sentence == "the server of the phones failed: {'fault': 'Too many open files'}"
    phones.resolver().close()


def test_one_that_is_asked_after_it_was_stopped(server: Server, phones: PhonesContainer) -> None:
    """In another thread, between the look whether it is ready and the request."""
    phones.start().await_ready()

    class Stopping:
        def __enter__(self) -> None:
            phones._asking = lock  # noqa: SLF001
            phones.stop()

        def __exit__(self, *_: object) -> None:
            pass

    lock = phones._asking  # noqa: SLF001
    ready = phones.await_ready
    phones.await_ready = lambda: (ready(), setattr(phones, "_asking", Stopping()))[0]  # type: ignore[method-assign, func-returns-value]
    with pytest.raises(BrokenError, match="the container of the phones ended"):
        phones.resolver()
    assert server.asked == [{"hold": True}]


@pytest.mark.parametrize("refused", ["create", "[^/]*/start"])
def test_a_start_in_a_thread_that_fails(engine: ScriptedEngine, environment: RunEnvironment, refused: str) -> None:
    """Whoever waits for the start gets what the engine said, as often as he asks; the next play has a new one."""
    engine.refuse(f"POST /containers/{refused}", 500, "cannot set memory limit", times=1)
    begun = begin_phones(environment)
    for _ in range(2):
        with pytest.raises(BrokenError) as failed:
            begun.await_started()
        assert failed.value.sentence == (
            "the engine could not start the container of the phones: cannot set memory limit"
        )
        assert "pids_limit=2048, mem_limit=8g" in failed.value.hint
    with pytest.raises(BrokenError, match="cannot set memory limit"):
        begun.await_ready()
    assert not begun.lives
    second = phones_of(environment)
    assert second is not begun
    assert second.lives
    assert phones_of(environment) is second
    second.stop()


def test_who_phones_are(engine: ScriptedEngine, phones: PhonesContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner; where that is root nobody; root of a rootless engine, which is the runner."""
    monkeypatch.setattr(os, "getgid", lambda: 1001)
    for runner, user in ((1000, "1000:1001"), (0, "65534:65534")):
        monkeypatch.setattr(os, "getuid", lambda runner=runner: runner)
        assert phones.user == user
    engine.security_options = ["name=rootless"]
    is_rootless.__globals__["_security_options"].cache_clear()
    assert phones.user == "0:0"


def test_a_recording_that_is_a_link(phones: PhonesContainer, tmp_path: Path) -> None:
    """Phones may be hostile: what is no plain file is not kept; none at all is no fault."""
    kept, secret = tmp_path / "kept.wav", tmp_path / "secret"
    secret.write_text("of the runner")
    assert phones.recording("a.wav") == f"{FOLDER}/recordings/a.wav"
    recorded = phones.folder / "recordings" / "a.wav"
    phones.keep_recording("a.wav", kept)
    assert not kept.exists()
    recorded.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic link"):
        phones.keep_recording("a.wav", kept)
    assert not kept.exists()
    recorded.unlink()
    recorded.write_bytes(b"sound")
    phones.keep_recording("a.wav", kept)
    assert kept.read_bytes() == b"sound"
    assert not recorded.exists()
