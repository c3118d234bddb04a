"""Mutants at random, each tried in every office that has the line, by the stories that run through it, until a red."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ringproof.scenario.model.scenario import Scenario

from .coverage import Coverage
from .dialplan import Dialplan
from .equivalent import proven, reviewed
from .not_looked_at import not_looked_at
from .operators import Slip, slips
from .players import BROKEN, INVALID, Players, Seen

Verdict = Literal["killed", "refused at boot", "equivalent", "not looked at", "survived"]
LEFT_OUT = frozenset({"in-circles", "two-lines"})
"""Offices that are there for one situation: what else their groups and menus do is played in others. They are tried for
nothing of their own, and for nothing that another office has, too."""
BELIEVED_AFTER = 5
"""Stories that are played on a mutant which a rule calls equivalent: so that a wrong rule is found."""
AGAIN = 2
"""How often a broken play is made again before it counts."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A slip in the dialplan of an office; in those of all offices that share a context, if it is there."""

    places: Mapping[str, Slip]
    """By the office's name."""

    @property
    def office(self) -> str:
        """The first of the offices, by which the slip is chosen."""
        return next(iter(self.places))

    @property
    def slip(self) -> Slip:
        """The slip there."""
        return self.places[self.office]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A slip in one office: what is tried and counted."""

    office: str
    slip: Slip


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of it."""

    mutation: Mutation
    verdict: Verdict
    played: int
    """Plays."""
    through: int
    """Stories that run through what was changed."""
    story: str = ""
    kinds: tuple[str, ...] = ()
    reason: str = ""


def choose(dialplans: Mapping[str, Dialplan], count: int, seed: str) -> list[Chosen]:
    """Return `count` slips, of each operator at each line at most one.

    By a hash of what each is, not by its number: a line that is added elsewhere changes nothing of the choice.
    """
    shared = Counter(dialplan.section(context) for dialplan in dialplans.values() for context in dialplan.contexts)
    made: dict[str, dict[str, Slip]] = {}
    for office, dialplan in dialplans.items():
        for slip in slips(dialplan):
            home = "shared" if shared[dialplan.section(slip.place.context)] > 1 else office
            made.setdefault(_mark(seed, home, dialplan, slip), {}).setdefault(office, slip)
    first: dict[tuple[str, int, str], Chosen] = {}
    for _, everywhere in sorted(made.items()):
        places = {office: slip for office, slip in everywhere.items() if office not in LEFT_OUT}
        if not places:
            continue
        chosen = Chosen(places)
        first.setdefault((chosen.office, chosen.slip.place.index, chosen.slip.operator), chosen)
    return [*first.values()][:count]


def mutations(chosen: Sequence[Chosen], coverage: Coverage) -> list[Mutation]:
    """Return each slip once for every office through whose line a story runs; where none is, for its first one."""
    found: list[Mutation] = []
    for each in chosen:
        offices = [office for office, slip in each.places.items() if coverage.stories_through(office, slip)]
        found += [Mutation(office, each.places[office]) for office in offices or [each.office]]
    return found


def try_all(
    mutated: Sequence[Mutation], coverage: Coverage, players: Players, folder: Path, at_once: int
) -> Iterator[Tried]:
    """Yield what becomes of each mutant, in their order."""

    def one(number: int) -> Tried:
        rendered = folder / f"mutant-{number}"
        try:
            return _try(mutated[number], coverage, players, rendered)
        finally:
            shutil.rmtree(rendered, ignore_errors=True)

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(one, range(len(mutated)))


def _try(mutation: Mutation, coverage: Coverage, players: Players, rendered: Path) -> Tried:
    office, slip = mutation.office, mutation.slip
    dialplan = coverage.dialplans[office]
    shutil.copytree(coverage.rendered[office], rendered)
    slip.make(dialplan, rendered)
    stories = coverage.stories_through(office, slip)
    reason = proven(dialplan, slip)
    played = 0
    for story in stories[:BELIEVED_AFTER] if reason else stories:
        seen, made = _play(players, story, rendered, f"{rendered.name}-{played}")
        played += made
        if not seen.green:
            verdict: Verdict = "refused at boot" if seen.kinds == {INVALID} else "killed"
            kinds = tuple(sorted(seen.kinds))
            return Tried(mutation, verdict, played, len(stories), story.name, kinds, seen.said[0])
    if reason := reason or reviewed(dialplan, slip):
        return Tried(mutation, "equivalent", played, len(stories), reason=reason)
    if reason := not_looked_at(dialplan, slip):
        return Tried(mutation, "not looked at", played, len(stories), reason=reason)
    return Tried(mutation, "survived", played, len(stories), reason="" if stories else "no story runs through it")


def _play(players: Players, story: Scenario, rendered: Path, name: str) -> tuple[Seen, int]:
    """Play; what breaks, again."""
    made = 0
    while True:
        made += 1
        seen = players.play(story, rendered, name).result()
        players.forget(name)
        if seen.kinds != {BROKEN} or made > AGAIN:
            return seen, made


def _mark(seed: str, home: str, dialplan: Dialplan, slip: Slip) -> str:
    lines = [(dialplan.lines[index], new) for index, new in slip.lines]
    told = repr((seed, home, slip.place.context, slip.place.extension, slip.operator, lines))
    return hashlib.sha256(told.encode()).hexdigest()
