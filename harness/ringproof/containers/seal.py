"""The seal: a program that each container of a run starts with, after which it reaches its two networks alone.

`ringproof-seal` (asterisk-image/seal/) is static, so that one file serves every image. It takes away the way out that a
Docker network leaves open, refuses the host's own addresses, and proves both before anything else is started.
"""

from __future__ import annotations

from pathlib import Path

from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment

SEAL = Path(__file__).with_name("ringproof-seal")
"""Made by `make image`."""
SEAL_INSIDE = "/ringproof/seal"
MADE_BY = "`ringproof image` makes it"
NOT_SEALED = 78
"""Exit status (EX_CONFIG) of a seal that could not be made, or whose proof failed; the sentence is on stderr."""


def seal() -> Path:
    """Return the program, to be mounted. Raises BrokenError where it has not been made."""
    if not SEAL.is_file():
        raise BrokenError(f"the program that seals containers has not been made: there is no {SEAL.name}", MADE_BY)
    return SEAL


def seal_command(
    run: RunEnvironment, *, user: str = "", aliases: tuple[str, ...] = (), capture: bool = False
) -> list[str]:
    """Return the words that seal a container of `run`; a command that is to follow stands behind them.

    `user`: uid:gid that the command runs as, without any capability. `aliases`: further addresses, as `address/prefix`.
    `capture`: the command gets a packet socket that takes SIP, whose number is in RINGPROOF_CAPTURE.
    """
    words = [SEAL_INSIDE]
    for gateway in filter(None, run.gateways.split(",")):
        words += ["--refuse", gateway]
    for alias in aliases:
        words += ["--alias", alias]
    if capture:
        words.append("--capture")
    return [*words, *(["--user", user] if user else []), "--"]
