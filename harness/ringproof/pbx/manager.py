"""An asyncio client of Asterisk's manager interface (AMI): actions return answers, events are passed on in order.

No maintained library subscribes to events in asyncio, and the protocol is small (docs.asterisk.org, "AMI v2
Specification").
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ringproof.containers.errors import BrokenError, broken_by

ManagerEvent = Mapping[str, str]
"""An event's headers as Asterisk sent them; a repeated header keeps its last value."""

ANSWER_DEADLINE_S = 20.0
LONGEST_BLOCK = 2**20
"""The most bytes of one event or answer: Asterisk's own have some hundred, a command's output some 100 kB at most."""
_SHOWN_BYTES = 60
_BLOCK_END = b"\r\n\r\n"
_NOTHING_TO_LIST = re.compile(r"No [\w ]+ found[.!]?")
"""Asterisk's refusal to list nothing, such as `No Contacts found`."""
_NO_SUCH_ENDPOINT = re.compile(r"Unable to retrieve endpoint .*", re.DOTALL)
"""Asterisk's refusal to show an endpoint that it does not have (res_pjsip/pjsip_configuration.c)."""


@dataclass(frozen=True, slots=True)
class Login:
    """An account of the manager interface."""

    user: str
    secret: str


class ManagerError(BrokenError):
    """The PBX refused an action or did not answer it."""


class ManagerRefusedError(ManagerError):
    """The PBX refused an action: its answer is an error."""


class ManagerLostError(ManagerError):
    """The PBX closed the connection; its container says why."""


class Manager:
    """One connection to the manager interface."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[BrokenError], None],
        on_bytes: Callable[[int], None],
        on_write: Callable[[int], None],
    ) -> None:
        """Private: use `over`."""
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
        self._fault: BrokenError | None = None
        """Why the connection ended; None while it is open."""
        self._task = asyncio.create_task(self._read(), name="manager")

    @classmethod
    async def over(
        cls,
        link: socket.socket,
        *,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[BrokenError], None],
        on_bytes: Callable[[int], None] = lambda _: None,
        on_write: Callable[[int], None] = lambda _: None,
    ) -> Manager:
        """Use a connection whose banner has been read; no account is logged in.

        `on_lost` is called once with the reason when nothing more can be read before `close` or `expect_end`:
        ManagerLostError where the PBX closed the connection, another BrokenError where `on_event` raised or the PBX
        broke the protocol.

        `on_bytes` is called with the number of bytes from it that are being dealt with, `on_write` with the number of
        those that are about to be sent.
        """
        link.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword
        reader, writer = await asyncio.open_connection(sock=link, limit=LONGEST_BLOCK)
        return cls(reader, writer, on_event, on_lost, on_bytes, on_write)

    @property
    def local_port(self) -> int:
        """TCP port of our end of the connection."""
        return int(self._writer.get_extra_info("sockname")[1])

    async def action(self, name: str, **headers: str) -> dict[str, str]:
        """Send an action and return its response's headers. Raises ManagerError when it is refused."""
        answer = dict(await self._send(name, headers))
        if answer.get("Response") not in {"Success", "Goodbye", "Follows"}:
            raise _refused(f"the manager action {name}", answer)
        return answer

    async def listing(self, name: str, **headers: str) -> list[dict[str, str]]:
        """Send an action that answers with a list of events and return these, without the one that closes the list.

        Raises ManagerError when the action is refused, unless there was nothing to list.
        """
        return await self._listing(name, headers, _NOTHING_TO_LIST)

    async def endpoint(self, name: str) -> list[dict[str, str]]:
        """Return what the PBX lists of a PJSIP endpoint; nothing where it does not exist. Raises ManagerError."""
        return await self._listing("PJSIPShowEndpoint", {"Endpoint": name}, _NO_SUCH_ENDPOINT)

    async def _listing(self, name: str, headers: Mapping[str, str], empty: re.Pattern[str]) -> list[dict[str, str]]:
        number = f"rp{next(self._numbers)}"
        self._lists[number] = []
        try:
            answer = dict(await self._ask(number, name, headers, f"the manager action {name}"))
            reason = answer.get("Message", "").strip()
            if answer.get("Response") == "Error" and not empty.fullmatch(reason):
                raise _refused(f"the manager action {name}", answer)
            return self._lists[number]
        finally:
            del self._lists[number]

    async def command(self, line: str) -> list[str]:
        """Run a line of Asterisk's command-line interface and return what it printed, also where it failed.

        Raises ManagerError when the account may not run it.
        """
        answer = await self._send("Command", {"Command": line}, f"the command {line}")
        printed = [value for key, value in answer if key == "Output"]
        if not printed and (said := dict(answer)).get("Response") == "Error":
            raise _refused(f"the command {line}", said)
        return printed

    async def variable(self, channel: str, name: str) -> str | None:
        """Return a variable or function of a channel; None when the channel no longer exists."""
        answer = dict(await self._send("Getvar", {"Channel": channel, "Variable": name}, f"{name} of {channel}"))
        if answer.get("Response") == "Error":
            return None
        if answer.get("Response") != "Success":
            raise _refused(f"{name} of {channel}", answer)
        return answer.get("Value")

    async def value(self, name: str) -> str:
        """Return a global variable or function, such as DEVICE_STATE(PJSIP/101); empty where it does not exist.

        Raises ManagerError when the account may not read it.
        """
        answer = dict(await self._send("Getvar", {"Variable": name}, f"the value of {name}"))
        if answer.get("Response") != "Success":
            raise _refused(f"the value of {name}", answer)
        return answer.get("Value", "")

    async def ping(self) -> None:
        """Return once the PBX has answered. Raises ManagerError where it does not."""
        try:
            await self.action("Ping")
        except ManagerLostError:
            raise
        except ManagerError as fault:
            if not isinstance(fault.__cause__, TimeoutError):
                raise
            sentence = f"the PBX has not answered for {ANSWER_DEADLINE_S:.0f} s of real time"
            raise ManagerError(
                sentence, "is its process stopped, its container paused, or the machine too busy?"
            ) from fault

    @property
    def has_ended(self) -> bool:
        """True once nothing more can come: the PBX has closed the connection, or `on_lost` got another reason."""
        return self._task.done()

    def expect_end(self) -> asyncio.Future[None]:
        """Return a future that is done when the PBX has closed the connection, which is no loss from now on."""
        self._closing = True
        return asyncio.shield(self._task)

    async def close(self) -> None:
        """End the connection; `on_lost` is not called."""
        self._closing = True
        self._end(ManagerLostError("the connection to the manager interface was closed"))
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _send(self, name: str, headers: Mapping[str, str], what: str = "") -> list[tuple[str, str]]:
        return await self._ask(f"rp{next(self._numbers)}", name, headers, what or f"the manager action {name}")

    async def _ask(self, number: str, name: str, headers: Mapping[str, str], what: str) -> list[tuple[str, str]]:
        """Send an action and return its answer; for a list, that is the message that closes it.

        `what` names, in a sentence, what was asked. Raises ManagerError where the answer does not come in time.
        """
        answer: asyncio.Future[list[tuple[str, str]]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._write(name, number, headers)
            return await asyncio.wait_for(answer, ANSWER_DEADLINE_S)
        except TimeoutError as fault:
            missing = f"did not answer {what}"
            if listed := self._lists.get(number):
                missing = f"did not end its answer to {what}, of which {len(listed)} entries came,"
            raise ManagerError(f"the PBX {missing} within {ANSWER_DEADLINE_S:.0f} s of real time") from fault
        finally:
            del self._waiting[number]

    def _write(self, name: str, number: str, headers: Mapping[str, str]) -> None:
        if self._fault is not None:
            raise self._fault
        lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in headers.items())]
        text = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._on_write(len(text))
        self._writer.write(text)

    async def _read(self) -> None:
        """Read until the connection ends or the input is wrong; then end every action that waits, with the reason."""
        try:
            while True:
                block = await self._reader.readuntil(_BLOCK_END)
                self._on_bytes(len(block))
                self._take(_headers(block.decode("utf-8", "replace")))
        except asyncio.IncompleteReadError as fault:
            cut = f" in the middle of a message: {_shown(fault.partial)}" if fault.partial else ""
            lost = ManagerError if cut else ManagerLostError
            self._end(lost(f"the PBX closed its manager interface{cut}"))
        except ConnectionError:
            self._end(ManagerLostError("the PBX closed its manager interface"))
        except asyncio.LimitOverrunError:
            begun = _shown(await self._reader.read(_SHOWN_BYTES))
            longest = f"a message of more than {LONGEST_BLOCK // 2**20} MiB, which is more than is read"
            self._end(ManagerError(f"the PBX sent by its manager interface {longest}; it begins with {begun}"))
        except BrokenError as fault:
            self._end(fault)
        except Exception as fault:  # noqa: BLE001 - every action that waits is ended with it
            self._end(broken_by(fault, "while it read the manager interface"))

    def _end(self, fault: BrokenError) -> None:
        """Report to every waiting action, and to `on_lost`, why the connection ended, and close it."""
        if self._fault is not None:
            return
        self._fault = fault
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(fault)
        self._writer.close()
        if not self._closing:
            self._on_lost(fault)

    def _take(self, headers: list[tuple[str, str]]) -> None:
        message = dict(headers)
        number = message.get("ActionID", "")
        if number in self._lists:
            self._take_listed(number, headers)
        elif "Event" in message:
            self._hand_on(message)
        elif number in self._waiting and not self._waiting[number].done():
            self._waiting[number].set_result(headers)

    def _hand_on(self, event: ManagerEvent) -> None:
        try:
            self._on_event(event)
        except (KeyError, ValueError) as fault:  # a header that is missing, or is no number
            why = f"it has no {fault}" if isinstance(fault, KeyError) else str(fault)
            sentence = f"the PBX sent a manager event {event['Event']} that the harness cannot take: {why}"
            raise ManagerError(sentence) from fault
        except Exception as fault:
            raise broken_by(fault, f"while it took the manager event {event['Event']}") from fault

    def _take_listed(self, number: str, headers: list[tuple[str, str]]) -> None:
        message = dict(headers)
        over = message.get("EventList") == "Complete" or message.get("Response") == "Error"
        if "Event" in message and not over:
            self._lists[number].append(message)
        if over and number in self._waiting and not self._waiting[number].done():
            self._waiting[number].set_result(headers)


def _headers(block: str) -> list[tuple[str, str]]:
    pairs = [line.partition(":") for line in block.split("\r\n") if line]
    return [(key, value.removeprefix(" ")) for key, _, value in pairs]


def _refused(what: str, answer: Mapping[str, str]) -> ManagerError:
    response = answer.get("Response")
    if response != "Error":
        return ManagerError(f"the PBX answered {what} with what is no answer: Response: {response}")
    return ManagerRefusedError(f"the PBX refused {what}: {answer.get('Message', '').strip() or 'no reason'}")


def _shown(block: bytes) -> str:
    """Return the beginning of a message, quoted for a sentence."""
    return repr(block[:_SHOWN_BYTES].decode("utf-8", "replace"))
