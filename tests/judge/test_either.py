"""More than one right outcome: one of them has to hold, whole; told is the nearest one."""

from __future__ import annotations

from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.judge import judge, judged_as
from ringproof.observe import Observation
from ringproof.scenario.model.scenario import Answer, CallerGets, Expectation, Missed, Nobody, Ring, Scenario
from story_book import at, rang, scenario, seen

RINGS = Ring(source=at(11), phones=("101", "102"), lasts=PbxSeconds(15.0))
IN_TIME: tuple[Expectation, ...] = (RINGS, Answer(source=at(13), phone="102"))
TOO_LATE: tuple[Expectation, ...] = (
    RINGS,
    Ring(source=at(14), phones=("100",), lasts=PbxSeconds(15.0)),
    Nobody(source=at(15), does="answers"),
    CallerGets(source=at(16), code=480, ended_by="pbx"),
)
STORY: Scenario = replace(scenario(*IN_TIME), otherwise=({"anna": TOO_LATE},))
PICKED_UP = seen(rang("101", 0.1, 15.1), rang("102", 0.1, 15.1, "answered"), answers=(("102", 15.1),))


def went_on(ending: str = "cancelled", **more: object) -> Observation:
    """The ring time was over first, and the operator rang."""
    rings = rang("101", 0.1, 15.1), rang("102", 0.1, 15.1, ending), rang("100", 15.15, 30.1)  # type: ignore[arg-type]
    return seen(*rings, **{"code": 480, "ended": 30.2, "ended_by": "pbx", **more})  # type: ignore[arg-type]


def test_either_outcome_is_right() -> None:
    """Each as it would be without the other."""
    assert judge(STORY, PICKED_UP) == ()
    assert judge(STORY, went_on()) == ()
    first, second = STORY.readings
    assert judge(first, went_on()) != ()
    assert judge(second, PICKED_UP) != ()


def test_told_is_the_outcome_to_which_the_least_is_missing() -> None:
    """The other one's differences are not told; charts are drawn of the same one."""
    red = went_on(code=486)
    assert [(finding.kind, finding.source.line) for finding in judge(STORY, red)] == [("caller-code", 16)]
    assert judged_as(STORY, red).expect["anna"] == TOO_LATE
    assert judged_as(STORY, PICKED_UP).expect["anna"] == IN_TIME


def test_no_outcome_is_made_of_two() -> None:
    """What is right in the one and in the other does not add up to a third."""
    mixed = went_on(answers=(("102", 15.1),))
    assert judge(STORY, mixed) != ()


def test_who_picks_up_too_late_is_no_finding_where_that_may_be() -> None:
    """His 200 crossed the end of the ring time; where no outcome has him answer it is one."""
    assert judge(STORY, went_on("lost")) == ()
    alone = replace(STORY, expect=STORY.otherwise[0], otherwise=())
    assert [finding.kind for finding in judge(alone, went_on("lost"))] == ["answer-lost"]


def test_two_lists_for_two_callers_whoever_has_which() -> None:
    """Together: the one has 101, the other the operator."""
    one: tuple[Expectation, ...] = (Ring(source=at(11), phones=("101",)), Missed(source=at(12), phones=()))
    other: tuple[Expectation, ...] = (Ring(source=at(13), phones=("100",)), Missed(source=at(14), phones=()))
    boris = replace(STORY.callers["anna"], name="boris")
    story = replace(
        scenario(),
        callers={**STORY.callers, "boris": boris},
        expect={"anna": one, "boris": other},
        otherwise=({"boris": one, "anna": other},),
    )

    def play(hers: str, his: str) -> Observation:
        views = {
            name: replace(seen(rang(phone, 0.1, 5.1, caller=name)).callers["anna"], caller=name)
            for name, phone in (("anna", hers), ("boris", his))
        }
        return replace(seen(), callers=views)

    assert judge(story, play("101", "100")) == ()
    assert judge(story, play("100", "101")) == ()
    assert {finding.kind for finding in judge(story, play("101", "101"))} == {"ring-instead"}
