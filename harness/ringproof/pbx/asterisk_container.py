"""Asterisk in a container, in a run or alone in any pytest.

Alone it is testcontainers' DockerContainer with three additions: a folder of configuration, a wait strategy, and the
manager interface. It needs no run, and no image of ours.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from docker.errors import DockerException, NotFound
from docker.types import Mount
from testcontainers.core.transferable import Transferable
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.containers.run_container import RunContainer, explanation
from ringproof.pbx.ami import Ami
from ringproof.pbx.banner import dial
from ringproof.pbx.configuration import Configuration, read_configuration
from ringproof.pbx.ended import AsteriskEndedError, ended_fault
from ringproof.pbx.image import runs_nothing
from ringproof.pbx.manager import Login, ManagerError
from ringproof.pbx.manager_conf import MANAGER_PORT

BOOT_DEADLINE_S = 30.0
POLL_S = 0.02
ENDS_WITHIN_S = 5.0
"""Seconds within which an Asterisk that closed its manager interface because it ends has ended."""
NEEDED = "what an image has to have is in asterisk-image/README.md"
ETC = "/etc/asterisk"


class AbandonedError(Exception):
    """The wait for this container was abandoned."""


class AsteriskReady(WaitStrategy):
    """Waits until the manager interface (AMI) answers, and notices at once when the container ended.

    It waits neither for a log line nor for an open port, because AMI is what is used next. Outside a run, and with an
    account of our own (`with_configuration`), Asterisk has to be fully booted, too. It waits 30 s, and looks every 20
    ms.
    """

    def __init__(self) -> None:
        """Replace testcontainers' own defaults, which are 120 s and one look per second."""
        super().__init__()
        self._startup_timeout = BOOT_DEADLINE_S
        self._poll_interval = POLL_S

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Return once it answers. Raises AsteriskEndedError, AbandonedError or TimeoutError."""
        if not isinstance(container, AsteriskContainer):
            raise TypeError(f"AsteriskReady waits for an AsteriskContainer, and this is a {type(container).__name__}")
        container.get_ready(self._startup_timeout, self._poll_interval)


class _Archive(bytes):
    """A tar file to unpack in a container before its start; testcontainers' transferables are single files."""


class AsteriskContainer(RunContainer):
    """A container that runs Asterisk, and is ready once its manager interface answers.

    The image's own command has to start Asterisk in the foreground, and Asterisk has to read /etc/asterisk. An image
    without a command, or with a bare shell, is started with `asterisk -f`.
    """

    what = "the PBX"

    def __init__(
        self,
        image: str,
        run: RunEnvironment | None = None,
        *,
        new_socket: Callable[[], socket.socket] = socket.socket,
        on_end: Callable[[int], None] = lambda _: None,
        manager_port: int = MANAGER_PORT,
        **kwargs: Any,  # noqa: ANN401 - testcontainers' own
    ) -> None:
        """Make a container of `image`; `kwargs` are those of testcontainers' DockerContainer.

        `manager_port` is the port of an image with a configuration of its own; `with_configuration` reads it from the
        folder. In a run `new_socket` makes the sockets that dial the manager interface, and a thread of its own calls
        `on_end` with the exit status.
        """
        super().__init__(image, run, **kwargs)
        self._new_socket = new_socket
        self._on_end = on_end
        self._manager_port = manager_port
        self._configuration: Configuration | None = None
        self._volume: Mount | None = None
        self._own: Ami | None = None
        self._sessions: list[Ami] = []
        self.abandoned = False
        self.manager: socket.socket | None = None
        """The connection on which its banner came."""
        self.waiting_for(AsteriskReady())

    def with_configuration(self, folder: str | os.PathLike[str], at: str = ETC) -> Self:
        """Use the files of `folder` as /etc/asterisk in the container, without the image's own files there.

        They are copied as they are now; the folder itself is not changed. In the copy, manager.conf has one account
        more, that of `ami()`, and the interface is enabled. `at` is where the image's Asterisk looks for its
        configuration; asterisk.conf's setting for that (astetcdir) is corrected in the copy.

        Raises FileNotFoundError, NotADirectoryError or ValueError where `folder` is no folder of Asterisk's
        configuration, and ValueError in a run.
        """
        if self.run is not None:
            raise ValueError("in a run the configuration is mounted: with_configuration is for a container alone")
        self._configuration = read_configuration(Path(folder), at)
        self._manager_port = self._configuration.manager_port
        self._volume = Mount(at, None, type="volume", no_copy=True)
        others = [spec for spec in self._transferable_specs if not isinstance(spec[0], _Archive)]
        self._transferable_specs = [(_Archive(self._configuration.archive), at), *others]
        return self

    def ami(self, user: str | None = None, secret: str = "") -> Ami:
        """Return a session of the manager interface, which ends with the container.

        Without arguments it uses the account that `with_configuration` made, and returns the same session while that is
        open. With `user` and `secret` it opens a new session of an account of your own. Raises AsteriskEndedError,
        ManagerError where the account is refused, TimeoutError where Asterisk does not get ready within 30 s, and
        ValueError without any account.
        """
        if user is not None:
            return self._log_in(Login(user, secret), BOOT_DEADLINE_S, POLL_S)
        if self._configuration is None:
            raise ValueError("there is no account: with_configuration(folder) makes one, or call ami(user, secret)")
        if self._own is None or not self._own.is_open:
            self._own = self._log_in(self._configuration.login, BOOT_DEADLINE_S, POLL_S)
        return self._own

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:  # noqa: FBT001, FBT002 - testcontainers' own
        """Close all sessions of its manager interface, and remove it."""
        self._own = None
        with contextlib.ExitStack() as stack:  # whatever one of them raises, the container is removed
            stack.callback(super().stop, force, delete_volume)
            while self._sessions:
                stack.callback(self._sessions.pop().close)

    def rights(self) -> Mapping[str, Any]:
        """Return the rights that init needs to seal, to open Asterisk's folders and to become its user.

        Asterisk itself has none of them.
        """
        caps = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_ADMIN", "SETGID", "SETPCAP", "SETUID"]
        return {"user": "0", "cap_add": caps, "pids_limit": 4096, "mem_limit": "2g"}

    def get_ready(self, within_s: float, poll_s: float) -> None:
        """Return once AsteriskReady is satisfied. Raises what `AsteriskReady.wait_until_ready` raises."""
        if self.run is None and self._configuration is not None:
            self._own = self._log_in(self._configuration.login, within_s, poll_s)
            return
        self._reach(within_s, poll_s)
        if self.run is None and self.manager is not None:
            self.manager.close()

    def greet(self, deadline: float) -> bool:
        """Dial the manager interface and read its banner, until `deadline`; return False where it does not answer yet.

        `deadline` is a time of `time.monotonic`. Where it answers, `manager` is the connection.
        """
        link = self._new_socket()
        try:
            dial(link, self._manager_address(), lambda: self.ended.is_set() or time.monotonic() > deadline)
        except OSError:  # the engine's errors are OSErrors, too: a container that has ended has no ports
            link.close()
            return False
        self.manager = link
        return True

    def abandon(self) -> None:
        """Make another thread that waits for this container stop waiting."""
        self.abandoned = True
        self.ended.set()

    def note_end(self) -> None:
        """Report its exit status to `on_end`."""
        self._on_end(self.exit_status)

    def _reach(self, within_s: float, poll_s: float) -> None:
        """Wait for the banner of the manager interface; `manager` is then the connection on which it came."""
        deadline = time.monotonic() + within_s
        while not self.greet(deadline):
            if self.wait_ended(poll_s):
                if self.abandoned:
                    raise AbandonedError
                raise self._ended_fault()
            if time.monotonic() > deadline:
                where = f"its manager port, {self._manager_port},"
                raise TimeoutError(f"Asterisk did not answer at {where} within {within_s:.0f} s")

    def _manager_address(self) -> tuple[str, int]:
        if self.run is not None:
            return self.addresses[self.run.office_network], MANAGER_PORT
        try:
            # not get_exposed_port, which waits until the container runs, and looks once a second
            return self.get_container_host_ip(), self._get_exposed_port(self._manager_port)
        except RuntimeError as fault:  # testcontainers' client raises this for a container that has been removed
            raise ConnectionError(str(fault)) from fault

    def _log_in(self, login: Login, within_s: float, poll_s: float) -> Ami:
        self.get_container_id()  # testcontainers' own error where it has not been started
        deadline = time.monotonic() + within_s
        self._reach(within_s, poll_s)
        assert self.manager is not None  # noqa: S101 - it was reached
        try:
            ami = Ami(self.manager, login, booted_within=deadline - time.monotonic(), why_lost=self._why_lost)
        except ManagerError as fault:
            if self._configuration is not None and login == self._configuration.login:
                where = f"its Asterisk does not read {self._configuration.at}, give at=FOLDER"
                raise ManagerError(
                    f"{fault.sentence}; the account is the one of with_configuration: {where}"
                ) from fault
            raise
        self._sessions.append(ami)
        return ami

    def _why_lost(self) -> Exception:
        """Return the error to raise where Asterisk has closed a connection; it may be about to end."""
        deadline = time.monotonic() + ENDS_WITHIN_S
        while not self.wait_ended(POLL_S):
            if time.monotonic() > deadline:
                return ConnectionResetError("Asterisk closed its manager interface, and has not ended")
        return self._ended_fault()

    def _ended_fault(self) -> AsteriskEndedError:
        """Return the error to raise for an Asterisk that ended."""
        if self.run is not None:  # `Pbx` knows its log
            return AsteriskEndedError()
        try:
            log = self.get_wrapped_container().logs().decode(errors="replace")
        except NotFound:
            return AsteriskEndedError("Asterisk ended, and its container has been removed: its log is lost")
        return ended_fault(self.exit_status, log)

    def _configure(self) -> None:
        """Publish the manager's port, mount the configuration's volume, and start Asterisk where the image does not."""
        if self.run is not None:
            return
        if not {str(self._manager_port), f"{self._manager_port}/tcp"} & self.ports.keys():
            self.with_exposed_ports(self._manager_port)
        mounts = self._kwargs.get("mounts") or []
        if self._volume is not None and self._volume not in mounts:
            self._kwargs = {**self._kwargs, "mounts": [*mounts, self._volume]}
        is_asked = self._command is not None or "entrypoint" in self._kwargs
        if not is_asked and runs_nothing(self.get_docker_client().client, self.image):
            # not -U: the image and asterisk.conf decide as which user Asterisk runs
            self.with_command(["asterisk", "-f"])

    def _transfer_into_container(
        self, transferable: Transferable, destination_in_container: str, mode: int = 0o644
    ) -> None:
        if isinstance(transferable, _Archive):
            self.get_wrapped_container().put_archive(destination_in_container, transferable)
        else:
            super()._transfer_into_container(transferable, destination_in_container, mode)

    def _not_started(self, fault: DockerException) -> BrokenError:
        if '"bash"' in explanation(fault):
            message = f"the image {self.image} has no bash on its PATH, by which Asterisk is started there"
            return BrokenError(message, NEEDED)
        return super()._not_started(fault)
