"""Define what `ringproof.play` raises: a class for each outcome, distinguished as by the command's exit code."""

from __future__ import annotations

from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringproof.api.observation import Observation


class RingproofError(Exception):
    """Base of all errors; its text is what the command prints. It itself is raised for a wrong use of this package."""

    def __init__(self, text: str, *, evidence: Path | None = None, seen: Observation | None = None) -> None:
        """Keep the text, and the folder with the evidence and what was observed, where there are any."""
        super().__init__(text)
        self.text = text
        self.evidence = evidence
        self.seen = seen

    def __init_subclass__(cls) -> None:
        """Show the class by its public name in tracebacks."""
        cls.__module__ = "ringproof"


class ScenarioFailedError(RingproofError, AssertionError):
    """The outcome `failed` (exit 1): the routing differs from what is expected, or Asterisk crashed by itself."""


class ScenarioUnsteadyError(ScenarioFailedError):
    """The outcome `unsteady` (exit 1): a red on the racing clock that the play at speed 1 did not confirm."""


class InvalidStoryError(RingproofError, ValueError):
    """The outcome `invalid` (exit 2): the story, its office or the edited configuration has mistakes."""


class PlayBrokenError(RingproofError):
    """The outcome `broken` (exit 3): the environment or Ringproof failed, which says nothing about the routing."""


class ScenarioSkippedError(RingproofError):
    """The outcome `skipped`: the PBX is older than what the scenario's `needs` names."""


RingproofError.__module__ = "ringproof"

HIDDEN = methodcaller("errisinstance", RingproofError)
"""As `__tracebackhide__` of a module, it makes pytest leave the module out of tracebacks of these errors only."""
