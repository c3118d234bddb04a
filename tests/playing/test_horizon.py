"""How long a story can go on, and whose answer ends it: where more than one outcome is right, in any of them."""

from __future__ import annotations

from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.scenario.model.scenario import Answer, CallerGets, Expectation, Ring, Scenario, Unseen
from ringproof.scenario.model.story_end import last_answers, patience
from story_book import at, scenario


def ring(*phones: str, lasts: float, one_of: tuple[str, ...] = (), name: str = "") -> Ring:
    """A wave."""
    return Ring(source=at(11), phones=phones, lasts=PbxSeconds(lasts), one_of=one_of, name=name)


def answer(phone: str = "", *one_of: str) -> Answer:
    """This phone answers, or one of these."""
    return Answer(source=at(12), phone=phone, one_of=one_of)


def either(*readings: tuple[Expectation, ...]) -> Scenario:
    """A story of one caller with these right outcomes."""
    first, *others = readings
    return replace(scenario(*first), otherwise=tuple({"anna": listed} for listed in others))


ENDED = CallerGets(source=at(13), ended_by="pbx")


def test_the_longest_outcome_counts() -> None:
    """Else it would be cut off, and could not be seen."""
    short, long = (ring("101", lasts=5), answer("101")), (ring("101", lasts=5), ring("100", lasts=30), answer("100"))
    alone = patience(scenario(*long), "anna")
    assert patience(either(short, long), "anna") == patience(either(long, short), "anna") == alone
    assert alone > patience(scenario(*short), "anna")


def test_a_silent_phone_may_be_dialled_as_long_as_the_office_lets_any_ring() -> None:
    """Its time is written nowhere, and the end of the call comes after it."""
    nobody = patience(scenario(ENDED), "anna")
    rung = scenario(ENDED).office.extension_ring_time
    assert patience(scenario(Unseen(source=at(11), phones=("101",)), ENDED), "anna") >= nobody + rung


def test_the_last_answer_of_any_outcome_ends_the_story() -> None:
    """A choice is whoever it can mean; where the call is to end by itself there is none."""
    one, other = (ring("101", lasts=5), answer("101")), (ring("101", lasts=5), answer("", "102", "103"))
    assert last_answers(scenario(*one), "anna") == {"101"}
    assert last_answers(either(one, other), "anna") == {"101", "102", "103"}
    chosen = ring(lasts=5, one_of=("100", "103"), name="first")
    assert last_answers(scenario(chosen, answer("first")), "anna") == {"100", "103"}
    assert last_answers(scenario(*one, ENDED), "anna") == frozenset()


def test_an_answer_after_which_more_may_come_does_not() -> None:
    """In one outcome it is the last thing, in another the call goes on."""
    assert last_answers(scenario(answer("101"), answer("102")), "anna") == {"102"}
    assert last_answers(either((answer("101"),), (answer("101"), answer("102"))), "anna") == {"102"}
    assert last_answers(either((answer("101"),), (answer("101"), ENDED)), "anna") == frozenset()
