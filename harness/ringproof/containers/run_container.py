"""A container of a run: on the run's two networks, leased and labelled, with the few rights that it needs.

It extends testcontainers' DockerContainer. Outside a run (`run=None`) it starts as that class does. In a run nothing is
pulled, and Ryuk is not used: lease and sweep end what a dead runner leaves.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from docker.errors import APIError, DockerException, NotFound
from docker.types import LogConfig, Mount
from testcontainers.core.container import DockerContainer

from ringproof.containers.engine import OWNED, OWNER, RUN, engine, named_once, spared
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment

UNKNOWN = -1
"""Exit status of a container whose end the engine has not reported."""
CONFLICT = 409
"""Status of the engine's answer when a container is being removed already."""
LOG_LIMIT = LogConfig(type=LogConfig.types.JSON, config={"max-size": "1m", "max-file": "1"})
_LIMITS = ("mem_limit", "pids_limit")
_LIMITING = re.compile(r"\b(limits?|cgroups?|pids|memory)\b", re.IGNORECASE)
_NO_SUCH_FOLDER = re.compile(r"bind source path does not exist: (?P<path>\S+)")
_CLIENT_TIMEOUT_S = 30
_REMOVED_WITHIN_S = 10


class RunContainer(DockerContainer):
    """A DockerContainer that belongs to a run. `ended` is set as soon as the engine reports its end.

    Outside a run only `wait_ended` sees the end, because it asks the engine.
    """

    what = "a container"
    """What messages call it."""

    def __init__(self, image: str, run: RunEnvironment | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - testcontainers' own
        """Make a container of `image`, which is not started yet."""
        if run is not None:
            # without a version each client would ask the engine for its own
            kwargs["docker_client_kw"] = {"version": engine().api.api_version, "timeout": _CLIENT_TIMEOUT_S}
        super().__init__(image, **kwargs)
        if run is not None:
            spared(self.get_docker_client().client)
        self.run = run
        self._binds: list[Mount] = []
        self.ended = threading.Event()
        self.exit_status = UNKNOWN
        """Exit status of its first process, once that has ended (128 + n: by signal n)."""
        self.addresses: Mapping[str, str] = {}
        """Its IPv4 address in each of its networks, by the network's name; set in a run, once it has started."""
        self._namespace: RunContainer | None = None
        self._starting: threading.Thread | None = None
        self._start_fault: BaseException | None = None

    def start(self) -> Self:
        """Create and start it, and wait as its wait strategy says. Raises BrokenError in a run."""
        if self.run is None:
            self.ended.clear()
            self.exit_status = UNKNOWN
            super().start()
            return self
        if self._namespace is not None:
            self._namespace.await_started()
        try:
            self._create(self.run)
            self._watch_end()
            self.get_docker_client().start(self.get_wrapped_container())
            self.addresses = self._read_addresses()
        except (APIError, NotFound) as fault:
            self.stop()
            raise self._not_started(fault) from fault
        except BaseException:
            self.stop()
            raise
        if self._wait_strategy is not None:
            self._wait_strategy.wait_until_ready(self)
        return self

    def begin(self) -> Self:
        """Start it in a thread and return at once; `await_started` waits for the start."""
        self._starting = threading.Thread(target=self._start, name=f"starting {self.what}", daemon=True)
        self._starting.start()
        return self

    def _start(self) -> None:
        try:
            self.start()
        except BaseException as fault:  # noqa: BLE001 - it is raised where the start is waited for
            self._start_fault = fault
            self.ended.set()

    def await_started(self) -> Self:
        """Return once a container that was begun has its addresses. Raises BrokenError."""
        if self._starting is not None:
            self._starting.join()
        if self._start_fault is not None:
            raise self._start_fault
        return self

    @property
    def lives(self) -> bool:
        """False once it has ended."""
        return not self.ended.is_set()

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:  # noqa: FBT001, FBT002 - testcontainers' own
        """Remove it; one that has ended by itself may have been removed already, or is just being removed."""
        try:
            super().stop(force, delete_volume)
        except NotFound:
            pass
        except APIError as fault:
            if self.run is None:
                if fault.status_code != CONFLICT:
                    raise
                self._wait_removed()
        finally:
            self.get_docker_client().client.close()

    def sizes_of(self, paths: Sequence[str]) -> dict[str, int]:
        """Return the sizes of those of `paths` that exist in the container. Raises BrokenError.

        A process in the container reads them: the engine copies nothing out of a container whose mounts are gone on the
        host, as the gate's is by now.
        """
        stat = ["stat", "--dereference", "--format=%s %n", "--", *paths]
        try:
            done = self.get_wrapped_container().exec_run(stat, stderr=False, environment={"LD_PRELOAD": ""})
        except DockerException as fault:
            sentence = f"the sizes of files in {self.what} could not be read: {explanation(fault)}"
            raise BrokenError(sentence) from fault
        output = done.output if isinstance(done.output, bytes) else b"".join(done.output)
        printed = output.decode(errors="replace")
        if done.exit_code not in {0, 1}:  # 1: some do not exist
            raise BrokenError(f"the sizes of files in {self.what} could not be read: {printed.strip()}")
        lines = (line.partition(" ") for line in printed.splitlines())
        return {path: int(size) for size, _, path in lines if size.isdecimal()}

    def signal(self, name: str) -> None:
        """Send a signal to its first process, if that still runs."""
        with contextlib.suppress(APIError):
            engine().api.kill(self.get_container_id(), name)

    def let_go(self) -> None:
        """Leave the removal of a container that has ended to the engine."""
        self.get_docker_client().client.close()

    def wait_ended(self, within_s: float) -> bool:
        """Wait until it has ended, `within_s` seconds at most; return whether it has."""
        if self.run is not None or self._has_ended():
            return self.ended.wait(within_s)
        time.sleep(within_s)
        return False

    def bind(self, host: Path, inside: str, *, writable: bool = False) -> Self:
        """Mount a file or folder of this machine; the engine refuses to start where it does not exist."""
        self._binds.append(Mount(inside, str(host.resolve()), type="bind", read_only=not writable))
        return self

    def live_in(self, namespace: RunContainer) -> Self:
        """Start it in the network namespace of another container that has been begun, and so at that one's addresses.

        It has the other's host name and resolver, too.
        """
        self._namespace = namespace
        return self

    def rights(self) -> Mapping[str, Any]:
        """Return docker-py's arguments that limit it, in addition to those of all containers."""
        return {}

    def _has_ended(self) -> bool:
        """Ask the engine; a container that removes itself may no longer exist."""
        try:
            self.reload()
        except NotFound:
            self.ended.set()
        else:
            state = self.get_wrapped_container().attrs["State"]
            if state["Status"] in {"exited", "dead"}:
                self.exit_status = state["ExitCode"]
                self.ended.set()
        return self.ended.is_set()

    def _wait_removed(self) -> None:
        with contextlib.suppress(NotFound):
            self.get_wrapped_container().wait(condition="removed", timeout=_REMOVED_WITHIN_S)

    def _create(self, run: RunEnvironment) -> None:
        self._configure()
        client = self.get_docker_client()
        self._container = client.create(
            self.image,
            command=self._command,
            environment=self.env,
            name=self._name,
            labels={OWNED: "1", RUN: run.run, OWNER: run.owner},
            mounts=self._binds,
            tmpfs=self.tmpfs,
            auto_remove=True,
            cap_drop=["ALL"],
            healthcheck={"test": ["NONE"]},  # whatever the image says about it
            log_config=LOG_LIMIT,
            **{**self._kwargs, **self.rights(), **self._network_of(run)},
        )
        if self._namespace is None:
            client.client.api.connect_container_to_network(self.get_container_id(), run.trunk_network)

    def _network_of(self, run: RunEnvironment) -> Mapping[str, Any]:
        """Return docker-py's arguments for its place in the network."""
        if self._namespace is not None:
            # without the key `network` testcontainers would ask the engine for one
            return {"network": None, "network_mode": f"container:{self._namespace.get_container_id()}"}
        # Docker before 25 takes one network at creation
        return {"network": run.office_network, "sysctls": {**_no_ipv6(), **self.rights().get("sysctls", {})}}

    def _read_addresses(self) -> Mapping[str, str]:
        if self._namespace is not None:
            return self._namespace.addresses
        self.reload()
        networks = self.get_wrapped_container().attrs["NetworkSettings"]["Networks"]
        return {name: network["IPAddress"] for name, network in networks.items()}

    def _watch_end(self) -> None:
        """Set `ended` when the container ends. A thread of its own waits, since the engine answers only then."""
        number = self.get_container_id()
        watching = threading.Event()

        def watch() -> None:
            with contextlib.suppress(Exception):  # whatever the engine's client raises here: the end is what counts
                watching.set()
                condition: Literal["removed", "not-running"] = "removed" if self.run is not None else "not-running"
                self.exit_status = engine().api.wait(number, timeout=24 * 3600, condition=condition)["StatusCode"]
            self.ended.set()
            self.note_end()

        threading.Thread(target=watch, name=f"end of {self.what}", daemon=True).start()
        watching.wait()

    def note_end(self) -> None:
        """Do what a subclass needs when it has ended; called from a thread of its own."""

    def _not_started(self, fault: DockerException) -> BrokenError:
        """Return the error to raise when the engine does not start it."""
        said = explanation(fault)
        if (missing := _NO_SUCH_FOLDER.search(said)) and Path(missing["path"]).exists():
            return not_shared(Path(missing["path"]))
        limits = ", ".join(f"{name}={value}" for name, value in self.rights().items() if name in _LIMITS)
        hint = f"the limits are {limits}: `docker info` lists what this kernel cannot" if _LIMITING.search(said) else ""
        return BrokenError(f"the engine could not start {self.what}: {said}", hint)


def _no_ipv6() -> dict[str, str]:
    """Return the sysctls without which Podman gives each link an IPv6 address; Docker sets them itself."""
    if not Path("/proc/sys/net/ipv6").is_dir():  # a kernel without IPv6 refuses them
        return {}
    return {f"net.ipv6.conf.{which}.disable_ipv6": "1" for which in ("all", "default")}


def not_shared(path: Path) -> BrokenError:
    """Return the error to raise when the engine sees another file system than this process."""
    sentence = f"the Docker engine does not share {path} with this machine"
    hint = named_once().way_back or "is this process in a container?"
    return BrokenError(sentence, f"it has to run on this machine, and see the same files: {hint}")


def explanation(fault: DockerException) -> str:
    """Return the engine's own sentence about a fault."""
    return str(getattr(fault, "explanation", None) or fault)
