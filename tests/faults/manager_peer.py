"""A peer of the manager interface that answers by a table, over a connection or at a TCP port."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Awaitable, Callable

from ringproof.containers.errors import BrokenError
from ringproof.pbx.manager import Manager, ManagerEvent

Answers = dict[str, list[str]]
"""By action: the blocks of the answer, in which ID stands for the action's id; of an action without, nothing comes."""
OK = ["Response: Success\r\nID"]
BANNER = b"Asterisk Call Manager/9.0.0\r\n"
BOOTED = [*OK, "Event: FullyBooted"]
"""The answer to a login at an Asterisk that is fully booted."""


async def serve(link: socket.socket, answers: Answers, on_asked: Callable[[], None] = lambda: None) -> None:
    """Answer until the connection ends, or the table says END."""
    reader, writer = await asyncio.open_connection(sock=link)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            name, number = (re.search(rf"^{key}: (.*)\r$", asked, re.MULTILINE) for key in ("Action", "ActionID"))
            assert name is not None
            assert number is not None
            on_asked()
            for block in answers.get(name[1], []):
                if block == "END":
                    writer.close()
                    return
                text = block.replace("ID", f"ActionID: {number[1]}")
                writer.write(text.encode() if block.endswith("CUT") else f"{text}\r\n\r\n".encode())
    writer.close()


def played(
    answers: Answers,
    test: Callable[[Manager, list[BrokenError]], Awaitable[None]],
    on_event: Callable[[ManagerEvent], None] = lambda _: None,
) -> None:
    """Run a test with a client of a peer that answers so."""

    async def run() -> None:
        ours, theirs = socket.socketpair()
        peer = asyncio.create_task(serve(theirs, answers))
        lost: list[BrokenError] = []
        client = await Manager.over(ours, on_event=on_event, on_lost=lost.append)
        try:
            async with asyncio.timeout(10):
                await test(client, lost)
        finally:
            async with asyncio.timeout(5):
                await client.close()
                await client.close()
                await peer
        assert ours.fileno() == -1, "the connection was left open"

    asyncio.run(run())


class ManagerPort:
    """A TCP port at which every connection gets `banner`, and then answers of the table.

    Of a banner that is no whole line nothing more comes, and the connection stays open; with `hangs_up` it is closed.
    """

    def __init__(
        self, answers: Answers, *, host: str, port: int = 0, banner: bytes = BANNER, hangs_up: bool = False
    ) -> None:
        """Listen; a thread takes the connections."""
        self._answers, self._banner, self._hangs_up = answers, banner, hangs_up
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self.asked = threading.Event()
        """Set once an action has come."""
        self.taken = 0
        """How many connections came."""
        self._links: list[socket.socket] = []
        threading.Thread(target=self._accept, name="manager port", daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                self.taken += 1
                self._links.append(link)
                link.sendall(self._banner)
                if self._hangs_up:
                    link.close()
                elif self._banner.endswith(b"\n"):
                    threading.Thread(target=self._serve, args=[link]).start()

    def _serve(self, link: socket.socket) -> None:
        asyncio.run(serve(link, self._answers, self.asked.set))

    def close(self) -> None:
        """Close the port, and all connections that nobody closed."""
        for link in (self._listener, *self._links):
            with contextlib.suppress(OSError):  # another thread has closed it
                link.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if not self._banner.endswith(b"\n"):  # else who serves it closes it
            for link in self._links:
                link.close()
