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

START_WITHIN = timedelta(seconds=10)
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
    """A phone did not get ready; the message names it and the cause, and ends with the log's tail."""


class RegistrationError(Exception):
    """A phone could not register; the message names it and the cause."""


class Phone:
    """One phone process. Make it with `Phone.start`, end it with `stop` or `kill`."""

    def __init__(self, name: str, log: Path, on_message: Callable[[say.Message | Crashed], None]) -> None:
        """Private: use `Phone.start`."""
        self.name = name
        self.log = log
        self.address = ""
        self.port = 0
        self._on_message = on_message
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._gone: asyncio.Future[int] = self._loop.create_future()
        self._registration: asyncio.Future[say.Registered] | None = None
        self._ending = False

    @classmethod
    async def start(
        cls,
        name: str,
        *,
        address: str,
        log: Path,
        on_message: Callable[[say.Message | Crashed], None],
        tone_hz: int | None = None,
        within: timedelta = START_WITHIN,
    ) -> Phone:
        """Start the process and return when it is ready; `on_message` gets every message, Ready included.

        `tone_hz` is the sine it transmits in every call; by default one that follows from its name, above all
        DTMF and ringback tones. Raises PhoneStartError.
        """
        phone = cls(name, log, on_message)
        try:
            async with asyncio.timeout(within.total_seconds()):
                await phone._launch(address, _tone_of(name) if tone_hz is None else tone_hz)
                await phone._ready
        except TimeoutError:
            phone.kill()
            await phone._gone
            seconds = within.total_seconds()
            raise PhoneStartError(f"phone {name} was not ready within {seconds:g} s{phone._tail()}") from None
        except BaseException:
            phone.kill()
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
            self._transport.write(say.to_line(verb))

    async def register(self, verb: say.Register, *, within: timedelta) -> say.Registered:
        """Tell Register and return the registrar's acceptance. Raises RegistrationError."""
        self._registration = self._loop.create_future()
        self.tell(verb)
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self._registration
        except TimeoutError:
            raise RegistrationError(
                f"phone {self.name}: no answer to REGISTER from {verb.registrar} within {within.total_seconds():g} s"
            ) from None
        finally:
            self._registration = None

    async def stop(self, *, unregister: bool = False) -> None:
        """Have the process quit, kill it where it does not, and return when it is gone."""
        self._ending = True
        self.tell(say.Quit(unregister=unregister))
        try:
            async with asyncio.timeout(STOP_WITHIN.total_seconds()):
                await asyncio.shield(self._gone)
        except TimeoutError:
            self.kill()
            await self._gone

    def kill(self) -> None:
        """Kill the process; Crashed is not told."""
        self._ending = True
        if self._process is None:
            if not self._gone.done():
                self._gone.set_result(0)
        else:
            self._process.kill()

    async def _launch(self, address: str, tone_hz: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs, self.log.open("ab") as log:
            settings = {
                "name": self.name,
                "address": address,
                "tone_hz": tone_hz,
                "channel": theirs.fileno(),
                "parent": os.getpid(),
            }
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603  one vfork of our own interpreter
                [sys.executable, "-m", "harness.phones.process", json.dumps(settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
            )
        self._transport, _ = await self._loop.create_connection(lambda: _Channel(self), sock=ours)

    def received(self, message: say.Message) -> None:
        """Take a message from the channel."""
        match message:
            case say.Ready(address=address, port=port):
                self.address, self.port = address, port
                if not self._ready.done():
                    self._ready.set_result(None)
            case say.Registered() if self._registration and not self._registration.done():
                self._registration.set_result(message)
            case say.RegistrationFailed(code=code, reason=reason) if self._registration:
                if not self._registration.done():
                    sentence = f"phone {self.name}: registration refused: {code} {reason}"
                    self._registration.set_exception(RegistrationError(sentence))
            case _:
                pass
        self._on_message(message)

    def channel_ended(self) -> None:
        """Reap the process: at its end the kernel closed the channel, and a process without one has no use."""
        self._transport = None
        if self._process is None:
            return
        self._process.kill()  # changes nothing about one that is ending already
        status = self._process.wait()
        self._gone.set_result(status)
        crashed = Crashed(status=status, log_tail=self._tail())
        if not self._ready.done():
            self._ready.set_exception(
                PhoneStartError(f"phone {self.name} {crashed} at its start{crashed.log_tail}")
            )
        elif not self._ending:
            if self._registration and not self._registration.done():
                self._registration.set_exception(RegistrationError(f"phone {self.name} {crashed}"))
            self._on_message(crashed)

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
