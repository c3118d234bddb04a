"""Compile the clock's library and the containers' seal, in an image of their own, and keep them in the package."""

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
"""Debian 11: its glibc 2.31 is the oldest one in our Asterisk images, and a later one runs what it linked."""
PACKAGE = Path(__file__).resolve().parents[1]
LIBRARY = PACKAGE / "clock" / "ringproof-clock.so"
SEAL = PACKAGE / "containers" / "ringproof-seal"
MADE_FROM = LIBRARY.with_name(f"{LIBRARY.name}.made-from")
"""The file with the hash of the sources of both."""


def files() -> list[Path]:
    """Return the paths of library and seal."""
    return [LIBRARY, SEAL]


def ensure() -> Path:
    """Ensure that library and seal are compiled from the present asterisk-image/; return the library's path.

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
    """Return whether library and seal are there, compiled from sources of this hash."""
    return all(file.is_file() for file in (*files(), MADE_FROM)) and MADE_FROM.read_text() == sources


def keep(contents: Mapping[str, bytes], made_from: str) -> None:
    """Write library and seal (`contents`, by file name), and the hash of the sources that they were compiled from.

    Raises:
        SetupError: one cannot be written.

    """
    for file in files():
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            draft.write_bytes(contents[file.name])
            draft.chmod(0o755)
            draft.replace(file)  # atomic: a container that starts meanwhile has the old file or the new one
        except OSError as error:
            raise SetupError(f"{file} cannot be written ({error.strerror or error})") from error
        finally:
            draft.unlink(missing_ok=True)
    MADE_FROM.write_text(made_from)
