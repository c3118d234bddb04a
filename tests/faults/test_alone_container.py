"""AsteriskContainer alone, on a scripted engine: a test that is written straight down gets the error that it is."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.pbx import ami as amis
from ringproof.pbx import asterisk_container
from ringproof.pbx.ami import Ami
from ringproof.pbx.asterisk_container import AsteriskContainer, AsteriskReady
from ringproof.pbx.ended import READY, AsteriskEndedError
from ringproof.pbx.manager import Login, ManagerError
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer

from faults.conftest import IMAGE
from faults.manager_peer import BANNER, BOOTED, OK, Answers, ManagerPort
from faults.scripted_engine import EngineContainer, ScriptedEngine

VALUE = "Response: Success\r\nID\r\nVariable: OFFICE\r\nValue: trading"
ENTRY = "Event: Entry\r\nID\r\nObjectName: 101"
ANSWERS: Answers = {
    "Login": BOOTED,
    "Ping": ["Event: Ring\r\nExten: 101", "Event: Ring\r\nExten: 102", "Event: Hangup\r\nExten: 101", *OK],
    "PJSIPShowEndpoints": ["Response: Success\r\nID", ENTRY, "Event: End\r\nID\r\nEventList: Complete"],
    "Command": ["Response: Success\r\nID\r\nOutput: one\r\nOutput: two"],
    "Getvar": [VALUE],
    "Bye": ["END"],
}  # fmt: skip


@dataclass
class House:
    """What a container of this engine does when it is started."""

    engine: ScriptedEngine
    make_port: Callable[..., ManagerPort]
    etc: Path
    answers: Answers = field(default_factory=lambda: dict(ANSWERS))
    banner: bytes = BANNER
    listens: bool = True
    status: int | None = None
    log: bytes = b""
    ports: list[ManagerPort] = field(default_factory=list)

    def start(self, container: EngineContainer) -> None:
        """Be Asterisk, and publish its port."""
        container.log = self.log
        if self.listens:
            self.ports.append(self.make_port(self.answers, host="127.0.0.1", banner=self.banner))
            published = [{"HostIp": "0.0.0.0", "HostPort": str(self.ports[-1].port)}]  # noqa: S104 - the engine's word
            container.ports = {"5038/tcp": published}
        if self.status is not None:
            container.end(self.status)

    def asterisk(self, **kwargs: Any) -> AsteriskContainer:  # noqa: ANN401
        """Return a container with the configuration, which is not started."""
        return AsteriskContainer(IMAGE, **kwargs).with_configuration(self.etc)


@pytest.fixture
def house(
    engine: ScriptedEngine,
    manager_port: Callable[..., ManagerPort],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    """One in which Asterisk boots."""
    monkeypatch.setattr(asterisk_container, "POLL_S", 0.005)
    (tmp_path / "modules.conf").write_text("[modules]\nautoload=no\n")
    made = House(engine, manager_port, tmp_path)
    engine.on_start = made.start
    return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what has everything waited for no longer than 0.2 s, from then on."""

    def begin() -> None:
        monkeypatch.setattr(asterisk_container, "BOOT_DEADLINE_S", 0.2)
        monkeypatch.setattr(asterisk_container, "ENDS_WITHIN_S", 0.2)

    return begin


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Each session has ended its thread."""
    yield
    assert "AMI" not in [thread.name for thread in threading.enumerate()]


def test_it_is_used_straight_down(house: House) -> None:
    """One session as long as it is open; what a test asks is answered; the container ends with the test."""
    with house.asterisk() as pbx:
        ami = pbx.ami()
        assert pbx.ami() is ami
        assert ami.command("core show version") == ["one", "two"]
        assert [entry["ObjectName"] for entry in ami.listing("PJSIPShowEndpoints")] == ["101"]
        assert ami.value("OFFICE") == "trading"
        assert ami.variable("PJSIP/101-1", "OFFICE") == "trading"
        ami.close()
        other = pbx.ami()
        assert other is not ami
        with pbx.ami("own", "secret") as own:
            assert own is not other
            assert own.action("Ping")["Response"] == "Success"
        assert not own.is_open
    assert not other.is_open
    container = house.engine.last
    assert container.is_gone
    assert [folder for folder, _ in container.files] == ["/etc/asterisk"]
    assert container.settings["HostConfig"]["Mounts"][0]["Target"] == "/etc/asterisk"
    assert "5038/tcp" in container.settings["ExposedPorts"]
    with pytest.raises(AsteriskEndedError, match="Asterisk ended, and its container has been removed: its log is lost"):
        pbx.ami()


@pytest.mark.parametrize(
    ("settings", "kwargs", "command"),
    [
        ({"Cmd": None}, {}, ["asterisk", "-f"]),
        ({"Cmd": ["/bin/bash"]}, {}, ["asterisk", "-f"]),
        ({"Cmd": ["asterisk", "-f"]}, {}, None),
        ({"Cmd": [], "Entrypoint": ["/start"]}, {}, None),
        ({"Cmd": None}, {"command": "sleep"}, ["sleep"]),
        (None, {}, None),
    ],
)
def test_what_is_started(
    house: House, settings: dict[str, Any] | None, kwargs: dict[str, Any], command: list[str] | None
) -> None:
    """Only where the image starts nothing; one that is missing is pulled, as testcontainers does."""
    if settings is None:
        del house.engine.images[IMAGE]
    else:
        house.engine.images[IMAGE] = settings
    with house.asterisk(**kwargs):
        assert house.engine.last.settings.get("Cmd") == command
    assert house.engine.pulled == ([IMAGE] if settings is None else [])


def test_without_a_configuration_of_ours(house: House, tmp_path: Path, impatient: Callable[[], None]) -> None:
    """It is ready with its banner, and has no account; a file that a test copies is copied as testcontainers does."""
    (tmp_path / "greeting").write_text("hello")
    pbx = AsteriskContainer(IMAGE).with_copy_into_container(tmp_path / "greeting", "/greeting")
    house.answers["Login"] = OK
    with pbx:
        assert pbx.manager is not None
        assert pbx.manager.fileno() == -1, "the connection of the look is not kept"
        assert [folder for folder, _ in house.engine.last.files] == ["/"]
        with pytest.raises(ValueError, match=r"there is no account: with_configuration\(folder\) makes one"):
            pbx.ami()
        impatient()
        with pytest.raises(TimeoutError) as failed:
            pbx.ami("own", "secret")
        assert str(failed.value) == (
            "Asterisk was not fully booted within 0 s, or the account own may not read events of the class `system`"
        )


def test_readiness_is_of_an_asterisk(house: House) -> None:
    """Another container has none; the sentence names the class."""
    other = DockerContainer(IMAGE)
    with pytest.raises(TypeError) as failed:
        AsteriskReady().wait_until_ready(other)
    assert str(failed.value) == "AsteriskReady waits for an AsteriskContainer, and this is a DockerContainer"
    assert house.engine.containers == {}


def test_no_answer_at_its_port(house: House, impatient: Callable[[], None]) -> None:
    """Which port, and how long; the log is testcontainers' note."""
    impatient()
    house.listens, house.log = False, b"still loading"
    with pytest.raises(TimeoutError) as failed, house.asterisk():
        pytest.fail("it is not ready")
    assert str(failed.value) == "Asterisk did not answer at its manager port, 5038, within 0 s"
    assert failed.value.__notes__ == ["still loading"]
    assert house.engine.last.is_gone


@pytest.mark.parametrize("banner", [b"", b"Asterisk Call Man"])
def test_a_banner_that_does_not_come(house: House, banner: bytes, impatient: Callable[[], None]) -> None:
    """A port that is open is no answer: Docker's proxy opens it."""
    impatient()
    house.banner = banner
    with pytest.raises(TimeoutError, match="did not answer at its manager port, 5038, within 0 s"), house.asterisk():
        pytest.fail("it is not ready")
    assert house.ports[0].taken > 0


def test_it_ends_while_it_boots(house: House) -> None:
    """At once, with the last words of its log, whose end is a note."""
    house.listens, house.status, house.log = False, 1, b"\x1b[0mhello\nNo such user 'pbx'!\n"
    with pytest.raises(AsteriskEndedError) as failed, house.asterisk():
        pytest.fail("it is not ready")
    assert str(failed.value) == "Asterisk ended (exit status 1): No such user 'pbx'!"
    assert failed.value.__notes__ == ["The end of its container's log:\nhello\nNo such user 'pbx'!"]
    assert house.engine.last.is_gone


@pytest.mark.parametrize("mode", [ConnectionMode.docker_host, ConnectionMode.gateway_ip])
def test_it_is_removed_while_it_boots(house: House, monkeypatch: pytest.MonkeyPatch, mode: ConnectionMode) -> None:
    """Its log is gone with it."""
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", mode)
    house.listens = False
    house.engine.on_start = lambda container: setattr(container, "is_gone", True)
    with pytest.raises(AsteriskEndedError) as failed, house.asterisk():
        pytest.fail("it is not ready")
    assert str(failed.value) == "Asterisk ended, and its container has been removed: its log is lost"


def test_an_account_that_is_refused(house: House) -> None:
    """Of ours: Asterisk reads another folder; of somebody's own it is the manager's sentence alone."""
    with house.asterisk() as pbx:
        first = pbx.ami()
        no = ["Response: Error\r\nID\r\nMessage: Authentication failed"]
        house.answers["Login"] = no
        with pytest.raises(ManagerError) as failed:
            pbx.ami("own", "secret")
        assert failed.value.sentence == "the PBX refused the manager action Login: Authentication failed"
        first.close()
        with pytest.raises(ManagerError) as failed:
            pbx.ami()
        assert failed.value.sentence == (
            "the PBX refused the manager action Login: Authentication failed; the account is the one of "
            "with_configuration: its Asterisk does not read /etc/asterisk, give at=FOLDER"
        )


@pytest.mark.parametrize("ends", [True, False])
def test_a_session_that_asterisk_closes(house: House, impatient: Callable[[], None], *, ends: bool) -> None:
    """Where it ends within a moment, that is why; else nobody knows."""
    with house.asterisk() as pbx:
        ami = pbx.ami()
        if ends:
            house.engine.last.log = f"{READY}\n".encode()
            threading.Timer(0.02, house.engine.last.end, [139]).start()
        else:
            impatient()
        kind = AsteriskEndedError if ends else ConnectionResetError
        sentence = (
            f"Asterisk ended (exit status 139): {READY}"
            if ends
            else "Asterisk closed its manager interface, and has not ended"
        )
        for asking in (lambda: ami.action("Bye"), lambda: ami.command("x"), lambda: ami.wait_for("Never", within=9)):
            with pytest.raises(kind) as failed:
                asking()
            assert str(failed.value) == sentence
        assert not ami.is_open


@pytest.fixture
def session(house: House) -> Iterator[Ami]:
    """A session in which two rings and a hang-up came."""
    with house.asterisk() as pbx:
        ami = pbx.ami()
        ami.action("Ping")
        yield ami


def test_events_that_do_not_come(session: Ami) -> None:
    """What came instead: of this name its headers, else the last names; an event is returned once."""
    assert session.wait_for("Ring", Exten=102) == {"Event": "Ring", "Exten": "102"}
    with pytest.raises(TimeoutError) as failed:
        session.wait_for("Ring", within=0.01, Exten=102, Channel="x")
    assert str(failed.value) == (
        "no event Ring Exten=102 Channel=x within 0.01 s; 1 of this name came: Exten=101 Channel=(none)"
    )
    with pytest.raises(TimeoutError, match=r"^no event DTMFEnd within 0\.01 s; Hangup, Ring came last$"):
        session.wait_for("DTMFEnd", within=0.01)
    session.forget()
    with pytest.raises(TimeoutError, match=r"^no event Ring within 0\.01 s; none came last$"):
        session.wait_for("Ring", within=0.01)


def test_a_session_that_is_closed_while_somebody_waits(session: Ami) -> None:
    """Another thread closes it: the wait ends at once, and not with its deadline."""
    threading.Timer(0.02, session.close).start()
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match=r"this session .* is closed; `ami\(\)` opens another one"):
        session.wait_for("Never", within=30)
    assert time.monotonic() - begun < 10
    session.close()


def test_a_handler_of_ours_that_fails_is_no_loss(session: Ami, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is raised, and not that Asterisk has gone."""

    def broken(_: object) -> None:
        raise RuntimeError("of this test")

    monkeypatch.setattr(session._manager, "_on_event", broken)  # noqa: SLF001
    askings: tuple[Callable[[], object], ...] = (
        lambda: session.action("Ping"),
        lambda: session.wait_for("Never", within=9),
    )
    for asking in askings:
        with pytest.raises(BrokenError, match="the harness failed while it took the manager event Ring"):
            asking()


def test_a_thread_that_does_not_end(session: Ami, monkeypatch: pytest.MonkeyPatch) -> None:
    """`close` gives up after a while; the thread is a daemon, and its loop is left to it."""
    monkeypatch.setattr(amis, "CLOSED_WITHIN_S", 0.02)
    goes_on = threading.Event()
    loop = session._loop  # noqa: SLF001
    loop.call_soon_threadsafe(goes_on.wait)
    session.close()
    assert not loop.is_closed()
    goes_on.set()
    session._thread.join(5)  # noqa: SLF001
    loop.run_until_complete(asyncio.wait(asyncio.all_tasks(loop)))
    loop.close()


def test_a_login_that_fails_leaves_nothing() -> None:
    """Neither a connection nor a thread."""
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(LookupError, match="of this test"):
        Ami(ours, Login("a", "b"), booted_within=1, why_lost=lambda: LookupError("of this test"))
    assert ours.fileno() == -1


@pytest.mark.usefixtures("engine")
def test_in_a_run_its_end_and_its_configuration_are_others_business(environment: RunEnvironment) -> None:
    """Who plays knows its log."""
    pbx = AsteriskContainer(IMAGE, environment)
    with pytest.raises(
        ValueError, match="in a run the configuration is mounted: with_configuration is for a container"
    ):
        pbx.with_configuration("etc-asterisk")
    pbx.addresses = {"office": "127.0.0.1"}
    pbx.ended.set()
    with pytest.raises(AsteriskEndedError) as failed:
        pbx.get_ready(5, 0.01)
    assert str(failed.value) == ""
    pbx.stop()
