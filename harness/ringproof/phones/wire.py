"""Requests to the server of the phones' container and its answers: one JSON object per message, with descriptors.

Both ends use it: the server in the container, `ringproof.phones.container` and `ringproof.phones.handle` outside.
"""

from __future__ import annotations

import array
import json
import socket
from typing import Any

Request = dict[str, Any]
"""A request or an answer."""
_LONGEST = 65536
_DESCRIPTORS = 3


def send(link: socket.socket, message: Request, *descriptors: int) -> None:
    """Send a message and the file descriptors that belong to it. Raises OSError."""
    rights = array.array("i", descriptors)
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if descriptors else []
    link.sendmsg([json.dumps(message).encode()], ancillary)


def receive(link: socket.socket) -> tuple[Request | None, list[int]]:
    """Return the next message and the descriptors that came with it; None where the connection has ended.

    Raises OSError. The caller has to close the descriptors; a program that the process executes does not inherit them.
    """
    received = array.array("i")
    room = socket.CMSG_SPACE(_DESCRIPTORS * received.itemsize)
    text, ancillary, _, _ = link.recvmsg(_LONGEST, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received.frombytes(data[: len(data) - len(data) % received.itemsize])
    return (json.loads(text) if text else None), list(received)
