"""`python -m tests.exactness [--runs 25]`: how exact rings are, measured, which says what the tolerances may be.

Plays the bundled suite so many times, and judges what was seen of each green play again with smaller tolerances, the
default one and the time within which a first wave starts. Told is how many plays are still green with each. Exit code 1
where a play is not green with those that hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

from ringproof.core.duration import PbxSeconds
from ringproof.events.record import read_record
from ringproof.judge import judge, moments, waves
from ringproof.observe import observe
from ringproof.observe.model import Observation
from ringproof.scenario.model.scenario import ACTS_WITHIN, DEFAULT_TOLERANCE, Scenario
from ringproof.scenario.reading import read_scenarios

SUITE = Path("scenarios")
GRID = tuple(map(PbxSeconds, (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)))
RINGPROOF = str(Path(sys.executable).with_name("ringproof"))
PLAYED = {0, 1, 3}
"""Exit codes of a run that has told of each scenario: green, red, or a stall of this machine."""
Play = tuple[Scenario, Observation]


def played(out: Path) -> Iterator[Play]:
    """Yield what was seen of each bundled scenario whose record is in `out`, and which was judged: not of a stall."""
    results = json.loads((out / "results.json").read_text("utf-8"))["scenarios"]
    judged = {result["id"] for result in results if result["outcome"] != "broken"}
    for file in sorted(SUITE.glob("*.ring.yaml")):
        for scenario in read_scenarios(file).scenarios:
            record = out / scenario.id / "events.ndjson"
            if scenario.id in judged and record.exists():
                yield scenario, observe(scenario, read_record(record.read_text("utf-8")))


def tolerance_needed(scenario: Scenario, seen: Observation, grid: Sequence[PbxSeconds] = GRID) -> PbxSeconds | None:
    """Return the smallest tolerance with which a play is green; None: with none."""
    return next((each for each in grid if not judge(replace(scenario, tolerance=each), seen)), None)


def start_needed(scenario: Scenario, seen: Observation, grid: Sequence[PbxSeconds] = GRID) -> PbxSeconds | None:
    """Return the shortest time for a first wave to start in with which a play is green; None: with none."""
    for each in grid:
        with mock.patch.object(waves, "ACTS_WITHIN", each), mock.patch.object(moments, "ACTS_WITHIN", each):
            if not judge(scenario, seen):
                return each
    return None


def table(needed: Counter[PbxSeconds | None], holds: PbxSeconds, what: str) -> list[str]:
    """Return, as Markdown, how many plays are red with each smaller one."""
    plays = sum(needed.values())
    lines = [f"## {what}, {holds * 1000:.0f} ms: {plays:,} plays", "", "| with | red |", "|---|---|"]
    for each in GRID:
        red = sum(count for key, count in needed.items() if key is None or key > each)
        lines.append(f"| {each * 1000:.0f} ms | {red} ({red / max(1, plays):.2%}) |")
    return [*lines, ""]


def main() -> int:
    """Play, count, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.exactness", description=__doc__)
    parser.add_argument("--runs", type=int, default=25, metavar="N", help="how often the suite is played")
    parser.add_argument("--image", default="ringproof-asterisk:22", help="on which PBX")
    parser.add_argument("--out", type=Path, default=Path("out/exactness"), metavar="DIR", help="for what is kept")
    parser.add_argument("--of", type=Path, nargs="*", metavar="DIR", help="count what has been played already, instead")
    given = parser.parse_args()
    tolerances: Counter[PbxSeconds | None] = Counter()
    starts: Counter[PbxSeconds | None] = Counter()
    reds = 0
    for number in range(len(given.of) if given.of else given.runs):
        out = given.of[number] if given.of else given.out
        if not given.of:
            command = [RINGPROOF, "run", str(SUITE), "--image", given.image, "--out", str(out)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode not in PLAYED:
                sys.stderr.write(f"run {number + 1} ended with exit code {done.returncode}\n{done.stdout}{done.stderr}")
                return done.returncode
            sys.stdout.write(f"run {number + 1}: {done.stdout.strip().splitlines()[-2]}\n")
            sys.stdout.flush()
        for scenario, seen in played(out):
            if judge(scenario, seen):
                reds += 1
                sys.stdout.write(f"red: {scenario.name}\n")
                continue
            if scenario.tolerance == DEFAULT_TOLERANCE:
                tolerances[tolerance_needed(scenario, seen)] += 1
            starts[start_needed(scenario, seen)] += 1
    told = table(tolerances, DEFAULT_TOLERANCE, "Tolerance") + table(starts, ACTS_WITHIN, "Start of a first wave")
    sys.stdout.write("\n".join(told))
    return 1 if reds else 0


if __name__ == "__main__":
    sys.exit(main())
