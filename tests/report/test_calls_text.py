"""A story that is told many times: its timeline, its findings, its place in results.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.judge import judge
from ringproof.observe.model import Observation
from ringproof.report.finding_text import failure_text
from ringproof.report.plain import plain_observation
from ringproof.report.timeline import timeline_text
from ringproof.scenario.model.scenario import ANY, Call, CallerGets, HangUp, Missed, Moment, Over, Ring, Scenario
from stories import at, ring, seen, story

Golden = Callable[[str, str], None]
PHONES = ("101", "102", "103")
HANGS_UP = HangUp(caller="anna", source=at(10), at=Moment(after=PbxSeconds(0.3), event="ring", phone=ANY))


def many(calls: int) -> Scenario:
    """One of three rings, and each equally often."""
    told = story(
        [
            Ring(source=at(12), phones=(), one_of=PHONES, name="first", lasts=PbxSeconds(0.3)),
            Over(source=at(14), choice="first", shares=dict.fromkeys(PHONES, 1 / 3)),
            Missed(source=at(16), phones=("first",)),
            CallerGets(source=at(16), ended_by="caller"),
        ],
        name="each as often as the others",
    )
    return replace(told, calls=calls, when=(Call(caller="anna", source=at(9)), HANGS_UP))


def call(number: int, phone: str) -> Observation:
    """Call `number`, in which this phone rang until the caller hung up."""
    begun = 0.5 * (number - 1)
    rang = seen([ring(phone, begun + 0.1, begun + 0.4, missed=True)])
    view = replace(
        rang.callers["anna"],
        placed=PbxSeconds(begun),
        acted=PbxSeconds(begun),
        ended=PbxSeconds(begun + 0.4),
        ended_by="caller",
        code=487,
        pressed="",
        keys="",
    )
    return replace(rang, callers={"anna": view}, over=PbxSeconds(begun + 0.4))


def played(choices: Sequence[str]) -> Observation:
    """All calls."""
    *earlier, last = (call(number, phone) for number, phone in enumerate(choices, start=1))
    return replace(last, earlier=tuple(earlier))


def test_a_play(golden: Golden) -> None:
    """What was chosen how often, a line for each call, then the last call as any other story."""
    golden("report/timeline-calls.txt", timeline_text(many(60), played(["101", "101", "102", "103"] * 15)))


def test_a_play_that_ended_early(golden: Golden) -> None:
    """Who is no member is told, too, and a call in which nobody rang."""
    *earlier, last = played(["101", "100", "102"]).calls
    silent = replace(last.callers["anna"], rings=(), waves=(), placed=None, ended=None, ended_by=None)
    observation = replace(last, callers={"anna": silent}, earlier=tuple(replace(each, earlier=()) for each in earlier))
    golden("report/timeline-calls-cut.txt", timeline_text(many(60), observation))


def failure(choices: Sequence[str]) -> str:
    """Judge and tell."""
    told, observation = many(len(choices)), played(choices)
    return failure_text(told, observation, judge(told, observation), evidence="out/many-3fa9c1/") + "\n"


def test_findings(golden: Golden) -> None:
    """Over all calls there is no chart; of a red call it is its own."""
    golden("report/choice-share.txt", failure(["101"] * 60))
    golden("report/choice-order.txt", failure(list(PHONES) * 20))
    golden("report/red-call.txt", failure(["101"] * 6 + ["100"] + ["102"] * 52 + ["100"]))


def test_each_call_is_told_in_short_in_the_results() -> None:
    """A thousand calls in full would be a megabyte."""
    plain = plain_observation(played(["101", "102"] * 500))
    assert plain["earlier"][1] == {
        "anna": {"placed": 0.5, "rang": ["102"], "answered": [], "code": 487, "ended": 0.9, "ended_by": "caller"}
    }
    assert (len(plain["earlier"]), plain["callers"]["anna"]["rings"][0]["phone"]) == (999, "102")
    assert len(json.dumps(plain)) < 130_000
