"""Where results go: each sink is one module (results.json, the terminal), which a run tells of every scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ringproof.report.result import Result


@dataclass(frozen=True, slots=True)
class Red:
    """A red of a racing clock that is being confirmed: it has no result yet."""

    file: str
    name: str
    sentence: str
    """Of its first finding."""
    more: str
    """` (+2 more)`, where there are more findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A run that is over."""

    results: tuple[Result, ...]
    missing: int
    """How many of the selected scenarios have no result."""
    exit_code: int
    interrupted: str | None
    """The signal that ended the run; None: none did."""
    elapsed: float
    """Real seconds."""
    out: Path
    notes: tuple[str, ...]
    """What is to be known of all plays, a line each."""


class ResultSink(Protocol):
    """Takes what becomes of a run. An OSError that says that nothing can be written makes the run's exit code 3."""

    def started(self, selected: int) -> None:
        """Take that so many scenarios are about to be played, invalid files included."""
        ...

    def red(self, red: Red) -> None:
        """Take that a scenario is red unless its confirmation says otherwise; its result follows."""
        ...

    def scenario(self, result: Result) -> None:
        """Take the result of one scenario or invalid file."""
        ...

    def finished(self, report: RunReport) -> None:
        """Take that the run is over."""
        ...
