"""Files and their items: setup() plays, runtest() judges."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from ringproof.core.paths import shown
from ringproof.core.problem import Problem
from ringproof.report.out import is_unwritable
from ringproof.report.result import Result
from ringproof.run.attempts import NotJudgedError, Plays, Table, Unconfirmed, begin_plays
from ringproof.run.discovery import repetition
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios

if TYPE_CHECKING:
    from ringproof.pytest_plugin.player import Player

INVALID = "[invalid]"
"""Name of the item that stands for a file with mistakes; no scenario can have it."""
UNREAD = "[unread]"
"""Name of the item that stands for a file whose reading raised an exception."""
DEFECT = "defect"
"""Kind of the finding that reports an unexpected exception: its traceback is shown."""
REPORT_IT = "a defect of Ringproof: please report it"


def verdicts() -> ModuleType:
    """Import the module that makes results. It brings the judge and the report, which the first play does not need."""
    from ringproof.run import verdicts as loaded  # noqa: PLC0415 - see above

    return loaded


class RingFile(pytest.File):
    """A `*.ring.yaml` file."""

    def collect(self) -> list[pytest.Item]:
        """Return an item for each scenario, and one that reports all mistakes of the file.

        An exception of the reader becomes an item that raises it: pytest-xdist continues after a failed collection, and
        a file without an item would be missing from the results.
        """
        try:
            return list(self._items())
        except Exception as fault:  # noqa: BLE001 - the item raises it
            return [UnreadItem.from_parent(self, name=UNREAD, fault=fault)]

    def _items(self) -> Iterator[pytest.Item]:

        read = read_scenarios(self.path)
        if read.problems:
            yield InvalidItem.from_parent(self, name=INVALID, problems=read.problems)
        times = self.config.getoption("ringproof_repeat")
        for scenario in read.scenarios:
            for number in range(1, times + 1):
                again = scenario if times == 1 else repetition(scenario, number, times)
                yield RingItem.from_parent(self, name=again.name, scenario=again)


class RingproofItem(pytest.Item):
    """What our items share: a result, which the report carries."""

    result: Result | None = None

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line from 0 and name."""
        return self.path, 0, self.name


class InvalidItem(RingproofItem):
    """A file with mistakes: the item fails, and reports all of them."""

    def __init__(self, *, problems: tuple[Problem, ...], **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        """Keep the problems."""
        super().__init__(**kwargs)
        self.problems = problems

    def runtest(self) -> None:
        """Fail."""
        self.result = verdicts().invalid(shown(self.path), self.problems)
        pytest.fail(self.result.text, pytrace=False)


class UnreadItem(RingproofItem):
    """A file that the reader could not read because of a defect of its own: broken, with the reader's exception."""

    def __init__(self, *, fault: Exception, **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        """Keep the exception."""
        super().__init__(**kwargs)
        self.fault = fault

    def setup(self) -> None:
        """Raise it."""
        self.result = verdicts().unread(shown(self.path), self.fault, kind=DEFECT, hint=REPORT_IT)
        raise self.fault

    def runtest(self) -> None:
        """Do nothing: setup() has raised."""


class RingItem(RingproofItem):
    """A scenario."""

    def __init__(self, *, scenario: Scenario, **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        """Keep the scenario."""
        super().__init__(**kwargs)
        self.scenario = scenario
        self.plays: tuple[Plays, Table] | None = None
        self.unconfirmed: Unconfirmed | None = None
        """A red of the racing clock that is being confirmed: nothing is judged until `take`."""
        self._confirmed: Plays | BaseException | None = None

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line from 0 and name."""
        return self.path, self.scenario.source.line - 1, self.name

    def setup(self) -> None:
        """Play. A failure here says nothing about the routing."""

        def play(table: Table) -> Plays | None:

            first = begin_plays(self.scenario, table)
            if not isinstance(first, Unconfirmed):
                return first
            if not player.confirms_beside:
                return first.confirm()
            self.unconfirmed = first
            return None

        player: Player = self.config.pluginmanager.getplugin("ringproof-player")
        self._play(play, player)

    def take(self, outcome: Plays | BaseException) -> None:
        """Keep the outcome of the confirmation."""
        self.unconfirmed, self._confirmed = None, outcome

    def await_confirmed(self) -> None:
        """Finish what setup() began, with the outcome kept. A failure here says nothing about the routing either."""

        def confirmed(_: Table) -> Plays | None:
            if isinstance(self._confirmed, BaseException):
                raise self._confirmed
            return self._confirmed

        self._play(confirmed, self.config.pluginmanager.getplugin("ringproof-player"))

    def _play(self, play: Callable[[Table], Plays | None], player: Player) -> None:

        begun = time.monotonic()

        def broken(fault: NotJudgedError) -> None:
            wall = time.monotonic() - begun
            self.result = verdicts().not_judged(self.scenario, fault, table, wall, player.width)

        table: Table | None = None
        try:
            table = player.table()
            plays = play(table)
            self.plays = None if plays is None else (plays, table)
        except NotJudgedError as fault:
            broken(fault)
            assert self.result is not None  # noqa: S101 - `broken` has just set it
            if fault.outcome == "skipped":
                pytest.skip(fault.sentence)
            if not fault.problems:
                pytest.fail(self.result.text, pytrace=False)
        except Exception as fault:
            broken(_unforeseen(fault, player))
            if is_unwritable(fault):
                pytest.fail(self.result.text if self.result is not None else str(fault), pytrace=False)
            raise

    def runtest(self) -> None:
        """Judge. A defect in the code that makes the verdict is reported as such; the scenario still has a result."""
        if self.unconfirmed is not None:
            return  # `take` follows
        if self.result is not None:  # a mistake in what was to be played: it fails, as an invalid file does
            pytest.fail(self.result.text, pytrace=False)
        assert self.plays is not None  # noqa: S101 - pytest runs setup() first
        plays, table = self.plays
        try:
            self.result = verdicts().result_of(self.scenario, plays, table)
        except Exception as fault:
            player: Player = self.config.pluginmanager.getplugin("ringproof-player")
            self.result = verdicts().not_judged(
                self.scenario, _unforeseen(fault, player), table, plays.wall, table.width
            )
            if is_unwritable(fault):
                pytest.fail(self.result.text, pytrace=False)
            raise
        allowed = self.result.outcome == "unsteady" and self.config.getoption("ringproof_allow_unsteady")
        if self.result.outcome != "passed" and not allowed:
            pytest.fail(self.result.text, pytrace=False)


def _unforeseen(fault: Exception, player: Player) -> NotJudgedError:
    """Return the error that reports an exception: a folder that cannot be written to is no defect of Ringproof."""
    if isinstance(fault, OSError) and is_unwritable(fault):
        sentence = f"nothing can be written to {shown(player.out)}: {fault.strerror}"
        return NotJudgedError(sentence, "make room there, or name another folder")
    return NotJudgedError(f"{type(fault).__name__}: {fault}", REPORT_IT, DEFECT)
