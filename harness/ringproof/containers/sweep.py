"""Removes what runs left behind: only what carries our label, and only where its owner is known to be dead."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from docker.errors import APIError, NotFound

from ringproof.containers.engine import OWNED, OWNER, RUN, engine
from ringproof.containers.folders import remove_folders
from ringproof.containers.owner import owner_is_dead

_REMOVED_WITHIN_S = 10
_Wanted = Callable[[Mapping[str, str]], bool]


def sweep() -> list[str]:
    """Remove the containers, networks and folders of dead owners; return their names."""
    return [*_remove(lambda labels: owner_is_dead(labels.get(OWNER, ""))), *remove_folders()]


def sweep_run(run: str) -> list[str]:
    """Remove the containers and networks of one run, whether its owner lives or not; return their names."""
    return _remove(lambda labels: labels.get(RUN) == run)


def _remove_container(number: str) -> None:
    """Remove a container, or wait until the engine, which is already removing it, has done so.

    Its networks are removed next.
    """
    try:
        engine().api.remove_container(number, force=True)
    except NotFound:
        return
    except APIError:
        with contextlib.suppress(APIError, OSError):
            engine().api.wait(number, timeout=_REMOVED_WITHIN_S, condition="removed")


def _remove(wanted: _Wanted) -> list[str]:
    removed = []
    filters = {"label": f"{OWNED}=1"}
    for container in engine().api.containers(all=True, filters=filters):
        if wanted(container["Labels"]):
            _remove_container(container["Id"])
            removed.append(container["Names"][0].lstrip("/"))
    for network in engine().api.networks(filters=filters):
        if wanted(network["Labels"]):
            with contextlib.suppress(NotFound, APIError):
                engine().api.remove_network(network["Id"])
            removed.append(network["Name"])
    return removed
