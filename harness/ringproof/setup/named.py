"""Find the Docker engine to use: that of DOCKER_HOST, else of the docker command's context, else this machine's own.

docker-py looks in the same places, in the same order (docker.from_env, docker/context/api.py).
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
TO_OWN = "to use this machine's own"


@dataclass(frozen=True, slots=True)
class NamedEngine:
    """An engine's address, what names it, and how to undo that."""

    address: str
    by: str = ""
    """DOCKER_HOST, or `the docker context NAME`; empty: nothing names one."""
    way_back: str = ""
    """How to use this machine's own engine; empty: this is it."""


def named_engine() -> NamedEngine:
    """Return the engine that is named now. A context that is missing or cannot be read names none."""
    if address := os.environ.get("DOCKER_HOST"):
        return NamedEngine(address, "DOCKER_HOST", f"unset DOCKER_HOST {TO_OWN}")
    chosen = os.environ.get("DOCKER_CONTEXT")
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        name = chosen or json.loads((folder / "config.json").read_text("utf-8"))["currentContext"]
        number = hashlib.sha256(name.encode()).hexdigest()
        context = json.loads((folder / "contexts" / "meta" / number / "meta.json").read_text("utf-8"))
        if address := context["Endpoints"]["docker"]["Host"]:
            undo = "unset DOCKER_CONTEXT" if chosen else "`docker context use default`"
            return NamedEngine(address, f"the docker context {name}", f"{undo} {TO_OWN}")
    return NamedEngine(DEFAULT_ADDRESS)
