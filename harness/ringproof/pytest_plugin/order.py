"""Orders the scenarios of a run for its workers: the longest ones first.

A run ends with its last play. A long story that is begun last keeps all other workers waiting, and so does one whose
red is seen last and must be confirmed at speed 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def dealt(entries: Sequence[_T], lengths: Sequence[float], workers: int) -> list[_T]:
    """Return `entries` in an order in which each of `workers` gets long ones first, and all get about the same.

    pytest-xdist divides its list into one slice for each worker (its scheduler `worksteal`). If the slices cannot have
    the same length, the last ones are longer.
    """
    ranked = [entry for _, entry in sorted(zip(lengths, entries, strict=True), key=lambda pair: -pair[0])]
    return [entry for worker in reversed(range(workers)) for entry in ranked[worker::workers]]
