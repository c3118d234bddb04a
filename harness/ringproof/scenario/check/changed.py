"""Lines whose verdict is another one than in an earlier version of Ringproof: `ringproof validate` names them."""

from __future__ import annotations

from collections.abc import Iterator

from ringproof.core.source import Source
from ringproof.scenario.model.scenario import Hear, Scenario


def changed_lines(scenario: Scenario) -> Iterator[tuple[Source, str]]:
    """Yield each line of `scenario` that says something else than it did, and what to do about it.

    A PBX that answers by itself was excused by `hear: prompt`, too (`Scenario.lets_pbx_answer`).
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
