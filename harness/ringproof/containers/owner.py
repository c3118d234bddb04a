"""Which process owns a container, network or folder, and whether that process still lives.

The owner's name is a label of containers and networks, and a file in folders.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def own_name() -> str:
    """Return a name that no other process has or had, as `host:pid:start`, for the owner label."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def owner_is_dead(name: str) -> bool:
    """True when the process of an owner label is known to have ended. It is never known of another machine's."""
    parts = name.rsplit(":", 2)
    if len(parts) != 3 or parts[0] != socket.gethostname() or not parts[1].isdigit():  # noqa: PLR2004 - host:pid:start
        return False
    return _started(int(parts[1])) != parts[2]


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot (proc(5), field 22), and the boot's id; empty: none.

    A process that has ended but is still listed (a zombie) counts as none.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""
    return f"{fields[19]}-{boot}" if fields[0] not in {"Z", "X"} else ""
