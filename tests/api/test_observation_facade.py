"""What a tester asks an observation, on one written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import ringproof
from ringproof.core.duration import PbxSeconds
from ringproof.observe.model import Observation as Model
from ringproof.observe.model import ObservedPrompt, ObservedSound
from story_book import rang, scenario, seen

GROWS = (rang("101", 0.6, 33.6), rang("102", 15.6, 33.6, missed=True), rang("103", 30.6, 33.6, "answered"))


def facade(model: Model) -> ringproof.Observation:
    """Return what a tester gets of it."""
    story = scenario()
    callers = {name: replace(story.callers["anna"], name=name) for name in model.callers}
    return ringproof.Observation(replace(story, callers=callers), model, Path("out/story-1"))


@pytest.fixture
def grown() -> ringproof.Observation:
    """101, then 102 joins, then 103, which answers."""
    return facade(seen(*GROWS, answers=(("103", 33.6),), code=200, keys="2"))


def test_who_rang_in_which_order_and_who_answered(grown: ringproof.Observation) -> None:
    """Of all calls, and of one."""
    call = grown.of("anna")
    assert grown.order() == call.order() == ["101", "102", "103"]
    assert grown.answered_by == call.answered_by == "103"
    assert grown.missed == call.missed == ["102"]
    assert (grown.rang("102"), grown.rang(102), call.rang("100")) == (True, True, False)
    assert [(sorted(wave.phones), wave.lasts) for wave in grown.waves] == [
        (["101"], 15.0),
        (["101", "102"], 15.0),
        (["101", "102", "103"], 3.0),
    ]
    assert (call.code, call.keys, call.ended_by) == (200, "2", "harness")


def test_nobody_rang() -> None:
    """Nothing is seen of phones."""
    silent = facade(seen())
    assert (silent.order(), silent.missed, silent.answered_by, silent.waves) == ([], [], None, [])
    assert repr(silent) == "<Observation of anna: nobody rang; nobody answered>"


def test_rings_of_one_moment_are_listed_by_number() -> None:
    """A group that rings all has no order: which INVITE comes first is chance. The next one has."""
    rings = [rang("103", 0.50, 9.0), rang("101", 0.52, 9.0), rang("102", 0.55, 9.0), rang("100", 9.0, 20.0)]
    assert facade(seen(*rings)).order() == ["101", "102", "103", "100"]


def test_what_belongs_to_nobody_rang_all_the_same() -> None:
    """A stray ring and one after the end: `not seen.rang(...)` must not pass."""
    odd = facade(seen(strays=(rang("102", 1.0, 2.0, caller=None),), late_rings=(rang("103", 70.0, 71.0),)))
    assert odd.order() == ["102", "103"]
    assert odd.of("anna").order() == []


def test_what_the_caller_heard() -> None:
    """Kinds of sound and names of files, in order."""
    model = seen(*GROWS)
    sounds = (
        ObservedSound(kind="sound", start=PbxSeconds(0), end=PbxSeconds(1)),
        ObservedSound(kind="ringing", start=PbxSeconds(1), end=PbxSeconds(2)),
    )
    prompts = (ObservedPrompt(at=PbxSeconds(0.1), name="welcome", language="en"),)
    view = replace(model.callers["anna"], hears=sounds, prompts=prompts)
    heard = facade(replace(model, callers={"anna": view}))
    assert heard.heard == ["sound", "ringing"]
    assert heard.of("anna").prompts == ["welcome"]


def test_it_reads_well(grown: ringproof.Observation, golden: Callable[[str, str], None]) -> None:
    """One line in a failed assert, which pytest cuts at 240 characters; the ring chart as text."""
    assert repr(grown) == (
        "<Observation of anna: 101 for 15 s, 101+102 for 15 s, 101+102+103 for 3 s; answered by 103>"
    )
    golden("api/observation.txt", f"{grown}\n")


def test_a_story_that_is_told_many_times_has_earlier_calls() -> None:
    """So that a test can count who was chosen."""
    first = seen(rang("102", 1.0, 5.0, "answered"), answers=(("102", 5.0),))
    last = seen(rang("101", 1.0, 5.0, "answered"), answers=(("101", 5.0),))
    told = facade(replace(last, earlier=(first,)))
    assert [each.answered_by for each in (*told.earlier, told)] == ["102", "101"]


def test_to_dict_is_json(grown: ringproof.Observation) -> None:
    """Plain values."""
    plain = grown.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert [ring["phone"] for ring in plain["callers"]["anna"]["rings"]] == ["101", "102", "103"]


def test_what_is_asked_wrongly_says_what_to_write() -> None:
    """A caller who did not call; one answer of two calls."""
    model = seen(*GROWS)
    two = facade(replace(model, callers={**model.callers, "boris": replace(model.callers["anna"], caller="boris")}))
    with pytest.raises(ringproof.RingproofError, match=r"there is no call of 'bob' .*; anna and boris called"):
        two.of("bob")
    with pytest.raises(ringproof.RingproofError, match=r"write `\.of\('anna'\)\.answered_by`"):
        _ = two.answered_by
