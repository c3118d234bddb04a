"""Programs outside the PBX that act in its calls, in real time: by ARI for Stasis, by AMI for agi:async.

Each reaches the PBX through the container of the phones, as the play's own manager does, and is none of its phones.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.pbx.ami import Ami
from ringproof.pbx.banner import dial
from ringproof.pbx.container import Pbx
from ringproof.pbx.manager import Login
from ringproof.pbx.manager_conf import MANAGER_PORT

ARI_PORT = 8088
APP = "outside"
KEY = "ringproof:outside"
WITHIN_S = 60.0
TEXT = 1
"""Opcode of a WebSocket frame (RFC 6455, 5.2)."""
ARI_FILES = {
    "http.conf": f"[general]\nenabled=yes\nbindaddr=0.0.0.0\nbindport={ARI_PORT}\n",
    "websocket_client.conf": "[general]\n",
    "ari.conf": "[general]\nenabled=yes\n[ringproof]\ntype=user\nread_only=no\npassword=outside\n",
}
ARI_MODULES = (
    "res_http_websocket", "res_websocket_client", "res_stasis", "res_stasis_answer", "res_stasis_playback",
    "res_stasis_recording",
    "res_stasis_snoop", "res_ari", "res_ari_model", "res_ari_events", "res_ari_channels", "app_stasis",
)  # fmt: skip


class Reach:
    """How a program reaches one PBX."""

    def __init__(self, address: str, new_socket: Callable[[], socket.socket], login: Login) -> None:
        """`login` is an account of the manager interface."""
        self.address = address
        self.new_socket = new_socket
        self.login = login

    def connect(self, port: int) -> socket.socket:
        """Return a connection to a port of the PBX."""
        link = self.new_socket()
        link.settimeout(WITHIN_S)
        link.connect((self.address, port))
        return link


def ari_events(link: socket.socket, reach: Reach) -> Iterator[dict[str, Any]]:
    """Subscribe as the application APP at once, and return its events as they come."""
    query = urlencode({"app": APP, "api_key": KEY})
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    link.sendall(
        f"GET /ari/events?{query} HTTP/1.1\r\nHost: {reach.address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ari\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    stream = link.makefile("rb")
    status = stream.readline()
    assert b" 101 " in status, status
    while stream.readline() != b"\r\n":
        pass

    def frames() -> Iterator[dict[str, Any]]:
        while True:
            first, second = stream.read(2)
            length = second & 0x7F
            if length > 125:
                length = int.from_bytes(stream.read(2 if length == 126 else 8))
            data = stream.read(length)
            if first & 0x0F == TEXT:
                yield json.loads(data)

    return frames()


def ask_ari(reach: Reach, path: str, **query: str) -> None:
    """POST to a resource of ARI, and have it accepted."""
    asked = http.client.HTTPConnection(reach.address, ARI_PORT)
    asked.sock = reach.connect(ARI_PORT)
    asked.request("POST", f"/ari/{path}?{urlencode({**query, 'api_key': KEY})}")
    answer = asked.getresponse()
    said = answer.read()
    asked.close()
    assert answer.status < 300, said


def by_ari(verb: str, finished: str, **query: str) -> Callable[[Reach], Callable[[], None]]:
    """Return a program that does one thing with the call, and sends it on in the dialplan when ARI says it is over."""

    def begin(reach: Reach) -> Callable[[], None]:
        link = reach.connect(ARI_PORT)
        events = ari_events(link, reach)

        def act() -> None:
            with link:
                channel = next(event["channel"]["id"] for event in events if event["type"] == "StasisStart")
                ask_ari(reach, f"channels/{channel}/{verb}", **query)
                next(event for event in events if event["type"] == finished)
                ask_ari(reach, f"channels/{channel}/continue")

        return act

    return begin


def by_manager(asked: Callable[[Ami], None]) -> Callable[[Reach], Callable[[], None]]:
    """Return a program that does what is `asked` on the manager interface, and closes its connection."""

    def begin(reach: Reach) -> Callable[[], None]:
        link = reach.new_socket()
        dial(link, (reach.address, MANAGER_PORT), lambda: True)
        ami = Ami(link, reach.login, booted_within=WITHIN_S, why_lost=lambda: ConnectionResetError("the PBX ended"))

        def act() -> None:
            try:
                asked(ami)
            finally:
                ami.close()

        return act

    return begin


def by_async_agi(command: str) -> Callable[[Reach], Callable[[], None]]:
    """Return a program that gives one AGI command, and breaks the session when the manager says it was executed."""

    def asked(ami: Ami) -> None:
        channel = ami.wait_for("AsyncAGIStart", within=WITHIN_S)["Channel"]
        ami.action("AGI", Channel=channel, Command=command, CommandID="1")
        ami.wait_for("AsyncAGIExec", within=WITHIN_S, CommandId="1")
        ami.action("AGI", Channel=channel, Command="ASYNCAGI BREAK")

    return by_manager(asked)


def by_originate(channel: str, context: str) -> Callable[[Reach], Callable[[], None]]:
    """Return a program that has the PBX call `channel`, and send it into `context`, as soon as a call waits."""

    def asked(ami: Ami) -> None:
        ami.wait_for("Newexten", within=WITHIN_S, Application="Wait")
        ami.action("Originate", Channel=channel, Context=context, Exten="s", Priority=1, Async="true")

    return by_manager(asked)


class Outside:
    """Has every PBX that boots from now on be served by a program, which is ready before the first call."""

    def __init__(self, begin: Callable[[Reach], Callable[[], None]], patch: pytest.MonkeyPatch) -> None:
        """`begin` connects the program, and returns what it does in the call."""
        self._acts: list[Future[None]] = []
        self._threads = ThreadPoolExecutor()
        boot = Pbx.boot

        async def served(environment: RunEnvironment, **options: Any) -> Pbx:  # noqa: ANN401 - those of Pbx.boot
            pbx = await boot(environment, **options)
            reach = Reach(pbx.office_address, options["phones_network"].new_socket, options["login"])
            self._acts.append(self._threads.submit(await asyncio.to_thread(begin, reach)))
            return pbx

        patch.setattr(Pbx, "boot", staticmethod(served))

    def finish(self) -> None:
        """Raise what a program raised; each has to be done with its call."""
        assert self._acts, "no program was begun"
        for act in self._acts:
            act.result(timeout=WITHIN_S)
        self._threads.shutdown()
