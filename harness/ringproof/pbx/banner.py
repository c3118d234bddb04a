"""The first line that Asterisk says at its manager interface."""

from __future__ import annotations

import socket
from collections.abc import Callable

DIALLED_WITHIN_S = 0.5
"""A SYN to an address that has just gone is answered by nobody, and would be repeated for minutes."""
LONGEST_BANNER = 200


def dial(link: socket.socket, address: tuple[str, int], gives_up: Callable[[], bool]) -> None:
    """Connect `link` to a manager interface and read its banner, until `gives_up`.

    Raises OSError where nobody answers, or Asterisk ends the connection. An open port alone is no answer:
    Docker's proxy takes calls for an Asterisk that does not listen yet.
    """
    link.settimeout(DIALLED_WITHIN_S)
    link.connect(address)
    banner = b""
    while not banner.endswith(b"\r\n"):
        try:
            byte = link.recv(1)
        except TimeoutError:
            if gives_up():
                raise
            continue
        if not byte or len(banner) == LONGEST_BANNER:
            raise ConnectionResetError
        banner += byte
