"""The network namespace of a PBX: it stays while one PBX after another runs in it.

The engine takes longer to attach a container to two networks, and to detach it, than to start it. So a container that
does nothing else holds a network namespace, with an address in each of the run's networks. Each PBX has a container, a
file system and processes of its own, which join that namespace. The namespace is handed out again when the container of
the PBX before has been removed: no process of that PBX, and so no socket, is left in it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringproof.containers.run import RunEnvironment
from ringproof.containers.run_container import RunContainer
from ringproof.containers.seal import SEAL_INSIDE, seal, seal_command

HELD_INSIDE = "/ringproof/held"
NO_RESOLVER = "127.0.0.1"
"""The server that the engine's own resolver (127.0.0.11) would ask: none. /etc/resolv.conf names the run's server."""
NOBODY = "65534:65534"
_HOLD = 'read -r _ <"$1"'


class NamespaceContainer(RunContainer):
    """Holds the sealed network namespace of one PBX at a time, for as long as the process that made it lives."""

    what = "the container that holds the PBX's network"

    def __init__(self, run: RunEnvironment) -> None:
        """Make the container; it has not been started."""
        super().__init__(run.phones_image, run)
        token = secrets.token_hex(4)
        pipe = Path(run.folder) / f"held-{token}"
        os.mkfifo(pipe)
        pipe.chmod(0o644)  # only the runner can enter the run's folder
        # The container reads the end of the pipe when this process closes it, or ends in any way.
        self._held = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self.with_name(f"ringproof-{run.run}-network-{os.getpid()}-{token}")
        self.bind(pipe, HELD_INSIDE)
        self.bind(seal(), SEAL_INSIDE)
        self.with_command([*seal_command(run, user=NOBODY), "sh", "-c", _HOLD, "sh", HELD_INSIDE])

    def rights(self) -> Mapping[str, Any]:
        """Return the rights that the seal needs; the seal gives them up."""
        return {
            "entrypoint": [],
            "user": "0",
            "hostname": "pbx",
            "cap_add": ["NET_ADMIN", "SETGID", "SETPCAP", "SETUID"],
            "pids_limit": 16,
            "mem_limit": "32m",
            "dns": [NO_RESOLVER],
        }

    def note_end(self) -> None:
        """Close the pipe."""
        with contextlib.suppress(OSError):
            os.close(self._held)


_FREE: dict[tuple[int, str], list[NamespaceContainer]] = {}
"""The namespaces in which no PBX runs, by process and run."""
_TAKING = threading.Lock()


def begin_namespace(run: RunEnvironment) -> None:
    """Begin to start a namespace, so that the first play of this process need not wait for it."""
    give_back(NamespaceContainer(run).begin())


def take_namespace(run: RunEnvironment) -> NamespaceContainer:
    """Return a namespace in which no PBX runs, begun. `await_started` waits for its addresses. Raises BrokenError."""
    with _TAKING:
        free = _FREE.setdefault((os.getpid(), run.run), [])
        while free:
            if (namespace := free.pop()).lives:
                return namespace
    return NamespaceContainer(run).begin()


def give_back(namespace: NamespaceContainer) -> None:
    """Allow the namespace to be handed out again: the container of the PBX that ran in it has been removed."""
    assert namespace.run is not None  # noqa: S101 - it was made for one
    with _TAKING:
        _FREE.setdefault((os.getpid(), namespace.run.run), []).append(namespace)
