"""Removing what runs left behind: only what carries our label, and only where its owner is known to be dead."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from docker.errors import APIError, NotFound

from harness.containers.engine import OWNED, OWNER, RUN, engine
from harness.containers.folders import remove_folders
from harness.containers.owner import owner_is_dead

_Wanted = Callable[[Mapping[str, str]], bool]


def sweep() -> list[str]:
    """Remove containers, networks and folders of dead owners; return their names."""
    return [*_remove(lambda labels: owner_is_dead(labels.get(OWNER, ""))), *remove_folders()]


def sweep_run(run: str) -> list[str]:
    """Remove everything of one run, whoever is alive; return the names."""
    return _remove(lambda labels: labels.get(RUN) == run)


def _remove(wanted: _Wanted) -> list[str]:
    removed = []
    filters = {"label": f"{OWNED}=1"}
    for container in engine().api.containers(all=True, filters=filters):
        if wanted(container["Labels"]):
            with contextlib.suppress(NotFound, APIError):  # already on its way out: its lease or --rm got there first
                engine().api.remove_container(container["Id"], force=True)
            removed.append(container["Names"][0].lstrip("/"))
    for network in engine().api.networks(filters=filters):
        if wanted(network["Labels"]):
            with contextlib.suppress(NotFound, APIError):
                engine().api.remove_network(network["Id"])
            removed.append(network["Name"])
    return removed
