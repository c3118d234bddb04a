"""A play with a fault in what PBX or phones send has the verdict of the undisturbed one, or is broken by a named cause.

Scripted, so without Docker: `make test` plays 200 seeds, `make faults` 10,000. A seed that failed is played again by
`pytest tests/faults -k seeds --seeds N`.
"""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from ringproof.core.speed import FASTEST, SLOWEST
from ringproof.scenario.model.scenario import Scenario

from faults.rehearsal import STORIES, Outcome, fault_of, read_stories, rehearse
from faults.scripted import Fault

AT_ONCE = 20
"""Seeds of one test."""
NAMES_A_CAUSE = re.compile(r"phone|PBX|Asterisk|machine|REGISTER of \d+|the call that \d+ is to be on")
EXPECTED = {
    "answered": (),
    "overflow": (),
    "talk in a menu": (),
    "everybody does something else": ("forward-unexpected", "refusal-unexpected", "unseen-unexpected"),
    "a moment": (),
    "steps that fail": ("caller-ended-by", "step-failed"),
    "red": ("caller-ended-by", "missed-unexpected", "ring-instead"),
}


@functools.cache
def stories() -> Mapping[str, Scenario]:
    """Read them once for each process."""
    with tempfile.TemporaryDirectory() as folder:
        return read_stories(Path(folder))


@functools.cache
def undisturbed(name: str, speed: float) -> Outcome:
    """Play a story without a fault."""
    return rehearse(stories()[name], Fault(), speed)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the seeds into tests."""
    if "first_seed" in metafunc.fixturenames:
        metafunc.parametrize("first_seed", range(0, metafunc.config.getoption("--seeds"), AT_ONCE))


@pytest.mark.parametrize("speed", [SLOWEST, FASTEST])
@pytest.mark.parametrize("name", STORIES)
def test_the_undisturbed_play(name: str, speed: float) -> None:
    """The scripted PBX plays each story to its verdict, green or red."""
    outcome = undisturbed(name, speed)
    assert (outcome.broken, outcome.found) == ("", EXPECTED[name])


def test_seeds(first_seed: int) -> None:
    """Dropped, delayed, doubled, reordered and cut blocks and messages, and killed phones: never another verdict."""
    for seed in range(first_seed, first_seed + AT_ONCE):
        name = sorted(STORIES)[seed % len(STORIES)]
        speed = (SLOWEST, FASTEST)[seed // len(STORIES) % 2]
        normal = undisturbed(name, speed)
        fault = fault_of(seed, normal.sent)
        outcome = rehearse(stories()[name], fault, speed)
        if outcome.broken:
            assert NAMES_A_CAUSE.search(outcome.broken), (seed, fault, outcome)
        else:
            assert outcome.found == normal.found, (seed, fault, outcome)


@pytest.mark.parametrize("seed", [1721, 1904, 4480])
def test_what_comes_late_is_a_stall_of_the_machine(seed: int) -> None:
    """What was on its way while the clock was held, and what a step waited for: it was red, and of the PBX."""
    name = sorted(STORIES)[seed % len(STORIES)]
    speed = (SLOWEST, FASTEST)[seed // len(STORIES) % 2]
    outcome = rehearse(stories()[name], fault_of(seed, undisturbed(name, speed).sent), speed)
    assert re.fullmatch(r"this machine stalled for \d+\.0 s", outcome.broken), outcome


def test_what_is_on_its_way_when_a_moment_is_near() -> None:
    """The clock stands some 100 ns before it in half of the plays: they have their verdict, and at once."""
    seed, name = 4476, "overflow"
    normal = undisturbed(name, FASTEST)
    for _ in range(8):
        outcome = rehearse(stories()[name], fault_of(seed, normal.sent), FASTEST)
        assert (outcome.broken, outcome.found) == ("", normal.found)


@pytest.mark.parametrize("kind", ["drop", "double", "cut"])
def test_what_is_missing_or_twice_does_not_go_unseen(kind: str) -> None:
    """Each thing that is sent during a story, one after the other: the play is broken, green is never said of it."""
    normal = undisturbed("answered", FASTEST)
    for at in range(normal.sent // 2, normal.sent - 5, 3):
        assert rehearse(stories()["answered"], Fault(kind, at), FASTEST).broken, (kind, at)


@pytest.mark.parametrize("at", [60, 70, 80])
def test_a_pbx_that_ends(at: int) -> None:
    """By a signal of its own it is red; killed from outside the play is broken."""
    for signal, expected in ((11, ("", ("pbx-crashed",))), (9, ("the PBX ended while the story ran", ()))):
        outcome = rehearse(stories()["answered"], Fault("end", at, victim=signal), FASTEST)
        assert (outcome.broken.partition(":")[0], outcome.found) == expected


def test_a_killed_phone_is_named() -> None:
    """By its name and the signal."""
    outcome = rehearse(stories()["answered"], Fault("kill", 60, victim=1), FASTEST)
    assert re.fullmatch(r"the phone (\w+) was killed by SIGKILL", outcome.broken)


@pytest.mark.parametrize("speed", [SLOWEST, FASTEST])
@pytest.mark.parametrize("left", [0, 4096, 20_000])
def test_a_page_that_is_shrunk(left: int, speed: float) -> None:
    """At any moment of a play, its last one too: the play is broken and names the page; its process lives on."""
    name = "answered"
    sent = undisturbed(name, speed).sent
    for at in (*range(1, sent, 25), *range(sent - 3, sent + 1)):
        outcome = rehearse(stories()[name], Fault("shrink", at, victim=left), speed)
        assert outcome.broken == "the clock's page was overwritten or cut while the story ran", at
