"""The Docker engine: one client per process. Each of its failures is one sentence."""

from __future__ import annotations

import functools

import docker
from docker.errors import DockerException, ImageNotFound

from ringproof.containers.errors import BrokenError
from ringproof.setup.image import PHONES, RELEASES, REPOSITORY
from ringproof.setup.named import NamedEngine, named_engine

OWN = "`make setup` installs and starts one; `docker info` shows whether it runs and whether you may use it"
OWNED = "ringproof"
"""Label of everything that Ringproof makes; the value is always 1."""
RUN = "ringproof.run"
OWNER = "ringproof.owner"


@functools.cache
def named_once() -> NamedEngine:
    """Return what named this process's engine, and how to undo that.

    It is asked once, because testcontainers sets DOCKER_HOST afterwards.
    """
    return named_engine()


@functools.cache
def engine() -> docker.DockerClient:
    """Return the client of the engine that DOCKER_HOST, the docker command's context or the default socket names.

    Raises BrokenError when none answers.
    """
    named = named_once()
    try:
        client = docker.from_env(timeout=30)
        client.ping()
    except (DockerException, OSError) as fault:
        where = named.address if named.by else "/var/run/docker.sock"
        message = f"no Docker engine answers at {where}"
        raise BrokenError(message, f"start it, or {named.way_back}" if named.by else OWN) from fault
    return spared(client)


def spared(client: docker.DockerClient) -> docker.DockerClient:
    """Return `client`, and keep it from looking for a proxy and passwords before each request.

    On a Unix socket there are none; the look costs a third of a request's processor time.
    """
    if client.api.base_url.startswith("http+docker://"):
        client.api.trust_env = False
    return client


@functools.cache
def _security_options() -> str:
    return " ".join(engine().info().get("SecurityOptions") or [])


def is_rootless() -> bool:
    """Return whether root in a container is the user that runs the engine."""
    return "name=rootless" in _security_options()


def is_remapped() -> bool:
    """Return whether the users of containers, root included, own nothing on this machine (dockerd's `userns-remap`)."""
    return "name=userns" in _security_options()


def require_image(name: str) -> None:
    """Raise BrokenError unless the engine has the image; nothing is pulled."""
    try:
        engine().images.get(name)
    except ImageNotFound as fault:
        raise BrokenError(f"the engine has no image {name}", _how_to_have(name)) from fault
    except DockerException as fault:
        said = getattr(fault, "explanation", None) or fault
        raise BrokenError(f"the engine does not take {name!r} for the name of an image: {said}") from fault


def _how_to_have(image: str) -> str:
    """Return the command that makes an image."""
    repository, _, version = image.partition(":")
    if repository == REPOSITORY and version in RELEASES:
        return f"`ringproof image --version {version}` makes it"
    if image == PHONES.name:
        return "`ringproof image` makes it"
    return "`ringproof image` makes those of PBX and phones; --image names any other PBX"
