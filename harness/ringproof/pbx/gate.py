"""The gate: a container of a PBX is started while its configuration is not written yet, and its init waits for that.

The engine takes most of a second to start a container. What the PBX is to be told, such as the address of the phones,
may not be known before another container has started, too.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Self

GATE_INSIDE = "/ringproof/gate"


class Gate:
    """A named pipe that the init of one PBX reads a line from (asterisk-image/init)."""

    def __init__(self, folder: Path) -> None:
        """Make it in `folder`, closed."""
        self.path = folder / f"gate-{secrets.token_hex(6)}"
        os.mkfifo(self.path)
        self.path.chmod(0o666)  # root there may be somebody else here; the run's folder is the runner's alone
        # for reading, too: so that it can be opened, and keeps its line, before anybody waits
        self._end = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def open(self) -> None:
        """Let the PBX begin."""
        os.write(self._end, b"begin\n")

    def __enter__(self) -> Self:
        """Have it removed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        os.close(self._end)
        self.path.unlink()
