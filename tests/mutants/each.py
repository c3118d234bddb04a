"""For each scenario a wrong PBX that it catches: slips on the lines that it runs through, until it is red."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ringproof.scenario.model.scenario import Scenario

from .coverage import Coverage
from .equivalent import proven, reviewed
from .not_looked_at import not_looked_at
from .operators import Slip, slips, widened
from .players import BROKEN, INVALID, Players
from .report import changed
from .stories import office_of

TRIES = 20
"""Slips that one scenario may be green on: the next in turn is another line's."""


@dataclass(frozen=True, slots=True)
class Caught:
    """What a scenario was red on."""

    story: Scenario
    tries: int
    slip: Slip | None
    """None: it was green on all that were tried."""
    kinds: tuple[str, ...] = ()


def candidates(story: Scenario, coverage: Coverage, seed: str) -> list[Slip]:
    """Return slips on lines that the story runs through, in an order of its own; none that nobody sees.

    For a story that runs through none, since nobody has the number: slips by which somebody has it.
    """
    dialplan, ran = coverage.dialplans[office_of(story)], coverage.ran[story.id].lines
    meant = [slip for slip in slips(dialplan) if any(ran.get(index) for index, _ in slip.lines)]
    if not any(ran.values()):
        meant = list(widened(dialplan))
    seen = [slip for slip in meant if not any(why(dialplan, slip) for why in (proven, reviewed, not_looked_at))]
    return sorted(seen, key=lambda slip: hashlib.sha256(repr((seed, story.id, slip)).encode()).hexdigest())


def catch_each(
    stories: Sequence[Scenario], coverage: Coverage, players: Players, folder: Path, seed: str, at_once: int
) -> Iterator[Caught]:
    """Yield what each story catches, in their order."""

    def one(number: int) -> Caught:
        rendered = folder / f"each-{number}"
        return _catch(stories[number], coverage, players, rendered, seed)

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(one, range(len(stories)))


def _catch(story: Scenario, coverage: Coverage, players: Players, rendered: Path, seed: str) -> Caught:
    office = office_of(story)
    tried = candidates(story, coverage, seed)[:TRIES]
    for number, slip in enumerate(tried, start=1):
        name = f"{rendered.name}-{number}"
        try:
            shutil.copytree(coverage.rendered[office], rendered)
            slip.make(coverage.dialplans[office], rendered)
            seen = players.play(story, rendered, name).result()
        finally:
            players.forget(name)
            shutil.rmtree(rendered, ignore_errors=True)
        if seen.kinds and not seen.kinds & {BROKEN, INVALID}:
            return Caught(story, number, slip, tuple(sorted(seen.kinds)))
    return Caught(story, len(tried), None)


def caught_report(coverage: Coverage, caught: Sequence[Caught], seed: str) -> str:
    """Return the report in Markdown: a line for each scenario, those that caught nothing first."""
    plays, nothing = sum(each.tries for each in caught), sum(each.slip is None for each in caught)
    told = [
        "# For each scenario a wrong PBX that it catches",
        f"`python -m tests.mutants --each --seed {seed}`: slips of the hand on lines that a scenario runs",
        f"through, one after the other, until it is red; at most {TRIES}.",
        f"{len(caught)} scenarios, {plays} plays; {nothing} scenarios caught nothing.",
        "",
    ]
    for each in sorted(caught, key=lambda each: each.slip is not None):
        where = f"{Path(each.story.source.file).name.partition('.')[0]}: *{each.story.name}*"
        told.append(f"* {where}: {_slip(coverage, each) if each.slip else f'green on {each.tries}'}")
    return "\n".join(told) + "\n"


def _slip(coverage: Coverage, caught: Caught) -> str:
    if caught.slip is None:
        return ""
    changes = changed(coverage.dialplans[office_of(caught.story)], caught.slip)
    return f"[{caught.slip.place.context}] {changes}: {', '.join(caught.kinds)}"
