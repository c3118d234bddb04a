"""Makes the result of one scenario or file: of its plays, of a play that was not judged, of a file with mistakes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from ringproof.core.duration import PbxSeconds, format_duration
from ringproof.core.paths import shown
from ringproof.core.problem import Problem, render_problem
from ringproof.report.complaints import complaints_in
from ringproof.report.finding_text import WIDTH, broken_text, failure_text, skipped_text, unsteady_text
from ringproof.report.plain import plain_observation
from ringproof.report.result import Outcome, Play, Result, Told
from ringproof.run.attempts import FAST, Attempt, NotJudgedError, Plays, Table
from ringproof.scenario.model.scenario import Scenario


def result_of(scenario: Scenario, plays: Plays, table: Table) -> Result:
    """Return the verdict, and write it to the evidence folder as `verdict.txt`."""
    folder = table.out / scenario.id
    told, fast = plays.told, plays.fast
    outcome: Outcome = "failed" if told.findings else "passed"
    if not plays.steady:
        outcome = "unsteady"

    def text(width: int) -> str:
        evidence = f"{shown(folder)}/"
        if fast is None or plays.steady:
            length = format_duration(PbxSeconds(told.observation.over))
            note = f"not confirmed, since the story takes {length}: `--speed 1` plays it so" if plays.too_long else ""
            return failure_text(
                scenario, told.observation, told.findings, evidence=evidence, folder=folder, width=width, note=note
            )
        seen = [
            (f"at speed {play.report.speed:g}", play.observation, play.findings, place)
            for play, place in ((fast, f"{evidence}{FAST}/"), (told, evidence))
        ]
        return unsteady_text(scenario, seen, width=width)

    (folder / "verdict.txt").write_text(("passed" if outcome == "passed" else text(WIDTH)) + "\n", encoding="utf-8")
    findings = told.findings or (fast.findings if fast is not None else ())
    return Result(
        id=scenario.id,
        name=scenario.name,
        file=scenario.source.file,
        line=scenario.source.line,
        starts=scenario.starts.isoformat() if scenario.starts is not None else None,
        outcome=outcome,
        findings=tuple(Told(entry.kind, entry.sentence, entry.source.line, entry.follows) for entry in findings),
        wall=plays.wall,
        pbx=float(told.observation.over + told.observation.watched),
        speed=told.report.speed,
        plays=_plays(plays.made),
        why_not=told.report.why_not,
        held=told.report.held,
        observation=plain_observation(told.observation),
        fast=plain_observation(fast.observation) if fast is not None else None,
        complaints=complaints_in(folder, table.allow),
        text="" if outcome == "passed" else text(table.width),
    )


def _plays(made: Iterable[Attempt]) -> tuple[Play, ...]:
    return tuple(
        Play(each.report.speed, round(each.report.longest_stall, 3), each.became, round(each.wall, 3)) for each in made
    )


def not_judged(scenario: Scenario, fault: NotJudgedError, table: Table | None, wall: float, width: int) -> Result:
    """Return the result of a play that is broken, skipped or, for a mistake in an edited configuration, invalid.

    The text is written to the evidence folder as `verdict.txt`, too. Without `table` the play did not even begin; a
    folder of that name is then from another run, and is left alone.
    """

    def text(width: int) -> str:
        if fault.problems:
            return "\n\n".join(map(render_problem, fault.problems))
        if fault.outcome == "skipped":
            return skipped_text(scenario, fault.sentence)
        return broken_text(scenario, fault.sentence, hint=fault.hint, evidence=evidence, width=width)

    evidence = ""
    folder = table.out / scenario.id if table is not None else None
    if folder is not None and folder.is_dir():
        evidence = f"{shown(folder)}/"
        with contextlib.suppress(OSError):  # a full disk may have broken the play; the result says so
            (folder / "verdict.txt").write_text(text(WIDTH) + "\n", encoding="utf-8")
    return Result(
        id=scenario.id,
        name=scenario.name,
        file=scenario.source.file,
        line=scenario.source.line,
        starts=scenario.starts.isoformat() if scenario.starts is not None else None,
        outcome=fault.outcome,
        findings=(Told(fault.kind, fault.sentence.partition("\n")[0].removesuffix(":"), scenario.source.line),),
        wall=wall,
        plays=_plays(fault.made),
        complaints=complaints_in(folder, table.allow if table is not None else ()),
        text=text(width),
    )


def invalid(file: str, problems: Iterable[Problem]) -> Result:
    """Return the result of a file with mistakes: it reports all of them."""
    problems = list(problems)
    return Result(
        id=Path(file).name,
        name=Path(file).name,
        file=file,
        line=problems[0].source.line,
        outcome="invalid",
        findings=tuple(Told("invalid", problem.sentence, problem.source.line) for problem in problems),
        text="\n\n".join(render_problem(problem) for problem in problems),
    )


def unread(file: str, fault: Exception, *, kind: str, hint: str) -> Result:
    """Return the result of a file for which the reader raised an exception: broken, with a finding of `kind`."""
    sentence = f"this file could not be read: {type(fault).__name__}: {fault}"
    return Result(
        id=Path(file).name,
        name=Path(file).name,
        file=file,
        line=1,
        outcome="broken",
        findings=(Told(kind, sentence.partition("\n")[0], 1),),
        text=f"{file}:1:1: not judged: {sentence}\n   hint: {hint}",
    )
