"""How long a story can last after its last step, calculated from the scenario alone."""

from __future__ import annotations

from ringproof.core.duration import PbxSeconds
from ringproof.scenario.model.office import Office
from ringproof.scenario.model.scenario import (
    ACTS_WITHIN,
    Answer,
    Answers,
    CallerGets,
    Ring,
    Scenario,
    Talk,
    Unseen,
    Wait,
)

SLACK = PbxSeconds(4.0)
"""Extra time beyond the tolerance, so that an event a few seconds too late is seen, not cut off."""
UNSTATED = PbxSeconds(5.0)
"""Time for a wave without `for:` that is the last expectation, and for a story in which nothing is to ring."""
OBSERVED = PbxSeconds(300.0)
"""Time for a call of which nothing is expected: until then the call ends or is answered."""


def _longest(office: Office) -> PbxSeconds:
    """Return the longest time that the office can ring one set of phones; a wave without `for:` may last as long."""
    groups = (group.ring_time * len(group.members) for group in office.groups.values())
    return PbxSeconds(max([office.extension_ring_time, *groups]))


def patience(scenario: Scenario, caller: str) -> PbxSeconds:
    """Return how long the expectations of a caller may take after the caller's last action, deadline included.

    If more than one outcome is right, the longest counts.
    """
    return max(_patience(reading, caller) for reading in scenario.readings)


def length(scenario: Scenario) -> PbxSeconds:
    """Return roughly how long a story takes with all its calls, deadlines included."""
    waits = sum(step.time for step in scenario.when if isinstance(step, Wait))
    lasts = max((patience(scenario, caller) for caller in scenario.callers), default=0.0)
    talks = sum(longest_talks(scenario).values())
    return PbxSeconds((waits + lasts + talks + (scenario.quiet or 0.0)) * scenario.calls)


def last_answers(scenario: Scenario, caller: str) -> frozenset[str]:
    """Return the phones whose answer is the last event expected of a caller, in any reading.

    A phone is left out if another answer or the end of the call (`ended by`) is expected after its answer, in any
    reading. If nothing is expected of the caller, every phone is returned: any answer ends the story.
    """
    if not any(reading.expect.get(caller) for reading in scenario.readings):
        return frozenset(scenario.phones)
    last: set[str] = set()
    more: set[str] = set()
    for reading in scenario.readings:
        expectations, choices = reading.expect.get(caller, ()), reading.choices
        said = [entry for entry in expectations if isinstance(entry, Answer)]
        answers = [entry.one_of or choices.get(entry.phone, (entry.phone,)) for entry in said]
        ends = not any(isinstance(entry, CallerGets) and entry.ended_by is not None for entry in expectations)
        last.update(*(answers[-1:] if ends else ()))
        more.update(*(answers[:-1] if ends else answers))
    return frozenset(last - more)


def _patience(scenario: Scenario, caller: str) -> PbxSeconds:
    expectations = scenario.expect.get(caller, ())
    if not expectations:
        return OBSERVED
    rings = [entry for entry in expectations if isinstance(entry, Ring)]
    total = 0.0
    for ring in rings:
        unstated = UNSTATED if ring is expectations[-1] else _longest(scenario.office)
        total += unstated if ring.lasts is None else ring.lasts
    total += rings[0].after if rings and rings[0].after is not None else ACTS_WITHIN
    if not rings:
        total += UNSTATED
    if any(isinstance(entry, Unseen) for entry in expectations):
        total += _longest(scenario.office)  # the file does not say how long a silent phone is dialled
    if any(isinstance(entry, CallerGets) and entry.ended_by is not None for entry in expectations):
        total += sum(_talk(scenario, entry) for entry in expectations if isinstance(entry, Answer))
    return PbxSeconds(total + scenario.tolerance * (1 + len(rings)) + SLACK)


def _talk(scenario: Scenario, answer: Answer) -> float:
    """Return the longest time that the answering phone, or a phone that a choice can mean, talks before it hangs up."""
    phones = answer.one_of or scenario.choices.get(answer.phone, (answer.phone,))
    behaviours = [*scenario.rung, *(scenario.phones.get(one) for one in phones)]
    times = (each.hangs_up for each in behaviours if isinstance(each, Answers))
    return max((time for time in times if time is not None), default=0.0)


def longest_talks(scenario: Scenario) -> dict[str, PbxSeconds]:
    """Return the longest `for:` of a talk in any reading, by caller; callers without one are left out."""
    longest: dict[str, PbxSeconds] = {}
    for expect in (scenario.expect, *scenario.otherwise):
        for caller, listed in expect.items():
            lasts = [entry.lasts for entry in listed if isinstance(entry, Talk) and entry.lasts is not None]
            if lasts:
                longest[caller] = max([*lasts, longest.get(caller, PbxSeconds(0.0))])
    return longest
