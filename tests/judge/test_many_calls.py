"""A story that is told many times: each call is judged, and then what the PBX chose in all of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.judge import Finding, Kind, judge
from ringproof.observe import Observation
from ringproof.scenario.model.scenario import ANY, CallerGets, HangUp, Missed, Moment, Over, Ring, Scenario
from story_book import CALL, at, rang, scenario, seen

HANGS_UP = HangUp(caller="anna", source=at(9), at=Moment(after=PbxSeconds(0.3), event="ring", phone=ANY))
EQUAL = {"101": 1 / 3, "102": 1 / 3, "103": 1 / 3}
TURNS = ("101", "102", "103")


def story(calls: int, shares: Mapping[str, float] = EQUAL, *, independent: bool = True) -> Scenario:
    """One of three rings, and over so many calls each as often as its share says."""
    told = scenario(
        Ring(source=at(11), phones=(), one_of=tuple(shares), name="first", lasts=PbxSeconds(0.3)),
        Over(source=at(12), choice="first", shares=shares, independent=independent),
        Missed(source=at(13), phones=("first",)),
        CallerGets(source=at(14), ended_by="caller"),
        when=(CALL, HANGS_UP),
    )
    return replace(told, calls=calls)


def call(phone: str) -> Observation:
    """One call in which this phone rang until the caller hung up."""
    return seen(rang(phone, 0.1, 0.4, missed=True), ended=0.4, ended_by="caller")


def played(choices: Sequence[str]) -> Observation:
    """All calls, in their order."""
    *earlier, last = map(call, choices)
    return replace(last, earlier=tuple(earlier))


def found(told: Scenario, choices: Sequence[str]) -> list[tuple[Kind, int]]:
    """What is found, and where it stands."""
    return [(finding.kind, finding.source.line) for finding in judge(told, played(choices))]


def by_chance(*weights: int, calls: int = 300, seed: int = 1) -> list[str]:
    """Choose as the dice fall."""
    return random.Random(seed).choices(TURNS, weights or (1, 1, 1), k=calls)  # noqa: S311 - dice


def test_a_fair_choice_passes() -> None:
    """Whatever the dice say."""
    for seed in range(20):
        assert found(story(300), by_chance(seed=seed)) == []


def test_choice_share() -> None:
    """Always the same, one left out, one too often: a finding for each phone that is out of its bounds."""
    assert found(story(60), ["101"] * 60) == [("choice-share", 12)] * 3
    assert ("choice-share", 12) in found(story(60), by_chance(1, 1, 0, calls=60))
    assert set(found(story(500), by_chance(2, 1, 1, calls=500))) == {("choice-share", 12)}


def test_choice_order() -> None:
    """One after the other, never the same twice, always on to the next: one finding, and none where nobody asks."""
    turns = list(TURNS) * 20
    assert found(story(60), turns) == [("choice-order", 12)]
    assert found(story(60, independent=False), turns) == []
    dice, never_twice = random.Random(1), ["101"]  # noqa: S311
    onward = ["101"]
    for _ in range(299):
        never_twice.append(dice.choice([phone for phone in TURNS if phone != never_twice[-1]]))
        onward.append(onward[-1] if dice.random() < 1 / 3 else TURNS[(TURNS.index(onward[-1]) + 1) % 3])
    assert found(story(300), never_twice) == [("choice-order", 12)]
    assert found(story(300), onward) == [("choice-order", 12)]


NINE = ("101", "101", "102", "101", "103", "102", "102", "103", "103")
"""In which each of three follows each as often: only the whole repeats."""


def test_a_fixed_order_is_found_by_its_period() -> None:
    """Of nine calls, or of fifty; one finding, and none where nobody asks."""
    assert found(story(300), (NINE * 34)[:300]) == [("choice-order", 12)]
    assert found(story(300, independent=False), (NINE * 34)[:300]) == []
    assert found(story(300), by_chance(calls=50, seed=7) * 6) == [("choice-order", 12)]
    assert sentence(story(300), (NINE * 34)[:300]) == (
        "the phone chosen 9 calls before was chosen again 291 of 291 times; where no choice depends on the ones before "
        "from 50 to 148 are to be expected (false alarm 1 in 1,000,000)"
    )


def test_shares_need_not_be_equal() -> None:
    """Two of four for one of them: what is fair then is unfair otherwise."""
    uneven = {"101": 0.5, "102": 0.25, "103": 0.25}
    choices = by_chance(2, 1, 1, calls=500)
    assert found(story(500, uneven), choices) == []
    assert set(found(story(500, uneven), by_chance(calls=500))) == {("choice-share", 12)}


def sentence(told: Scenario, choices: Sequence[str]) -> str:
    """What a person reads first."""
    return judge(told, played(choices))[0].sentence


def test_sentences() -> None:
    """How often, and how often it might have been."""
    assert sentence(story(300), ["101"] * 150 + ["102"] * 75 + ["103"] * 75) == (
        "101 was chosen 150 of 300 times; with equal shares from 59 to 144 are to be expected "
        "(false alarm 1 in 1,000,000)"
    )
    assert sentence(story(60, {"101": 0.5, "102": 0.25, "103": 0.25}), ["101"] * 60) == (
        "101 was chosen 60 of 60 times; with a share of 0.5 from 11 to 49 are to be expected "
        "(false alarm 1 in 1,000,000)"
    )
    assert sentence(story(300), list(TURNS) * 100) == (
        "the same phone was chosen twice running 0 of 299 times; where no choice depends on the one before from 57 to "
        "145 are to be expected (false alarm 1 in 1,000,000)"
    )
    onward = [phone for _ in range(66) for phone in ("101", "102", "103", "103")] + ["101", "101", "102"] * 12
    assert sentence(story(300), onward) == (
        "102 was chosen right after 101 78 times in 300 calls; where no choice depends on the one before from 10 to 60 "
        "are to be expected (false alarm 1 in 1,000,000)"
    )


RED = seen(rang("100", 0.1, 0.4, missed=True), ended=0.4, ended_by="caller")


def reds(*numbers: int) -> tuple[Finding, ...]:
    """What is found when these calls of sixty rang another phone."""
    calls = [RED if number in numbers else call(TURNS[number % 3]) for number in range(1, 61)]
    return judge(story(60), replace(calls[-1], earlier=tuple(calls[:-1])))


def test_each_call_is_judged_and_the_first_red_one_is_told() -> None:
    """By its number, with how many there are; what was chosen over all of them is not judged then."""
    findings = reds(7)
    assert {finding.call for finding in findings} == {7}
    assert [finding.kind for finding in findings] == ["ring-instead", "missed-missing", "missed-unexpected"]
    assert findings[0].sentence == "call 7 of 60: expected one of 101, 102 and 103 to ring; 100 rang instead"
    assert findings[1].sentence.startswith("call 7 of 60: ")
    assert reds(3, 4, 60)[0].sentence.startswith("call 3 of 60, the first of 3 red ones: expected one of")
    assert reds(60)[0].call == 60


def test_a_crash_in_the_middle_is_told() -> None:
    """The calls before it were right; how often who was chosen nobody can say."""
    crashed = replace(seen(), crashed=11, earlier=(call("101"), call("102")))
    (finding,) = judge(story(60), crashed)
    assert (finding.kind, finding.call) == ("pbx-crashed", 3)
