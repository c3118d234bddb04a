"""A phone's handle against a scripted server and process: how it starts, answers and ends, or does not."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ringproof.clock.clock import PhoneLine
from ringproof.clock.page import Page, PeerWord
from ringproof.containers.errors import BrokenError
from ringproof.phones import handle, wire
from ringproof.phones import protocol as say
from ringproof.phones.handle import Crashed, Phone, PhoneStartError, RegistrationError
from ringproof.phones.protocol import Message, Verb

READY = say.Ready(at_ns=1, address="127.0.0.9", port=5070)
SOON = timedelta(seconds=0.05)
LONG = timedelta(seconds=10)
VERB = say.Register(registrar="127.0.0.4:5060", user="101", password="secret")  # noqa: S106


class Process:
    """A phone's process and the server that forked it, as blocking calls in a thread of their own."""

    def __init__(self, link: socket.socket, channel: socket.socket, settings: wire.Request, files: int) -> None:
        self.link, self.channel, self.settings, self.files = link, channel, settings, files
        self._heard = channel.makefile("rb")
        self._said = 0

    def say(self, message: say.Message) -> None:
        """Tell the conductor."""
        self._said += 1
        self.channel.sendall(say.to_numbered_line(message, self._said))

    def hear(self) -> Verb | Message:
        """Return the next verb."""
        return say.from_line(self._heard.readline())

    def report(self, **report: object) -> None:
        """Have the server report it."""
        wire.send(self.link, report)

    def close_channel(self) -> None:
        """End the channel."""
        self._heard.close()
        self.channel.close()

    def asked(self) -> wire.Request | None:
        """Return what the server is asked for next; None at the end of the connection."""
        with contextlib.suppress(OSError):
            return wire.receive(self.link)[0]
        return None


Script = Callable[[Process], object]


@dataclass
class Desk:
    """A server whose processes follow a script, and what the conductor heard of them."""

    folder: Path
    told: list[say.Message | Crashed] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    reported: list[BaseException | None] = field(default_factory=list)
    """What the loop's exception handler got."""

    @property
    def server(self) -> Path:
        """The server's socket."""
        return self.folder / "socket"

    @property
    def log(self) -> Path:
        """The phone's log."""
        return self.folder / "101.log"

    def serve(self, script: Script) -> None:
        """Make the process of one phone, which does what the script says, and then keeps its connections open."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(self.server))
        listener.listen(1)

        def run() -> None:
            with listener:
                link, _ = listener.accept()
            request, (channel, *files) = wire.receive(link)
            for descriptor in files:
                socket.close(descriptor)
            assert request is not None
            process = Process(link, socket.socket(fileno=channel), request["phone"], len(files))
            self.processes.append(process)
            with contextlib.suppress(OSError, ValueError):  # the phone is let go of before it has been heard
                script(process)

        threading.Thread(target=run, name="process", daemon=True).start()

    def start(self, **changed: Any) -> Awaitable[Phone]:  # noqa: ANN401
        """Start the phone 101."""
        arguments: dict[str, Any] = {"server": self.server, "address": "127.0.0.9", "log": self.log, "within": LONG}
        return Phone.start("101", on_message=self._take, **{**arguments, **changed})

    def _take(self, message: say.Message | Crashed) -> None:
        self.told.append(message)
        if isinstance(message, say.Fault):
            raise RuntimeError("the handler is wrong")  # noqa: TRY004 - any exception will do

    def run(self, script: Script, test: Callable[[Phone], Awaitable[object]], **changed: Any) -> None:  # noqa: ANN401
        """Start the phone, do the test, and let go of the phone."""

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(
                lambda _, context: self.reported.append(context.get("exception"))
            )
            async with asyncio.timeout(10):
                phone = await self.start(**changed)
                try:
                    await test(phone)
                finally:
                    phone.kill()

        self.serve(script)
        asyncio.run(main())

    def refused(self, killed: list[object] | None = None, **changed: Any) -> PhoneStartError:  # noqa: ANN401
        """Start the phone, which is to fail, and return with what; until then `killed` has become what it is."""

        async def main() -> None:
            try:
                await self.start(**changed)
            finally:
                assert killed in (None, [None]), "the end of the connection kills it, and is waited for"

        with pytest.raises(PhoneStartError) as failed:
            asyncio.run(main())
        return failed.value


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk of its own."""
    folder = Path(tempfile.mkdtemp(prefix="desk-"))
    made = Desk(folder)
    yield made
    for process in made.processes:
        process.close_channel()
        process.link.close()
    shutil.rmtree(folder)


def ready(process: Process) -> None:
    """Start as a phone does."""
    process.report(pid=17)
    process.say(READY)


async def until(condition: Callable[[], object]) -> None:
    """Wait until it is true, in turns of the loop."""
    while not condition():  # noqa: ASYNC110 - another thread makes it true
        await asyncio.sleep(0.001)


def test_it_starts_and_stops(desk: Desk) -> None:
    """It is told to quit and does; nothing of that is a crash."""

    def script(process: Process) -> None:
        ready(process)
        assert isinstance(process.hear(), say.Quit)
        process.report(status=0)
        process.close_channel()

    async def test(phone: Phone) -> None:
        assert (phone.pid, phone.address, phone.port, phone.exit_status) == (17, "127.0.0.9", 5070, None)
        assert phone.unanswered_for is None
        await phone.stop()
        assert phone.exit_status == 0
        await phone.stop()
        phone.tell(say.Attend())

    desk.run(script, test)
    assert desk.told == [READY]
    settings = desk.processes[0].settings
    assert (settings["name"], settings["calls"], settings["number"]) == ("101", 64, 0)
    assert 1700 <= settings["tone_hz"] <= 3250


def test_a_server_that_is_not_there(desk: Desk) -> None:
    """The system's own sentence, and no connection is left."""
    failed = desk.refused()
    assert str(failed).startswith("phone 101 did not start: [Errno 2] No such file or directory")
    assert (failed.phone, failed.cause) == ("101", "[Errno 2] No such file or directory")
    assert failed.log_tail == f"\n  {desk.log}:"
    assert isinstance(failed.__cause__, OSError)


def test_a_server_that_does_not_take_the_request(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was connected by then is let go of at once."""
    ended: list[object] = []

    def fail(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    kill = Phone.kill

    def killed(phone: Phone) -> object:
        ended.append("killed")
        return kill(phone)

    monkeypatch.setattr(Phone, "kill", killed)
    monkeypatch.setattr(wire, "send", fail)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with listener:
        listener.bind(str(desk.server))
        listener.listen(1)
        assert desk.refused().cause == "[Errno 32] Broken pipe"
    assert ended == ["killed"]


def test_a_log_that_cannot_be_opened(desk: Desk) -> None:
    """There is no end of it either."""
    failed = desk.refused(log=desk.folder / "nowhere" / "101.log")
    assert "No such file or directory" in failed.cause
    assert failed.log_tail == ""


def test_one_that_does_not_get_ready(desk: Desk) -> None:
    """It is killed at the deadline, its end is waited for, and the end of its log is shown."""
    killed: list[object] = []
    desk.log.write_text("".join(f"line {number}\n" for number in range(20)))

    def script(process: Process) -> None:
        killed.append(process.asked())
        process.close_channel()

    desk.serve(script)
    failed = desk.refused(killed, within=SOON)
    assert failed.cause == "not ready within 0.05 s"
    assert failed.log_tail.split("\n  ")[1:] == [f"{desk.log}:", *(f"line {number}" for number in range(5, 20))]


def test_one_whose_end_nobody_sees(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container that stands still: it is not waited for for ever."""
    monkeypatch.setattr(handle, "KILLED_WITHIN", SOON)
    desk.serve(lambda process: process.asked())
    assert desk.refused(within=SOON).cause == "not ready within 0.05 s"


def test_a_start_that_is_cancelled(desk: Desk) -> None:
    """Its process goes with it."""
    killed: list[object] = []
    begun = threading.Event()

    def script(process: Process) -> None:
        begun.set()
        killed.append(process.asked())
        process.close_channel()

    async def main() -> None:
        starting = asyncio.ensure_future(desk.start())
        await asyncio.to_thread(begun.wait, 5)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert killed == [None]

    desk.serve(script)
    asyncio.run(main())


def _status(process: Process) -> None:
    process.report(status=3)
    process.close_channel()


def _fault(process: Process) -> None:
    process.report(fault="fork: Cannot allocate memory")
    process.close_channel()


def _traceback(process: Process) -> None:
    process.say(say.Fault(at_ns=1, traceback="Traceback:\n  File x\nImportError: no pjsua2\n"))
    process.report(status=1)
    process.close_channel()


def _connection(process: Process) -> None:
    process.link.close()
    process.close_channel()


def _reset(process: Process) -> None:
    process.report(unheard=True)
    process.close_channel()


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (_status, "it ended with exit status 3"),
        (_fault, "fork: Cannot allocate memory"),
        (_traceback, "ImportError: no pjsua2"),
        (_connection, "it ended with the container of the phones, which was killed or stopped from outside"),
        (_reset, "it ended with the container of the phones, which was killed or stopped from outside"),
    ],
)
def test_one_that_ends_before_it_is_ready(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, script: Script, cause: str
) -> None:
    """Why, as far as anybody said it; and it is no crash of a phone that had started."""
    monkeypatch.setattr(desk, "_take", desk.told.append)
    desk.serve(script)
    assert desk.refused().cause == cause
    assert not [message for message in desk.told if isinstance(message, Crashed)]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "ended with exit status 0"),
        (-6, "was killed by SIGABRT"),
        (None, "ended with the container of the phones, which was killed or stopped from outside"),
    ],
)
def test_a_crash(desk: Desk, status: int | None, words: str) -> None:
    """Reported once, as its last word: what it said before its end is read first, half a line is no message."""

    def script(process: Process) -> None:
        ready(process)
        process.hear()
        if status is None:
            process.link.close()
        else:
            process.report(status=status)
        process.say(say.Attending(at_ns=2))
        process.channel.sendall(b'3 {"Attending": {"at')
        process.close_channel()

    async def test(phone: Phone) -> None:
        phone.ask_for_a_sign()
        await until(lambda: len(desk.told) == 3)
        assert phone.exit_status == status
        assert phone.unanswered_for is None

    desk.run(script, test)
    assert desk.told[1] == say.Attending(at_ns=2)
    crashed = desk.told[2]
    assert isinstance(crashed, Crashed)
    assert (crashed.status, str(crashed)) == (status, words)
    assert desk.reported == []


def test_a_channel_that_ends_alone(desk: Desk) -> None:
    """A process without one is of no use: the server is asked to kill it."""
    asked: list[object] = []

    def script(process: Process) -> None:
        ready(process)
        process.close_channel()
        asked.append(process.asked())
        process.report(status=-signal.SIGKILL)

    async def test(phone: Phone) -> None:
        await until(lambda: len(desk.told) == 2)
        assert phone.exit_status == -signal.SIGKILL

    desk.run(script, test)
    assert asked == [{"kill": True}]


def test_a_sign_of_life(desk: Desk) -> None:
    """Asked for once until it is given; how long it is owed is known meanwhile."""
    verbs: list[object] = []
    go_on = threading.Event()

    def script(process: Process) -> None:
        ready(process)
        verbs.append(process.hear())
        go_on.wait(5)
        process.say(say.Attending(at_ns=2))
        verbs.append(process.hear())

    async def test(phone: Phone) -> None:
        begun = asyncio.get_running_loop().time()
        for _ in range(2):
            phone.ask_for_a_sign()
        asked = asyncio.get_running_loop().time()
        await until(lambda: asyncio.get_running_loop().time() > asked)
        assert phone.unanswered_for is not None
        assert 0 < phone.unanswered_for <= asyncio.get_running_loop().time() - begun
        go_on.set()
        await until(lambda: len(desk.told) == 2)
        assert phone.unanswered_for is None
        phone.tell(say.Reregister())
        await until(lambda: len(verbs) == 2)

    desk.run(script, test)
    assert verbs == [say.Attend(), say.Reregister()]


def register(desk: Desk, then: Script, within: timedelta = LONG) -> str | int:
    """Register, and return how long for, or the sentence of the error."""
    came: list[str | int] = []

    def script(process: Process) -> None:
        ready(process)
        assert process.hear() == VERB
        then(process)

    async def test(phone: Phone) -> None:
        try:
            came.append((await phone.register(VERB, within=within)).expires)
        except RegistrationError as fault:
            came.append(str(fault))

    desk.run(script, test)
    return came[0]


def test_a_registration(desk: Desk) -> None:
    """Accepted, and accepted once more."""

    def accept(process: Process) -> None:
        for _ in range(2):
            process.say(say.Registered(at_ns=2, expires=3600))

    assert register(desk, accept) == 3600


def test_a_registration_that_is_refused(desk: Desk) -> None:
    """By the registrar, with code and reason; a second refusal changes nothing."""

    def refuse(process: Process) -> None:
        data = b"".join(
            say.to_numbered_line(say.RegistrationFailed(at_ns=2, code=code, reason=reason), number)
            for number, (code, reason) in enumerate([(403, "Forbidden"), (503, "Gone")], start=2)
        )
        process.channel.sendall(data)

    assert register(desk, refuse) == "phone 101: registration refused: 403 Forbidden"
    assert desk.reported == []


def test_a_registrar_that_is_silent(desk: Desk) -> None:
    """Which one, and how long."""
    sentence = "phone 101: no answer to REGISTER from 127.0.0.4:5060 within 0.05 s"
    assert register(desk, lambda _: None, SOON) == sentence


def test_a_phone_that_ends_while_it_registers(desk: Desk) -> None:
    """How it ended."""
    assert register(desk, _status) == "phone 101 ended with exit status 3"
    assert str(desk.told[-1]) == "ended with exit status 3"


@pytest.mark.parametrize("quits", [False, True])
def test_one_that_does_not_quit(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, quits: bool) -> None:
    """It is killed, and not reported as crashed; where nobody sees its end the channel is closed all the same."""
    monkeypatch.setattr(handle, "KILLED_WITHIN", SOON)
    ended: list[object] = []

    def script(process: Process) -> None:
        ready(process)
        process.hear()
        ended.append(process.asked())
        if quits:
            process.close_channel()
        else:
            ended.append(process.channel.recv(1))

    async def test(phone: Phone) -> None:
        await phone.stop(unregister=True, within=SOON)
        await until(lambda: len(ended) == (1 if quits else 2))
        await until(lambda: phone.exit_status is not None)

    desk.run(script, test)
    assert ended[0] is None
    assert desk.told == [READY]
    assert ended[1:] in ([], [b""])


def test_one_that_is_frozen(desk: Desk, tmp_path: Path) -> None:
    """It owes nothing, the clock does not wait for it, and it is ended without having been asked to quit."""
    line = PhoneLine(Page.make(tmp_path / "page"), 2)
    asked: list[object] = []

    def script(process: Process) -> None:
        ready(process)
        process.hear()
        asked.append(process.asked())
        process.report(stopped=True)
        process.report(stopped=True)
        asked.append(process.asked())
        process.close_channel()

    async def test(phone: Phone) -> None:
        phone.ask_for_a_sign()
        assert phone.leaves_something
        await phone.freeze()
        assert line.page.peer(2)[PeerWord.MUTED] == 1
        assert phone.unanswered_for is None
        await phone.stop()
        assert phone.exit_status == -signal.SIGKILL
        await phone.freeze()

    desk.run(script, test, line=line)
    assert asked == [{"stop": True}, None]
    assert desk.processes[0].files == 2, "its log and its page"
    assert line.page.peer(2)[PeerWord.ASKED] == 1
    assert desk.told == [READY]


def test_one_that_cannot_be_frozen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not say so within its time: the play is broken, and the phone is named."""
    monkeypatch.setattr(handle, "START_WITHIN", SOON)

    async def test(phone: Phone) -> None:
        with pytest.raises(BrokenError) as failed:
            await phone.freeze()
        assert failed.value.sentence == "the process of phone 101 was not stopped within 0.05 s of real time"

    desk.run(ready, test)


def test_one_that_ends_while_it_is_frozen(desk: Desk) -> None:
    """That is no fault of the server's."""

    def script(process: Process) -> None:
        ready(process)
        process.asked()
        _status(process)

    async def test(phone: Phone) -> None:
        await phone.freeze()
        assert phone.exit_status == 3

    desk.run(script, test)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"2 hello\n", "phone 101 sent what is no message: no line of a phone's channel: b'hello'"),
        (
            b'3 {"Attending": {"at_ns": 2}}\n',
            "messages of phone 101 were lost or mixed up: message 3 (Attending) came after message 1",
        ),
        (
            b'1 {"Attending": {"at_ns": 2}}\n',
            "messages of phone 101 were lost or mixed up: message 1 (Attending) came after message 1",
        ),
        (b'2 {"Fault": {"at_ns": 2, "traceback": "x"}}\n', "the handler is wrong"),
    ],
)
def test_a_message_that_is_wrong(desk: Desk, line: bytes, sentence: str) -> None:
    """The loop's handler gets it, which breaks the play; the phone lives on."""

    def script(process: Process) -> None:
        ready(process)
        process.channel.sendall(line)
        process.hear()

    async def test(phone: Phone) -> None:
        await until(lambda: desk.reported)
        phone.tell(say.Attend())
        assert phone.exit_status is None

    desk.run(script, test)
    (fault,) = desk.reported
    assert isinstance(fault, BrokenError | RuntimeError)
    assert (fault.sentence if isinstance(fault, BrokenError) else str(fault)) == sentence
