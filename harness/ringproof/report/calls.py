"""Render the calls of a story that is played many times: how often each phone was chosen, then a line for each call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from ringproof.core.duration import format_duration
from ringproof.judge import count_choices
from ringproof.observe.model import Observation
from ringproof.report.chart import in_order
from ringproof.scenario.model.scenario import Over, Scenario
from ringproof.statistics.choices import lottery_of
from ringproof.statistics.power import detection_limits


def calls_text(scenario: Scenario, observation: Observation) -> list[str]:
    """Return the lines about all calls; times are those of the timeline."""
    calls = observation.calls
    whole = len(calls) == scenario.calls
    times = f"{len(calls)} times" if whole else f"{len(calls)} of {scenario.calls} times"
    lines = [f"told {times}, one call after the other on the same PBX"]
    for over in scenario.over if whole else ():
        lines += ["", *_chosen(scenario, observation, over)]
    lines += ["", "  call   placed    ended  by      rang"]
    for number, call in enumerate(calls, start=1):
        for view in call.callers.values():
            placed, ended = (f"{at:8.2f}" if at is not None else "       -" for at in (view.placed, view.ended))
            rang = ", ".join(f"{ring.phone} for {format_duration(ring.end - ring.start)}" for ring in view.rings)
            lines.append(f"  {number:4} {placed} {ended}  {view.ended_by or 'nobody':<7} {rang or 'nobody'}")
    return lines


def _chosen(scenario: Scenario, observation: Observation, over: Over) -> Iterator[str]:
    """Yield how often each phone was chosen, and how often that was expected."""
    choices = count_choices(scenario, observation, over)
    lottery = lottery_of(over, scenario.calls)
    counted = Counter(choices)
    yield f"{over.choice}: how often each was chosen (false alarm 1 in {1 / over.false_alarm:,.0f})"
    for phone in in_order([*over.shares, *counted]):
        bounds = lottery.chosen(phone) if phone in over.shares else None
        expected = f"from {bounds.least} to {bounds.most}" if bounds is not None else "never"
        yield f"  {phone}: {counted[phone]} of {len(choices)}; expected {expected}"
    if over.independent:
        running = sum(before == after for before, after in pairwise(choices))
        bounds = lottery.twice_running()
        expected = f"from {bounds.least} to {bounds.most}"
        yield f"  the same twice running: {running} of {len(choices) - 1}; expected {expected}"
    yield f"  {detection_limits(over, scenario.calls)}"
