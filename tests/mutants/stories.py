"""The bundled scenarios."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ringproof.run.discovery import ENDING
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@cache
def stories_of(file: str) -> tuple[Scenario, ...]:
    """Return the scenarios of `scenarios/<file>.ring.yaml`."""
    read = read_scenarios(SCENARIOS / f"{file}{ENDING}")
    if read.problems:
        raise ValueError(f"{file}{ENDING} cannot be played: {read.problems[0].sentence}")
    return read.scenarios


def story_of(file: str, name: str) -> Scenario:
    """Return one of them."""
    for story in stories_of(file):
        if story.name == name:
            return story
    raise ValueError(f"{file}{ENDING} has no scenario {name!r}")


def all_stories() -> list[Scenario]:
    """Return all scenarios that are to be green, in the order of their files."""
    files = sorted(path.name.removesuffix(ENDING) for path in SCENARIOS.glob(f"*{ENDING}"))
    return [story for file in files for story in stories_of(file)]


def office_of(story: Scenario) -> str:
    """Return the name of the file that describes the story's office."""
    return Path(story.office_file).stem
