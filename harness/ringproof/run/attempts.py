"""Plays one scenario as often as it takes until its verdict can be trusted.

A play in which the machine stalled is repeated more slowly, also if it broke. A red of a racing clock is confirmed by a
play at speed 1; if that one is green the scenario is unsteady. A play at speed 1 waits more than it computes, so it can
run beside others (`Unconfirmed.confirm`). Every play is reported.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ringproof.clock.jitter import auto
from ringproof.core.speed import FASTEST, SLOWEST, Speed

if TYPE_CHECKING:
    from ringproof.clock.report import ClockReport
    from ringproof.core.problem import Problem
    from ringproof.judge.finding import Finding
    from ringproof.observe import Observation
    from ringproof.playing import RunEnvironment
    from ringproof.report.result import Outcome
    from ringproof.scenario.model.scenario import Scenario

Confirm = Literal["auto", "never"]
STORY_SECONDS = 300.0
"""A red of a story that takes longer is not confirmed: a talk of an hour would take an hour. PBX seconds, which are
real seconds at speed 1."""
MADE_AGAIN = 2
"""How often a play is repeated at most because the machine stalled."""
FAST = "fast"
"""Folder in the evidence of a red: the play on the racing clock, which was to be confirmed."""
NOT_CONFIRMED: frozenset[str] = frozenset(
    {"pbx-crashed", "call-endless", "registration-refused", "registration-lost", "talk-refused", "leads-elsewhere"}
)
"""Kinds of findings that are not confirmed. A crash is a defect, whatever the PBX does next time; a call without end
keeps the whole machine busy; the bytes of a message that leads elsewhere do not depend on speed."""
NOT_PLAYED = NOT_CONFIRMED | {"step-failed"}
"""The only findings that are reported of a story without expectations: it was not played, or not to its end."""


UNSTEADY_IN_CI = "what is unsteady fails where CI=true: leave out --allow-unsteady, or pin the scenario with `speed:`"


BROKEN: Literal["broken"] = "broken"
"""Kind of the finding that reports a failure of the environment or the harness."""
NEEDS = "needs"
"""Kind of the finding that reports a scenario as not played because the PBX is too old for it."""


class NotJudgedError(Exception):
    """A play that says nothing about the routing: one sentence, and what to do. Exit code 3, with `problems` 2.

    With the kind NEEDS there was no play at all: the scenario is skipped.
    """

    def __init__(self, sentence: str, hint: str = "", kind: str = BROKEN, problems: tuple[Problem, ...] = ()) -> None:
        """`kind`: the stable word in results.json. `problems`: mistakes in what was to be played."""
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.kind = kind
        self.problems = problems
        self.made: tuple[Attempt, ...] = ()
        """Every play that was made, in their order."""

    @property
    def outcome(self) -> Outcome:
        """The outcome of the scenario."""
        if self.problems:
            return "invalid"
        return "skipped" if self.kind == NEEDS else "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a process needs for its plays: the environment of the run, its folder, the width of the terminal."""

    environment: RunEnvironment
    out: Path
    width: int
    speed: Speed = "auto"
    confirm: Confirm = "auto"
    allow: tuple[str, ...] = ()
    """Shell patterns of complaints of Asterisk at boot for which the configuration is not refused."""


Became = Literal["green", "red", "broken"]
"""The outcome of one play by itself."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One play that was made: the report of its clock, its outcome, and its length in real seconds."""

    report: ClockReport
    became: Became
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One play, judged."""

    observation: Observation
    findings: tuple[Finding, ...]
    report: ClockReport
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plays:
    """All plays of a scenario: `told` is the one that is reported."""

    told: Played
    made: tuple[Attempt, ...]
    """Every play, in their order."""
    fast: Played | None = None
    """The red of the racing clock, if `told` was played to confirm it."""
    too_long: bool = False
    """True if `told` is a red of the racing clock whose story is too long to be confirmed."""
    wall: float

    @property
    def steady(self) -> bool:
        """False if the play at speed 1 was green after a red of the racing clock; if both are red the scenario is red.

        If their findings differ, those of the play at speed 1 are reported.
        """
        return self.fast is None or bool(self.told.findings)


class Unconfirmed:
    """A red of the racing clock that is still to be confirmed."""

    def __init__(self, scenario: Scenario, table: Table, red: Played, made: list[Attempt], begun: float) -> None:
        """`red`: the play to confirm. `made`: all plays so far. `begun`: the scenario's begin, by time.monotonic()."""
        self.scenario = scenario
        self.red = red
        self.table = table
        self._made = made
        self._begun = begun

    def confirm(self) -> Plays:
        """Play at speed 1; the evidence folder then holds that play, and the racing one in its folder FAST.

        It may be called in any thread. Raises NotJudgedError.
        """
        folder = self.table.out / self.scenario.id
        kept = folder.with_name(f".{folder.name}.{FAST}")
        shutil.rmtree(kept, ignore_errors=True)
        folder.rename(kept)
        try:
            told = _reported(lambda: _play_undisturbed(self.scenario, self.table, SLOWEST, self._made), self._made)
        finally:
            folder.mkdir(exist_ok=True)
            kept.rename(folder / FAST)
        return _plays(told, self._made, self._begun, fast=self.red)


def play_scenario(scenario: Scenario, table: Table) -> Plays:
    """Play `scenario` as often as it takes; its evidence folder then holds all but the verdict.

    Raises NotJudgedError.
    """
    first = begin_plays(scenario, table)
    return first.confirm() if isinstance(first, Unconfirmed) else first


def begin_plays(scenario: Scenario, table: Table) -> Plays | Unconfirmed:
    """Play `scenario` until its verdict is known, or until it is red and must be confirmed at speed 1.

    Raises NotJudgedError.
    """
    begun = time.monotonic()
    made: list[Attempt] = []
    played = _reported(lambda: _play_undisturbed(scenario, table, speed_of(scenario, table), made), made)
    confirms = table.confirm == "auto" and played.report.speed > SLOWEST
    if not played.findings or _certain(played) or not confirms:
        return _plays(played, made, begun)
    if float(played.observation.over) > STORY_SECONDS:
        return _plays(played, made, begun, too_long=True)
    return Unconfirmed(scenario, table, played, made, begun)


def _reported(play: Callable[[], Played], made: Sequence[Attempt]) -> Played:
    """Play, and add to a NotJudgedError which plays were made."""
    try:
        return play()
    except NotJudgedError as fault:
        fault.made = tuple(made)
        raise


def _plays(
    told: Played, made: Sequence[Attempt], begun: float, *, fast: Played | None = None, too_long: bool = False
) -> Plays:
    """Return all plays. Raises NotJudgedError for a red if the machine stalled in every play."""
    if told.findings and told.report.stalled and not _certain(told):
        fault = _stalled(told.report, "was red")
        fault.made = tuple(made)
        raise fault
    return Plays(told=told, made=tuple(made), fast=fast, too_long=too_long, wall=time.monotonic() - begun)


def speed_of(scenario: Scenario, table: Table) -> float:
    """Return the highest speed of the first play: the lower one of the run's and the scenario's own."""
    speed = auto() if table.speed == "auto" else table.speed
    return min(speed, scenario.speed if scenario.speed is not None else FASTEST)


def _play_undisturbed(scenario: Scenario, table: Table, speed: float, made: list[Attempt]) -> Played:
    """Play; if the machine stalled, repeat the play at half the speed, and the last time at speed 1.

    A story that is too long to be confirmed at speed 1 is played so fast that it takes STORY_SECONDS at most. Every
    play is added to `made`. A play that broke while the machine stalled is repeated, since the stall may be the cause.
    One that breaks in the same way again raises NotJudgedError.
    """
    from ringproof.scenario.model.story_end import length  # noqa: PLC0415 - brings pydantic

    broke: set[str] = set()
    attempt = 0
    slowest = min(speed, max(SLOWEST, length(scenario) / STORY_SECONDS))
    while True:
        last, before = attempt == MADE_AGAIN, len(made)
        try:
            played = _play_once(scenario, table, slowest if last else max(slowest, speed / 2**attempt), made)
        except NotJudgedError as fault:
            stalled = any(attempt.report.stalled for attempt in made[before:])
            if fault.kind != BROKEN or fault.sentence in broke or not stalled:
                raise
            if last:
                raise _stalled(made[-1].report, f"broke: {fault.sentence}") from fault
            broke.add(fault.sentence)
        else:
            if last or not played.report.stalled or _certain(played):
                return played
        attempt += 1


def _stalled(report: ClockReport, became: str) -> NotJudgedError:
    sentence = f"this machine stalled for {report.longest_stall:.1f} s in every play, and the last one {became}"
    return NotJudgedError(sentence, "what else runs on it? `-n 1` leaves more of it to each play", "stalled")


def _play_once(scenario: Scenario, table: Table, speed: float, made: list[Attempt]) -> Played:
    from ringproof.playing import (  # noqa: PLC0415 - pytest imports this module for projects without scenarios
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
            made.append(Attempt(fault.report, BROKEN, time.monotonic() - begun))
        raise NotJudgedError(fault.sentence, fault.hint) from fault
    made.append(Attempt(report, BROKEN, time.monotonic() - begun))  # replaced below if it can be judged
    observation, findings = _judged(scenario, folder)
    made[-1] = replace(made[-1], became="red" if findings else "green")
    return Played(observation=observation, findings=findings, report=report, wall=time.monotonic() - begun)


def _judged(scenario: Scenario, folder: Path) -> tuple[Observation, tuple[Finding, ...]]:
    """Return the observation, which is also written to the evidence, and its findings. Raises NotJudgedError."""
    from ringproof.events.record import read_record  # noqa: PLC0415 - a play is begun without it
    from ringproof.judge import judge  # noqa: PLC0415
    from ringproof.observe import BrokenPlayError, observe  # noqa: PLC0415
    from ringproof.report.plain import plain_observation  # noqa: PLC0415
    from ringproof.report.timeline import timeline_text  # noqa: PLC0415

    events = read_record((folder / "events.ndjson").read_text(encoding="utf-8"))
    try:
        observation = observe(scenario, events)
    except BrokenPlayError as fault:
        raise NotJudgedError(str(fault), "a defect of Ringproof: please report it with the evidence") from fault
    plain = json.dumps(plain_observation(observation), ensure_ascii=False, indent=1)
    (folder / "observation.json").write_text(plain + "\n", encoding="utf-8")
    (folder / "timeline.txt").write_text(timeline_text(scenario, observation), encoding="utf-8")
    findings = tuple(judge(scenario, observation))
    if not any(scenario.expect.values()):  # only observed: report just whether it was played as it is written
        findings = tuple(finding for finding in findings if finding.kind in NOT_PLAYED)
    return observation, findings


def _certain(played: Played) -> bool:
    """Return True for a red that depends neither on the speed nor on the load of this machine."""
    return any(finding.kind in NOT_CONFIRMED for finding in played.findings)
