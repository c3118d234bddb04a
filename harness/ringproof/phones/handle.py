"""The conductor's side of a phone: it starts the process, sends verbs, and gets messages on the asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO

from ringproof.containers.errors import BrokenError
from ringproof.phones import protocol as say
from ringproof.phones import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ringproof.clock.clock import PhoneLine

START_WITHIN = timedelta(seconds=30)
"""A phone is ready in a tenth of a second; on a busy machine it may take long."""
STOP_WITHIN = timedelta(seconds=2)
KILLED_WITHIN = timedelta(seconds=5)
"""A process that is killed ends at once, unless its container is stopped."""
CALLS = 64
"""How many calls a phone takes at once: the most that the library is built for (phones-image/config_site.h)."""
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """A phone's process, or its channel, ended without a request."""

    status: int | None
    """Exit status; negative: the signal that killed it; None: it ended with the container of the phones."""
    log_tail: str

    def __str__(self) -> str:
        """Return how it ended, as the end of a sentence about the phone."""
        if self.status is None:
            return "ended with the container of the phones, which was killed or stopped from outside"
        if self.status >= 0:
            return f"ended with exit status {self.status}"
        return f"was killed by {signal.Signals(-self.status).name}"


class PhoneStartError(Exception):
    """A phone did not get ready; the message has its name, the cause, and the end of its log."""

    def __init__(self, phone: str, cause: str, log_tail: str) -> None:
        """`cause` continues the sentence "phone 101 did not start: "."""
        super().__init__(f"phone {phone} did not start: {cause}{log_tail}")
        self.phone = phone
        self.cause = cause
        self.log_tail = log_tail


class RegistrationError(Exception):
    """A phone could not register; the message names it and the cause."""


class Phone:
    """One phone process. Make it with `Phone.start`, end it with `stop` or `kill`."""

    def __init__(
        self, name: str, log: Path, on_message: Callable[[say.Message | Crashed], None], line: PhoneLine | None
    ) -> None:
        """Private: use `Phone.start`."""
        self._line = line
        self.name = name
        self.log = log
        self.address = ""
        self.port = 0
        self.pid: int | None = None
        """Number of its process in the container of the phones; None before it has started."""
        self._on_message = on_message
        self._link: socket.socket | None = None
        """The connection to the server that forked it; the end of the process is reported there."""
        self._transport: asyncio.WriteTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        self._registration: asyncio.Future[say.Registered] | None = None
        self._status: int | None = -signal.SIGKILL
        self._start_fault = ""
        self._sign_asked_at: float | None = None
        """When it was asked for a sign of life that has not come yet, in seconds of CLOCK_MONOTONIC; else None."""
        self._frozen = False
        self._ending = False
        self._received = 0
        """How many messages have come from it."""

    @classmethod
    async def start(  # noqa: PLR0913 - all that differs from phone to phone
        cls,
        name: str,
        *,
        server: Path,
        address: str,
        log: Path,
        on_message: Callable[[say.Message | Crashed], None],
        line: PhoneLine | None = None,
        tone_hz: int | None = None,
        calls: int = CALLS,
        networks: Sequence[str] = (),
        within: timedelta = START_WITHIN,
    ) -> Phone:
        """Start the process and return when it is ready; `on_message` gets every message, Ready too.

        `server` is the socket of the container of the phones, `address` one of that container's addresses. With `line`
        the phone stamps its messages with the PBX time of that clock, and the clock waits for the phone; without `line`
        the phone is on real time. `tone_hz` is the sine that it transmits in every call; the default follows from its
        name, and is above all DTMF and ringback tones. It takes up to `calls` calls at once. A message that leads out
        of the networks `networks` (`172.18.0.0/16`) is reported as LedElsewhere; without networks none is. Raises
        PhoneStartError.
        """
        phone = cls(name, log, on_message, line)
        try:
            async with asyncio.timeout(within.total_seconds()):
                await phone._launch(
                    server,
                    {
                        "name": name,
                        "address": address,
                        "tone_hz": _tone_of(name) if tone_hz is None else tone_hz,
                        "calls": calls,
                        "networks": list(networks),
                        "number": line.number if line is not None else 0,
                    },
                )
                await phone._ready
        except TimeoutError:
            await phone._end_now()
            raise phone._start_error(f"not ready within {within.total_seconds():g} s") from None
        except OSError as fault:
            await phone._end_now()
            raise phone._start_error(str(fault)) from fault
        except asyncio.CancelledError:
            await phone._end_now()
            raise
        return phone

    @property
    def exit_status(self) -> int | None:
        """How the process ended (negative: by this signal); None while it lives, or where its container ended."""
        return self._status if self._gone.done() else None

    def tell(self, verb: say.Verb) -> None:
        """Send the phone a verb; it does verbs in the order sent. Nothing happens where the phone is gone."""
        if self._transport is not None:
            if self._line is not None:
                self._line.ask()
            self._transport.write(say.to_line(verb))

    @property
    def leaves_something(self) -> bool:
        """True while it has a verb to do, or a datagram of the PBX to deal with."""
        return self._line is not None and self._line.behind

    @property
    def unanswered_for(self) -> float | None:
        """Real seconds since it was asked for a sign of life that has not come; None: it owes none, or is gone."""
        if self._sign_asked_at is None or self._frozen or self._ending or self._gone.done():
            return None
        return self._loop.time() - self._sign_asked_at

    def ask_for_a_sign(self) -> None:
        """Ask for a sign of life, unless it owes one; a frozen phone is not asked."""
        if self._sign_asked_at is None and not self._frozen:
            self._sign_asked_at = self._loop.time()
            self.tell(say.Attend())

    async def register(self, verb: say.Register, *, within: timedelta) -> say.Registered:
        """Send Register and return the registrar's acceptance. Raises RegistrationError."""
        self._registration = self._loop.create_future()
        self.tell(verb)
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self._registration
        except TimeoutError:
            seconds = within.total_seconds()
            raise RegistrationError(
                f"phone {self.name}: no answer to REGISTER from {verb.registrar} within {seconds:g} s"
            ) from None
        finally:
            self._registration = None

    async def stop(self, *, unregister: bool = False, within: timedelta = STOP_WITHIN) -> None:
        """Make the process quit, kill it where it does not, and return when it has ended."""
        self._ending = True
        if self._frozen:
            await self._end_now()
            return
        self.tell(say.Quit(unregister=unregister))
        try:
            async with asyncio.timeout(within.total_seconds()):
                await asyncio.shield(self._gone)
        except TimeoutError:
            await self._end_now()

    async def freeze(self) -> None:
        """Stop the process (SIGSTOP) and return when it has stopped: its socket stays open, and nothing answers.

        Raises BrokenError where it does not stop in time.
        """
        self._frozen = True
        if self._line is not None:
            self._line.end()
        if self._link is not None:
            wire.send(self._link, {"stop": True})
            within = START_WITHIN.total_seconds()
            done, _ = await asyncio.wait(
                {self._stopped, self._gone}, timeout=within, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise BrokenError(f"the process of phone {self.name} was not stopped within {within:g} s of real time")

    def kill(self) -> None:
        """Kill the process; Crashed is not reported."""
        self._ending = True
        self._let_go()

    async def _end_now(self) -> None:
        """Kill the process and return when it has ended, or after 5 s: a stopped container does not report its end."""
        self.kill()
        if self._transport is not None:
            await asyncio.wait({self._gone}, timeout=KILLED_WITHIN.total_seconds())
        if self._transport is not None:
            self._transport.abort()

    async def _launch(self, server: Path, settings: wire.Request) -> None:
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as opened:
            opened.enter_context(theirs)
            files: list[BinaryIO] = [opened.enter_context(self.log.open("ab"))]
            if self._line is not None:
                files.append(opened.enter_context(self._line.page.path.open("r+b")))
            self._link = await self._connect(server)
            self._transport, _ = await self._loop.create_connection(lambda: _Channel(self), sock=ours)
            wire.send(self._link, {"phone": settings}, theirs.fileno(), *(file.fileno() for file in files))
        self._loop.add_reader(self._link, self._hear_server)

    async def _connect(self, server: Path) -> socket.socket:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link.setblocking(False)  # noqa: FBT003  the socket module takes no keyword
        try:
            await self._loop.sock_connect(link, str(server))
        except OSError:
            link.close()
            raise
        return link

    def _hear_server(self) -> None:
        """Take the server's reports about the process."""
        assert self._link is not None  # noqa: S101 - a closed one is not listened to
        try:
            report, _ = wire.receive(self._link)
        except BlockingIOError:
            return
        except OSError:
            report = None
        match report:
            case {"pid": int(pid)}:
                self.pid = pid
            case {"stopped": True}:
                if not self._stopped.done():
                    self._stopped.set_result(None)
            case {"status": int(status)}:
                self._process_ended(status)
            case {"fault": str(fault)}:
                self._start_fault = fault
                self._process_ended(None)
            case _:
                self._process_ended(None)

    def _let_go(self) -> None:
        """End the connection to the server, which kills the process."""
        if self._link is not None:
            self._loop.remove_reader(self._link)
            self._link.close()
            self._link = None

    def received(self, line: bytes) -> None:
        """Take a line from the channel; report an error in it, or of its handler, to the loop's exception handler."""
        try:
            number, message = say.from_numbered_line(line)
        except ValueError as fault:
            self._report(BrokenError(f"phone {self.name} sent what is no message: {fault}"), "reading its channel")
            return
        if number != self._received + 1:
            came = f"message {number} ({type(message).__name__}) came after message {self._received}"
            self._report(BrokenError(f"messages of phone {self.name} were lost or mixed up: {came}"), "its channel")
        self._received = number
        try:
            self._take(message)
        except Exception as fault:  # noqa: BLE001 - raised in the loop it would end the channel, and kill the phone
            self._report(fault, f"taking {type(message).__name__} of phone {self.name}")

    def _report(self, fault: Exception, doing: str) -> None:
        self._loop.call_exception_handler({"message": doing, "exception": fault})

    def _take(self, message: say.Message) -> None:
        if self._line is not None:
            self._line.take()
        match message:
            case say.Ready(address=address, port=port):
                self.address, self.port = address, port
                if self._line is not None:
                    self._line.lives_at(address, port)
                if not self._ready.done():
                    self._ready.set_result(None)
            case say.Attending():
                self._sign_asked_at = None
            case say.Registered() if self._registration and not self._registration.done():
                self._registration.set_result(message)
            case say.RegistrationFailed(code=code, reason=reason) if self._registration:
                if not self._registration.done():
                    sentence = f"phone {self.name}: registration refused: {code} {reason}"
                    self._registration.set_exception(RegistrationError(sentence))
            case say.Fault(traceback=traceback) if not self._ready.done():
                self._start_fault = traceback.rstrip().rpartition("\n")[2]
            case _:
                pass
        self._on_message(message)

    def channel_ended(self) -> None:
        """Note that the process reports nothing more; a process without a channel is of no use, and is killed."""
        self._transport = None
        if self._line is not None:
            self._line.end()
        if self._link is None:
            self._finish()
        else:
            with contextlib.suppress(OSError):  # the container has ended, which its connection is about to report
                wire.send(self._link, {"kill": True})

    def _process_ended(self, status: int | None) -> None:
        """Keep how the process ended; messages that it sent before are read first."""
        self._status = status
        self._let_go()
        if self._transport is None:
            self._finish()

    def _finish(self) -> None:
        if self._gone.done():
            return
        self._gone.set_result(None)
        crashed = Crashed(status=self._status, log_tail=self._tail())
        if not self._ready.done():
            self._ready.set_exception(self._start_error(self._start_fault or f"it {crashed}"))
        elif not self._ending:
            if self._registration and not self._registration.done():
                self._registration.set_exception(RegistrationError(f"phone {self.name} {crashed}"))
            self._on_message(crashed)

    def _start_error(self, cause: str) -> PhoneStartError:
        return PhoneStartError(self.name, cause, self._tail())

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
            return "".join(f"\n  {line}" for line in [f"{self.log}:", *lines])
        return ""


class _Channel(asyncio.Protocol):
    """Splits the channel's bytes into messages; half a line of a dead process is no message."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._phone.received(line)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._phone.channel_ended()


def _tone_of(name: str) -> int:
    """Return one of 32 frequencies from 1700 to 3250 Hz, by the phone's name."""
    return 1700 + 50 * (zlib.crc32(name.encode()) % 32)
