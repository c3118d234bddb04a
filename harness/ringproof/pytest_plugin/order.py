"""In which order the scenarios of a run are given to its workers: the longest ones first.

A run ends with its last play. A long story that is begun last, or whose red is seen last and then takes its own time at
speed 1 to be confirmed, keeps all other workers waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def dealt(entries: Sequence[_T], lengths: Sequence[float], workers: int) -> list[_T]:
    """Return `entries` in the order in which each of `workers` gets long ones first, and all get as much.

    pytest-xdist cuts its list into one slice for each worker (its scheduler `worksteal`); where they are not all of one
    length it is the last ones that are longer.
    """
    ranked = [entry for _, entry in sorted(zip(lengths, entries, strict=True), key=lambda pair: -pair[0])]
    return [entry for worker in reversed(range(workers)) for entry in ranked[worker::workers]]
