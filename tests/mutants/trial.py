"""Mutants at random, each tried by the stories that run through what was changed, until one turns red."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.scenario.story import Scenario

from .coverage import Coverage
from .dialplan import Dialplan
from .equivalent import proven, reviewed
from .operators import Slip, slips
from .players import BROKEN, INVALID, Players, Seen
from .stories import office_of

Verdict = Literal["killed", "refused at boot", "equivalent", "survived"]
LEFT_OUT = frozenset({"in-circles", "two-lines"})
"""Offices that are there for one situation: what else their groups and menus do is played in others."""
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
        """One of the offices, by which the slip is told."""
        return next(iter(self.places))

    @property
    def slip(self) -> Slip:
        """The slip there."""
        return self.places[self.office]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of it."""

    chosen: Chosen
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
    for _, places in sorted(made.items()):
        if places.keys() <= LEFT_OUT:
            continue
        chosen = Chosen(places)
        first.setdefault((chosen.office, chosen.slip.place.index, chosen.slip.operator), chosen)
    return [*first.values()][:count]


def try_all(chosen: list[Chosen], coverage: Coverage, players: Players, folder: Path, at_once: int) -> Iterator[Tried]:
    """Yield what becomes of each mutant, in their order."""

    def one(number: int) -> Tried:
        rendered = folder / f"mutant-{number}"
        try:
            return _try(chosen[number], coverage, players, rendered)
        finally:
            shutil.rmtree(rendered, ignore_errors=True)

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(one, range(len(chosen)))


def _try(chosen: Chosen, coverage: Coverage, players: Players, rendered: Path) -> Tried:
    for office, slip in chosen.places.items():
        shutil.copytree(coverage.rendered[office], rendered / office)
        slip.make(coverage.dialplans[office], rendered / office)
    stories = coverage.stories_through(chosen.places)
    dialplan = coverage.dialplans[chosen.office]
    reason = proven(dialplan, chosen.slip)
    played = 0
    for story in stories[:BELIEVED_AFTER] if reason else stories:
        seen, made = _play(players, story, rendered / office_of(story), f"{rendered.name}-{played}")
        played += made
        if seen.kinds == {INVALID}:
            return Tried(chosen, "refused at boot", played, len(stories), story.name, (INVALID,), seen.said[0])
        if not seen.green:
            return Tried(chosen, "killed", played, len(stories), story.name, tuple(sorted(seen.kinds)), seen.said[0])
    if reason := reason or reviewed(dialplan, chosen.slip):
        return Tried(chosen, "equivalent", played, len(stories), reason=reason)
    return Tried(chosen, "survived", played, len(stories), reason="" if stories else "no story runs through it")


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
