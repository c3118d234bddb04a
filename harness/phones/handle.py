"""A phone as the conductor sees it: started, told verbs, reporting messages on the asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from harness.phones import protocol as say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.clock.clock import PhoneLine

START_WITHIN = timedelta(seconds=30)
"""A phone is ready in a tenth of a second; on a machine that is busy elsewhere it may take long."""
STOP_WITHIN = timedelta(seconds=2)
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """A phone's process, or its channel, ended without having been asked to."""

    status: int
    """Exit status; negative: the signal that killed it."""
    log_tail: str

    def __str__(self) -> str:
        """Say how it ended, in the words of a sentence about the phone."""
        if self.status >= 0:
            return f"ended with exit status {self.status}"
        return f"was killed by {signal.Signals(-self.status).name}"


class PhoneStartError(Exception):
    """A phone did not get ready; says which, why, and what stands last in its log."""

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
        self._on_message = on_message
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._registration: asyncio.Future[say.Registered] | None = None
        self._start_fault = ""
        self._frozen = False
        self._ending = False

    @classmethod
    async def start(
        cls,
        name: str,
        *,
        address: str,
        log: Path,
        on_message: Callable[[say.Message | Crashed], None],
        line: PhoneLine | None = None,
        tone_hz: int | None = None,
        within: timedelta = START_WITHIN,
    ) -> Phone:
        """Start the process and return when it is ready; `on_message` gets every message, Ready too.

        On the clock of `line` it stamps what it tells, and that clock waits for it; without one it is on real time.
        `tone_hz` is the sine it transmits in every call; by default one that follows from its name, above all
        DTMF and ringback tones. Raises PhoneStartError.
        """
        phone = cls(name, log, on_message, line)
        try:
            async with asyncio.timeout(within.total_seconds()):
                await phone._launch(address, _tone_of(name) if tone_hz is None else tone_hz)
                await phone._ready
        except TimeoutError:
            await phone._end_now()
            raise phone._start_error(f"not ready within {within.total_seconds():g} s") from None
        except OSError as fault:
            raise phone._start_error(str(fault)) from fault
        except asyncio.CancelledError:
            await phone._end_now()
            raise
        return phone

    @property
    def pid(self) -> int:
        """The process's id."""
        if self._process is None:
            raise RuntimeError(f"phone {self.name} has no process yet")
        return self._process.pid

    def tell(self, verb: say.Verb) -> None:
        """Have the phone do this; verbs are done in the order told. Nothing happens where the phone is gone."""
        if self._transport is not None:
            if self._line is not None:
                self._line.ask()
            self._transport.write(say.to_line(verb))

    async def register(self, verb: say.Register, *, within: timedelta) -> say.Registered:
        """Tell Register and return the registrar's acceptance. Raises RegistrationError."""
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

    @property
    def exit_status(self) -> int | None:
        """How the process ended (negative: by this signal); None while it lives."""
        return self._process.returncode if self._process else None

    async def stop(self, *, unregister: bool = False, within: timedelta = STOP_WITHIN) -> None:
        """Have the process quit, kill it where it does not, and return when it is gone."""
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

    def freeze(self) -> None:
        """Stop the process where it stands: its socket stays open, and nothing answers any more."""
        self._frozen = True
        if self._line is not None:
            self._line.end()
        os.kill(self.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """Kill the process; Crashed is not told."""
        self._ending = True
        if self._process is not None:
            self._process.kill()

    async def _end_now(self) -> None:
        self.kill()
        if self._transport is not None:
            await self._gone

    async def _launch(self, address: str, tone_hz: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._transport, _ = await self._loop.create_connection(lambda: _Channel(self), sock=ours)
            settings = {
                "name": self.name,
                "address": address,
                "tone_hz": tone_hz,
                "channel": theirs.fileno(),
                "parent": os.getpid(),
                "page": str(self._line.page.path) if self._line is not None else None,
                "number": self._line.number if self._line is not None else 0,
            }
            try:
                with self.log.open("ab") as log:
                    self._process = subprocess.Popen(  # noqa: ASYNC220, S603  a vfork of our own interpreter
                        [sys.executable, "-P", "-m", "harness.phones.process", json.dumps(settings)],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        pass_fds=[theirs.fileno()],
                        process_group=0,  # out of reach of Ctrl-C from the first instruction on
                    )
            except OSError:
                self._transport.abort()
                self._transport = None
                raise

    def received(self, message: say.Message) -> None:
        """Take a message from the channel."""
        if self._line is not None:
            self._line.take()
        match message:
            case say.Ready(address=address, port=port):
                self.address, self.port = address, port
                if self._line is not None:
                    self._line.lives_at(address, port)
                if not self._ready.done():
                    self._ready.set_result(None)
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
        """Reap the process: its end closed the channel, and a process without one is of no use."""
        self._transport = None
        if self._line is not None:
            self._line.end()
        if self._process is None:
            return
        self._process.kill()  # changes nothing about one that is ending already
        crashed = Crashed(status=self._process.wait(), log_tail=self._tail())
        self._gone.set_result(None)
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
    """Cuts the channel's bytes into messages; half a line left by a dead process is no message."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            message = say.from_line(line)
            if isinstance(message, say.Message):
                self._phone.received(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._phone.channel_ended()


def _tone_of(name: str) -> int:
    """Return one of 32 frequencies between 1700 and 3250 Hz."""
    return 1700 + 50 * (zlib.crc32(name.encode()) % 32)
