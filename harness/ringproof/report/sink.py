"""The protocol of sinks: each is one module (results.json, the terminal) to which a run reports every scenario."""

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
    """The sentence of its first finding."""
    more: str
    """How many findings there are besides the first: ` (+2 more)`; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The report of a run that is over."""

    results: tuple[Result, ...]
    missing: int
    """How many of the selected scenarios have no result."""
    exit_code: int
    interrupted: str | None
    """The signal that ended the run; None: no signal did."""
    elapsed: float
    """How long the run took, in real seconds."""
    out: Path
    notes: tuple[str, ...]
    """Notes on all plays, one line each."""


class ResultSink(Protocol):
    """Receives the reports of a run. An OSError that says that nothing can be written makes the run's exit code 3."""

    def started(self, selected: int) -> None:
        """Report that `selected` scenarios are about to be played, invalid files included."""
        ...

    def red(self, red: Red) -> None:
        """Report that a scenario is red unless its confirmation says otherwise; its result follows."""
        ...

    def scenario(self, result: Result) -> None:
        """Report the result of one scenario or invalid file."""
        ...

    def finished(self, report: RunReport) -> None:
        """Report that the run is over."""
        ...
