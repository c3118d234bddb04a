"""The container of the phones: on the same networks as the PBXes of the run, without a way to any other.

A process that plays has one. It is started for the first play of the process and ends with the process, or with the
run. Its first process is `ringproof.phones.server`; the code is the runner's own, mounted read-only.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from ringproof.containers.engine import is_rootless
from ringproof.containers.errors import BrokenError
from ringproof.containers.evidence import open_evidence
from ringproof.containers.run import RunEnvironment
from ringproof.containers.run_container import RunContainer, not_shared
from ringproof.containers.seal import NOT_SEALED, SEAL_INSIDE, seal, seal_command
from ringproof.phones import wire
from ringproof.phones.packet_tap import PacketTap

FOLDER = "/ringproof/phones"
CODE = "/ringproof/code"
LOG = "server.log"
RESOLV_CONF = "resolv.conf"
RESOLV_CONF_OF_PBX = "pbx-resolv.conf"
"""The file of the folder that a PBX of this process reads as /etc/resolv.conf."""
RECORDINGS = "recordings"
READY_WITHIN_S = 20.0
POLL_S = 0.005
ANSWERS_WITHIN_S = 10.0
NOBODY = 65534
"""The user and group of the phones where the runner is root."""
SEALABLE = (
    "the engine has to let a container change its own routes and capture its own packets "
    "(capabilities NET_ADMIN and NET_RAW)"
)
NOT_SHARED = 77
"""Exit status of a container that does not find the runner's folder."""
_BEGIN = f'[ -e {FOLDER}/{RESOLV_CONF} ] || exit {NOT_SHARED}; exec 2>>{FOLDER}/{LOG}; exec "$@"'


class PhonesReady(WaitStrategy):
    """Waits until the server of the phones answers, and notices at once when the container ended."""

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Return once it answers. Raises BrokenError where it ended, or TimeoutError."""
        assert isinstance(container, PhonesContainer)  # noqa: S101 - of no use to any other
        deadline = time.monotonic() + self._startup_timeout
        while not container.hold():
            if container.ended.wait(self._poll_interval):
                raise container.end_fault()
            if time.monotonic() > deadline:
                raise TimeoutError


class PhonesContainer(RunContainer):
    """Forks phones, and hands out sockets of its network namespace, from which the PBX is dialled.

    It lives as long as this process holds it. `end_fault` says why it ended.
    """

    what = "the container of the phones"

    def __init__(self, run: RunEnvironment) -> None:
        """Make the container of `run` for this process; it has not been started."""
        super().__init__(run.phones_image, run)
        self._run = run
        self.folder = Path(tempfile.mkdtemp(prefix=f"phones-{os.getpid()}-", dir=run.folder))
        self.folder.chmod(0o777)  # phones may be another user there; only the runner can enter the run's folder
        (self.folder / RESOLV_CONF).write_text("nameserver 127.0.0.1\n")
        (self.folder / RECORDINGS).mkdir()
        (self.folder / RECORDINGS).chmod(0o777)
        (self.folder / RESOLV_CONF_OF_PBX).touch()
        (self.folder / LOG).touch()
        (self.folder / LOG).chmod(0o666)
        self._held: socket.socket | None = None
        self._tap: PacketTap | None = None
        self._asking = threading.Lock()
        self.with_name(f"ringproof-{run.run}-phones-{self.folder.name.removeprefix('phones-')}")
        package = Path(__file__).parents[1]
        self.bind(self.folder, FOLDER, writable=True)
        self.bind(package, f"{CODE}/ringproof")
        self.bind(seal(), SEAL_INSIDE)
        self.bind(self.folder / RESOLV_CONF, "/etc/resolv.conf")
        self.with_envs(PYTHONPATH=CODE, PYTHONDONTWRITEBYTECODE="1")
        sealed = seal_command(run, user=self.user, capture=True)
        serve = ["python3", "-P", "-m", "ringproof.phones.server", FOLDER]
        self.with_command(["sh", "-c", _BEGIN, "sh", *sealed, *serve])
        self._ready = PhonesReady().with_startup_timeout(int(READY_WITHIN_S)).with_poll_interval(POLL_S)

    @property
    def server(self) -> Path:
        """The Unix socket of the server that forks phones."""
        return self.folder / "socket"

    @property
    def office_address(self) -> str:
        """The IPv4 address of the phones of extensions."""
        return self.addresses[self._run.office_network]

    @property
    def trunk_address(self) -> str:
        """The IPv4 address of outside callers."""
        return self.addresses[self._run.trunk_network]

    def rights(self) -> Mapping[str, Any]:
        """Return the rights that the seal needs and then gives up, and limits that are enough for 200 phones."""
        return {
            "entrypoint": [],
            "user": "0",
            "hostname": "phones",
            "cap_add": ["NET_ADMIN", "NET_RAW", "SETGID", "SETPCAP", "SETUID"],
            "pids_limit": 2048,
            "mem_limit": "8g",
            "dns": ["127.0.0.1"],
            "sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        }

    def start(self) -> Self:
        """Start it and return once it has its addresses; `await_ready` waits for its server. Raises BrokenError."""
        super().start()
        resolv_conf = f"nameserver {self.office_address}\noptions attempts:1 timeout:1\n"
        (self.folder / RESOLV_CONF_OF_PBX).write_text(resolv_conf)
        return self

    def await_ready(self) -> None:
        """Return once its server answers. Raises BrokenError."""
        self.await_started()
        with self._asking:
            if self._held is not None:
                return
            try:
                self._ready.wait_until_ready(self)
            except TimeoutError:
                self.stop()
                sentence = f"the container of the phones was not ready {READY_WITHIN_S:.0f} s after its start"
                raise BrokenError(f"{sentence}: {self._last_word()}") from None

    def hold(self) -> bool:
        """Connect to the server, whose container then lives as long as this process; return whether it answered."""
        held = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        held.settimeout(ANSWERS_WITHIN_S)
        try:
            held.connect(str(self.server))
            wire.send(held, {"hold": True})
            answer, _ = wire.receive(held)
        except OSError:
            answer = None
        if answer != {"held": True}:  # None, too, where the server ended before it answered
            held.close()
            return False
        self._held = held
        return True

    def new_socket(self, kind: Literal["tcp", "udp"]) -> socket.socket:
        """Return a socket that sends from this container. Raises BrokenError where it has ended."""
        return self._ask({"socket": kind})

    def resolver(self) -> socket.socket:
        """Return the UDP socket at which PBX and phones ask for names. Raises BrokenError where it has ended."""
        return self._ask({"resolver": True})

    def tap(self) -> PacketTap:
        """Return the tap that reads the SIP of this container; all plays of the process share it.

        Raises BrokenError where the container has ended.
        """
        if self._tap is None:
            self._tap = PacketTap(self._ask({"capture": True}))
        return self._tap

    def _ask(self, request: wire.Request) -> socket.socket:
        self.await_ready()
        with self._asking:
            try:
                if self._held is None:
                    raise BrokenPipeError
                wire.send(self._held, request)
                answer, descriptors = wire.receive(self._held)
            except OSError as fault:
                raise self.end_fault() from fault
        if not descriptors:
            raise self.end_fault() if answer is None else BrokenError(f"the server of the phones failed: {answer}")
        return socket.socket(fileno=descriptors[0])

    def recording(self, name: str) -> str:
        """Return the path at which a phone records a file of this name."""
        return f"{FOLDER}/{RECORDINGS}/{name}"

    def keep_recording(self, name: str, file: Path) -> None:
        """Move a recording out of the container's folder. A call that ended before it was recorded has left none."""
        recorded = self.folder / RECORDINGS / name
        with contextlib.suppress(FileNotFoundError), open_evidence(recorded) as sound:
            file.write_bytes(sound.read())
            recorded.unlink()

    def end_fault(self) -> BrokenError:
        """Return the error to raise for a container that has ended."""
        self.ended.wait(ANSWERS_WITHIN_S)
        if self.exit_status == NOT_SHARED:
            return not_shared(self.folder)
        if self.exit_status == NOT_SEALED:
            return BrokenError(f"the container of the phones could not be sealed: {self._last_word()}", SEALABLE)
        return BrokenError(f"the container of the phones ended: {self._last_word()}", f"its log is {self.folder / LOG}")

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:  # noqa: FBT001, FBT002 - testcontainers' own
        """End the container, and all phones with it."""
        if self._held is not None:
            self._held.close()
            self._held = None
        if self._tap is not None:
            self._tap.link.close()
            self._tap = None
        super().stop(force, delete_volume)

    def _last_word(self) -> str:
        with contextlib.suppress(OSError):
            lines = [line for line in (self.folder / LOG).read_text(errors="replace").splitlines() if line.strip()]
            if lines:
                return lines[-1].removeprefix("ringproof: ")
        return "it said nothing" if self.exit_status < 0 else f"exit status {self.exit_status}"

    @property
    def user(self) -> str:
        """Return the user and group of the phones: the runner's, so that it can remove what they write.

        In a rootless engine that is root.
        """
        if is_rootless():
            return "0:0"
        return f"{os.getuid()}:{os.getgid()}" if os.getuid() else f"{NOBODY}:{NOBODY}"


_CONTAINERS: dict[tuple[int, str], PhonesContainer] = {}
"""The containers, by process and run: a process has one for each of its runs."""
_STARTING = threading.Lock()


def phones_of(run: RunEnvironment) -> PhonesContainer:
    """Return the started container of this process's phones in `run`; a new one where the last one has ended.

    Its server may not answer yet; `await_ready` waits for it. Raises BrokenError.
    """
    return begin_phones(run).await_started()


def begin_phones(run: RunEnvironment) -> PhonesContainer:
    """Return the container as `phones_of` does, but do not wait until it has started; `await_started` waits."""
    with _STARTING:
        key = (os.getpid(), run.run)
        container = _CONTAINERS.get(key)
        if container is None or not container.lives:
            container = _CONTAINERS[key] = PhonesContainer(run).begin()
        return container
