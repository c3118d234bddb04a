"""The seal: the first program of each container of a run; after it the container reaches its two networks alone.

`ringproof-seal` (asterisk-image/seal/) is static, so that one file serves every image. It removes the way out that a
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
"""Exit status (EX_CONFIG) of a seal that could not be made, or whose proof failed; stderr has the sentence."""


def seal() -> Path:
    """Return the program, to be mounted. Raises BrokenError where it has not been made."""
    if not SEAL.is_file():
        raise BrokenError(f"the program that seals containers has not been made: there is no {SEAL.name}", MADE_BY)
    return SEAL


def seal_command(
    run: RunEnvironment, *, user: str = "", aliases: tuple[str, ...] = (), capture: bool = False
) -> list[str]:
    """Return the command words that seal a container of `run`; the command to start follows them.

    `user`: uid:gid as which that command runs, without any capability. `aliases`: further addresses, as
    `address/prefix`. `capture`: the command gets a packet socket that takes SIP; RINGPROOF_CAPTURE holds its number.
    """
    words = [SEAL_INSIDE]
    for gateway in filter(None, run.gateways.split(",")):
        words += ["--refuse", gateway]
    for alias in aliases:
        words += ["--alias", alias]
    if capture:
        words.append("--capture")
    return [*words, *(["--user", user] if user else []), "--"]
