"""Lines that an earlier version of Ringproof judged differently; `ringproof validate` reports them."""

from __future__ import annotations

from collections.abc import Iterator

from ringproof.core.source import Source
from ringproof.scenario.model.scenario import Hear, Scenario


def changed_lines(scenario: Scenario) -> Iterator[tuple[Source, str]]:
    """Yield each line of `scenario` that has another meaning than before, and what to do about it.

    In earlier versions `hear: prompt` also allowed the PBX to answer by itself; now see `Scenario.lets_pbx_answer`.
    """
    for name in scenario.expect:
        hears = next((step for step in scenario.when if isinstance(step, Hear) and step.caller == name), None)
        if hears is None or all(reading.lets_pbx_answer(name) for reading in scenario.readings):
            continue
        sentence = (
            f"`hear` does not say any more that the PBX answers {name}: where it does, before any phone, write "
            "`- caller gets: {answered by: pbx}`"
        )
        yield hears.source, sentence
