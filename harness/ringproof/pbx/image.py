"""Finds out what an image starts by itself."""

from __future__ import annotations

from pathlib import PurePosixPath

from docker import DockerClient
from docker.errors import ImageNotFound

_SHELLS = ("bash", "dash", "sh")


def runs_nothing(engine: DockerClient, name: str) -> bool:
    """Return whether an image has no command, or only the shell of the image that it was made from.

    An image that the engine does not have is pulled, as testcontainers would do next. Errors are docker's own.
    """
    try:
        image = engine.images.get(name)
    except ImageNotFound:
        image = engine.images.pull(name)
    settings = image.attrs["Config"]
    command = settings.get("Cmd") or []
    is_shell = len(command) == 1 and PurePosixPath(command[0]).name in _SHELLS
    return not settings.get("Entrypoint") and (not command or is_shell)
