"""In which order the scenarios of a run are given to its workers: the longest ones first.

A run ends with its last play. A long story that is begun last, or whose red is seen last and then takes its own time at
speed 1 to be confirmed, keeps all other workers waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ringproof.scenario.model.scenario import Scenario, Wait
from ringproof.scenario.model.story_end import longest_talks, patience

_T = TypeVar("_T")


def length(scenario: Scenario) -> float:
    """Return about how many seconds of PBX time a story takes, deadlines included."""
    waits = sum(step.time for step in scenario.when if isinstance(step, Wait))
    lasts = max((patience(scenario, caller) for caller in scenario.callers), default=0.0)
    talks = sum(longest_talks(scenario).values())
    return (waits + lasts + talks + (scenario.quiet or 0.0)) * scenario.calls


def dealt(entries: Sequence[_T], lengths: Sequence[float], workers: int) -> list[_T]:
    """Return `entries` in the order in which each of `workers` gets long ones first, and all get as much.

    pytest-xdist cuts its list into one slice for each worker (its scheduler `worksteal`); where they are not all of one
    length it is the last ones that are longer.
    """
    ranked = [entry for _, entry in sorted(zip(lengths, entries, strict=True), key=lambda pair: -pair[0])]
    return [entry for worker in reversed(range(workers)) for entry in ranked[worker::workers]]
