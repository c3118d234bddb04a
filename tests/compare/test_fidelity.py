"""`make fidelity`: what it chooses, what makes it red, and a dozen of the bundled scenarios for each commit."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import fidelity
import pytest
from story_book import rang, scenario, seen

STORY = scenario()
SLOW = fidelity.Seen("passed", (), 1.0, 1, 60.0, seen(rang("101", 0.1, 15.1)))
FAST = replace(SLOW, speed=500.0)


def test_the_same_twice_is_green() -> None:
    """No complaint, and a line that says how many and at which speed."""
    verdict = fidelity.judge(STORY, SLOW, FAST)
    assert (verdict.exit_code, verdict.complaints) == (0, [])
    assert fidelity.report([verdict]).startswith("1 of 1 scenarios are the same at speed 1 and at 500 or more: ")


def test_a_difference_is_red() -> None:
    """Both plays passed, but not in the same way."""
    verdict = fidelity.judge(STORY, SLOW, replace(FAST, observation=seen(rang("101", 0.1, 15.5))))
    assert verdict.exit_code == 1
    assert fidelity.report([verdict, fidelity.judge(STORY, SLOW, FAST)]).splitlines()[:3] == [
        "story.ring.yaml:5: story",
        "    101's ring lasts: 15 s at speed 1, 15.4 s at speed 500",
        (
            "1 of 2 scenarios are the same at speed 1 and at 500 or more: who rang, in which order, when to 0.25 s, "
            "how it ended; 0 plays made again for a stall"
        ),
    ]


def test_a_red_is_red_although_both_are_the_same() -> None:
    """A suite that fails on both clocks has proven nothing of the clock."""
    slow, fast = (replace(seen, outcome="failed", sentences=("101 rang too long",)) for seen in (SLOW, FAST))
    verdict = fidelity.judge(STORY, slow, fast)
    assert verdict.exit_code == 1
    assert verdict.complaints == ["failed at speed 1: 101 rang too long", "failed at speed 500: 101 rang too long"]


def test_a_play_that_says_nothing_is_no_agreement() -> None:
    """Exit 3, as everywhere."""
    broken = replace(FAST, outcome="broken", sentences=("101 did not register",), observation=None)
    assert fidelity.judge(STORY, SLOW, broken).exit_code == 3
    assert fidelity.judge(STORY, broken, FAST).exit_code == 3


def test_a_seed_chooses_the_same_again_and_another_one_others() -> None:
    """In the order of the files, each at most once."""
    stories = [replace(STORY, id=f"story-{number}") for number in range(70)]
    dozen = [story.id for story in fidelity.choose(stories, 12, "a")]
    assert dozen == [story.id for story in fidelity.choose(stories, 12, "a")]
    assert dozen != [story.id for story in fidelity.choose(stories, 12, "b")]
    assert len(set(dozen)) == 12
    assert dozen == sorted(dozen, key=lambda name: int(name.partition("-")[2]))
    assert len(fidelity.choose(stories, 100, "a")) == 70


def test_only_what_is_left_to_chance_is_left_out() -> None:
    """Where the PBX chooses at random, or which caller comes first is chance, two plays differ on any clock."""
    left_out = {story.name for story in fidelity.bundled() if story.has_choices}
    assert left_out
    assert all(
        any(word in name for word in ("random", "at the same moment", "step by step", "twice")) for name in left_out
    ), left_out


def commit() -> str:
    """The commit that is tested: its dozen stays the same however often it is tested; other commits take others."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=fidelity.ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "no commit"


@pytest.mark.pbx
@pytest.mark.alone
def test_a_dozen_scenarios_are_the_same_at_speed_1_and_raced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bundled scenarios that this commit's hash chooses; `make fidelity` plays all of them."""
    code = fidelity.main(["--some", "12", "--seed", commit(), "--out", str(tmp_path)])
    told = capsys.readouterr().out
    if code:
        pytest.fail(f"exit {code}; again: python -m tests.fidelity --some 12 --seed {commit()}\n{told}", pytrace=False)
    assert "12 of 12 scenarios are the same" in told
