"""Write `out/results.json`, as a whole after every scenario, so that a killed run leaves a file that shows it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ringproof.report.result import Result
from ringproof.report.sink import Red, RunReport

FORMAT = 1


class ResultsFile:
    """The results of one run, on disk.

    `"running": true` with `"exit": null` means that the run is not over, or was killed. Every scenario is on a line of
    its own. A reader never sees a half-written file: each version replaces the previous one at once.
    """

    def __init__(self, out: Path) -> None:
        """Write to `results.json` in the folder `out`, which is made if it is missing."""
        self.path = out / "results.json"
        self._entries: list[str] = []
        self._selected = 0

    def started(self, selected: int) -> None:
        """Write that a run of `selected` scenarios has begun, and remove the results of an earlier run."""
        self._selected = selected
        self._entries.clear()
        self._write(running=True)

    def red(self, red: Red) -> None:
        """Write nothing: a red that is being confirmed has no result yet."""

    def scenario(self, result: Result) -> None:
        """Write one scenario's result."""
        self._entries.append(json.dumps(result.to_plain(), ensure_ascii=False))
        self._write(running=True)

    def finished(self, report: RunReport) -> None:
        """Write how the run ended."""
        self._write(
            running=False, exit_code=report.exit_code, interrupted=report.interrupted, not_played=report.missing
        )

    def _write(
        self,
        *,
        running: bool,
        exit_code: int | None = None,
        interrupted: str | None = None,
        not_played: int | None = None,
    ) -> None:
        head = {
            "format": FORMAT,
            "running": running,
            "exit": exit_code,
            "interrupted": interrupted,
            "selected": self._selected,
            "not_played": self._selected - len(self._entries) if not_played is None else not_played,
        }
        opening = json.dumps(head)[:-1]
        body = ",\n".join(self._entries)
        text = f'{opening}, "scenarios": [\n{body}\n]}}\n' if body else f'{opening}, "scenarios": []}}\n'
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".results.json.{os.getpid()}")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(self.path)
        except OSError:
            draft.unlink(missing_ok=True)  # half a file is of no use, and the last whole one stays
            raise
