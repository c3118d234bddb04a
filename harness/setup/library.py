"""The clock's library: compiled from asterisk-image/clock/ in an image of its own, kept in harness/clock/."""

from __future__ import annotations

import os
from pathlib import Path

from harness.setup import image
from harness.setup.dockerapi import Engine, EngineError
from harness.setup.telling import SetupError

BUILDER = image.Recipe(version="bullseye", release="bullseye", repository="ringproof-clock-build", part="clock")
"""Debian 11: its glibc 2.31 is the oldest of any Asterisk that we make, and a later one runs what it linked."""
LIBRARY = Path(__file__).resolve().parents[1] / "clock" / "ringproof-clock.so"
MADE_FROM = LIBRARY.with_name(f"{LIBRARY.name}.made-from")


def ensure() -> Path:
    """See to it that the library is there, compiled from what asterisk-image/clock/ is now; return its path.

    Raises:
        SetupError: no engine answers, no base can be had, or it does not compile.

    """
    wanted = image.content_hash(BUILDER)
    if LIBRARY.is_file() and MADE_FROM.is_file() and MADE_FROM.read_text() == wanted:
        return LIBRARY
    name = image.ensure(BUILDER)
    try:
        compiled = Engine.of_environment().file_of(name, "/clock/ringproof-clock.so")
    except (EngineError, OSError) as error:
        raise SetupError(f"The clock's library could not be taken out of {name} ({error}).") from error
    draft = LIBRARY.with_name(f".{LIBRARY.name}.{os.getpid()}")
    draft.write_bytes(compiled)
    draft.chmod(0o755)
    draft.replace(LIBRARY)  # at once: a PBX that boots meanwhile maps the old one or the new one
    MADE_FROM.write_text(wanted)
    return LIBRARY
