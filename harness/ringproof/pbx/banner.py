"""Reads the first line that Asterisk sends on its manager interface."""

from __future__ import annotations

import socket
from collections.abc import Callable

DIALLED_WITHIN_S = 0.5
"""Seconds: a SYN to an address that no longer exists gets no answer, and would be repeated for minutes."""
LONGEST_BANNER = 200


def dial(link: socket.socket, address: tuple[str, int], gives_up: Callable[[], bool]) -> None:
    """Connect `link` to a manager interface and read its banner, until `gives_up()` is true.

    Raises OSError where nothing answers, or Asterisk ends the connection. An open port alone is no answer: Docker's
    proxy accepts connections for an Asterisk that does not listen yet.
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
