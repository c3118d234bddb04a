"""A PBX that does not boot, in each of its ways: a scripted engine starts a container that is a manager port, or none.

For each what is raised, with its sentence and its hint; and afterwards nothing is left.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ringproof.containers import evidence as evidences
from ringproof.containers.errors import BrokenError, ComplaintError, LogMissingError, UnmetNeedsError
from ringproof.containers.run import RunEnvironment
from ringproof.core.needs import Needs
from ringproof.core.source import Source
from ringproof.pbx import asterisk_container
from ringproof.pbx import container as pbx_container
from ringproof.pbx import manager as managers
from ringproof.pbx.asterisk_container import NEEDED, AbandonedError, AsteriskContainer
from ringproof.pbx.complaints import BootPolicy
from ringproof.pbx.container import DROPPED, LEASE_SECONDS, ClockMount, Pbx, PhonesNetwork
from ringproof.pbx.ended import READY
from ringproof.pbx.manager import Login, ManagerError
from ringproof.pbx.manager_conf import MANAGER_PORT

from faults.manager_peer import BANNER, BOOTED, OK, Answers, ManagerPort
from faults.scripted_engine import EngineContainer, ScriptedEngine

LOGIN = Login("ringproof", "of-this-test")
STAMP = "[2026-01-01 00:00:00.000]"
LOGGED = f"{STAMP} VERBOSE[1] asterisk.c: {READY}\n"
COMPLAINT = f"{STAMP} ERROR[1]: pbx_config.c:1 x: no such application"
LOGS_IN = "Output:   Log directory:           /ringproof/evidence"
SETTINGS = [f"Response: Success\r\nID\r\n{LOGS_IN}\r\nOutput:   Configuration directory: /ringproof/conf"]
ANSWERS: Answers = {
    "Login": BOOTED,
    "Filter": OK,
    "Command": SETTINGS,
    "CoreSettings": ["Response: Success\r\nID\r\nAsteriskVersion: 16.28.0"],
    "Ping": OK,
}
NEEDS = Needs(asterisk="18", because="of this test", source=Source("a.ring.yaml", 1, 1))


@dataclass
class Boot:
    """A boot that is prepared, and what it came to."""

    engine: ScriptedEngine
    environment: RunEnvironment
    evidence: Path
    make_port: Callable[..., ManagerPort]
    answers: Answers = field(default_factory=lambda: dict(ANSWERS))
    banner: bytes = BANNER
    listens: bool = True
    hangs_up: bool = False
    closes: bool = True
    """The manager interface is closed when the container ends."""
    log: str = LOGGED
    console: str = ""
    status: int | None = None
    """With which the container ends, as soon as it has started; None: it does not."""
    begun: threading.Event = field(default_factory=threading.Event)
    lost: list[BrokenError] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    pbx: Pbx | None = None
    port: ManagerPort | None = None

    def start(self, container: EngineContainer) -> None:
        """Be what the engine starts."""
        (self.evidence / "full.log").write_text(self.log)
        (self.evidence / "console.log").write_text(self.console)
        if self.port is not None:
            self.port.close()
        if self.listens:
            self.port = self.make_port(
                self.answers, host=self.engine.address, port=MANAGER_PORT, banner=self.banner,
                hangs_up=self.hangs_up,
            )  # fmt: skip
            if self.closes:
                container.on_end = self.port.close
        if self.status is not None:
            container.end(self.status)
        self.begun.set()

    def run(self, then: Callable[[Pbx], Awaitable[None]] | None = None, **changed: Any) -> None:  # noqa: ANN401
        """Boot, do `then`, and remove it."""
        self.engine.on_start = self.start
        configuration = self.evidence / "conf"
        configuration.mkdir(exist_ok=True)
        (self.evidence / "resolv.conf").touch()
        arguments: dict[str, Any] = {
            "name": "ringproof-scripted-pbx",
            "configuration": configuration,
            "evidence": self.evidence,
            "phones_network": PhonesNetwork(socket.socket, self.evidence / "resolv.conf"),
            "login": LOGIN,
            "on_event": self.events.append,
            "on_lost": self.lost.append,
            **changed,
        }

        async def boot() -> None:
            async with asyncio.timeout(20):
                pbx = self.pbx = await Pbx.boot(self.environment, **arguments)
                try:
                    if then is not None:
                        await then(pbx)
                finally:
                    await pbx.remove()

        asyncio.run(boot())

    def refused(self, kind: type[BrokenError] = BrokenError, **changed: Any) -> BrokenError:  # noqa: ANN401
        """Boot, which is to raise exactly this class, and return what was raised; nothing may be left."""
        with pytest.raises(BrokenError) as failed:
            self.run(**changed)
        assert type(failed.value) is kind
        assert self.pbx is None
        assert all(container.is_gone or container.over.is_set() for container in self.engine.containers.values())
        assert not list(Path(self.environment.folder).glob("gate-*"))
        return failed.value


class Held:
    """Stands where a NamespaceContainer stands that has been started."""

    lives = True

    def __init__(self, address: str) -> None:
        self.addresses = {"office": address, "trunk": address}

    def await_started(self) -> None:
        """It has."""

    def get_container_id(self) -> str:
        return "held"


@pytest.fixture
def boot(
    engine: ScriptedEngine,
    environment: RunEnvironment,
    tmp_path: Path,
    manager_port: Callable[..., ManagerPort],
    monkeypatch: pytest.MonkeyPatch,
) -> Boot:
    """One that succeeds as long as a test does not change it."""
    monkeypatch.setattr(pbx_container, "LOGGED_WITHIN_S", 0.05)
    monkeypatch.setattr(pbx_container, "take_namespace", lambda _: Held(engine.address))
    monkeypatch.setattr(pbx_container, "give_back", lambda _: None)
    return Boot(engine, environment, tmp_path, manager_port)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come is waited for no longer than 0.2 s."""
    for where in (asterisk_container, pbx_container):
        monkeypatch.setattr(where, "BOOT_DEADLINE_S", 0.2)
        monkeypatch.setattr(where, "ENDS_WITHIN_S", 0.2)


def test_it_boots_and_ends(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal ends it where its manager interface closes then; all that it needs is mounted and in its environment."""
    monkeypatch.setenv(LEASE_SECONDS, "7")
    boot.answers["Ping"] = ["END"]
    page = boot.evidence / "clock" / "page"
    page.parent.mkdir()
    page.touch()
    counted: list[tuple[str, int]] = []
    clock = ClockMount(
        library=page, page=page,
        on_connected=lambda port: counted.append(("port", port)), on_bytes=lambda _: None, on_write=lambda _: None,
    )  # fmt: skip

    async def then(pbx: Pbx) -> None:
        assert (pbx.office_address, pbx.trunk_address) == (boot.engine.address, boot.engine.address)
        assert pbx.manager.local_port == counted[0][1]
        assert boot.events[-1]["Event"] == "FullyBooted"
        with pytest.raises(ManagerError):
            await pbx.manager.action("Ping")

    boot.run(then, clock=clock)
    container = boot.engine.last
    inside = {mount["Target"]: mount["ReadOnly"] for mount in container.settings["HostConfig"]["Mounts"]}
    writable = {"/ringproof/evidence", "/ringproof/gate", "/ringproof/clock/page.d"}
    read_only = {"conf", "evidence/conf", "lease", "init", "seal", "clock/ringproof-clock.so"}
    assert inside == {
        **dict.fromkeys(writable, False),
        **dict.fromkeys((f"/ringproof/{name}" for name in read_only), True),
        "/etc/resolv.conf": True,
    }
    assert container.settings["Entrypoint"] == ["bash", "/ringproof/init"]
    assert "RINGPROOF_REFUSED=172.18.0.1 172.19.0.1" in container.settings["Env"]
    assert f"{LEASE_SECONDS}=7" in container.settings["Env"]
    assert container.is_gone, "its end told nothing about Asterisk's, so it was removed"


def test_a_signal_ends_it(boot: Boot) -> None:
    """Its manager interface is closed then, which is no loss, and the engine removes it."""
    boot.run()
    assert boot.engine.last.signals == ["USR1"]
    assert not boot.engine.last.is_gone
    assert boot.lost == []


@pytest.mark.usefixtures("impatient")
def test_a_signal_does_not_end_it(boot: Boot) -> None:
    """Where its manager interface stays open, it is removed."""
    boot.closes = False
    boot.run()
    assert boot.engine.last.signals == ["USR1"]
    assert boot.engine.last.is_gone
    assert boot.lost == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("ready", [True, False])
def test_a_manager_that_sends_no_banner(boot: Boot, *, ready: bool) -> None:
    """Where Asterisk says that it is ready, something drops what is sent to it; else it is slow."""
    boot.banner = b""
    boot.console = f"{READY}\n" if ready else "loading\n"
    if ready:
        failed = boot.refused()
        assert failed.sentence == "Asterisk is ready, but was not reached at its manager port within 0 s"
        assert failed.hint == DROPPED
    else:
        failed = boot.refused()
        assert failed.sentence == "Asterisk was not ready 0 s after its start: loading"
        assert failed.hint == f"its log is {boot.evidence / 'full.log'}"
    assert isinstance(failed.__cause__, TimeoutError)


@pytest.mark.usefixtures("impatient")
def test_a_port_that_is_not_open(boot: Boot) -> None:
    """The first complaint of its log, which is kept in the error, is more than the end of the console."""
    boot.listens = False
    boot.log = f"{COMPLAINT}\n"
    boot.console = "the last line\n"
    failed = boot.refused(ComplaintError)
    assert failed.sentence == f"Asterisk was not ready 0 s after its start: {COMPLAINT}"
    assert isinstance(failed, ComplaintError)
    assert (failed.said, failed.booted) == ((COMPLAINT,), False)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("banner", [b"Asterisk Call Mana", b"x" * 300])
def test_a_banner_that_is_none(boot: Boot, banner: bytes) -> None:
    """Cut off, or without an end: not the beginning of a conversation."""
    boot.banner, boot.hangs_up = banner, True
    assert boot.refused().sentence == "Asterisk was not ready 0 s after its start: it said nothing"


@pytest.mark.usefixtures("impatient")
def test_a_banner_and_nothing_else(boot: Boot) -> None:
    """Whoever does not answer a login is not ready."""
    boot.answers = {}
    failed = boot.refused()
    assert failed.sentence == "Asterisk was not ready 0 s after its start: it said nothing"
    assert isinstance(failed.__cause__, TimeoutError)


@pytest.mark.usefixtures("impatient")
def test_an_asterisk_that_is_never_fully_booted(boot: Boot) -> None:
    """The login is accepted, and the event does not come."""
    boot.answers["Login"] = OK
    boot.console = "  \nwaiting for a module\n\n"
    assert boot.refused().sentence == "Asterisk was not ready 0 s after its start: waiting for a module"


@pytest.mark.parametrize(
    ("action", "block", "sentence"),
    [
        ("Login", "Response: Error\r\nID\r\nMessage: Authentication failed", "refused .* Login: Authentication failed"),
        ("Login", "END", "closed its manager interface"),
        ("Filter", "END", "closed its manager interface;"),
        ("Filter", "Response: CUT", "closed its manager interface in the middle of a message: 'Response: CUT'"),
    ],
)
def test_a_login_that_fails(boot: Boot, action: str, block: str, sentence: str) -> None:
    """Refused, cut or closed: the manager's sentence, and Asterisk's own word."""
    boot.answers[action] = [block, "END"] if block.endswith("CUT") else [block]
    boot.console = "the last line\n"
    failed = boot.refused()
    assert re.search(sentence, failed.sentence)
    assert failed.sentence.endswith("the last line")


@pytest.mark.parametrize(
    ("status", "console", "sentence", "hint"),
    [
        (1, "boom\n", "Asterisk ended while it booted (exit status 1): boom", "its log is"),
        (78, "ringproof: there is no bash\nx\n", "Asterisk could not be started: there is no bash", NEEDED),
        (78, "ringproof-clock: another libc\n", "Asterisk could not be started: another libc", "`make image` makes"),
        (78, "of Asterisk's own\n", "Asterisk ended while it booted (exit status 78): of Asterisk's own", "its log is"),
        (1, "ringproof: not 78\n", "Asterisk ended while it booted (exit status 1): ringproof: not 78", "its log is"),
    ],
)
def test_a_container_that_ends_while_it_boots(boot: Boot, status: int, console: str, sentence: str, hint: str) -> None:
    """Its status says who did not let Asterisk start, the console why."""
    boot.listens, boot.status, boot.console = False, status, console
    failed = boot.refused()
    assert failed.sentence == sentence
    assert failed.hint.startswith(hint)


def test_it_ends_after_the_login(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the container comes before the event that it is fully booted."""
    monkeypatch.setattr(pbx_container, "ENDS_WITHIN_S", 0.02)
    boot.answers["Login"] = OK
    boot.closes = False
    boot.console = "boom\n"
    at_filter = boot.answers["Filter"]

    class Ending(list[str]):
        def __iter__(self) -> Any:  # noqa: ANN401
            boot.engine.last.end(139)
            return super().__iter__()

    boot.answers["Filter"] = Ending(at_filter)
    assert boot.refused().sentence == "Asterisk ended while it booted (exit status 139): boom"


def test_an_image_without_bash(boot: Boot) -> None:
    """The engine's words are of a file that is not there; what is missing is said, and where it stands."""
    boot.engine.refuse("POST /containers/[^/]*/start", 400, 'exec: "bash": executable file not found in $PATH')
    failed = boot.refused()
    assert failed.sentence == (
        "the image scripted-asterisk:1 has no bash on its PATH, by which Asterisk is started there"
    )
    assert failed.hint == NEEDED


def test_limits_that_are_refused(boot: Boot) -> None:
    """Those of the PBX stand in the hint."""
    boot.engine.refuse("POST /containers/[^/]*/start", 500, "cannot set memory limit")
    failed = boot.refused()
    assert failed.sentence == "the engine could not start the PBX: cannot set memory limit"
    assert failed.hint.startswith("the limits are pids_limit=4096, mem_limit=2g: ")


def test_a_boot_that_complains(boot: Boot) -> None:
    """Refused by default, with all that was said; accepted where the policy allows it."""
    boot.log = f"{COMPLAINT}\n{LOGGED}"
    failed = boot.refused(ComplaintError)
    assert failed.sentence == f"Asterisk complained about its configuration while it booted: {COMPLAINT}"
    assert isinstance(failed, ComplaintError)
    assert (failed.said, failed.booted) == ((COMPLAINT,), True)
    heard: list[str] = []

    async def then(pbx: Pbx) -> None:
        heard.extend(pbx.complaints())

    boot.run(then, policy=BootPolicy(allow=("no such application",)))
    assert heard == [COMPLAINT]


def test_a_log_that_stays_away(boot: Boot) -> None:
    """Asterisk says where it logs: elsewhere, at once; here, after a while, with the folder of its settings."""
    boot.log = "half of the boot\n"
    failed = boot.refused(LogMissingError)
    assert failed.sentence == ("Asterisk does not log its boot in full.log, so that nobody sees what it complains of")
    assert failed.hint == "the settings are in asterisk.conf and logger.conf in /ringproof/conf"
    elsewhere = [SETTINGS[0].replace("/ringproof/evidence", "/var/log/asterisk")]
    boot.answers["Command"] = elsewhere
    failed = boot.refused(LogMissingError)
    assert failed.sentence == "Asterisk logs in /var/log/asterisk, where nobody sees what it complains of"
    assert isinstance(failed, LogMissingError)
    assert not failed.here


def test_a_log_that_is_a_link(boot: Boot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no evidence, whatever it leads to."""
    (tmp_path / "real").write_text(LOGGED)
    start = boot.start

    def linked(container: EngineContainer) -> None:
        start(container)
        for name in ("full.log", "console.log"):
            (boot.evidence / name).unlink()
            (boot.evidence / name).symlink_to(tmp_path / "real")

    monkeypatch.setattr(boot, "start", linked)
    boot.refused(LogMissingError)


def test_settings_that_cannot_be_read(boot: Boot) -> None:
    """An Asterisk whose log is not there, and that does not say where it is."""
    boot.log = ""
    boot.answers["Command"] = ["Response: Error\r\nID\r\nMessage: Permission denied"]
    boot.console = "the last line\n"
    failed = boot.refused()
    assert failed.sentence == (
        "the PBX refused the command core show settings: Permission denied; Asterisk's log says: the last line"
    )
    boot.answers["Command"] = ["END"]
    assert boot.refused().sentence.startswith("the PBX closed its manager interface; Asterisk's log says: ")


@pytest.mark.parametrize(
    ("version", "kind", "sentence"),
    [
        ("16.28.0", UnmetNeedsError, "needs Asterisk 18, and this PBX is 16.28.0: of this test"),
        ("of my own", BrokenError, "the PBX says that it is Asterisk 'of my own': is that 18, which is needed?"),
    ],
)
def test_an_asterisk_that_is_too_old(boot: Boot, version: str, kind: type[Exception], sentence: str) -> None:
    """Looked at before its complaints; a version that is none breaks the play."""
    boot.log = f"{COMPLAINT}\n{LOGGED}"
    boot.answers["CoreSettings"] = [f"Response: Success\r\nID\r\nAsteriskVersion: {version}"]
    with pytest.raises(kind, match=sentence):
        boot.run(needs=NEEDS)
    assert boot.engine.last.over.is_set()


def test_a_configuration_that_cannot_be_written(boot: Boot) -> None:
    """What `configure` raises is raised, and the container that is being started meanwhile is ended."""

    async def configure() -> None:
        await asyncio.to_thread(boot.begun.wait, 5)
        raise BrokenError("the disk is full")

    boot.listens = False
    begun = time.monotonic()
    assert boot.refused(configure=configure).sentence == "the disk is full"
    assert time.monotonic() - begun < 5


def test_a_container_that_is_being_made(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the boot fails meanwhile the thread that makes it is waited for: else it would be nobody's."""
    made, asked, abandoned = boot.engine._made, threading.Event(), threading.Event()  # noqa: SLF001
    abandon = AsteriskContainer.abandon

    def slowly(*args: Any) -> EngineContainer:  # noqa: ANN401
        asked.set()
        assert abandoned.wait(5)
        return made(*args)

    def noted(container: AsteriskContainer) -> None:
        abandon(container)
        abandoned.set()

    async def configure() -> None:
        await asyncio.to_thread(asked.wait, 5)
        raise BrokenError("the disk is full")

    monkeypatch.setattr(boot.engine, "_made", slowly)
    monkeypatch.setattr(AsteriskContainer, "abandon", noted)
    assert boot.refused(configure=configure).sentence == "the disk is full"
    assert boot.engine.last.is_gone


@pytest.mark.parametrize("after", ["start", "login"])
def test_a_boot_that_is_cancelled(boot: Boot, after: str) -> None:
    """Whoever waits for it may be cancelled; the container that a thread has made is removed."""
    boot.answers = {}
    boot.listens = after == "login"

    async def cancelled() -> None:
        booting = asyncio.current_task()
        assert booting is not None
        waiting = asyncio.get_running_loop()

        def cancel() -> None:
            boot.begun.wait(5)
            if boot.port is not None:
                boot.port.asked.wait(5)
            waiting.call_soon_threadsafe(booting.cancel)

        threading.Thread(target=cancel).start()

    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        boot.run(configure=cancelled)
    assert time.monotonic() - begun < 10, "its start was hastened"
    assert boot.engine.last.over.is_set()
    assert boot.engine.last.is_gone is (after == "start")
    assert not list(Path(boot.environment.folder).glob("gate-*"))


def test_a_pbx_that_has_not_booted(tmp_path: Path) -> None:
    """There is no manager interface, and nothing to remove."""

    async def test() -> None:
        pbx = Pbx("pbx-1", tmp_path)
        with pytest.raises(BrokenError) as failed:
            _ = pbx.manager
        assert failed.value.sentence == "the PBX pbx-1 has not booted"
        assert (pbx.complaints(), pbx.office_address, pbx.trunk_address) == ([], "", "")
        await pbx.remove()

    asyncio.run(test())


def test_users_of_containers_that_are_nobody_here(boot: Boot) -> None:
    """The evidence can be written by them while the PBX lives, and not afterwards."""
    boot.engine.security_options = ["name=userns"]
    modes: list[int] = []

    async def then(_: Pbx) -> None:
        modes.append(boot.evidence.stat().st_mode & 0o777)

    boot.run(then)
    assert [*modes, boot.evidence.stat().st_mode & 0o777] == [0o777, 0o755]


@pytest.mark.parametrize(("status", "signal"), [(139, 11), (134, 6), (137, None), (0, None), (None, None)])
def test_why_it_ended(boot: Boot, status: int | None, signal: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal of its own is a crash; killed or stopped from outside is none; the engine's word is waited for."""
    if status is None:
        wait_for = asyncio.wait_for
        monkeypatch.setattr(asyncio, "wait_for", lambda work, within: wait_for(work, min(within, 0.05)))
    told: list[int | None] = []

    async def then(pbx: Pbx) -> None:
        if status is not None:
            boot.engine.last.end(status)
        told.append(await pbx.why_ended())

    boot.run(then)
    assert told == [signal]


def test_a_sound_that_the_image_has_not(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once; a log that is too long is none that is known; a clean one is nothing."""
    line = f"{STAMP} WARNING[2] file.c: File {{}} does not exist in any format\n"
    unopened = f"{STAMP} WARNING[2] file.c: Unable to open {{}} (format (ulaw)): Success\n"
    raised: list[BrokenError] = []

    async def then(pbx: Pbx) -> None:
        pbx.refuse_log()
        log = boot.evidence / "full.log"
        log.write_text(LOGGED + unopened.format("c") + unopened.format("b"))
        with pytest.raises(BrokenError) as failed:
            pbx.refuse_log()
        assert failed.value.sentence == "the PBX was to play what it cannot open: b, c"
        log.write_text(LOGGED + unopened.format("c") + line.format("b") + line.format("a") + line.format("b"))
        for longest in (evidences.LONGEST, 10):
            monkeypatch.setattr(pbx_container, "LONGEST", longest)
            with pytest.raises(BrokenError) as failed:
                pbx.refuse_log()
            raised.append(failed.value)

    boot.run(then)
    assert raised[0].sentence == "the PBX was to play what its image has no sound for: a, b"
    assert raised[0].hint.endswith(NEEDED)
    assert raised[1].sentence == "the PBX wrote more than 0 MB of log, which is more than is read"
    assert raised[1].hint == f"its log is {boot.evidence / 'full.log'}"


def test_the_loss_of_a_booted_pbx(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reported once; the end of such a PBX is the removal of its container, not a signal."""
    monkeypatch.setattr(managers, "ANSWER_DEADLINE_S", 1.0)
    boot.answers["Ping"] = ["END"]

    async def then(pbx: Pbx) -> None:
        with pytest.raises(ManagerError, match="the PBX closed its manager interface"):
            await pbx.manager.ping()

    boot.run(then)
    assert [fault.sentence for fault in boot.lost] == ["the PBX closed its manager interface"]
    assert boot.engine.last.signals == []
    assert boot.engine.last.is_gone


def test_an_end_after_the_loop(boot: Boot) -> None:
    """The engine reports it to a thread when nobody asks any more: nothing is raised there."""
    raised: list[object] = []
    hook, threading.excepthook = threading.excepthook, raised.append
    try:
        made: list[AsteriskContainer] = []

        async def then(pbx: Pbx) -> None:
            assert pbx._container is not None  # noqa: SLF001
            made.append(pbx._container)  # noqa: SLF001

        boot.run(then)
        made[0].note_end()
    finally:
        threading.excepthook = hook
    assert raised == []


def test_one_that_is_abandoned(environment: RunEnvironment) -> None:
    """Whoever waits for it in a thread stops at once."""
    container = AsteriskContainer("scripted-asterisk:1", environment)
    container.addresses = {"office": "127.0.0.1"}
    container.abandon()
    with pytest.raises(AbandonedError):
        container.get_ready(5, 0.01)
    container.stop()
