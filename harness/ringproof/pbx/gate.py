"""The gate: the container of a PBX is started before its configuration is written, and its init waits for that.

The engine takes most of a second to start a container. Some of the configuration, such as the address of the phones,
may not be known before another container has started, too.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Self

GATE_INSIDE = "/ringproof/gate"


class Gate:
    """A named pipe from which the init of one PBX reads a line (asterisk-image/init)."""

    def __init__(self, folder: Path) -> None:
        """Make the pipe in `folder`; the gate is closed."""
        self.path = folder / f"gate-{secrets.token_hex(6)}"
        os.mkfifo(self.path)
        self.path.chmod(0o666)  # root there may be another user here; only the runner can enter the run's folder
        # for reading, too: so it can be opened, and keeps its line, before init opens it
        self._end = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def open(self) -> None:
        """Let the PBX start."""
        os.write(self._end, b"begin\n")

    def __enter__(self) -> Self:
        """Return the gate; it is removed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the pipe."""
        os.close(self._end)
        self.path.unlink()
