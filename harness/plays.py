"""The plays of one scenario: as many as it takes until what is told of it can be trusted.

A play in which the machine stalled is made again, slower, also when it broke. A red that was seen on a racing clock is
played again on the slow one before it is told; where the two disagree the scenario is unsteady. All of this is told,
none of it hidden.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.clock.jitter import auto
from harness.scenario.speed import FASTEST, SLOWEST, parse_speed

if TYPE_CHECKING:
    from harness.clock.report import ClockReport
    from harness.judge.finding import Finding
    from harness.observe import Observation
    from harness.play import RunEnvironment
    from harness.report.result import Outcome
    from harness.scenario.problem import Problem
    from harness.scenario.story import Scenario

Speed = float | Literal["auto"]
Confirm = Literal["auto", "never"]
STORY_SECONDS = 120.0
RUN_SECONDS = 600.0
"""PBX seconds that one story, and all stories of a run together, may be played at 1 to confirm reds."""
BEYOND = 5.0
"""The speed at which reds are confirmed beyond that."""
MADE_AGAIN = 2
"""How often a play is made again because the machine stalled."""
FAST = "fast"
"""Folder in the evidence of a red: what the racing clock saw before it was confirmed."""
NOT_CONFIRMED: frozenset[str] = frozenset(
    {"pbx-crashed", "call-endless", "registration-refused", "registration-lost", "talk-refused", "leads-elsewhere"}
)
"""A PBX that crashed has crashed, whatever it does the next time; a call without end keeps the whole machine busy; the
bytes of a message that leads elsewhere have nothing to do with speed."""


UNSTEADY_IN_CI = "what is unsteady fails where CI=true: leave out --allow-unsteady, or pin the scenario with `speed:`"


class SpeedError(ValueError):
    """A speed that is none; the message says what was expected."""


def read_speed(text: str) -> Speed:
    """Read a speed as the user gives it. Raises SpeedError."""
    if text == "auto":
        return "auto"
    try:
        return parse_speed(text)
    except ValueError as fault:
        raise SpeedError(f"{fault}: give a number from {SLOWEST:g} to {FASTEST:g}, or auto") from None


BROKEN = "broken"
"""Kind of what is told where the environment or the harness failed."""
NEEDS = "needs"
"""Kind of what is told of a scenario that is not played because the PBX is too old for it."""


class NotJudgedError(Exception):
    """A play that says nothing about the routing: one sentence, and what to do. Exit 3, with `problems` 2.

    Of the kind NEEDS there was no play at all: the scenario is skipped.
    """

    def __init__(self, sentence: str, hint: str = "", kind: str = BROKEN, problems: tuple[Problem, ...] = ()) -> None:
        """Keep them apart; `kind` is the stable word in results.json, `problems` mistakes in what was to be played."""
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.kind = kind
        self.problems = problems
        self.made: tuple[ClockReport, ...] = ()
        """The clock of every play that was made, in their order."""

    @property
    def outcome(self) -> Outcome:
        """What becomes of the scenario."""
        if self.problems:
            return "invalid"
        return "skipped" if self.kind == NEEDS else "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where a process lays down what it plays: the environment of the run, its folder, the width of the terminal."""

    environment: RunEnvironment
    out: Path
    width: int
    speed: Speed = "auto"
    confirm: Confirm = "auto"
    allow: tuple[str, ...] = ()
    """Shell patterns of complaints of Asterisk's at boot that do not refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One play, judged."""

    observation: Observation
    findings: tuple[Finding, ...]
    report: ClockReport
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plays:
    """All plays of a scenario: the one that is told, and what led to it."""

    told: Played
    made: tuple[ClockReport, ...]
    """Every play's clock, in their order."""
    fast: Played | None = None
    """The red of the racing clock, where `told` was played to confirm it."""
    wall: float

    @property
    def steady(self) -> bool:
        """False when the slow clock did not see what the racing one had seen."""
        return self.fast is None or _what(self.fast) == _what(self.told)


def _what(played: Played) -> set[tuple[str, int]]:
    return {(finding.kind, finding.source.line) for finding in played.findings}


def play_scenario(scenario: Scenario, table: Table) -> Plays:
    """Play `scenario` as often as it takes; its evidence folder then holds all but the verdict.

    Raises NotJudgedError.
    """
    made: list[ClockReport] = []
    try:
        return _play_scenario(scenario, table, made)
    except NotJudgedError as fault:
        fault.made = tuple(made)
        raise


def _play_scenario(scenario: Scenario, table: Table, made: list[ClockReport]) -> Plays:
    begun = time.monotonic()
    folder = table.out / scenario.id
    fast = _play_undisturbed(scenario, table, speed_of(scenario, table), made)
    told, kept = fast, None
    if fast.findings and not _certain(fast) and fast.report.speed > SLOWEST and table.confirm == "auto":
        kept = folder.with_name(f".{folder.name}.{FAST}")
        shutil.rmtree(kept, ignore_errors=True)
        folder.rename(kept)
        try:
            told = _play_undisturbed(scenario, table, _confirming_speed(fast, table), made)
        finally:
            folder.mkdir(exist_ok=True)
            kept.rename(folder / FAST)
    if told.findings and told.report.stalled and not _certain(told):
        raise _stalled(told.report, "was red")
    return Plays(told=told, made=tuple(made), fast=fast if kept is not None else None, wall=time.monotonic() - begun)


def speed_of(scenario: Scenario, table: Table) -> float:
    """Return the limit for the first play: the lower one of the run's and the scenario's own."""
    speed = auto() if table.speed == "auto" else table.speed
    return min(speed, scenario.speed if scenario.speed is not None else FASTEST)


def _play_undisturbed(scenario: Scenario, table: Table, speed: float, made: list[ClockReport]) -> Played:
    """Play; where the machine stalled, again at half the speed, and the last time at 1.

    Adds every play's clock to `made`. A play that broke while the machine stalled says nothing about anybody else; one
    that breaks in the same way once more does.
    """
    broke: set[str] = set()
    attempt = 0
    while True:
        last, before = attempt == MADE_AGAIN, len(made)
        try:
            played = _play_once(scenario, table, SLOWEST if last else max(SLOWEST, speed / 2**attempt), made)
        except NotJudgedError as fault:
            stalled = any(report.stalled for report in made[before:])
            if fault.kind != BROKEN or fault.sentence in broke or not stalled:
                raise
            if last:
                raise _stalled(made[-1], f"broke: {fault.sentence}") from fault
            broke.add(fault.sentence)
        else:
            if last or not played.report.stalled or _certain(played):
                return played
        attempt += 1


def _stalled(report: ClockReport, became: str) -> NotJudgedError:
    sentence = f"this machine stalled for {report.longest_stall:.1f} s in every play, and the last one {became}"
    return NotJudgedError(sentence, "what else runs on it? `-n 1` leaves more of it to each play", "stalled")


def _play_once(scenario: Scenario, table: Table, speed: float, made: list[ClockReport]) -> Played:
    from harness.play import (  # noqa: PLC0415 - pytest imports this module for projects without scenarios
        BrokenError,
        EditedConfigurationError,
        UnmetNeedsError,
        play,
    )

    folder = table.out / scenario.id
    begun = time.monotonic()
    try:
        report = play(scenario, table.environment, folder, speed=speed, allow=table.allow)
    except EditedConfigurationError as fault:
        raise NotJudgedError(fault.sentence, fault.hint, "configuration", fault.problems) from fault
    except UnmetNeedsError as fault:
        raise NotJudgedError(str(fault), kind=NEEDS) from fault
    except BrokenError as fault:
        if fault.report is not None:
            made.append(fault.report)
        raise NotJudgedError(fault.sentence, fault.hint) from fault
    made.append(report)
    observation, findings = _judged(scenario, folder)
    return Played(observation=observation, findings=findings, report=report, wall=time.monotonic() - begun)


def _judged(scenario: Scenario, folder: Path) -> tuple[Observation, tuple[Finding, ...]]:
    """Return what was observed, which is written to the evidence, too, and what is wrong with it."""
    from harness.events import read_record  # noqa: PLC0415 - a play is begun without it
    from harness.judge import judge  # noqa: PLC0415
    from harness.observe import BrokenPlayError, observe  # noqa: PLC0415
    from harness.report.plain import plain_observation  # noqa: PLC0415
    from harness.report.timeline import timeline_text  # noqa: PLC0415

    events = read_record((folder / "events.ndjson").read_text(encoding="utf-8"))
    try:
        observation = observe(scenario, events)
    except BrokenPlayError as fault:
        raise NotJudgedError(str(fault), "a defect of Ringproof: please report it with the evidence") from fault
    plain = json.dumps(plain_observation(observation), ensure_ascii=False, indent=1)
    (folder / "observation.json").write_text(plain + "\n", encoding="utf-8")
    (folder / "timeline.txt").write_text(timeline_text(scenario, observation), encoding="utf-8")
    return observation, tuple(judge(scenario, observation))


def _certain(played: Played) -> bool:
    """True for a red that neither another speed nor another hour of this machine would change."""
    return any(finding.kind in NOT_CONFIRMED for finding in played.findings)


def _confirming_speed(fast: Played, table: Table) -> float:
    """1, as long as the story is short and the run has not confirmed too much already."""
    seconds = float(fast.observation.over) + 5.0  # at 1 only 5 s of silence are watched
    if seconds > STORY_SECONDS:
        return BEYOND
    return SLOWEST if Budget(Path(table.environment.folder) / "confirmed").take(seconds) else BEYOND


class Budget:
    """PBX seconds that a run has spent at speed 1 to confirm reds; shared by its workers through a file."""

    def __init__(self, file: Path) -> None:
        """Keep the sum in `file`."""
        self._file = file

    def take(self, seconds: float) -> bool:
        """Spend so much; False, and nothing is spent, when that would be too much."""
        with self._file.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            spent = sum(float(line) for line in file)
            if spent + seconds > RUN_SECONDS:
                return False
            file.write(f"{seconds}\n")
        return True
