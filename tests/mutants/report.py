"""The report of a run: figures, then every mutant with what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .coverage import Coverage
from .dialplan import Dialplan
from .operators import Slip
from .trial import LEFT_OUT, Chosen, Tried

VERDICTS = ("killed", "refused at boot", "equivalent", "survived")


def line(coverage: Coverage, chosen: Chosen) -> str:
    """Return a mutant on one line: office, context, operator, what stood there and what stands there now."""
    where = chosen.office if len(chosen.places) == 1 else "every office"
    changes = changed(coverage.dialplans[chosen.office], chosen.slip)
    return f"{where} [{chosen.slip.place.context}] {chosen.slip.operator}: {changes}"


def changed(dialplan: Dialplan, slip: Slip) -> str:
    """Return the lines of a slip, what stood there and what stands there now."""
    lines = dialplan.lines
    return " and ".join(f"`{lines[index].strip()}` > `{(new or '').strip()}`" for index, new in slip.lines)


def report(coverage: Coverage, tried: Sequence[Tried], *, seed: str) -> str:
    """Return the report in Markdown."""
    count = Counter(each.verdict for each in tried)
    plays = sum(each.played for each in tried)
    told = [
        "# Mutants at random",
        f"`python -m tests.mutants --random {len(tried)} --seed {seed}`: one line of the dialplan is changed as a",
        "slip of the hand would, and the scenarios that run through it are played, until one of them is red.",
        "A line that offices share is changed in all of them. Of some offices nothing of their own is changed, since",
        f"they are there for one situation: {', '.join(sorted(LEFT_OUT))}.",
        "",
        f"{len(tried)} mutants, {plays} plays; {len(coverage.stories)} scenarios, all green on the dialplan as it is.",
        ", ".join(f"{count[verdict]} {verdict}" for verdict in VERDICTS) + ".",
        "",
        "| slip | " + " | ".join(VERDICTS) + " |",
        "|---|" + "---|" * len(VERDICTS),
    ]
    for operator in sorted({each.chosen.slip.operator for each in tried}):
        of = Counter(each.verdict for each in tried if each.chosen.slip.operator == operator)
        told.append(f"| {operator} | " + " | ".join(str(of[verdict] or "") for verdict in VERDICTS) + " |")
    for verdict in reversed(VERDICTS):
        of_verdict = [each for each in tried if each.verdict == verdict]
        if of_verdict:
            told += ["", f"## {verdict.capitalize()}", *(_told(coverage, each) for each in of_verdict)]
    return "\n".join(told) + "\n"


def _told(coverage: Coverage, tried: Tried) -> str:
    what = f"* {line(coverage, tried.chosen)}"
    if tried.verdict == "killed":
        return f"{what}: {', '.join(tried.kinds)} in *{tried.story}*"
    if tried.verdict == "survived" and tried.through:
        return f"{what}: all {tried.through} scenarios that run through it are green"
    return f"{what}: {tried.reason}"
