"""Each wrong PBX of the table is caught by its story, which is green on the PBX as it was rendered."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from pprint import pformat

import pytest
from ringproof.containers.run import open_run
from ringproof.setup import image

from .mutant import Mutant
from .players import IMAGE, Players, Seen, players, render
from .stories import office_of
from .table import MUTANTS
from .wrong_legs import WRONG_LEGS

_OF_EACH_FILE = {mutant.file: mutant for mutant in MUTANTS if mutant.times == 1}
ON_16 = tuple({mutant.id: mutant for mutant in (*WRONG_LEGS, *_OF_EACH_FILE.values())}.values())
"""On Asterisk 16: the legs that tell one another what happened, and one mistake of each file."""


@pytest.mark.pbx
@pytest.mark.alone
def test_each_wrong_pbx_is_caught(tmp_path: Path) -> None:
    """By exactly the findings that say what is wrong, no more."""
    catch(MUTANTS, IMAGE, tmp_path)


@pytest.mark.pbx
@pytest.mark.alone
def test_a_wrong_asterisk_16_is_caught_as_well(tmp_path: Path) -> None:
    """The same findings."""
    catch(ON_16, image.ensure(image.recipe_of("16")), tmp_path)


def catch(mutants: Sequence[Mutant], name: str, tmp_path: Path) -> None:
    """Play these mutants and their stories on an image; each is red as the table says, each story green without it."""
    with open_run(name) as environment, players(environment, tmp_path / "out") as opened:
        slow_first = sorted(mutants, key=lambda mutant: -mutant.times)
        mutated = {mutant.name: begin(mutant, opened, tmp_path) for mutant in slow_first}
        unmutated = begin_unmutated(mutants, opened, tmp_path)
        seen = {name: [play.result() for play in plays] for name, plays in mutated.items()}
        greens = {name: play.result() for name, play in unmutated.items()}
    reds = {name: play.said for name, play in greens.items() if not play.green}
    assert not reds, pformat(reds)
    wrong = {
        mutant.name: [sorted(each.kinds) for each in seen[mutant.name]]
        for mutant in mutants
        if not caught(mutant, seen[mutant.name])
    }
    assert not wrong, pformat(wrong)


def begin(mutant: Mutant, opened: Players, folder: Path) -> list[Future[Seen]]:
    """Begin to play a mutant, as often as it says."""
    rendered = mutant.make(folder / mutant.id)
    return [opened.play(mutant.scenario, rendered, f"{mutant.id}-{number}") for number in range(mutant.times)]


def begin_unmutated(mutants: Sequence[Mutant], opened: Players, folder: Path) -> dict[str, Future[Seen]]:
    """Begin to play each story of the mutants on its office as it is."""
    stories = {mutant.scenario.id: mutant.scenario for mutant in mutants}
    offices = {office_of(story): story for story in stories.values()}
    rendered = {name: render(story, folder / name) for name, story in offices.items()}
    return {name: opened.play(story, rendered[office_of(story)], name) for name, story in stories.items()}


def caught(mutant: Mutant, plays: list[Seen]) -> bool:
    """True where the plays found what the table says."""
    if mutant.times == 1:
        return plays[0].kinds == mutant.kinds
    return all(each.kinds <= mutant.kinds for each in plays) and any(each.kinds for each in plays)


def test_the_table_is_long_and_its_names_are_its_own() -> None:
    """At least 60 mistakes."""
    assert len({mutant.id for mutant in MUTANTS}) == len(MUTANTS) >= 60


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_each_can_be_made_of_what_is_rendered_today(mutant: Mutant, tmp_path: Path) -> None:
    """What it changes is still there."""
    mutant.make(tmp_path)
