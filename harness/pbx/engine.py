"""The Docker engine: one client a process, its failures told in a sentence."""

from __future__ import annotations

import functools
import os
import socket
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound

from harness.pbx.errors import BrokenError

OWNED = "ringproof"
"""Label of everything that Ringproof makes; the value is always 1."""
RUN = "ringproof.run"
OWNER = "ringproof.owner"


@functools.cache
def engine() -> docker.DockerClient:
    """Return the client of the engine that DOCKER_HOST or the default socket names.

    Raises BrokenError when none answers.
    """
    try:
        client = docker.from_env(timeout=30)
        client.ping()
    except (DockerException, OSError) as fault:
        where = os.environ.get("DOCKER_HOST", "/var/run/docker.sock")
        message = f"no Docker engine answers at {where}"
        hint = "`make setup` installs and starts one; `docker info` shows whether it runs and whether you may use it"
        raise BrokenError(message, hint) from fault
    return client


def require_image(name: str) -> None:
    """Raise BrokenError unless the engine has the image; nothing is pulled."""
    try:
        engine().images.get(name)
    except ImageNotFound as fault:
        message = f"the engine has no image {name}"
        raise BrokenError(message, "`make setup` builds ringproof-asterisk:22; --image names any other") from fault


def own_name() -> str:
    """Return what tells this process from every other, past ones included: `host:pid:start`, for the owner label."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def owner_is_dead(name: str) -> bool:
    """True when the process of an owner label is known to have ended: never for another machine's."""
    parts = name.rsplit(":", 2)
    if len(parts) != 3 or parts[0] != socket.gethostname() or not parts[1].isdigit():  # noqa: PLR2004 - host:pid:start
        return False
    return _started(int(parts[1])) != parts[2]


def _started(pid: int) -> str:
    """Start time of a process in clock ticks since boot (proc(5), field 22), with the boot's id; empty: no such one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""
    return f"{fields[19]}-{boot}" if fields[0] not in {"Z", "X"} else ""
