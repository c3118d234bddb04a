"""For every kind of difference: two observations that have it, and none where they are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.compare import Difference, Kind, NotTheSameStoryError, compare
from ringproof.core.duration import PbxSeconds
from ringproof.observe import Observation
from ringproof.observe.model import Heard, ObservedCommand, ObservedPrompt, ObservedRing, ObservedSound, ObservedTalk
from story_book import lead, rang, seen

LABELS = ("at speed 1", "at speed 500")
NEVER = PbxSeconds(float("inf"))


def kinds(left: Observation, right: Observation, tolerance: float = 0.25) -> list[Kind]:
    """Reduce the comparison to its kinds."""
    return [difference.kind for difference in compare(left, right, labels=LABELS, tolerance=tolerance)]


def shown(ring: ObservedRing, caller: str) -> ObservedRing:
    """The same ring, with another caller on the display."""
    return replace(ring, shows=caller)


def forwarded(to: str) -> ObservedRing:
    """A call that 101 sent on."""
    return replace(rang("101", 0, 1, "forwarded"), to=to)


def talk(caller_hears: str, phone_hears: str) -> ObservedTalk:
    """What came in at both ends of a talk with 101."""
    return ObservedTalk(phone="101", caller_hears=tuple(caller_hears.split()), phone_hears=tuple(phone_hears.split()))


def view(observation: Observation, **changes: object) -> Observation:
    """The same observation with changes in anna's call."""
    return replace(observation, callers={"anna": replace(observation.callers["anna"], **changes)})  # type: ignore[arg-type]


def command(header: str) -> ObservedCommand:
    """By which 101 is commanded to pick up."""
    return ObservedCommand(phone="101", at=PbxSeconds(0.1), does="pick up", message="INVITE", header=header)


def heard(*kinds_: Heard) -> tuple[ObservedSound, ...]:
    """What a caller hears, ten seconds of each."""
    return tuple(
        ObservedSound(kind=kind, start=PbxSeconds(10.0 * number), end=PbxSeconds(10.0 * number + 10))
        for number, kind in enumerate(kinds_)
    )


PROMPT = ObservedPrompt(at=PbxSeconds(1.0), name="welcome", language="en")
RING = rang("101", 0.1, 15.1)
REFUSED = rang("101", 0, 1, "refused", code=488)
LATE = rang("103", 63.0, 70.0, caller=None)
CASES: list[tuple[list[Kind], Observation, Observation]] = [
    (["call"], seen(), view(seen(), placed=None)),
    (["keys-pressed"], seen(pressed="2"), seen(pressed="")),
    (["keys-heard"], seen(pressed="2", keys="2"), seen(pressed="2", keys="22")),
    (["key-moment"], seen(acted=5.0, ended=60.0), seen(acted=5.3, ended=60.3)),
    (["ring-count"], seen(RING), seen()),
    (["ring-count"], seen(RING, rang("101", 15.1, 30)), seen(rang("101", 0.1, 30))),
    (["ring-order", "ring-start", "ring-start"], seen(rang("101", 0.1, 9), rang("102", 0.4, 9.3)), seen(
        rang("101", 0.4, 9.3), rang("102", 0.1, 9))),
    (["ring-start"], seen(RING), seen(rang("101", 0.4, 15.4))),
    (["ring-length"], seen(RING), seen(rang("101", 0.1, 15.4))),
    (["ring-ending"], seen(RING), seen(rang("101", 0.1, 15.1, "lost"))),
    (["ring-ending"], seen(rang("101", 0, 1, "refused", code=486)), seen(rang("101", 0, 1, "refused", code=603))),
    (["ring-aloud"], seen(RING), seen(rang("101", 0.1, 15.1, alerted=False))),
    (["ring-missed"], seen(RING), seen(rang("101", 0.1, 15.1, missed=True))),
    (["ring-shows"], seen(shown(RING, "+7495")), seen(shown(RING, "+7496"))),
    (["ring-shows"], seen(RING), seen(replace(RING, name="Anna"))),
    (["ring-shows"], seen(RING), seen(replace(RING, diverted="100"))),
    (["ring-command"], seen(RING), seen(replace(RING, commands=(command("Answer-Mode: Auto"),)))),
    (["ring-command"], seen(replace(RING, commands=(command("Event: talk"),))), seen(
        replace(RING, commands=(command("Event: hold"),)))),
    (["commands"], seen(), seen(commands=(command("Event: talk"),))),
    (["caller-hears"], view(seen(RING), hears=heard("ringing")), view(seen(RING), hears=heard("music"))),
    (["caller-hears"], view(seen(RING), hears=heard("ringing")), view(seen(RING), hears=heard("sound", "ringing"))),
    (["prompts"], seen(RING), view(seen(RING), prompts=(PROMPT,))),
    (["answers"], seen(answers=(("101", 5.0),)), seen(answers=(("102", 5.0),))),
    (["answers"], seen(answers=(("101", 5.0),)), seen()),
    (["answers"], seen(answers=(("101", 5.0), ("102", 5.1))), seen(answers=(("102", 5.0), ("101", 5.1)))),
    (["answer-moment"], seen(answers=(("101", 5.0),)), seen(answers=(("101", 5.3),))),
    (["heard"], seen(talks=(talk("101", "anna"),)), seen(talks=(talk("102", "anna"),))),
    (["heard"], seen(talks=(talk("101", "anna"),)), seen(talks=(talk("101", ""),))),
    (["ring-ending"], seen(forwarded("102")), seen(forwarded("103"))),
    (["parted"], seen(), seen(parted=(("101", PbxSeconds(9.0)),))),
    (["company"], seen(), seen(company=(("boris", PbxSeconds(9.0)),))),
    (["caller-code"], seen(code=487), seen(code=486)),
    (["caller-code"], seen(code=487), seen(code=None)),
    (["caller-connected"], seen(connected=5.0), seen(connected=5.3)),
    (["caller-connected"], seen(connected=5.0), seen()),
    (["caller-ended-by"], seen(ended_by="harness"), seen(ended_by="pbx")),
    (["caller-end"], seen(ended=60.0), seen(ended=60.3)),
    (["caller-end"], seen(ended=60.0), seen(ended=None)),
    (["stray-rings"], seen(), seen(strays=(LATE,))),
    (["stray-rings"], seen(strays=(LATE, LATE)), seen(strays=(LATE,))),
    (["late-rings"], seen(), seen(late_rings=(LATE,))),
    (["late-legs"], seen(), seen(late_legs=(("101", NEVER),))),
    (["trunk-legs"], seen(), seen(trunk_legs=(PbxSeconds(3.0),))),
    (["dial-failures"], seen(), seen(dial_failures=((PbxSeconds(3.0), "109", "no such endpoint"),))),
    (["failed-steps"], seen(), seen(failed_steps=((1, "call over"),))),
    (["failed-steps"], seen(failed_steps=((1, "not heard"),)), seen(failed_steps=((1, "call over"),))),
    (["registrations"], seen(), seen(registrations_refused=(("101", 403, ""),))),
    (["registrations"], seen(), seen(registrations_lost=(("101", ""),))),
    (["dropped"], seen(), seen(talks_refused=(("101", 488, "no common codec"),))),
    (["ring-ending"], seen(REFUSED), seen(replace(REFUSED, because="no common codec"))),
    (["crash"], seen(), seen(crashed=11)),
    (["crash"], seen(crashed=6), seen(crashed=11)),
    (["dropped"], seen(), seen(dropped=(("101", PbxSeconds(3.0)),))),
    (["endless-call"], seen(), seen(endless="s@group-sales")),
    (["led-elsewhere"], seen(), seen(elsewhere=(lead("101"),))),
    (["led-elsewhere"], seen(elsewhere=(lead("101"),)), seen(elsewhere=(lead("101"), lead("102")))),
    (["calls"], seen(), replace(seen(), earlier=(seen(),))),
    (["ring-length"], replace(seen(), earlier=(seen(RING),)), replace(seen(), earlier=(seen(rang("101", 0.1, 15.4)),))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "left", "right"), CASES, ids=[f"{n}-{case[0][-1]}" for n, case in enumerate(CASES)]
)
def test_each_kind_is_seen_from_both_sides(expected: list[Kind], left: Observation, right: Observation) -> None:
    """What differs differs whichever play stands left; a play does not differ from itself."""
    assert sorted(kinds(left, right)) == sorted(expected)
    assert sorted(kinds(right, left)) == sorted(expected)
    assert kinds(left, left) == kinds(right, right) == []


def test_every_kind_has_a_case() -> None:
    """A kind without a case might never be seen."""
    assert {kind for case in CASES for kind in case[0]} == set(get_args(Kind))


SAME: list[tuple[str, Observation, Observation]] = [
    ("within the tolerance", seen(RING, ended=60.0), seen(rang("101", 0.3, 15.5), ended=60.2)),
    ("another Call-ID", seen(RING), seen(replace(RING, call_id="another"))),
    ("the INVITEs of one boundary in another order", seen(rang("101", 0.1, 9), rang("102", 0.12, 9)), seen(
        rang("102", 0.1, 9), rang("101", 0.2, 9))),
    ("the key came later, and all that follows with it",
        seen(rang("101", 5.1, 20.1), acted=5.0, ended=30.0), seen(rang("101", 5.3, 20.3), acted=5.2, ended=30.2)),
    ("the longer watch saw more", seen(late_rings=(LATE,)), replace(seen(), watched=PbxSeconds(2.0))),
    ("and a call that left the office", seen(trunk_legs=(PbxSeconds(64.0),)), replace(seen(), watched=PbxSeconds(2.0))),
    ("and a dial", seen(dial_failures=((PbxSeconds(64.0), "109", "not there"),)),
        replace(seen(), watched=PbxSeconds(2.0))),
    ("when somebody was sent elsewhere, and by how many lines",
        seen(elsewhere=(lead("101"), lead("102"))), seen(elsewhere=(lead("102"), lead("101", 5.0), lead("101")))),
    ("how far a leg outlived its caller", seen(late_legs=(("101", PbxSeconds(1.1)),)), seen(
        late_legs=(("101", PbxSeconds(1.4)),))),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_what_is_no_difference(left: Observation, right: Observation) -> None:
    """Two plays are never equal to the byte; this much of it means nothing."""
    assert kinds(left, right) == kinds(right, left) == []


def test_a_shift_within_the_tolerance_of_the_key_does_not_add_up() -> None:
    """Counted from the call the ring came 0.4 s later, counted from the key 0.2 s: that is what the PBX did."""
    early, late = seen(rang("101", 5.1, 20.1), acted=5.0), seen(rang("101", 5.5, 20.5), acted=5.2)
    assert kinds(early, late) == []
    assert kinds(early, seen(rang("101", 5.6, 20.6), acted=5.2)) == ["ring-start"]


def test_a_ring_before_the_key_counts_from_the_call() -> None:
    """The first ring of a caller who presses a key afterwards follows from his call."""
    (found,) = compare(
        seen(rang("101", 1.1, 4), acted=9.0), seen(rang("101", 2.1, 5), acted=9.0), labels=LABELS, tolerance=0.25
    )
    assert found.sentence == (
        "101's ring begins: 1.1 s after anna's call at speed 1, 2.1 s after anna's call at speed 500"
    )


def told(left: Observation, right: Observation, tolerance: float = 0.25) -> list[str]:
    """The sentences."""
    return [entry.sentence for entry in compare(left, right, labels=LABELS, tolerance=tolerance)]


def test_sentences() -> None:
    """One sentence says what, and what either play saw of it; a second ring is told by its number."""
    two = [rang("101", 0.1, 15.1), rang("101", 15.1, 30.1)]
    assert told(seen(*two), seen(two[0], rang("101", 15.1, 31.1))) == [
        "101's ring 2 lasts: 15 s at speed 1, 16 s at speed 500"
    ]
    assert told(seen(*two), seen()) == ["rings of 101: 2 (at 0.1 s, 15.1 s) at speed 1, 0 at speed 500"]
    assert told(seen(ended=60.0), seen(ended=None)) == [
        "anna's call ends: 60 s after anna's last action at speed 1, never at speed 500"
    ]
    assert told(seen(rang("101", 0, 0.01)), seen(rang("101", 0, 0.02)), tolerance=0.001) == [
        "101's ring lasts: 0.010 s at speed 1, 0.020 s at speed 500"
    ]
    assert told(seen(strays=(LATE, LATE)), seen(crashed=11)) == [
        "Asterisk crashed: nothing at speed 1, signal 11 at speed 500",
        "rings that were nobody's call: 103 (2 times) at speed 1, nothing at speed 500",
    ]


def test_each_call_of_a_story_that_is_told_many_times() -> None:
    """Is compared with the same one of the other play, and told by its number."""
    many = replace(seen(RING), earlier=(seen(), seen(RING), seen()))
    assert told(many, replace(seen(RING), earlier=(seen(), seen(), seen()))) == [
        "call 2: rings of 101: 1 (at 0.1 s) at speed 1, 0 at speed 500"
    ]
    assert told(many, replace(seen(), earlier=(seen(),))) == [
        "the story is told: 4 times at speed 1, 2 times at speed 500",
        "call 2: rings of 101: 1 (at 0.1 s) at speed 1, 0 at speed 500",
    ]


def test_observations_of_two_scenarios_are_refused() -> None:
    """That is no difference but a mistake of who compares."""
    with pytest.raises(NotTheSameStoryError, match="callers anna at speed 1, nobody at speed 500"):
        kinds(seen(), replace(seen(), callers={}))


moments = st.floats(min_value=0, max_value=100, allow_nan=False)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """Any call with up to four rings."""
    rings: Sequence[ObservedRing] = [
        rang(
            draw(st.sampled_from(["101", "102", "103"])),
            start,
            start + draw(moments),
            draw(st.sampled_from(["answered", "lost", "cancelled"])),
            alerted=draw(st.booleans()),
            missed=draw(st.booleans()),
        )
        for start in sorted(draw(st.lists(moments, max_size=4)))
    ]
    return seen(
        *rings,
        acted=draw(moments),
        ended=draw(st.none() | moments),
        connected=draw(st.none() | moments),
        code=draw(st.sampled_from([200, 486, None])),
        late_legs=draw(st.sampled_from([(), (("101", NEVER),)])),
    )


@given(observations())
def test_nothing_differs_from_itself(observation: Observation) -> None:
    """Whatever was seen."""
    assert compare(observation, observation, labels=LABELS, tolerance=0.0) == ()


@given(observations(), observations())
def test_both_directions_agree(left: Observation, right: Observation) -> None:
    """The same kinds, and the two sides of each sentence exchanged."""
    there = compare(left, right, labels=LABELS, tolerance=0.25)
    back = compare(right, left, labels=LABELS, tolerance=0.25)
    assert [_turned(entry) for entry in there] == [_facts(entry) for entry in back]


def _facts(entry: Difference) -> tuple[str, str, str]:
    return entry.what, entry.left, entry.right


def _turned(entry: Difference) -> tuple[str, str, str]:
    return entry.what, entry.right, entry.left
