"""`make fidelity`: every bundled scenario on the racing clock and at speed 1; what differs is a bug.

`python -m tests.fidelity --some 12 --seed TEXT` takes a dozen; the same seed takes the same dozen.
Exit codes are those of `ringproof run`: 1 for a difference or a red, 3 for a play that says nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringproof.compare import Difference, compare
from ringproof.events.record import read_record
from ringproof.observe import Observation, observe
from ringproof.report.result import EXIT_BROKEN, EXIT_FAILED
from ringproof.run.discovery import find_files
from ringproof.scenario.model.office import RandomFree, ToGroup
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios

ROOT = Path(__file__).parents[1]
SLOW, FAST = "1", "auto"
TOLERANCE = 0.25
"""PBX seconds; what the racing clock may be wrong by at most."""
AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """One scenario in one of the two runs."""

    outcome: str
    sentences: tuple[str, ...]
    """Of its findings, or why it is broken."""
    speed: float
    plays: int
    pbx: float
    observation: Observation | None
    """None: the play said nothing."""

    @property
    def label(self) -> str:
        """As sentences name this play."""
        return f"at speed {self.speed:g}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the two plays of one scenario have to say to each other."""

    scenario: Scenario
    slow: Seen
    fast: Seen
    differences: tuple[Difference, ...]

    @property
    def complaints(self) -> list[str]:
        """Every sentence that keeps this scenario from being the same on both clocks."""
        told = [
            f"{seen.outcome} {seen.label}: {sentence}"
            for seen in (self.slow, self.fast)
            for sentence in seen.sentences
            if seen.outcome != "passed"
        ]
        return told + [difference.sentence for difference in self.differences]

    @property
    def exit_code(self) -> int:
        """3 where a play said nothing, 1 for a complaint, else 0."""
        if self.slow.observation is None or self.fast.observation is None:
            return EXIT_BROKEN
        return EXIT_FAILED if self.complaints else 0


def is_left_to_chance(scenario: Scenario) -> bool:
    """True where two plays may differ on any clock: the PBX chooses, or tries members in an order that nobody knows."""
    numbers, groups = scenario.office.trunk.numbers, scenario.office.groups
    first = (numbers.get(caller.dials) for caller in scenario.callers.values())
    dialled = (groups[each.group] for each in first if isinstance(each, ToGroup))
    return scenario.has_choices or any(isinstance(group, RandomFree) for group in dialled)


def bundled() -> list[Scenario]:
    """Return every scenario of `scenarios/`, known reds left out."""
    return [scenario for file in find_files([ROOT / "scenarios"]) for scenario in read_scenarios(file).scenarios]


def choose(scenarios: Sequence[Scenario], some: int, seed: str) -> list[Scenario]:
    """Return so many of the scenarios in their order; one seed chooses the same of the same scenarios."""
    chosen = random.Random(seed).sample(range(len(scenarios)), min(some, len(scenarios)))  # noqa: S311
    return [scenarios[number] for number in sorted(chosen)]


def play_all(scenarios: Sequence[Scenario], speed: str, out: Path, at_once: int) -> Mapping[str, Seen]:
    """Play the scenarios, so many at once, and return what was seen of each, by its id."""
    names = [f"{scenario.source.file}::{scenario.name}" for scenario in scenarios]
    options = ["-n", str(at_once), "--ringproof-out", str(out), "--ringproof-speed", speed]
    options += ["--ringproof-confirm", "never"]
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *options, *names]
    out.mkdir(parents=True, exist_ok=True)
    with (out / "pytest.log").open("w") as log:
        code = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    results = json.loads((out / "results.json").read_text("utf-8"))
    entries = {entry["id"]: entry for entry in results["scenarios"]}
    missing = [scenario.name for scenario in scenarios if scenario.id not in entries]
    if missing or code not in (0, 1):
        raise SystemExit(f"pytest ended with {code}, {len(missing)} scenarios have no result: see {out}/pytest.log")
    return {scenario.id: _seen(scenario, entries[scenario.id], out) for scenario in scenarios}


def _seen(scenario: Scenario, entry: Mapping[str, Any], out: Path) -> Seen:
    observation = None
    if entry["outcome"] not in {"broken", "skipped"}:
        record = (out / scenario.id / "events.ndjson").read_text("utf-8")
        observation = observe(scenario, read_record(record))
    return Seen(
        outcome=entry["outcome"],
        sentences=tuple(finding["sentence"] for finding in entry["findings"]),
        speed=entry["speed"],
        plays=len(entry["plays"]),
        pbx=entry["seconds"]["pbx"],
        observation=observation,
    )


def judge(scenario: Scenario, slow: Seen, fast: Seen) -> Verdict:
    """Compare the two plays of a scenario."""
    differences: tuple[Difference, ...] = ()
    if slow.observation is not None and fast.observation is not None:
        labels = (slow.label, fast.label)
        differences = compare(slow.observation, fast.observation, labels=labels, tolerance=TOLERANCE)
    return Verdict(scenario, slow, fast, differences)


def report(verdicts: Sequence[Verdict]) -> str:
    """Return what is printed: the scenarios that differ with their sentences, then one line on all of them."""
    lines = []
    for verdict in verdicts:
        if verdict.complaints:
            lines.append(f"{verdict.scenario.source.file}:{verdict.scenario.source.line}: {verdict.scenario.name}")
            lines += [f"    {sentence}" for sentence in verdict.complaints]
    bad = sum(verdict.exit_code != 0 for verdict in verdicts)
    again = sum(seen.plays - 1 for verdict in verdicts for seen in (verdict.slow, verdict.fast))
    slowest = min(verdict.fast.speed for verdict in verdicts)
    lines.append(
        f"{len(verdicts) - bad} of {len(verdicts)} scenarios are the same at speed 1 and at {slowest:g} or more: "
        f"who rang, in which order, when to {TOLERANCE} s, how it ended; {again} plays made again for a stall"
    )
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, compare, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity", description=__doc__.partition("\n")[0])
    parser.add_argument("--some", type=int, metavar="N", help="only so many scenarios, chosen by --seed")
    parser.add_argument("--seed", default="", metavar="TEXT", help="which ones")
    parser.add_argument("-n", type=int, default=AT_ONCE, metavar="N", help=f"how many at once ({AT_ONCE})")
    parser.add_argument("--out", type=Path, default=Path("out/fidelity"), metavar="DIR", help="(out/fidelity)")
    given = parser.parse_args(arguments)
    everything = bundled()
    scenarios = [scenario for scenario in everything if not is_left_to_chance(scenario)]
    left_out = len(everything) - len(scenarios)
    if given.some is not None:
        scenarios = choose(scenarios, given.some, given.seed)
        _say(f"{len(scenarios)} scenarios by seed `{given.seed}`")
    seen = {}
    for speed in (FAST, SLOW):
        begun = time.monotonic()
        seen[speed] = play_all(scenarios, speed, given.out / f"speed-{speed}", given.n)
        pbx = sum(entry.pbx for entry in seen[speed].values())
        _say(f"speed {speed}: {pbx:.0f} s of PBX time in {time.monotonic() - begun:.0f} s")
    verdicts = [judge(scenario, seen[SLOW][scenario.id], seen[FAST][scenario.id]) for scenario in scenarios]
    _say(report(verdicts))
    _say(f"left out: {left_out} scenarios in which the PBX chooses at random")
    return max(verdict.exit_code for verdict in verdicts)


if __name__ == "__main__":
    raise SystemExit(main())
