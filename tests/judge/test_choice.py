"""Choices of the PBX: the name stands for the phone that was chosen; who may not be chosen is a finding."""

from __future__ import annotations

from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.judge import Kind, judge
from ringproof.observe import Observation
from ringproof.observe.model import ObservedTalk
from ringproof.scenario.model.scenario import Answer, CallerGets, Expectation, Forwarded, Missed, Refused, Ring, Talk
from story_book import at, rang, scenario, seen

ALL = ("101", "102", "103")


def choice(line: int, name: str = "", *excluded: str, lasts: float = 15.0) -> Ring:
    """One of three phones rings."""
    return Ring(source=at(line), phones=(), one_of=ALL, name=name, excluded=excluded, lasts=PbxSeconds(lasts))


def kinds(observation: Observation, *expectations: Expectation) -> list[tuple[Kind, int]]:
    """What is found, and where it stands."""
    return [(finding.kind, finding.source.line) for finding in judge(scenario(*expectations), observation)]


HUNT = (choice(11, "first"), choice(12, "second", "first"), Missed(source=at(13), phones=("first", "second")))


def test_whoever_is_chosen_is_right() -> None:
    """In any order; the names follow."""
    for first, second in (("101", "102"), ("103", "101"), ("102", "103")):
        calls = rang(first, 0.1, 15.1, missed=True), rang(second, 15.2, 30.2, missed=True)
        assert kinds(seen(*calls), *HUNT) == []


def test_who_was_rung_before_may_not_be_chosen_again() -> None:
    """A hunt that rings the same phone twice."""
    twice = seen(rang("101", 0.1, 15.1, missed=True), rang("101", 15.2, 30.2, missed=True))
    (found, *_) = judge(scenario(*HUNT), twice)
    assert (found.kind, found.sentence) == (
        "ring-instead",
        "expected one of 102 and 103 to ring after 15 s; 101 rang instead",
    )


def test_two_at_once_are_no_choice() -> None:
    """Nor is nobody, nor somebody else."""
    assert ("ring-instead", 11) in kinds(seen(rang("101", 0.1, 15.1), rang("102", 0.1, 15.1)), choice(11))
    assert ("ring-instead", 11) in kinds(seen(rang("100", 0.1, 15.1)), choice(11))
    assert ("ring-missing", 11) in kinds(seen(), choice(11))
    assert kinds(seen(rang("103", 0.1, 15.1)), choice(11)) == []


def test_the_name_stands_wherever_a_phone_may() -> None:
    """Who answers, refuses, misses, ends the call: the chosen one, and a finding where it was another."""
    answer = (choice(11, "first", lasts=5.0), Answer(source=at(12), phone="first"))
    call = rang("102", 0.1, 5.1, "answered"), rang("103", 7.0, 9.0, "answered")
    assert kinds(seen(call[0], answers=(("102", 5.1),)), *answer) == []
    assert ("answer-instead", 12) in kinds(seen(*call, answers=(("103", 9.0),)), *answer)

    refusal = (choice(11, "first", lasts=3.0), Refused(source=at(12), codes={"first": (603,)}))
    assert kinds(seen(rang("102", 0.1, 3.1, "refused", code=603)), *refusal) == []
    assert ("refusal-code", 12) in kinds(seen(rang("102", 0.1, 3.1, "refused", code=486)), *refusal)

    ended = (*answer, CallerGets(source=at(13), ended_by="first"))
    talked = seen(call[0], answers=(("102", 5.1),), ended_by="102")
    assert kinds(talked, *ended) == []
    assert kinds(seen(call[0], answers=(("102", 5.1),), ended_by="pbx"), *ended) == [("caller-ended-by", 13)]

    counted = (choice(11, "first"), Missed(source=at(12), phones=("first",), times={"first": 1}))
    assert kinds(seen(rang("102", 0.1, 15.1, missed=True)), *counted) == []
    assert ("missed-missing", 12) in kinds(seen(rang("102", 0.1, 15.1)), *counted)


def test_a_chosen_phone_may_ring_on() -> None:
    """The name in a later wave is the phone that was chosen."""
    waves = (choice(11, "first"), Ring(source=at(12), phones=("first", "100")))
    assert kinds(seen(rang("102", 0.1, 30.1), rang("100", 15.1, 30.1)), *waves) == []
    other = seen(rang("102", 0.1, 15.1), rang("103", 15.1, 30.1), rang("100", 15.1, 30.1))
    assert kinds(other, *waves) == [("ring-instead", 12)]


def test_of_two_who_pick_up_at_once_either_may_get_the_call() -> None:
    """His name stands for him; somebody else, or nobody, is a finding, and so is one who lost it to a stranger."""
    both = Ring(source=at(11), phones=("101", "102"))
    answer = Answer(source=at(12), phone="", one_of=("101", "102"), name="winner")
    ended = CallerGets(source=at(13), ended_by="winner")
    for winner, loser in (("101", "102"), ("102", "101")):
        rings = rang(winner, 0.1, 5.1, "answered"), rang(loser, 0.1, 5.1, "lost")
        assert kinds(seen(*rings, answers=((winner, 5.1),), ended_by=winner), both, answer, ended) == []
    lost = rang("101", 0.1, 5.1, "lost"), rang("102", 0.1, 5.1, "lost")
    assert kinds(seen(*lost), both, answer) == [("answer-missing", 12), ("answer-lost", 5), ("answer-lost", 5)]
    (first, *_) = judge(scenario(both, answer), seen(*lost))
    assert first.sentence == "expected one of 101 and 102 to answer; nobody did"
    stranger = (*lost, rang("103", 0.1, 5.1, "answered"))
    three = Ring(source=at(11), phones=ALL)
    assert ("answer-instead", 12) in kinds(seen(*stranger, answers=(("103", 5.1),)), three, answer)


def test_a_chosen_phone_may_talk_or_forward() -> None:
    """The name in these lines, too."""
    talk = (choice(11, "first", lasts=5.0), Answer(source=at(12), phone="first"), Talk(source=at(13), phone="first"))
    call = rang("102", 0.1, 5.1, "answered")
    heard = ObservedTalk(phone="102", caller_hears=("102",), phone_hears=("anna",))
    assert kinds(seen(call, answers=(("102", 5.1),), talks=(heard,)), *talk) == []
    assert kinds(seen(call, answers=(("102", 5.1),)), *talk) == [("talk-unheard", 13)] * 2

    onward = (choice(11, "first", lasts=3.0), Forwarded(source=at(12), targets={"first": ("100",)}))
    sent = replace(rang("102", 0.1, 3.1, "forwarded"), to="100")
    assert kinds(seen(sent), *onward) == []
    assert kinds(seen(replace(sent, to="109")), *onward) == [("forward-elsewhere", 12)]
