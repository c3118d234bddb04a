"""What is compiled here: the clock's library and the containers' seal, in an image of its own, kept in the package."""

from __future__ import annotations

import os
from pathlib import Path

from harness.setup import image
from harness.setup.dockerapi import Engine, EngineError
from harness.setup.telling import SetupError

BUILDER = image.Recipe(
    version="bullseye",
    release="bullseye",
    repository="ringproof-clock-build",
    folder=f"{image.FOLDER}/clock",
    beside=(f"{image.FOLDER}/seal",),
)
"""Debian 11: its glibc 2.31 is the oldest of any Asterisk that we make, and a later one runs what it linked."""
PACKAGE = Path(__file__).resolve().parents[1]
LIBRARY = PACKAGE / "clock" / "ringproof-clock.so"
SEAL = PACKAGE / "containers" / "ringproof-seal"
MADE_FROM = LIBRARY.with_name(f"{LIBRARY.name}.made-from")
"""Of both: the hash of the sources."""


def ensure() -> Path:
    """See to it that library and seal are there, compiled from what asterisk-image/ is now; return the library's path.

    Raises:
        SetupError: no engine answers, no base can be had, or it does not compile.

    """
    wanted = image.content_hash(BUILDER)
    compiled = {"/clock/ringproof-clock.so": LIBRARY, "/seal/ringproof-seal": SEAL}
    if all(file.is_file() for file in (*compiled.values(), MADE_FROM)) and MADE_FROM.read_text() == wanted:
        return LIBRARY
    name = image.ensure(BUILDER)
    for source, file in compiled.items():
        try:
            content = Engine.of_environment().file_of(name, source)
        except (EngineError, OSError) as error:
            raise SetupError(f"{file.name} could not be taken out of {name} ({error}).") from error
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        draft.write_bytes(content)
        draft.chmod(0o755)
        draft.replace(file)  # at once: a container that starts meanwhile has the old one or the new one
    MADE_FROM.write_text(wanted)
    return LIBRARY
