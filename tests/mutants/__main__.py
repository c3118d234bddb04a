"""`python -m tests.mutants --random 200 --seed 1`: slips of the hand at random, and who notices.

Exit codes are those of `ringproof run`: 1 for a mutant that survived, 3 where a story is not even green on its office.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ringproof.containers.run import open_run
from ringproof.report.result import EXIT_BROKEN, EXIT_FAILED
from ringproof.run.signals import Interruption

from .coverage import Coverage
from .each import catch_each, caught_report
from .players import AT_ONCE, IMAGE, Players, players
from .report import line, report
from .stories import all_stories
from .trial import choose, mutations, try_all


def tell(text: str) -> None:
    """Say it at once: this takes long."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Try them, tell each, write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "--random", type=int, default=200, metavar="N", help="how many slips; each in every office that has the line"
    )
    parser.add_argument("--each", action="store_true", help="for each scenario one that it catches, instead")
    parser.add_argument("--seed", default="1", help="the same seed chooses the same ones")
    parser.add_argument("-n", type=int, default=AT_ONCE, metavar="N", dest="at_once", help="how many at once")
    parser.add_argument("--only", default="", metavar="TEXT", help="of those, the ones in whose description TEXT is")
    parser.add_argument("--out", type=Path, default=Path("out/mutants"), metavar="DIR", help="for what is kept")
    parser.add_argument("--report", type=Path, metavar="FILE", help="where the report is written to")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.report is not None:
        given.report.parent.mkdir(parents=True, exist_ok=True)
    with (
        Interruption(),
        tempfile.TemporaryDirectory(prefix="ringproof-mutants-") as scratch,
        open_run(IMAGE) as environment,
        players(environment, Path(scratch) / "plays", given.at_once) as opened,
    ):
        coverage = Coverage(all_stories(), Path(scratch) / "offices")
        reds = coverage.play(opened, given.out / "coverage.json")
        for name, said in reds.items():
            tell(f"not green on its office as it is: {name}: {said[0]}")
        if reds:
            return EXIT_BROKEN
        if given.each:
            return each(given, coverage, opened, Path(scratch) / "offices")
        chosen = choose(coverage.dialplans, given.random, given.seed)
        mutated = [each for each in mutations(chosen, coverage) if given.only in line(coverage, each)]
        tried = []
        for mutant in try_all(mutated, coverage, opened, Path(scratch) / "offices", given.at_once):
            tried.append(mutant)
            told = mutant.story + ": " + ", ".join(mutant.kinds) if mutant.kinds else mutant.reason
            tell(f"{len(tried):3}/{len(mutated)} {mutant.verdict:15} {line(coverage, mutant.mutation)}  {told}")
    text = report(coverage, tried, slips=len(chosen), seed=given.seed)
    tell(text.partition("\n## ")[0])
    if given.report:
        given.report.write_text(text, "utf-8")
    return EXIT_FAILED if any(mutant.verdict == "survived" for mutant in tried) else 0


def each(given: argparse.Namespace, coverage: Coverage, opened: Players, folder: Path) -> int:
    """Look for what each scenario catches, tell it, write the report."""
    stories = [story for story in coverage.stories if given.only in story.name]
    caught = []
    for one in catch_each(stories, coverage, opened, folder, given.seed, given.at_once):
        caught.append(one)
        told = ", ".join(one.kinds) if one.slip else "nothing"
        tell(f"{len(caught):3}/{len(stories)} {one.story.name}: {told} (slip {one.tries})")
    text = caught_report(coverage, caught, given.seed)
    if given.report:
        given.report.write_text(text, "utf-8")
    return EXIT_FAILED if any(one.slip is None for one in caught) else 0


if __name__ == "__main__":
    sys.exit(main())
