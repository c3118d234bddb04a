"""A client of Asterisk's manager interface (AMI) for asyncio: actions are answered, events are handed on in order.

No kept library subscribes to events in asyncio, and the protocol is small (docs.asterisk.org, "AMI v2 Specification").
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.containers.errors import BrokenError

ManagerEvent = Mapping[str, str]
"""An event's headers as Asterisk sent them; a repeated header keeps its last value."""

ANSWER_DEADLINE_S = 20.0
_NOTHING_TO_LIST = re.compile(r"No [\w ]+ found[.!]?")
"""How Asterisk refuses a list that would be empty, such as `No Contacts found`."""


@dataclass(frozen=True, slots=True)
class Login:
    """An account of the manager interface."""

    user: str
    secret: str


class ManagerError(BrokenError):
    """The PBX refused an action or did not answer it."""


class ManagerLostError(ManagerError):
    """The PBX closed the connection; why is for whoever is told of the loss to find out."""


class Manager:
    """One logged-in connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[], None],
        on_bytes: Callable[[int], None],
        on_write: Callable[[int], None],
    ) -> None:
        """Use `connect`."""
        self._on_bytes = on_bytes
        self._on_write = on_write
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._on_lost = on_lost
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[list[tuple[str, str]]]] = {}
        self._lists: dict[str, list[dict[str, str]]] = {}
        self._closing = False
        self._task = asyncio.create_task(self._read(), name="manager")

    @classmethod
    async def over(
        cls,
        link: socket.socket,
        *,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[], None],
        on_bytes: Callable[[int], None] = lambda _: None,
        on_write: Callable[[int], None] = lambda _: None,
    ) -> Manager:
        """Speak over a connection whose banner has been read; nobody is logged in.

        `on_bytes` is told how many bytes of it are being dealt with, `on_write` how many are about to be sent.
        """
        link.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword
        reader, writer = await asyncio.open_connection(sock=link, limit=2**20)
        return cls(reader, writer, on_event, on_lost, on_bytes, on_write)

    @property
    def local_port(self) -> int:
        """TCP port of our end of the connection."""
        return int(self._writer.get_extra_info("sockname")[1])

    async def action(self, name: str, **headers: str) -> dict[str, str]:
        """Send an action and return its response's headers. Raises ManagerError when it is refused."""
        answer = dict(await self._send(name, headers))
        if answer.get("Response") not in {"Success", "Goodbye", "Follows"}:
            message = f"the PBX refused the manager action {name}: {answer.get('Message', 'no reason')}"
            raise ManagerError(message)
        return answer

    async def listing(self, name: str, *, strict: bool = False, **headers: str) -> list[dict[str, str]]:
        """Send an action that answers with a list of events and return those, the closing one left out.

        An action that is refused has no entries. `strict`: ManagerError is raised, unless there was nothing to list.
        """
        number = f"rp{next(self._numbers)}"
        self._lists[number] = []
        try:
            answer = dict(await self._ask(number, name, headers))
            reason = answer.get("Message", "no reason").strip()
            if strict and answer.get("Response") == "Error" and not _NOTHING_TO_LIST.fullmatch(reason):
                raise ManagerError(f"the PBX refused the manager action {name}: {reason}")
            return self._lists[number]
        finally:
            del self._lists[number]

    async def command(self, line: str) -> list[str]:
        """Run a line of Asterisk's command-line interface and return what it printed, also where it failed.

        Raises ManagerError when it may not be run.
        """
        answer = await self._send("Command", {"Command": line})
        printed = [value for key, value in answer if key == "Output"]
        if not printed and (said := dict(answer)).get("Response") == "Error":
            raise ManagerError(f"the PBX refused the command {line}: {said.get('Message', 'no reason')}")
        return printed

    async def variable(self, channel: str, name: str) -> str | None:
        """Read a variable or function of a channel; None when the channel is gone."""
        answer = dict(await self._send("Getvar", {"Channel": channel, "Variable": name}))
        return answer.get("Value") if answer.get("Response") == "Success" else None

    async def value(self, name: str) -> str | None:
        """Read a global variable or function, such as DEVICE_STATE(PJSIP/101)."""
        answer = dict(await self._send("Getvar", {"Variable": name}))
        return answer.get("Value") if answer.get("Response") == "Success" else None

    @property
    def has_ended(self) -> bool:
        """True once the PBX has closed the connection."""
        return self._task.done()

    def expect_end(self) -> asyncio.Future[None]:
        """Return what is done when the PBX has closed the connection, which is no loss from now on."""
        self._closing = True
        return asyncio.shield(self._task)

    async def close(self) -> None:
        """End the connection; its end is no loss."""
        self._closing = True
        self._task.cancel()
        self._writer.close()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await self._task

    async def _send(self, name: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        return await self._ask(f"rp{next(self._numbers)}", name, headers)

    async def _ask(self, number: str, name: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        answer: asyncio.Future[list[tuple[str, str]]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._write(name, number, headers)
        try:
            return await asyncio.wait_for(answer, ANSWER_DEADLINE_S)
        except TimeoutError as fault:
            message = f"the PBX did not answer the manager action {name} within {ANSWER_DEADLINE_S:.0f} s"
            raise ManagerError(message) from fault
        finally:
            self._waiting.pop(number, None)

    def _write(self, name: str, number: str, headers: Mapping[str, str]) -> None:
        if self._task.done():
            message = "the PBX closed its manager interface"
            raise ManagerLostError(message)
        lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in headers.items())]
        text = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._on_write(len(text))
        self._writer.write(text)

    async def _read(self) -> None:
        try:
            while True:
                block = await self._reader.readuntil(b"\r\n\r\n")
                self._on_bytes(len(block))
                self._take(_headers(block.decode("utf-8", "replace")))
        except (asyncio.IncompleteReadError, ConnectionError):
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ManagerLostError("the PBX closed its manager interface"))
            if not self._closing:
                self._on_lost()

    def _take(self, headers: list[tuple[str, str]]) -> None:
        message = dict(headers)
        number = message.get("ActionID", "")
        if number in self._lists:
            self._take_listed(number, headers)
        elif "Event" in message:
            self._on_event(message)
        elif number in self._waiting and not self._waiting[number].done():
            self._waiting[number].set_result(headers)

    def _take_listed(self, number: str, headers: list[tuple[str, str]]) -> None:
        message = dict(headers)
        over = message.get("EventList") == "Complete" or message.get("Response") == "Error"
        if "Event" in message and not over:
            self._lists[number].append(message)
        if over and number in self._waiting and not self._waiting[number].done():
            self._waiting[number].set_result(headers)


def _headers(block: str) -> list[tuple[str, str]]:
    pairs = (line.partition(":") for line in block.split("\r\n") if line)
    return [(key, value.removeprefix(" ")) for key, _, value in pairs]
