"""Asterisk in a container: of a run, or alone in anybody's pytest."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from docker.errors import DockerException
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from harness.containers.errors import BrokenError
from harness.containers.run import RunEnvironment
from harness.containers.run_container import RunContainer, explanation

MANAGER_PORT = 5038
BOOT_DEADLINE_S = 30.0
POLL_S = 0.02
DIALLED_WITHIN_S = 0.5
"""A SYN to an address that has just gone is answered by nobody, and would be repeated for minutes."""
LONGEST_BANNER = 200
NEEDED = "what an image has to have is in asterisk-image/README.md"


class AsteriskEndedError(Exception):
    """The container ended before its manager interface answered."""


class AbandonedError(Exception):
    """Nobody waits for this container any more."""


class AsteriskReady(WaitStrategy):
    """The manager interface (AMI) answers with its banner; a container that ended is noticed at once.

    Neither a log line nor an open port is waited for: what comes next speaks AMI.
    """

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Raise AsteriskEndedError where the container ended, AbandonedError, or TimeoutError."""
        assert isinstance(container, AsteriskContainer)  # noqa: S101 - of no use to any other
        deadline = time.monotonic() + self._startup_timeout
        while not container.greet():
            if container.ended.wait(self._poll_interval):
                if container.abandoned:
                    raise AbandonedError
                raise AsteriskEndedError
            if time.monotonic() > deadline:
                raise TimeoutError(f"Asterisk did not answer at its manager port within {self._startup_timeout:.0f} s")


class AsteriskContainer(RunContainer):
    """A container that runs Asterisk, and is ready once its manager interface answers."""

    what = "the PBX"

    def __init__(
        self,
        image: str,
        run: RunEnvironment | None = None,
        *,
        new_socket: Callable[[], socket.socket] = socket.socket,
        on_end: Callable[[int], None] = lambda _: None,
        **kwargs: Any,  # noqa: ANN401 - testcontainers' own
    ) -> None:
        """Make a container of `image`.

        In a run its manager interface is dialled with sockets of `new_socket`; `on_end` is told its exit status, by a
        thread of its own.
        """
        super().__init__(image, run, **kwargs)
        self._new_socket = new_socket
        self._on_end = on_end
        self.abandoned = False
        self.manager: socket.socket | None = None
        """The connection that its banner came on."""
        self.waiting_for(AsteriskReady().with_startup_timeout(int(BOOT_DEADLINE_S)).with_poll_interval(POLL_S))

    def rights(self) -> Mapping[str, Any]:
        """Return what init needs to seal, to open Asterisk's folders and to become its user; Asterisk has none."""
        caps = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_ADMIN", "SETGID", "SETPCAP", "SETUID"]
        return {"user": "0", "hostname": "pbx", "cap_add": caps, "pids_limit": 4096, "mem_limit": "2g"}

    def greet(self) -> bool:
        """Dial the manager interface and take its banner; False: it does not answer yet."""
        link = self._new_socket()
        link.settimeout(DIALLED_WITHIN_S)
        try:
            link.connect((self._address(), MANAGER_PORT))
            self._take_banner(link)
        except OSError:
            link.close()
            return False
        self.manager = link
        return True

    def _take_banner(self, link: socket.socket) -> None:
        """Read the first line, however long Asterisk takes for it. Raises OSError where it ends the connection."""
        banner = b""
        while not banner.endswith(b"\r\n"):
            try:
                byte = link.recv(1)
            except TimeoutError:
                if self.ended.is_set():
                    raise
                continue
            if not byte or len(banner) == LONGEST_BANNER:
                raise ConnectionResetError
            banner += byte

    def abandon(self) -> None:
        """Have whoever waits for it in another thread stop waiting."""
        self.abandoned = True
        self.ended.set()

    def note_end(self) -> None:
        """Report its end."""
        self._on_end(self.exit_status)

    def _address(self) -> str:
        assert self.run is not None  # noqa: S101
        return self.addresses[self.run.office_network]

    def _not_started(self, fault: DockerException) -> BrokenError:
        if '"bash"' in explanation(fault):
            message = f"the image {self.image} has no bash on its PATH, by which Asterisk is started there"
            return BrokenError(message, NEEDED)
        return super()._not_started(fault)
