"""Each wrong PBX of the table is caught by its story, which is green on the PBX as it was rendered."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from pprint import pformat

import pytest

from harness.pbx.run import open_run

from .mutant import Mutant
from .players import IMAGE, Players, Seen, players, render
from .stories import office_of
from .table import MUTANTS


@pytest.mark.pbx
def test_each_wrong_pbx_is_caught(tmp_path: Path) -> None:
    """By exactly the findings that say what is wrong, no more."""
    with open_run(IMAGE) as environment, players(environment, tmp_path / "out") as opened:
        slow_first = sorted(MUTANTS, key=lambda mutant: -mutant.times)
        mutated = {mutant.name: begin(mutant, opened, tmp_path) for mutant in slow_first}
        unmutated = begin_unmutated(opened, tmp_path)
        seen = {name: [play.result() for play in plays] for name, plays in mutated.items()}
        greens = {name: play.result() for name, play in unmutated.items()}
    reds = {name: play.said for name, play in greens.items() if not play.green}
    assert not reds, pformat(reds)
    wrong = {
        mutant.name: [sorted(each.kinds) for each in seen[mutant.name]]
        for mutant in MUTANTS
        if not caught(mutant, seen[mutant.name])
    }
    assert not wrong, pformat(wrong)


def begin(mutant: Mutant, opened: Players, folder: Path) -> list[Future[Seen]]:
    """Begin to play a mutant, as often as it says."""
    rendered = mutant.make(folder / mutant.id)
    return [opened.play(mutant.scenario, rendered, f"{mutant.id}-{number}") for number in range(mutant.times)]


def begin_unmutated(opened: Players, folder: Path) -> dict[str, Future[Seen]]:
    """Begin to play each story of the table on its office as it is."""
    stories = {mutant.scenario.id: mutant.scenario for mutant in MUTANTS}
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
