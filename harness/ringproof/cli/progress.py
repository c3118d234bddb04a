"""Print a run on the terminal: a line for each scenario, then the failures, the table and the totals."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ringproof.cli.output import counted
from ringproof.core.paths import shown
from ringproof.report.result import Outcome, Result
from ringproof.report.sink import Red, ResultSink, RunReport
from ringproof.report.summary import summary_text, totals_line
from ringproof.run.discovery import ENDING

if TYPE_CHECKING:
    import pytest

    from ringproof.run.opening import Opening
    from ringproof.run.session import Run

_OUTCOME_COLOUR: dict[Outcome, str] = {
    "passed": "green",
    "failed": "red",
    "unsteady": "red",
    "skipped": "yellow",
    "invalid": "yellow",
    "broken": "magenta",
}


class TerminalSink:
    """Writes the results of a run to the terminal."""

    def __init__(self, count: int) -> None:
        """Expect `count` scenarios; the lines are numbered by it."""
        self._count = count
        self._over = 0
        self._confirming: set[tuple[str, str]] = set()
        """File and name of each red that is being confirmed."""

    def started(self, selected: int) -> None:
        """Write nothing: the first scenario that ends writes the first line."""

    def red(self, red: Red) -> None:
        """Write a line as soon as a scenario is red, before it is confirmed."""
        self._confirming.add((red.file, red.name))
        number = " " * (2 * len(str(self._count)) + 1)
        outcome = typer.style("red", fg="red")
        name = f"{Path(red.file).name.removesuffix(ENDING)}: {red.name}"
        typer.echo(f"{number} {outcome}, confirming {name}: {red.sentence}{red.more}")
        self._say_what_is_awaited()

    def _say_what_is_awaited(self) -> None:
        if self._confirming and self._over + len(self._confirming) == self._count:
            waiting = counted(len(self._confirming), "red")
            typer.echo(f"all has been played; waiting for {waiting} to be confirmed at speed 1")

    def scenario(self, result: Result) -> None:
        """Write a line as soon as a scenario has ended."""
        if result.whole_file:
            return
        outcome = result.outcome if result.outcome == "passed" else result.outcome.upper()
        self._over += 1
        number = f"{self._over:{len(str(self._count))}}/{self._count}"
        told = typer.style(f"{outcome:8}", fg=_OUTCOME_COLOUR[result.outcome])
        name = f"{Path(result.file).name.removesuffix(ENDING)}: {result.name}"
        typer.echo(f"{number} {told} {name}  {result.wall:.1f} s")
        if (result.file, result.name) not in self._confirming:
            self._say_what_is_awaited()
        self._confirming.discard((result.file, result.name))

    def finished(self, report: RunReport) -> None:
        """Write each failure's text, then the table, then the totals."""
        for line in _failures(report.results):
            typer.echo(line)
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        if any(result.outcome != "invalid" for result in report.results):
            width = max(60, min(120, _columns()))
            typer.echo(f"\n{summary_text(report.results, width=width, colour=colour)}")
        totals = totals_line(
            report.results,
            elapsed=report.elapsed,
            not_played=report.missing,
            interrupted=report.interrupted,
            exit_code=report.exit_code,
        )
        typer.echo(f"\n{totals}")
        for note in report.notes:
            typer.echo(note)
        typer.echo(f"results: {shown(report.out / 'results.json')}, {shown(report.out / 'junit.xml')}")


class CommandLine:
    """pytest plugin that passes on the run that the command line opens, and prints what pytest would print."""

    def __init__(self, opening: Opening | None, sink: ResultSink, *, expected: int) -> None:
        """Take the run that is already being opened (`opening`; None: nothing is played) and the sink of the results.

        `expected` is the number of results that must come, including those of invalid files.
        """
        self.run: Run | None = None
        self._opening = opening
        self._sink = sink
        self._expected = expected

    @property
    def signal(self) -> str | None:
        """The signal that ended the run, or None."""
        return self._opening.interruption.signal if self._opening is not None else None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Store what pytest needs in its configuration, and keep that: the run is found there even without a result."""
        from ringproof.pytest_plugin.keys import EXPECTED, OPENING, SINKS  # noqa: PLC0415 - brings pytest

        self._config = config
        config.stash[EXPECTED] = self._expected
        config.stash[SINKS] = [self._sink]
        if self._opening is not None:
            config.stash[OPENING] = self._opening

    def pytest_unconfigure(self) -> None:
        """Take the run from the configuration; None where none was started."""
        from ringproof.pytest_plugin.keys import RUN  # noqa: PLC0415 - brings pytest

        self.run = self._config.stash.get(RUN, None)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Report at once that the signal has arrived: ending calls and removing containers takes a moment."""
        if excinfo.type is KeyboardInterrupt:
            typer.echo("ringproof: interrupted; ending the calls and removing what was started", err=True)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report what pytest itself could not collect, which is a defect of Ringproof."""
        if report.failed:
            typer.echo(f"ringproof: {report.longreprtext}", err=True)


def _failures(results: Sequence[Result]) -> list[str]:
    """Return the text of each result that is not green; a cause that broke many plays, such as no engine, only once."""
    lines: list[str] = []
    told: set[str] = set()
    for result in sorted(results, key=lambda result: result.place):
        if result.outcome in {"passed", "skipped"}:
            continue
        if result.outcome == "invalid":
            blocks = [block for block in result.text.split("\n\n") if block not in told]
            told.update(blocks)
            lines += ["", "\n\n".join(blocks)] if blocks else []
            continue
        reason = result.findings[0].sentence
        if result.outcome == "broken" and reason in told:
            continue
        told.add(reason)
        alike = sum(other.outcome == "broken" and other.findings[0].sentence == reason for other in results)
        more = f" (and {counted(alike - 1, 'more scenario')})" if result.outcome == "broken" and alike > 1 else ""
        lines += ["", f"{result.outcome.upper()}  {result.name}{more}", result.text]
    return lines


def _columns() -> int:
    import shutil  # noqa: PLC0415 - modules of the standard library take start-up time, too

    return shutil.get_terminal_size((120, 24)).columns
