"""Which lines of the dialplan a story runs through: a change elsewhere cannot turn it red."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringproof.scenario.model.scenario import Scenario

from .dialplan import DIALPLAN, Dialplan, read
from .operators import Slip
from .players import Players, render
from .stories import office_of

OFTEN = 4
"""More than that does not make it likelier that a story sees the change; some stories have hundreds of calls."""
_STEP = re.compile(r" pbx\.c: Executing \[(?P<extension>[^@\]]+)@(?P<context>[^:\]]+):(?P<priority>\d+)\]")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one story did on its office as it is."""

    wall: float
    lines: Mapping[int, int]
    """Index of a line of the dialplan -> how often it ran."""


def lines_run(log: str, dialplan: Dialplan) -> Counter[int]:
    """Return how often each line ran, by Asterisk's own log."""
    steps = Counter((step["context"], step["extension"], int(step["priority"])) for step in _STEP.finditer(log))
    found: Counter[int] = Counter()
    for place, times in steps.items():
        if code := dialplan.ran_at(*place):
            found[code.index] += times
    return found


class Coverage:
    """Of all stories; the plays it takes are the proof that each is green on its office as it is."""

    def __init__(self, stories: Sequence[Scenario], folder: Path) -> None:
        """Render the offices of `stories` below `folder`."""
        self.stories = stories
        self.rendered = {office_of(story): folder / office_of(story) for story in stories}
        for story in {office_of(story): story for story in stories}.values():
            render(story, self.rendered[office_of(story)])
        self.dialplans = {name: read((path / DIALPLAN).read_text("utf-8")) for name, path in self.rendered.items()}
        self.ran: dict[str, Ran] = {}

    def play(self, players: Players, kept: Path) -> dict[str, Sequence[str]]:
        """Play all stories, and return what was said of those that are not green.

        What is in the file `kept` is not played again while story and dialplan are the same.
        """
        saved = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        marks = {story.id: self._mark(story) for story in self.stories}
        plays = {
            story.id: players.play(story, self.rendered[office_of(story)], story.id, confirm="auto")
            for story in self.stories
            if marks[story.id] not in saved
        }
        reds: dict[str, Sequence[str]] = {}
        for story in self.stories:
            if story.id in plays:
                seen = plays[story.id].result()
                if not seen.green:
                    reds[story.name] = seen.said
                    continue
                lines = lines_run(players.log(story.id), self.dialplans[office_of(story)])
                players.forget(story.id)
                saved[marks[story.id]] = [seen.wall, lines]
                kept.write_text(json.dumps(saved), "utf-8")
            wall, lines = saved[marks[story.id]]
            self.ran[story.id] = Ran(wall, {int(index): times for index, times in lines.items()})
        return reds

    def stories_through(self, office: str, slip: Slip) -> list[Scenario]:
        """Return the stories of an office that run through what was changed, short ones that do so often first."""
        found = []
        for story in self.stories:
            ran = self.ran[story.id]
            times = sum(ran.lines.get(index, 0) for index, _ in slip.lines) if office_of(story) == office else 0
            if times:
                found.append((ran.wall / (1 + min(times, OFTEN)), story.id, story))
        return [story for _, _, story in sorted(found, key=lambda entry: entry[:2])]

    def _mark(self, story: Scenario) -> str:
        """Of all that is played: the dialplan and the story."""
        told = repr((self.dialplans[office_of(story)].lines, story.id, story.lines))
        return hashlib.sha256(told.encode()).hexdigest()
