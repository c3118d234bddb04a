"""What is compiled here: the clock's library and the containers' seal, in an image of its own, kept in the package."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ringproof.setup import image
from ringproof.setup.dockerapi import Engine, EngineError
from ringproof.setup.output import SetupError

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


def files() -> list[Path]:
    """Return where library and seal are kept."""
    return [LIBRARY, SEAL]


def ensure() -> Path:
    """See to it that library and seal are there, compiled from what asterisk-image/ is now; return the library's path.

    Raises:
        SetupError: no engine answers, no base can be had, or it does not compile.

    """
    wanted = image.content_hash(BUILDER)
    if is_made_from(wanted):
        return LIBRARY
    name = image.ensure(BUILDER)
    engine = Engine.of_environment()
    contents = {}
    for source, file in zip(("/clock/ringproof-clock.so", "/seal/ringproof-seal"), files(), strict=True):
        try:
            contents[file.name] = engine.file_of(name, source)
        except (EngineError, OSError) as error:
            raise SetupError(f"{file.name} could not be taken out of {name} ({error}).") from error
    keep(contents, wanted)
    return LIBRARY


def is_made_from(sources: str) -> bool:
    """Say whether library and seal are there, compiled from sources of this hash."""
    return all(file.is_file() for file in (*files(), MADE_FROM)) and MADE_FROM.read_text() == sources


def keep(contents: Mapping[str, bytes], made_from: str) -> None:
    """Write library and seal, by their names, which were compiled from sources of this hash.

    Raises:
        SetupError: one cannot be written.

    """
    for file in files():
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            draft.write_bytes(contents[file.name])
            draft.chmod(0o755)
            draft.replace(file)  # at once: a container that starts meanwhile has the old one or the new one
        except OSError as error:
            raise SetupError(f"{file} cannot be written ({error.strerror or error})") from error
        finally:
            draft.unlink(missing_ok=True)
    MADE_FROM.write_text(made_from)
