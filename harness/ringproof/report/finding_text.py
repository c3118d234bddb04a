"""Render a failure: one sentence, the line of the file, expected beside observed, hints and where the evidence is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from ringproof.core.source import Source
from ringproof.judge import Finding, judged_as
from ringproof.observe.model import Observation
from ringproof.report.bars import expected_bars, observed_bars
from ringproof.report.chart import (
    ANY_TIME,
    Axis,
    Bar,
    axis_over,
    draw_rows,
    finest_detail,
    in_order,
    steps_for,
)
from ringproof.report.complaints import complaints
from ringproof.report.route import route_hint
from ringproof.report.timeline import timeline_text
from ringproof.scenario.model.scenario import Scenario

WIDTH = 120
"""Columns of a failure that is written to a file or a log."""
_INDENT = "   "
_GAP = "      "
_WORD = 10
"""Columns that are left free for a word after the last bar."""


def failure_text(
    scenario: Scenario,
    observation: Observation,
    findings: Sequence[Finding],
    *,
    evidence: str,
    folder: Path | None = None,
    width: int = WIDTH,
    note: str = "",
) -> str:
    """Return the text of all `findings` of one play, with each caller's charts once.

    The findings that may follow from others stand under the last of these of the same call.

    `evidence` is the folder as the user can type it; `folder` is the same folder as a path to read, or None.
    Charts stand side by side where `width` columns allow it at a readable scale, else one above the other.
    """
    blocks: list[list[str]] = []
    drawn: set[str] = set()
    following: dict[tuple[str | None, int | None], tuple[list[str], list[str]]] = {}
    """The last block of each call, and the findings that may follow from its differences."""
    for finding in findings:
        call = finding.caller, finding.call
        if finding.follows and call in following:
            following[call][1].append(f"{_INDENT * 2}line {finding.source.line}: {finding.sentence}")
            continue
        lines = [told_at(finding.source, finding.sentence, scenario.lines)]
        if finding.caller is not None and finding.caller not in drawn:
            drawn.add(finding.caller)
            seen = observation if finding.call is None else observation.calls[finding.call - 1]
            lines += _charts(scenario, seen, finding.caller, width)
        lines += [f"{_INDENT}hint: {finding.fix}"] if finding.fix else []
        blocks.append(lines)
        following[call] = lines, following[call][1] if call in following else []
    for last, followed in following.values():
        if followed:
            last += [f"{_INDENT}which may be why:", *followed]
    hints = {
        caller: route_hint(scenario, caller, folder)
        for caller in scenario.callers
        if caller in drawn or scenario.calls > 1
    }
    told = [f"{caller}: {hint}" if len(hints) > 1 else hint for caller, hint in hints.items() if hint]
    told += complaints(folder) + ([note] if note else [])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n" + pointers(told, evidence, width)


def unsteady_text(
    scenario: Scenario, plays: Sequence[tuple[str, Observation, Sequence[Finding], str]], *, width: int = WIDTH
) -> str:
    """Return the text of two plays of one scenario that disagree, each (how, observation, findings, evidence)."""
    blocks = [told_at(scenario.source, "unsteady: two plays of this scenario disagree", scenario.lines)]
    for how, observation, findings, evidence in plays:
        if findings:
            folder = Path(evidence)
            told = failure_text(scenario, observation, findings, evidence=evidence, folder=folder, width=width)
            blocks.append(f"{how}:\n{told}")
        else:
            said = timeline_text(scenario, observation).rstrip()
            blocks.append(f"{how}: passed\n{said}\n" + pointers([], evidence, width))
    return "\n\n".join(blocks)


def broken_text(scenario: Scenario, sentence: str, *, hint: str = "", evidence: str = "", width: int = WIDTH) -> str:
    """Return the text of a broken play: the reason, and no verdict on the PBX's routing.

    What follows the first line of `sentence`, such as the end of a log, stands under the scenario's line.
    """
    first, _, details = sentence.partition("\n")
    first = first.removesuffix(":")
    told = told_at(scenario.source, f"not judged: {first}", scenario.lines)
    where = pointers([hint] if hint else [], evidence, width)
    return "\n".join(part for part in (told, details.rstrip(), where) if part)


def skipped_text(scenario: Scenario, sentence: str) -> str:
    """Return why a scenario was not played, at the line with its `needs`."""
    source = scenario.needs.source if scenario.needs is not None else scenario.source
    return told_at(source, f"not played: {sentence}", scenario.lines)


def told_at(source: Source, sentence: str, lines: Sequence[str]) -> str:
    """Return `file:line:column: sentence`, and below it the line itself where `lines` has it."""
    told = f"{source}: {sentence}"
    if 0 < source.line <= len(lines):
        told += f"\n{source.line:5} | {lines[source.line - 1].rstrip()}"
    return told


def pointers(hints: Sequence[str], evidence: str, width: int) -> str:
    """Return the last lines: the hints, and where the evidence is, on the line of the last hint where it fits."""
    lines = [f"{_INDENT}hint: {hint}" for hint in hints]
    where = f"evidence: {evidence}" if evidence else ""
    if where and lines and len(lines[-1]) + 8 + len(where) <= width:
        lines[-1] += " " * 8 + where
    elif where:
        lines.append(_INDENT + where)
    return "\n".join(lines)


def _charts(scenario: Scenario, observation: Observation, caller: str, width: int) -> list[str]:
    view = observation.callers[caller]
    expected = expected_bars(judged_as(scenario, observation).expect.get(caller, ()), view)
    observed = observed_bars(view.rings, view.waves)
    phones = in_order(bar.phone for bar in [*expected, *observed])
    if not phones:
        return [f"{_INDENT}expected and observed: nobody rings"]
    title = [f"{_INDENT}the call of {caller}"] if len(scenario.expect) > 1 else []
    moments = list(view.acts)
    lines = _fit(phones, expected, observed, moments, float(scenario.tolerance), width)
    if any(part.block == ANY_TIME for bar in expected for part in bar.parts):
        lines.append(f"{_INDENT}{ANY_TIME} any time")
    return title + lines


def _fit(
    phones: Sequence[str],
    expected: Sequence[Bar],
    observed: Sequence[Bar],
    moments: Sequence[float],
    tolerance: float,
    width: int,
) -> list[str]:
    """Draw both charts on one axis: side by side, unless only one above the other shows every difference."""
    both = [*expected, *observed]
    label = len("expected  ") + max(len(phone) for phone in phones) + 1
    room_beside = (width - len(_INDENT) - len(_GAP)) // 2 - label - _WORD
    room_stacked = width - len(_INDENT) - label - _WORD
    beside = next(iter(steps_for(both, moments, max(room_beside, 1))))
    stacked = next(iter(steps_for(both, moments, max(room_stacked, 1))))
    axis = axis_over(both, moments, beside)
    left = _labelled("expected", phones, expected, axis)
    right = _labelled("observed", phones, observed, axis)
    if beside <= max(finest_detail(both, tolerance), stacked) and not math.isinf(beside):
        column = max(len(line) for line in left)
        lines = [
            f"{_INDENT}{one.ljust(column)}{_GAP}{other}".rstrip()
            for one, other in zip_longest(left, right, fillvalue="")
        ]
        if max(len(line) for line in lines) <= width:
            return lines
    axis = axis_over(both, moments, stacked)
    left = _labelled("expected", phones, expected, axis)[:-1]
    right = _labelled("observed", phones, observed, axis)
    return [f"{_INDENT}{line}".rstrip() for line in [*left, *right]]


def _labelled(title: str, phones: Sequence[str], bars: Sequence[Bar], axis: Axis) -> list[str]:
    """Return the rows of one chart, each after the title and the phone's number, and the axis under them."""
    broad = max(len(phone) for phone in phones)
    rows = draw_rows(phones, bars, axis)
    titles = [title, *[" " * len(title)] * (len(rows) - 1)]
    lines = [
        f"{name}  {phone.rjust(broad)} {row}".rstrip() for name, phone, row in zip(titles, phones, rows, strict=True)
    ]
    return [*lines, f"{' ' * len(title)}  {' ' * broad} {axis.ticks()}"]
