"""Render the last output of a run: a table of all results, then one line with the totals."""

from __future__ import annotations

import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from ringproof.clock.report import STALL_S
from ringproof.report.result import OUTCOMES, REPEATED, Complaint, Outcome, Result, and_more

_STYLE: dict[Outcome, str] = {
    "passed": "green",
    "failed": "bold red",
    "unsteady": "bold red",
    "skipped": "bold yellow",
    "invalid": "bold yellow",
    "broken": "bold magenta",
}

_NUMBERED = re.compile(re.escape(REPEATED).replace(r"\{\}", r"\d+") + "$")
HELD_S = 10.0
"""What keeps a play at real time for longer than this is named below it, as the reason why the play is so slow."""
MOST_TEXTS = 3
"""The most texts of complaints that one line names."""


def summary_text(results: Sequence[Result], *, width: int, colour: bool = False) -> str:
    """Return the table: files in order, their scenarios under them, a failure's first sentence under its scenario."""
    from rich import box  # noqa: PLC0415 - rich costs 50 ms, and a run that is not watched needs none of it
    from rich.console import Console, Group  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, width=width, show_edge=False)
    table.add_column("scenario", ratio=1, overflow="fold")
    table.add_column("outcome", no_wrap=True)
    table.add_column("wall", justify="right", no_wrap=True)
    table.add_column("PBX time", justify="right", no_wrap=True)
    told_already: set[str] = set()
    ordered = sorted(results, key=lambda result: (*result.place, story_of(result)))
    for file, of_file in groupby(ordered, lambda result: result.file):
        table.add_row(Text(file, style="bold"))
        for (_, story), plays in groupby(of_file, lambda result: (result.place, story_of(result))):
            repeated = list(plays)
            name = [Padding(Text(story if len(repeated) > 1 else repeated[0].name), (0, 0, 0, 2))]
            for result in repeated:
                if result.outcome == "passed" or not result.findings or result.findings[0].sentence in told_already:
                    continue
                sentence = Text(f"{result.findings[0].sentence}{and_more(result.findings)}", style="dim")
                name.append(Padding(sentence, (0, 0, 0, 4)))
                if result.outcome == "broken" or len(repeated) > 1:  # often the same for all: no engine, no image
                    told_already.add(result.findings[0].sentence)
            name += [
                Padding(Text(attempts, style="dim"), (0, 0, 0, 4))
                for attempts in map(attempts_of, repeated)
                if attempts
            ]
            if held := _held_by(repeated):
                name.append(Padding(Text(held, style="dim"), (0, 0, 0, 4)))
            if said := _said_meanwhile(repeated):
                name.append(Padding(Text(said, style="dim"), (0, 0, 0, 4)))
            outcomes = Counter(result.outcome for result in repeated)
            outcome = Text("\n").join(
                Text(shown(outcome) if len(repeated) == 1 else f"{outcomes[outcome]} {shown(outcome)}", _STYLE[outcome])
                for outcome in OUTCOMES
                if outcome in outcomes
            )
            played = not outcomes.keys() & {"invalid", "skipped"}
            wall, pbx = (sum(times) for times in zip(*((each.wall, each.pbx) for each in repeated), strict=True))
            table.add_row(Group(*name), outcome, f"{wall:.1f} s" if played else "", f"{pbx:.1f} s" if played else "")
    told = io.StringIO()
    console = Console(
        file=told, width=width, force_terminal=colour, no_color=not colour, highlight=False, legacy_windows=False
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in told.getvalue().splitlines())


def story_of(result: Result) -> str:
    """Return the name that all plays of a repeated scenario share."""
    return _NUMBERED.sub("", result.name)


def shown(outcome: Outcome) -> str:
    """Return an outcome as the terminal shows it: in capitals unless passed, so that it stands out without colours."""
    return outcome if outcome == "passed" else outcome.upper()


def attempts_of(result: Result) -> str:
    """Return the plays of a scenario as `played 2 times: red at speed 100; red at...`; empty: fewer than two plays."""
    if len(result.plays) < 2:  # noqa: PLR2004
        return ""
    plays = [
        f"{play.became} at speed {play.speed:g}" + (" (this machine stalled)" if play.stall >= STALL_S else "")
        for play in result.plays
    ]
    return f"played {len(plays)} times: {'; '.join(plays)}"


def _held_by(repeated: Sequence[Result]) -> str:
    """Return what held the clock for longest in the plays of a scenario; empty where that was at most HELD_S a play."""
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    for held in (each for result in repeated for each in result.held):
        seconds[held.application, held.place] += held.seconds
    longest = sorted((-lasted, by) for by, lasted in seconds.items() if lasted > HELD_S * len(repeated))
    if not longest:
        return ""
    lasted, (application, place) = longest[0]
    where = f" at {place}" if place else ""
    more = f" (+{len(longest) - 1} more)" if len(longest) > 1 else ""
    return f"{-lasted:.0f} s at real time, since {application}{where} listens{more}"


def _said_meanwhile(repeated: Sequence[Result]) -> str:
    """Return what Asterisk complained of during the green plays of a scenario; a red has it beside its findings."""
    passed = (result for result in repeated if result.outcome == "passed")
    counts: Counter[str] = Counter()
    for complaint in (each for result in passed for each in result.complaints if each.when == "story"):
        counts[complaint.text] += complaint.count
    if not counts:
        return ""
    text, count = next(iter(counts.items()))
    times = f" ({count} times)" if count > 1 else ""
    more = f" (+{len(counts) - 1} more)" if len(counts) > 1 else ""
    return f"Asterisk says: {text}{times}{more}"


def complaint_notes(results: Sequence[Result], allow: Sequence[str]) -> list[str]:
    """Return notes, one line each: Asterisk's complaints at boot, those that were allowed, patterns without a match."""
    played = {"passed", "failed", "unsteady"}
    boots = [
        complaint
        for result in results
        if result.outcome in played
        for complaint in result.complaints
        if complaint.when == "boot"
    ]
    told = _listed(complaint for complaint in boots if not complaint.allowed)
    allowed = _listed(complaint for complaint in boots if complaint.allowed)
    notes = [f"Asterisk says at boot: {told}"] if told else []
    notes += [f"allowed at boot: {allowed}"] if allowed else []
    matched = {pattern for result in results for complaint in result.complaints for pattern in complaint.allowed}
    return notes + [f"--allow {pattern!r} matched nothing in this run" for pattern in allow if pattern not in matched]


def _listed(complaints: Iterable[Complaint]) -> str:
    texts = list(dict.fromkeys(complaint.text for complaint in complaints))
    more = f"; and {len(texts) - MOST_TEXTS} more, in results.json" if len(texts) > MOST_TEXTS else ""
    return "; ".join(texts[:MOST_TEXTS]) + more


def clock_notes(results: Sequence[Result]) -> list[str]:
    """Return notes on the clock, one line each: why it could not race, and plays that were made again."""
    notes = [f"played at speed 1: {reason}" for reason in sorted({result.why_not for result in results} - {""})]
    stalled = [play.stall for result in results for play in result.plays[:-1] if play.stall >= STALL_S]
    if stalled:
        again = "1 play was" if len(stalled) == 1 else f"{len(stalled)} plays were"
        notes.append(f"{again} made again: this machine stalled for up to {max(stalled):.1f} s")
    confirmed = sum(result.fast is not None for result in results)
    if confirmed:
        notes.append(f"played again at speed 1 to be confirmed: {confirmed}")
    return notes


def totals_line(
    results: Sequence[Result],
    *,
    elapsed: float,
    not_played: int,
    interrupted: str | None,
    exit_code: int | None = None,
) -> str:
    """Return `38 scenarios: 36 passed, 2 failed; 61.2 s for 512 s of PBX time; exit 1`."""
    files = sum(result.whole_file for result in results)
    counts = [f"{files} invalid file{'s' * (files != 1)}"] if files else []
    for outcome in OUTCOMES:
        count = sum(result.outcome == outcome for result in results) - (files if outcome == "invalid" else 0)
        if count:
            counts.append(f"{count} {outcome}")
    if not_played:
        counts.append(f"{not_played} not played")
    scenarios = len(results) - files + not_played
    told = f"{scenarios} scenario{'s' * (scenarios != 1)}: " + (", ".join(counts) or "none")
    pbx = sum(result.pbx for result in results)
    if pbx:
        told += f"; {elapsed:.1f} s for {pbx:.0f} s of PBX time"
        told += f", {pbx / elapsed:.0f} times as fast" if elapsed and pbx / elapsed >= 2 else ""  # noqa: PLR2004
    if interrupted is not None:
        told += f"; interrupted by {interrupted}"
    return told if exit_code is None else f"{told}; exit {exit_code}"
