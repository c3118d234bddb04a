"""The report of a run: figures, then every mutant with what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .coverage import Coverage
from .dialplan import Dialplan
from .operators import Slip
from .trial import LEFT_OUT, Mutation, Tried, Verdict

VERDICTS: tuple[Verdict, ...] = ("killed", "refused at boot", "equivalent", "not looked at", "survived")


def line(coverage: Coverage, mutation: Mutation) -> str:
    """Return a mutant on one line: office, context, operator, what stood there and what stands there now."""
    slip = mutation.slip
    changes = changed(coverage.dialplans[mutation.office], slip)
    return f"{mutation.office} [{slip.place.context}] {slip.operator}: {changes}"


def changed(dialplan: Dialplan, slip: Slip) -> str:
    """Return the lines of a slip, what stood there and what stands there now."""
    lines = dialplan.lines
    return " and ".join(f"`{lines[index].strip()}` > `{(new or '').strip()}`" for index, new in slip.lines)


def report(coverage: Coverage, tried: Sequence[Tried], *, slips: int, seed: str) -> str:
    """Return the report in Markdown; `slips` is how many were chosen, each of which is a mutant or more."""
    count = Counter(each.verdict for each in tried)
    plays = sum(each.played for each in tried)
    told = [
        "# Mutants at random",
        f"`python -m tests.mutants --random {slips} --seed {seed}`: one line of the dialplan is changed as a",
        "slip of the hand would, and the scenarios that run through it are played, until one of them is red.",
        "A line that offices share is changed in one office after another, and is a mutant of each through whose line",
        "a scenario runs. Some offices are there for one situation; nothing of their own is changed, and nothing that",
        f"another office has, too: {', '.join(sorted(LEFT_OUT))}.",
        "Equivalent is what no caller, phone or record could notice. What somebody could, and neither Ringproof nor a",
        "bundled scenario looks at, is *not looked at*.",
        "",
        f"{slips} slips, {len(tried)} mutants, {plays} plays;",
        f"{len(coverage.stories)} scenarios, all green on the dialplan as it is.",
        ", ".join(f"{count[verdict]} {verdict}" for verdict in VERDICTS) + ".",
        "",
        *_table("slip", [(each.mutation.slip.operator, each) for each in tried]),
        "",
        *_table("office", [(each.mutation.office, each) for each in tried]),
    ]
    for verdict in reversed(VERDICTS):
        of_verdict = [each for each in tried if each.verdict == verdict]
        if of_verdict:
            told += ["", f"## {verdict.capitalize()}", *(_told(coverage, each) for each in of_verdict)]
    return "\n".join(told) + "\n"


def _table(title: str, rows: Sequence[tuple[str, Tried]]) -> list[str]:
    """Return how many have each verdict, in a row for each name."""
    told = [f"| {title} | " + " | ".join(VERDICTS) + " |", "|---|" + "---|" * len(VERDICTS)]
    for name in sorted({row for row, _ in rows}):
        of = Counter(each.verdict for row, each in rows if row == name)
        told.append(f"| {name} | " + " | ".join(str(of[verdict] or "") for verdict in VERDICTS) + " |")
    return told


def _told(coverage: Coverage, tried: Tried) -> str:
    what = f"* {line(coverage, tried.mutation)}"
    if tried.verdict == "killed":
        return f"{what}: {', '.join(tried.kinds)} in *{tried.story}*"
    if tried.verdict == "survived" and tried.through:
        return f"{what}: all {tried.through} scenarios that run through it are green"
    return f"{what}: {tried.reason}"
