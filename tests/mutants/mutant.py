"""One wrong PBX of the table."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from ringproof.judge import Kind
from ringproof.scenario.model.scenario import Scenario

from .change import Change
from .players import render
from .stories import story_of


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is wrong with the PBX, and the story that tells of it."""

    name: str
    change: Change | tuple[Change, ...]
    file: str
    """`scenarios/<file>.ring.yaml`."""
    story: str
    kinds: AbstractSet[Kind]
    """What is found: exactly this."""
    times: int = 1
    """More than 1: it is wrong by chance. It is played so often; what is found is among `kinds`, and something is."""

    @property
    def id(self) -> str:
        """The name as that of a folder."""
        return re.sub(r"\W+", "-", self.name)

    @property
    def scenario(self) -> Scenario:
        """The story."""
        return story_of(self.file, self.story)

    def make(self, folder: Path) -> Path:
        """Render the story's office into `folder`, make what is wrong with it, and return the folder."""
        render(self.scenario, folder)
        for change in self.change if isinstance(self.change, tuple) else (self.change,):
            change.make(folder)
        return folder
