"""What a finding says of what to write: where the PBX is right and the story says nothing of it."""

from __future__ import annotations

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.judge import judge
from ringproof.observe.model import Observation
from ringproof.scenario.model.scenario import Answer, CallerGets, Expectation, HangUp, Press, Ring, Step
from story_book import CALL, at, rang, scenario, seen

RING = Ring(source=at(11), phones=("101",), lasts=PbxSeconds(15.0))
ANSWER = Answer(source=at(12), phone="101")
RANG = rang("101", 0.1, 15.1)
PICKED_UP = rang("101", 0.1, 15.1, "answered")


def fixes(observation: Observation, *expectations: Expectation, when: tuple[Step, ...] = (CALL,)) -> dict[str, str]:
    """Return what is said, by kind of finding."""
    return {finding.kind: finding.fix for finding in judge(scenario(*expectations, when=when), observation)}


def test_an_end_of_which_nothing_is_said_is_told_as_it_is_written() -> None:
    """With the code and who ended the call, as they were observed."""
    ended = seen(RANG, code=480, ended_by="pbx", ended=15.2)
    assert fixes(ended, RING) == {
        "caller-ended-by": "if that is right, write `- caller gets: {code: 480, ended by: pbx}`"
    }
    no_code = seen(RANG, code=None, ended_by="pbx", ended=15.2)
    assert fixes(no_code, RING)["caller-ended-by"] == "if that is right, write `- caller gets: {ended by: pbx}`"
    by_phone = seen(PICKED_UP, answers=(("101", 15.2),), code=200, ended_by="101", ended=20.0)
    assert fixes(by_phone, RING, ANSWER) == {
        "caller-ended-by": "if that is right, write `- caller gets: {code: 200, ended by: 101}`"
    }


@pytest.mark.parametrize(
    ("expectations", "when"),
    [
        ((RING, CallerGets(source=at(12), ended_by="101")), (CALL,)),  # it is said, and otherwise
        ((RING, ANSWER), (CALL,)),  # an answer was to end the story
        ((RING, CallerGets(source=at(12), ended_by="caller")), (CALL, HangUp(caller="anna", source=at(9)))),
    ],
)
def test_an_end_that_is_expected_otherwise_is_not_told_as_right(
    expectations: tuple[Expectation, ...], when: tuple[Step, ...]
) -> None:
    """What was observed is then what is wrong."""
    found = fixes(seen(RANG, code=480, ended_by="pbx", ended=15.2), *expectations, when=when)
    assert found["caller-ended-by"] == ""


HUNG_UP = "Ringproof itself hung up at {}, because the story had ended; `- wait: 20s`, say, makes it longer"


def test_who_hung_up_is_said_where_the_story_was_too_short() -> None:
    """Nobody rang until then, or the last one still did; not where somebody answered."""
    assert fixes(seen(ended=13.6), RING)["ring-missing"] == HUNG_UP.format("13.6 s")
    assert fixes(seen(rang("101", 0.1, 8.0), ended=8.1), RING)["ring-too-short"] == HUNG_UP.format("8.1 s")
    assert fixes(seen(rang("101", 0.1, 8.0), ended=20.0), RING)["ring-too-short"] == ""
    answered = seen(rang("101", 0.1, 8.0, "answered"), answers=(("101", 8.0),), ended=8.1)
    assert fixes(answered, RING, ANSWER)["ring-too-short"] == ""
    assert fixes(seen(ended=13.6, ended_by="pbx"), RING)["ring-missing"] == ""


def test_a_menu_that_the_story_does_not_know_of() -> None:
    """The PBX answered by itself, and no key is pressed in it."""
    said = fixes(seen(ended=13.6, connected=0.1, code=200), RING)
    assert said["answer-by-pbx"].startswith("where a menu answers, say under `when:` what the caller does in it")
    assert "answer-by-pbx" not in fixes(
        seen(ended=13.6, connected=0.1, code=200), RING, when=(CALL, Press(caller="anna", source=at(9), digits="1"))
    )
