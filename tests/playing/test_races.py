"""Two callers at the same moment: a free phone of a hunt rings for one of them.

That these stories see what happens without reservation is shown in tests/mutants.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import SLOWEST
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing.conductor import conduct
from ringproof.run.attempts import MADE_AGAIN
from ringproof.scenario.reading import read_scenarios

from playing.conftest import events_of, on_a_clock

STORIES = read_scenarios(Path("scenarios/race.ring.yaml")).scenarios
AT_ONCE = 3
"""More of them at once, and the two INVITEs of one play are no longer at the same moment."""
TIMES = 13


def reds(environment: RunEnvironment, folder: Path, plays: list[tuple[str, int]]) -> list[str]:
    """Play so many times each, and return what was found, with its play."""
    places = asyncio.Semaphore(AT_ONCE)
    stories = {story.name: story for story in STORIES}

    told: dict[tuple[str, int], Path] = {}

    async def play(name: str, number: int) -> None:
        """Play; where the machine stalled the play says nothing of the PBX, and is made again, as a run does it."""
        for attempt in range(1 + MADE_AGAIN):
            told[name, number] = folder / f"{name} {number} {attempt}"
            told[name, number].mkdir()
            async with places:
                report = await conduct(stories[name], environment, told[name, number], SLOWEST)
            if not report.stalled:
                return

    async def play_all() -> None:
        async with asyncio.TaskGroup() as group:
            for name, number in plays:
                group.create_task(play(name, number))

    on_a_clock(play_all())
    return [
        f"{name} {number}: {finding.sentence}"
        for name, number in plays
        for finding in judge(stories[name], observe(stories[name], events_of(told[name, number])))
    ]


@pytest.mark.pbx
def test_no_free_phone_ever_rings_for_both(environment: RunEnvironment, tmp_path: Path) -> None:
    """52 plays of in_order, random_free and first_free; of two callers and one free phone, too."""
    assert reds(environment, tmp_path, [(story.name, number) for story in STORIES for number in range(TIMES)]) == []
