"""How long a story can go on after its last step: pure arithmetic over what is expected."""

from __future__ import annotations

from harness.scenario.duration import PbxSeconds
from harness.scenario.story import ACTS_WITHIN, Answer, Answers, CallerGets, Ring, Scenario

SLACK = PbxSeconds(1.0)
"""Beyond tolerance: so that what is too late is seen, not cut off."""
UNSTATED = PbxSeconds(5.0)
"""For a wave without `for:`, and for a story in which nothing is to ring."""


def patience(scenario: Scenario, caller: str) -> PbxSeconds:
    """Return how long after a caller's last action his expectations may take, deadline included."""
    expectations = scenario.expect.get(caller, ())
    rings = [entry for entry in expectations if isinstance(entry, Ring)]
    total = float(sum(entry.lasts if entry.lasts is not None else UNSTATED for entry in rings))
    total += rings[0].after if rings and rings[0].after is not None else ACTS_WITHIN
    if not rings:
        total += UNSTATED
    answered = [scenario.phones.get(entry.phone) for entry in expectations if isinstance(entry, Answer)]
    if any(isinstance(entry, CallerGets) and entry.ended_by is not None for entry in expectations):
        hang_ups = (entry.hangs_up for entry in answered if isinstance(entry, Answers))
        total += sum(time for time in hang_ups if time is not None)
    return PbxSeconds(total + scenario.tolerance * (1 + len(rings)) + SLACK)
