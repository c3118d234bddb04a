"""scenarios/known-red: every wrong expectation is found, at its line; the same play is green when told rightly."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import get_args

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing.conductor import conduct
from ringproof.scenario.model.scenario import Expectation, Scenario, Step
from ringproof.scenario.reading import read_scenarios

from playing.conftest import events_of, on_a_clock

FOLDER = Path("scenarios/known-red")
AT_ONCE = 4
MARK = re.compile(r"# red: (?P<kinds>.*)$")


def marks() -> dict[int, set[str]]:
    """Line -> kinds of finding that the comments of wrong.ring.yaml announce."""
    lines = (FOLDER / "wrong.ring.yaml").read_text("utf-8").splitlines()
    found = {number: MARK.search(line) for number, line in enumerate(lines, start=1)}
    return {number: set(match["kinds"].split(", ")) for number, match in found.items() if match}


def scenarios(name: str) -> dict[str, Scenario]:
    """Scenarios of a file by their name."""
    read = read_scenarios(FOLDER / name)
    assert read.problems == ()
    return {scenario.name: scenario for scenario in read.scenarios}


def steps(scenario: Scenario) -> tuple[int, list[type[Step]]]:
    """What the callers do, how often: told rightly, that may be something else, and the story has to be played anew."""
    return scenario.calls, [type(step) for step in scenario.when]


async def _play_all(stories: list[Scenario], environment: RunEnvironment, folder: Path) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def play(scenario: Scenario) -> None:
        async with places:
            (folder / scenario.id).mkdir()
            await conduct(scenario, environment, folder / scenario.id, FASTEST)

    async with asyncio.TaskGroup() as group:
        for scenario in stories:
            group.create_task(play(scenario))


@pytest.mark.pbx
def test_each_wrong_expectation_is_found_and_only_that(environment: RunEnvironment, tmp_path: Path) -> None:
    """One play of each story, judged twice: against the wrong telling and against the right one."""
    wrong, right = scenarios("wrong.ring.yaml"), scenarios("right.ring.yaml")
    assert wrong.keys() == right.keys()
    retold = {name: scenario for name, scenario in right.items() if steps(scenario) != steps(wrong[name])}
    on_a_clock(_play_all([*wrong.values(), *retold.values()], environment, tmp_path))
    red: dict[int, set[str]] = {}
    for name, scenario in wrong.items():
        events = events_of(tmp_path / scenario.id)
        findings = judge(scenario, observe(scenario, events))
        assert findings, name
        for finding in findings:
            red.setdefault(finding.source.line, set()).add(finding.kind)
        told_rightly = right[name]
        if name in retold:
            events = events_of(tmp_path / told_rightly.id)
        assert judge(told_rightly, observe(told_rightly, events)) == (), name
    assert red == marks()


def test_every_expectation_of_the_language_is_wrong_once() -> None:
    """A new expectation without its known red is found here, without a PBX."""
    used = {type(entry).__name__ for scenario in scenarios("wrong.ring.yaml").values()
            for entries in scenario.expect.values() for entry in entries}  # fmt: skip
    assert used == {kind.__name__ for kind in get_args(Expectation)}
    kinds = set().union(*marks().values())
    assert len(kinds) >= 18
