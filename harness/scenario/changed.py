"""Lines whose verdict is another one than in an earlier version of Ringproof: `ringproof validate` names them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.scenario.source import Source
from harness.scenario.story import CallerGets, Hear, Press, Scenario

OK = 200


def changed_lines(scenario: Scenario) -> Iterator[tuple[Source, str]]:
    """Yield each line of `scenario` that says something else than it did, and what to do about it.

    `hear: prompt` excused a PBX that answers by itself; a caller who presses keys still does.
    """
    for name, entries in scenario.expect.items():
        steps = [step for step in scenario.when if step.caller == name]
        hears = next((step for step in steps if isinstance(step, Hear)), None)
        stated = any(isinstance(entry, CallerGets) and (entry.by_pbx or entry.code == OK) for entry in entries)
        if hears is None or stated or any(isinstance(step, Press) for step in steps):
            continue
        sentence = (
            f"`hear` does not say any more that the PBX answers {name}: where it does, before any phone, write "
            "`- caller gets: {answered by: pbx}`"
        )
        yield hears.source, sentence
