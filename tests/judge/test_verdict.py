"""For every kind of finding: an observation that has it, and the same story green without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, get_args

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.judge import Kind, judge
from ringproof.observe import Observation
from ringproof.observe.model import Heard, ObservedCommand, ObservedSound, ObservedTalk
from ringproof.scenario.model.scenario import (
    Answer,
    CallerGets,
    CallerHears,
    Expectation,
    Forwarded,
    HangUp,
    Hear,
    Lost,
    Missed,
    Nobody,
    PicksUpByItself,
    Press,
    Refused,
    Ring,
    Scenario,
    Shows,
    Talk,
    Unseen,
)
from story_book import CALL, at, lead, rang, scenario, seen


def ring(line: int, *phones: str, lasts: float | None = None, after: float | None = None, again: str = "") -> Ring:
    """Write a wave."""
    return Ring(
        source=at(line),
        phones=phones,
        lasts=PbxSeconds(lasts) if lasts is not None else None,
        after=PbxSeconds(after) if after is not None else None,
        again=tuple(again.split()),
    )


ONE = ring(11, "101", lasts=15.0)
TWO = ring(12, "101", "102", lasts=15.0)
GREEN = seen(rang("101", 0.1, 30.1), rang("102", 15.1, 30.1))

FORWARDED = Forwarded(source=at(11), targets={"101": ("103",)})
FORWARDED_TWICE = Forwarded(source=at(11), targets={"101": ("103", "103")})
SENT_ON = replace(rang("101", 0, 0.02, "forwarded", alerted=False), to="103")
ANSWERED = (ring(11, "101"), Answer(source=at(12), phone="101"))
EITHER = Answer(source=at(12), phone="", one_of=("101", "102"))
TALK = Talk(source=at(13), phone="101")
UNHEARD = (
    Unseen(source=at(11), phones=("101",)),
    Refused(source=at(12), codes={"102": (486,)}),
    ring(13, "103", after=15.0),
)
REFUSED = Refused(source=at(11), codes={"102": (486,)})
TURNED = rang("102", 0.1, 0.2, "refused", code=486, alerted=False)
UNABLE = replace(TURNED, code=488, because="no common codec: the PBX offers GSM, the phone speaks PCMA and PCMU")
BY_PBX = CallerGets(source=at(12), code=480, ended_by="pbx")
PAUSE = ring(12)
"""Of any length."""
SILENT = rang("101", 0.1, 15.1, "unseen", alerted=False)


def talked(
    caller_hears: tuple[str, ...],
    phone_hears: tuple[str, ...],
    *,
    again: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
) -> Observation:
    """101 answers, and this is heard; and, where somebody listened, when the talk had lasted as long as it was to."""
    talks = [ObservedTalk(phone="101", caller_hears=caller_hears, phone_hears=phone_hears)]
    if again is not None:
        talks.append(ObservedTalk(phone="101", caller_hears=again[0], phone_hears=again[1], again=True))
    return seen(rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),), talks=tuple(talks))


def heard(kind: Heard) -> Observation:
    """101 rings, and this is what anna hears meanwhile."""
    observation = seen(rang("101", 0.1, 15.1))
    sound = ObservedSound(kind=kind, start=PbxSeconds(0.0), end=PbxSeconds(15.1))
    return replace(observation, callers={"anna": replace(observation.callers["anna"], hears=(sound,))})


def shown(number: str = "", name: str = "", asserted: str = "", diverted: str = "") -> Observation:
    """101 rings, and shows this."""
    return seen(replace(rang("101", 0.1, 15.1), shows=number, name=name, asserted=asserted, diverted=diverted))


def command(header: str, does: Literal["pick up", "hold"] = "pick up") -> ObservedCommand:
    """101 is commanded."""
    return ObservedCommand(phone="101", at=PbxSeconds(0.1), does=does, message="NOTIFY", header=header)


def commanded(*commands: ObservedCommand) -> Observation:
    """101 rings, and is commanded that in its dialog."""
    return seen(replace(rang("101", 0.1, 15.1), commands=commands))


Case = tuple[Kind, int, tuple[Expectation, ...], Observation, Observation]
"""Kind, line of the finding, expectations, the observation that has it, the one that has not."""

CASES: list[Case] = [
    ("ring-missing", 12, (ONE, TWO), seen(rang("101", 0.1, 15.1)), GREEN),
    ("ring-missing", 12, (ONE, ring(12, "101", "102", "103")), GREEN, seen(
        rang("101", 0.1, 30.1), rang("102", 15.1, 30.1), rang("103", 15.15, 30.1))),
    ("ring-instead", 12, (ONE, TWO), seen(rang("101", 0.1, 30.1), rang("103", 15.1, 30.1)), GREEN),
    ("ring-unexpected", 11, (ONE,), seen(rang("101", 0.1, 15.1), rang("102", 0.1, 15.1)), seen(rang("101", 0.1, 15.1))),
    ("ring-unexpected", 11, (ONE,), seen(rang("101", 0.1, 15.1), rang("102", 15.2, 30)), seen(rang("101", 0.1, 15.1))),
    ("ring-unexpected", 11, (Nobody(source=at(11), does="rings"),), seen(rang("101", 0.1, 15.1)), seen()),
    ("ring-too-long", 11, (ONE,), seen(rang("101", 0.1, 15.6)), seen(rang("101", 0.1, 15.4))),
    ("ring-too-short", 11, (ONE,), seen(rang("101", 0.1, 14.6)), seen(rang("101", 0.1, 14.8))),
    ("ring-early", 11, (ring(11, "101", after=5.0),), seen(rang("101", 4.5, 9)), seen(rang("101", 4.7, 9))),
    ("ring-early", 11, (ONE,), seen(rang("101", 1.0, 16), acted=1.5), seen(rang("101", 1.0, 16), acted=0.5)),
    ("ring-late", 11, (ONE,), seen(rang("101", 0.6, 15.6)), seen(rang("101", 0.4, 15.4))),
    # a key in the silence between two rings, where the call was the cause of the first
    ("ring-late", 13, (ONE, PAUSE, ring(13, "102")),
        seen(rang("101", 0.1, 15.1), rang("102", 26.6, 40), acted=26.0, other_acts=(0.0,)),
        seen(rang("101", 0.1, 15.1), rang("102", 26.4, 40), acted=26.0, other_acts=(0.0,))),
    ("ring-late", 11, (ONE, PAUSE, ring(13, "102")),
        seen(rang("101", 0.6, 15.6), rang("102", 26.1, 40), acted=26.0, other_acts=(0.0,)),
        seen(rang("101", 0.4, 15.4), rang("102", 26.1, 40), acted=26.0, other_acts=(0.0,))),
    # a PBX that does not wait for the key, be it told while it rings or afterwards
    ("ring-early", 11, (ONE, TWO),
        seen(rang("101", 0.1, 30.1), rang("102", 15.1, 30.1), acted=3.0, other_acts=(0.0,)),
        seen(rang("101", 0.1, 30.1), rang("102", 15.1, 30.1), acted=0.0, other_acts=(3.0,))),
    ("ring-early", 11, (ONE,),
        seen(rang("101", 0.1, 15.1), acted=20.0, other_acts=(0.0,)),
        seen(rang("101", 0.1, 15.1), acted=0.0, other_acts=(20.0,))),
    ("ring-again", 12, (ONE, TWO), seen(
        rang("101", 0.1, 15.1), rang("101", 15.1, 30.1), rang("102", 15.1, 30.1)), GREEN),
    ("ring-not-again", 12, (ONE, ring(12, "101", "102", again="101")), GREEN, seen(
        rang("101", 0.1, 15.1), rang("101", 15.1, 30.1), rang("102", 15.1, 30.1))),
    ("ring-unnamed", 5, (ONE,), seen(rang("102", 0.1, 0.15), rang("101", 0.12, 15.1)), seen(rang("101", 0.1, 15.1))),
    ("ring-missing", 12, (ONE, TWO), seen(rang("101", 0, 15), rang("101", 16, 31), rang("102", 16, 31)), GREEN),
    ("silence-missing", 12, (ONE, ring(12, lasts=5.0), ring(13, "102")), seen(
        rang("101", 0, 15), rang("102", 15, 30)), seen(rang("101", 0, 15), rang("102", 20, 30))),
    ("refusal-missing", 11, (Refused(source=at(11), codes={"101": (486,)}), ring(12, "102")), seen(
        rang("102", 0.1, 9)), seen(rang("101", 0, 0.02, "refused", code=486), rang("102", 0.1, 9))),
    ("refusal-code", 11, (Refused(source=at(11), codes={"101": (486,)}), ring(12, "102")), seen(
        rang("101", 0, 0.02, "refused", code=603), rang("102", 0.1, 9)), seen(
        rang("101", 0, 0.02, "refused", code=486), rang("102", 0.1, 9))),
    ("refusal-unexpected", 5, (ring(12, "102"),), seen(
        rang("101", 0, 0.02, "refused", code=486), rang("102", 0.1, 9)), seen(rang("102", 0.1, 9))),
    ("refusal-unexpected", 5, (Refused(source=at(11), codes={"101": (486,)}), ring(12, "102")), seen(
        rang("101", 0, 0.02, "refused", code=486), rang("102", 0.1, 9), rang("101", 8.99, 9, "refused", code=486)),
        seen(rang("101", 0, 0.02, "refused", code=486), rang("102", 0.1, 9))),
    ("answer-missing", 12, (ONE, Answer(source=at(12), phone="101")), seen(rang("101", 0.1, 15.1)), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),))),
    ("answer-instead", 12, (ring(11, "101", "102"), Answer(source=at(12), phone="101")), seen(
        rang("101", 0.1, 5), rang("102", 0.1, 5, "answered"), answers=(("102", 5),)), seen(
        rang("101", 0.1, 5, "answered"), rang("102", 0.1, 5), answers=(("101", 5),))),
    ("answer-unexpected", 12, (ONE, Nobody(source=at(12), does="answers")), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),)), seen(rang("101", 0.1, 15.1))),
    ("answer-by-pbx", 5, (ONE, Answer(source=at(12), phone="101")), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),), connected=0.0), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),), connected=15.15)),
    ("answer-not-by-pbx", 12, (ONE, Answer(source=at(12), phone="101"), CallerGets(source=at(12), by_pbx=True)), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),), connected=15.15), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),), connected=0.0)),
    ("answer-not-by-pbx", 12, (ONE, CallerGets(source=at(12), by_pbx=True)),
        seen(rang("101", 0.1, 15.1)), seen(rang("101", 0.1, 15.1), connected=0.0)),
    ("lost-missing", 12, (ONE, Lost(source=at(12), phones=("101",))),
        seen(rang("101", 0.1, 15.1)), seen(rang("101", 0.1, 15.1, "lost"))),
    ("talk-shared", 5, (ONE, Answer(source=at(12), phone="101")), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),), company=(("boris", PbxSeconds(15.5)),)), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),))),
    ("talk-broken", 5, (ONE, Answer(source=at(12), phone="101")), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),), parted=(("101", PbxSeconds(15.5)),)), seen(
        rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),))),
    ("talk-unheard", 13, (*ANSWERED, TALK), talked(("102",), ("anna",)), talked(("101",), ("anna",))),
    ("talk-unheard", 13, (*ANSWERED, TALK), talked(("101",), ()), talked(("101",), ("anna", "102"))),
    ("talk-too-short", 13, (*ANSWERED, replace(TALK, lasts=PbxSeconds(60.0))), talked(("101",), ("anna",)), talked(
        ("101",), ("anna",), again=(("101",), ("anna",)))),
    ("talk-unheard", 13, (*ANSWERED, replace(TALK, lasts=PbxSeconds(60.0))), talked(
        ("101",), ("anna",), again=((), ("anna",))), talked(("101",), ("anna",), again=(("101",), ("anna",)))),
    ("hears-other", 12, (ONE, CallerHears(source=at(12), sounds=("ringing",))), heard("music"), heard("ringing")),
    ("hears-nothing", 5, (ONE,), heard("silence"), heard("ringing")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "+7495"})), shown("000"), shown("+7495")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "+7495"})), shown("000", "+7495"), shown("+7495")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "Anna"})), shown("000", "Bo"), shown("000", "Anna")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "Anna <000>"})), shown("000"), shown("000", "Anna")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "anonymous"})), shown("anonymous", "+7495"), shown(
        "anonymous", "Anonymous")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "anonymous"})),
        shown("anonymous", "Anonymous", asserted="+7495"), shown("anonymous", "Anonymous", asserted="anonymous")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "anonymous"})), shown("anonymous", asserted="+7495"),
        shown("anonymous", asserted="anonymous")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "+7495"})), shown("+7495", asserted="000"), shown(
        "+7495", asserted="+7495")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "+7495"})), shown("+7495", diverted="000"), shown(
        "+7495")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "+7495"}, diverted={"101": "100"})),
        shown("+7495", diverted="100, 000"), shown("+7495", diverted="100")),
    ("shows-other", 12, (ONE, Shows(source=at(12), phones={"101": "+7495"}, diverted={"101": "100"})),
        shown("+7495"), shown("+7495", diverted="100")),
    ("command-unexpected", 5, (ONE,), commanded(command("Call-Info: <x>;answer-after=0")), commanded()),
    ("command-unexpected", 5, (ONE, PicksUpByItself(source=at(12), phones=("101",))), commanded(
        command("Event: talk"), command("Event: hold", "hold")), commanded(command("Event: talk"))),
    ("command-unexpected", 5, (ONE,), seen(rang("101", 0.1, 15.1), commands=(command("Event: talk"),)), commanded()),
    ("command-missing", 12, (ONE, PicksUpByItself(source=at(12), phones=("101",))), commanded(), commanded(
        command("x"))),
    ("answer-lost", 5, (ring(11, "101", "102"), Answer(source=at(12), phone="101")), seen(
        rang("101", 0.1, 5, "answered"), rang("102", 0.1, 5, "lost"), answers=(("101", 5),)), seen(
        rang("101", 0.1, 5, "answered"), rang("102", 0.1, 5), answers=(("101", 5),))),
    ("answer-lost", 5, (ring(11, "101", "102", "103"), EITHER), seen(
        rang("101", 0.1, 5, "answered"), rang("102", 0.1, 5, "lost"), rang("103", 0.1, 5, "lost"),
        answers=(("101", 5),)), seen(
        rang("101", 0.1, 5, "answered"), rang("102", 0.1, 5, "lost"), rang("103", 0.1, 5), answers=(("101", 5),))),
    ("forward-missing", 11, (FORWARDED, ring(12, "103")), seen(rang("103", 0.1, 9)), seen(
        SENT_ON, rang("103", 0.1, 9))),
    ("forward-unexpected", 5, (ring(12, "103"),), seen(SENT_ON, rang("103", 0.1, 9)), seen(rang("103", 0.1, 9))),
    ("forward-unexpected", 5, (FORWARDED, ring(12, "103")), seen(SENT_ON, SENT_ON, rang("103", 0.1, 9)), seen(
        SENT_ON, rang("103", 0.1, 9))),
    ("forward-missing", 11, (FORWARDED_TWICE, ring(12, "103")), seen(SENT_ON, rang("103", 0.1, 9)), seen(
        SENT_ON, SENT_ON, rang("103", 0.1, 9))),
    ("forward-elsewhere", 11, (FORWARDED, ring(12, "103")), seen(
        replace(SENT_ON, to="100"), rang("103", 0.1, 9)), seen(SENT_ON, rang("103", 0.1, 9))),
    ("refusal-late", 11, (FORWARDED, ring(12, "103")), seen(
        rang("103", 0.1, 9), replace(SENT_ON, start=PbxSeconds(5.0), end=PbxSeconds(5.1))), seen(
        SENT_ON, rang("103", 0.1, 9))),
    ("ring-twice", 5, (ONE,), seen(rang("101", 0.1, 15.1), rang("101", 0.11, 15.1)), seen(rang("101", 0.1, 15.1))),
    ("ring-twice", 5, (ring(11, "101"), ring(12, "101", again="101")), seen(
        rang("101", 0.1, 15.1), rang("101", 5.0, 15.1)), seen(rang("101", 0.1, 5.0), rang("101", 5.02, 15.1))),
    ("refusal-late", 11, (Refused(source=at(11), codes={"102": (486,)}), ONE), seen(
        rang("101", 0.1, 15.1), rang("102", 6.0, 6.1, "refused", code=486, alerted=False)), seen(
        rang("101", 0.1, 15.1), rang("102", 0.0, 0.1, "refused", code=486, alerted=False))),
    ("refusal-late", 12, UNHEARD, seen(
        SILENT, rang("102", 6.0, 6.1, "refused", code=486, alerted=False), rang("103", 15.1, 20.0)), seen(
        SILENT, rang("102", 0.0, 0.1, "refused", code=486, alerted=False), rang("103", 15.1, 20.0))),
    ("refusal-late", 11, (REFUSED, ONE), seen(
        rang("101", 0.1, 15.1), replace(TURNED, start=PbxSeconds(15.1), end=PbxSeconds(15.2))), seen(
        rang("101", 0.1, 15.1), TURNED)),
    ("refusal-late", 11, (ONE, REFUSED), seen(rang("101", 0.1, 15.1), TURNED), seen(
        rang("101", 0.1, 15.1), replace(TURNED, start=PbxSeconds(15.1), end=PbxSeconds(15.2)))),
    ("refusal-late", 11, (ONE, replace(REFUSED, into=PbxSeconds(5.0))), seen(rang("101", 0.1, 15.1), TURNED), seen(
        rang("101", 0.1, 15.1), replace(TURNED, start=PbxSeconds(5.1), end=PbxSeconds(5.2)))),
    ("refusal-late", 11, (REFUSED, Nobody(source=at(12), does="answers")), seen(
        replace(TURNED, start=PbxSeconds(6.0), end=PbxSeconds(6.1))), seen(TURNED)),
    ("unseen-unexpected", 11, (UNHEARD[0], ring(13, "103")), seen(
        rang("101", 15.0, 15.3, "unseen", alerted=False), rang("103", 0.1, 15.1)), seen(
        SILENT, rang("103", 0.1, 15.1))),
    ("missed-missing", 12, (ONE, Missed(source=at(12), phones=("101",))), seen(rang("101", 0.1, 15.1)), seen(
        rang("101", 0.1, 15.1, missed=True))),
    ("unseen-unexpected", 5, UNHEARD[::2], seen(
        SILENT, replace(SILENT, start=PbxSeconds(15.2), end=PbxSeconds(15.3)), rang("103", 15.1, 20.0)), seen(
        SILENT, rang("103", 15.1, 20.0))),
    ("unseen-missing", 11, (Unseen(source=at(11), phones=("101",), times={"101": 2}), UNHEARD[2]), seen(
        SILENT, rang("103", 15.1, 20.0)), seen(
        SILENT, replace(SILENT, start=PbxSeconds(15.2), end=PbxSeconds(15.3)), rang("103", 15.1, 20.0))),
    ("unseen-missing", 12, (Unseen(source=at(12), phones=("102",)), ONE), seen(rang("101", 0.1, 15.1)), seen(
        rang("101", 0.1, 15.1), rang("102", 0.1, 15.1, "unseen", alerted=False))),
    ("unseen-unexpected", 5, (ONE,), seen(
        rang("101", 0.1, 15.1), rang("102", 0.1, 15.1, "unseen", alerted=False)), seen(rang("101", 0.1, 15.1))),
    ("missed-count", 13, (ONE, ring(12, "101", again="101"), Missed(source=at(13), phones=("101",), times={"101": 1})),
        seen(rang("101", 0.1, 15.1, missed=True), rang("101", 15.1, 30.1, missed=True)),
        seen(rang("101", 0.1, 15.1, missed=True), rang("101", 15.1, 30.1))),
    ("missed-unexpected", 5, (ONE,), seen(rang("101", 0.1, 15.1, missed=True)), seen(rang("101", 0.1, 15.1))),
    ("caller-code", 12, (ONE, CallerGets(source=at(12), code=486)), seen(
        rang("101", 0.1, 15.1), code=480, ended=15.2, ended_by="pbx"), seen(
        rang("101", 0.1, 15.1), code=486, ended=15.2, ended_by="pbx")),
    ("caller-ended-late", 12, (ONE, BY_PBX), seen(rang("101", 0.1, 15.1), code=480, ended=18.1, ended_by="pbx"), seen(
        rang("101", 0.1, 15.1), code=480, ended=15.2, ended_by="pbx")),
    ("caller-ended-late", 12, (BY_PBX,), seen(code=480, ended=6.0, ended_by="pbx"), seen(
        code=480, ended=0.1, ended_by="pbx")),
    ("caller-ended-by", 12, (ONE, CallerGets(source=at(12), ended_by="101")), seen(
        rang("101", 0.1, 15.1), ended_by="pbx"), seen(rang("101", 0.1, 15.1), ended_by="101")),
    ("caller-ended-by", 12, (ONE, CallerGets(source=at(12), ended_by="pbx")), seen(
        rang("101", 0.1, 15.1)), seen(rang("101", 0.1, 15.1), ended=15.2, ended_by="pbx")),
    ("caller-ended-by", 5, (ONE,), seen(rang("101", 0.1, 15.1), ended_by="pbx"), seen(rang("101", 0.1, 15.1))),
    ("ring-stray", 5, (ONE,), seen(rang("101", 0.1, 15.1), strays=(rang("103", 3, 4, caller=None),)), seen(
        rang("101", 0.1, 15.1))),
    ("ring-after-end", 5, (ONE,), seen(rang("101", 0.1, 15.1), late_rings=(rang("103", 63, 64),)), seen(
        rang("101", 0.1, 15.1))),
    ("leg-outlives-caller", 5, (ONE,), seen(rang("101", 0.1, 15.1), late_legs=(("101", PbxSeconds(1.4)),)), seen(
        rang("101", 0.1, 15.1))),
    ("dial-nowhere", 5, (ONE,), seen(rang("101", 0.1, 15.1), dial_failures=((PbxSeconds(1.0), "104", "no"),)), seen(
        rang("101", 0.1, 15.1))),
    ("call-leaves", 5, (ONE,), seen(rang("101", 0.1, 15.1), trunk_legs=(PbxSeconds(1.0),)), seen(
        rang("101", 0.1, 15.1))),
    ("step-failed", 8, (ONE,), seen(rang("101", 0.1, 15.1), failed_steps=((0, "not heard"),)), seen(
        rang("101", 0.1, 15.1))),
    ("step-failed", 8, (ONE,), seen(rang("101", 0.1, 15.1), failed_steps=((0, "heard ringing"),)), seen(
        rang("101", 0.1, 15.1))),
    ("step-failed", 8, (ONE,), seen(rang("101", 0.1, 15.1), failed_steps=((0, "no telephone-event"),)), seen(
        rang("101", 0.1, 15.1))),
    ("refusal-unexpected", 5, (ONE,), seen(rang("101", 0.1, 15.1), UNABLE), seen(rang("101", 0.1, 15.1))),
    ("refusal-code", 11, (REFUSED, ONE), seen(rang("101", 0.1, 15.1), UNABLE), seen(rang("101", 0.1, 15.1), TURNED)),
    ("registration-refused", 5, (ONE,), seen(registrations_refused=(("101", 403, ""),)), seen(rang("101", 0.1, 15.1))),
    ("registration-lost", 5, (ONE,), seen(registrations_lost=(("101", ""),)), seen(rang("101", 0.1, 15.1))),
    ("talk-refused", 5, (ONE,), seen(talks_refused=(("102", 488, "no common codec"),)), seen(rang("101", 0.1, 15.1))),
    ("pbx-crashed", 5, (ONE,), seen(crashed=11), seen(rang("101", 0.1, 15.1))),
    ("talk-dropped", 5, (ONE,), seen(rang("101", 0.1, 15.1), dropped=(("102", PbxSeconds(3.0)),)), seen(
        rang("101", 0.1, 15.1))),
    ("call-endless", 5, (ONE,), seen(endless="s@group-sales"), seen(rang("101", 0.1, 15.1))),
    ("leads-elsewhere", 5, (ONE,), seen(elsewhere=(lead("101"),)), seen(rang("101", 0.1, 15.1))),
]  # fmt: skip


def test_where_somebody_is_sent_is_told_once_for_a_line() -> None:
    """By whom it was got, and when first; also before the story began."""
    here, again, other = lead("101"), lead("102", 1.4), replace(lead("anna", -0.5), message="REFER", address="a.b.c")
    first, second = judge(scenario(ONE), seen(elsewhere=(here, again, here, other)))
    assert first.sentence == (
        "the PBX sends 101 and 102 to 198.51.100.77, which is no address in the run's networks, at 1.2 s: "
        "its INVITE says `c=IN IP4 198.51.100.77`"
    )
    assert second.sentence == (
        "the PBX sends anna to a.b.c, which is no address in the run's networks, before the story began: "
        "its REFER says `c=IN IP4 198.51.100.77`"
    )


def test_what_is_seen_of_a_story_that_ended_because_somebody_was_sent_elsewhere_is_left_out() -> None:
    """Nobody ended its calls."""
    calls = {"trunk_legs": (PbxSeconds(0.1),), "late_rings": (rang("103", 63, 64),)}
    kinds = [finding.kind for finding in judge(scenario(ONE), seen(elsewhere=(lead("101"),), **calls))]  # type: ignore[arg-type]
    assert kinds == ["leads-elsewhere"]


def test_a_phone_that_cannot_take_the_call_is_told_first() -> None:
    """It explains why nobody rang, which a refusal by the phone's own will does not."""
    first, second = judge(scenario(ring(11, "102", lasts=15.0)), seen(UNABLE))
    assert first.sentence == (
        "102 was rung at 0.1 s and refused with 488 (no common codec: the PBX offers GSM, the phone speaks PCMA and "
        "PCMU); no expectation names it"
    )
    assert second.sentence == "expected 102 to ring; nobody rang"
    told = [finding.kind for finding in judge(scenario(ring(11, "102", lasts=15.0)), seen(TURNED))]
    assert told == ["ring-missing", "refusal-unexpected"]


def test_another_code_is_told_with_its_reason() -> None:
    """The phone is told to refuse with 486, and cannot even take the call."""
    (finding,) = judge(scenario(REFUSED, ONE), seen(rang("101", 0.1, 15.1), UNABLE))
    assert finding.sentence.startswith("expected 102 to refuse with 486; it refused with 488 (no common codec: ")


@pytest.mark.parametrize(
    ("reason", "digits", "sentence"),
    [
        (
            "no telephone-event",
            "1",
            "the PBX did not offer RFC 4733 telephone-event, so key 1 cannot be sent",
        ),
        ("no sound", "102", "the PBX had agreed on no sound with anna, so keys 102 cannot be sent"),
    ],
)
def test_a_key_that_cannot_be_sent(reason: str, digits: str, sentence: str) -> None:
    """At its own step."""
    press = Press(caller="anna", source=at(9), digits=digits)
    story = scenario(Nobody(source=at(11), does="rings"), when=(CALL, press))
    (finding,) = judge(story, seen(failed_steps=((1, reason),)))
    assert (finding.kind, finding.source.line, finding.sentence) == ("step-failed", 9, sentence)


def test_registrations() -> None:
    """Which phone's, by what, and why, where the PBX's configuration tells."""
    why = "101/desk is registered, and the PBX takes 1 contact of 101 (max_contacts=1)"
    refused = (("101/mobile", 403, why), ("102", 0, "it listens for SIP by nothing"), ("103", 403, ""))
    observation = seen(registrations_refused=refused, registrations_lost=(("104", "105 registered later"), ("106", "")))
    assert [finding.sentence for finding in judge(scenario(ONE), observation)] == [
        f"the PBX refused the registration of 101/mobile with 403: {why}; the story was not played",
        "the PBX did not answer the REGISTER of 102: it listens for SIP by nothing; the story was not played",
        "the PBX refused the registration of 103 with 403; the story was not played",
        "the PBX accepted the registration of 104, and dropped it: 105 registered later; the story was not played",
        "the PBX accepted the registration of 106, and dropped it; the story was not played",
    ]


def test_what_is_seen_of_a_story_whose_first_call_was_refused_is_left_out() -> None:
    """Its legs are those of getting ready."""
    observation = seen(talks_refused=(("101", 488, "no common codec"),), trunk_legs=(PbxSeconds(0.1),))
    (finding,) = judge(scenario(ONE), observation)
    assert finding.sentence == (
        "101 refused the call that was to be up when the story begins, with 488 (no common codec)"
    )


def test_a_menu_takes_its_time() -> None:
    """What is said there, and silence: neither the first turn nor the end of the call is due within a second."""
    late = replace(TURNED, start=PbxSeconds(6.0), end=PbxSeconds(6.1))
    ended = CallerGets(source=at(12), code=200, ended_by="pbx")
    story = scenario(REFUSED, ended)
    menu = {"code": 200, "connected": 0.1, "ended_by": "pbx", "ended": 9.0}
    assert judge(story, seen(late, **menu)) == ()  # type: ignore[arg-type]
    kinds = {finding.kind for finding in judge(story, seen(late, **{**menu, "connected": None}))}  # type: ignore[arg-type]
    assert kinds == {"refusal-late", "caller-ended-late"}


@pytest.mark.parametrize(
    ("kind", "line", "expectations", "red", "green"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_each_kind_is_found_where_it_stands_and_only_where_it_is(
    kind: Kind, line: int, expectations: tuple[Expectation, ...], red: Observation, green: Observation
) -> None:
    """One difference gives one finding, at its own line; without the difference there is none."""
    story = scenario(*expectations)
    assert [(finding.kind, finding.source.line) for finding in judge(story, red)] == [(kind, line)]
    assert judge(story, green) == ()


def test_an_answer_at_once_is_named_by_answer() -> None:
    """A ring too short for a wave, that the expected answer ended; answered and not bridged it is no answer."""
    story = scenario(Answer(source=at(12), phone="101"))
    flash = rang("101", 0.1, 0.11, "answered")
    assert judge(story, seen(flash, answers=(("101", 0.12),))) == ()
    assert "ring-unnamed" in [finding.kind for finding in judge(story, seen(flash))]


def test_a_menu_may_answer() -> None:
    """Who presses a key was answered by the PBX, and so was who expects 200; who only hears a prompt may not be."""
    red = seen(connected=0.0, pressed="1", keys="1", code=200)
    silent = Nobody(source=at(11), does="rings")
    hears = scenario(silent, when=(CALL, Hear(caller="anna", source=at(9))))
    assert [finding.kind for finding in judge(hears, seen(connected=0.0))] == ["answer-by-pbx"]
    assert judge(hears, seen()) == ()
    assert judge(scenario(silent, when=(CALL, Press(caller="anna", source=at(9), digits="1"))), red) == ()
    assert judge(scenario(silent, CallerGets(source=at(12), code=200)), seen(connected=0.0, code=200)) == ()
    assert [finding.kind for finding in judge(scenario(silent), seen(connected=0.0))] == ["answer-by-pbx"]


def test_who_did_not_answer_does_not_talk() -> None:
    """Whatever was heard; and a talk that nobody listened to was not heard."""
    story = scenario(*ANSWERED, TALK)
    nobody = seen(rang("101", 0.1, 15.1))
    assert [finding.kind for finding in judge(story, nobody)] == ["answer-missing"]
    deaf = seen(rang("101", 0.1, 15.1, "answered"), answers=(("101", 15.2),))
    assert [finding.kind for finding in judge(story, deaf)] == ["talk-unheard", "talk-unheard"]
    assert judge(story, talked(("101",), ("anna",))) == ()


def test_hold_music_at_both_ends_is_no_talk() -> None:
    """Connected, and neither hears anybody: both are told, and in which words."""
    sentences = [finding.sentence for finding in judge(scenario(*ANSWERED, TALK), talked((), ("102",)))]
    assert sentences == [
        "anna does not hear 101, with whom it is connected; it hears nothing of anybody",
        "101 does not hear anna, with whom it is connected; it hears 102 instead",
    ]


def test_unheard_key() -> None:
    """A digit that the PBX did not hear is told, whatever rang."""
    press = Press(caller="anna", source=at(9), digits="12")
    story = scenario(Nobody(source=at(11), does="rings"), when=(CALL, press))
    (finding,) = judge(story, seen(pressed="12", keys="1"))
    assert finding.kind == "key-unheard"
    assert judge(story, seen(pressed="12", keys="12")) == ()


def test_caller_who_hangs_up_in_a_step_must_be_the_one_who_ended_it() -> None:
    """With a hang-up step the call is ended by the caller, without it by nobody but the harness."""
    story = scenario(ONE, when=(CALL, HangUp(caller="anna", source=at(9))))
    assert judge(story, seen(rang("101", 0.1, 15.1), ended_by="caller")) == ()
    assert [f.kind for f in judge(story, seen(rang("101", 0.1, 15.1), ended_by="pbx"))] == ["caller-ended-by"]


def test_a_call_that_the_pbx_refuses_is_told_with_its_code() -> None:
    """A 488, say, by which the PBX says that it takes none of the caller's codecs; of a BYE there is none to tell."""
    story = scenario(Nobody(source=at(11), does="rings"))
    told = "anna's call was ended by pbx at 0.1 s{}; expected: nobody before the story's end"
    (finding,) = judge(story, seen(code=488, ended=0.1, ended_by="pbx"))
    assert finding.sentence == told.format(" with 488")
    presses = replace(story, when=(CALL, Press(caller="anna", source=at(9), digits="1")))
    (finding,) = judge(presses, seen(code=200, connected=0.05, ended=0.1, ended_by="pbx", pressed="1", keys="1"))
    assert finding.sentence == told.format("")


def follows(story: Scenario, observation: Observation) -> list[tuple[str, bool]]:
    """Of each finding its kind, and whether it may follow from one before it."""
    return [(finding.kind, finding.follows) for finding in judge(story, observation)]


def test_what_may_follow_is_marked_and_causes_come_first() -> None:
    """Who rang explains who answered and how the call ended; a step or a key that failed, or an offer, who rang."""
    story = scenario(ring(11, "101", lasts=15.0), Answer(source=at(12), phone="101"))
    ended: dict[str, Any] = {"code": 486, "ended": 0.2, "ended_by": "pbx"}
    refused = replace(UNABLE, phone="101")
    assert follows(story, seen(refused, **ended)) == [
        ("refusal-unexpected", False),
        ("ring-missing", True),
        ("answer-missing", True),
        ("caller-ended-by", True),
    ]
    assert follows(story, seen(rang("101", 0.1, 15.1), code=486, ended=15.1, ended_by="pbx")) == [
        ("answer-missing", False),
        ("caller-ended-by", True),
    ]
    press = Press(caller="anna", source=at(9), digits="1")
    pressed = replace(story, when=(CALL, press))
    assert follows(pressed, seen(pressed="1", keys="")) == [("key-unheard", False), ("ring-missing", True)]
    failed = seen(failed_steps=((1, "no telephone-event"),))
    assert follows(pressed, failed) == [("step-failed", False), ("ring-missing", True)]


def test_who_did_not_ring_did_not_answer_either() -> None:
    """Which is one difference; a phone that rang, and one of which nothing is said, is told of."""
    answers = Answer(source=at(12), phone="101")
    story = scenario(ONE, answers)
    assert [finding.kind for finding in judge(story, seen())] == ["ring-missing"]
    assert [finding.kind for finding in judge(story, seen(rang("102", 0.1, 15.1)))] == ["ring-instead"]
    assert [finding.kind for finding in judge(story, seen(rang("101", 0.1, 15.1)))] == ["answer-missing"]
    other = scenario(ONE, Answer(source=at(12), phone="102"))
    assert [finding.kind for finding in judge(other, seen())] == ["ring-missing", "answer-missing"]
    talks = scenario(ONE, answers, TALK)
    assert [finding.kind for finding in judge(talks, seen())] == ["ring-missing"]
    instead = seen(rang("102", 0.1, 15.1, "answered"), answers=(("102", 15.1),), ended=15.2)
    assert "answer-instead" in [finding.kind for finding in judge(story, instead)]


def test_an_announcement_without_an_answer_takes_its_time() -> None:
    """A PBX that refuses the call behind it has not held it; one that was silent meanwhile has."""
    story, refused = scenario(BY_PBX), seen(code=480, ended=6.0, ended_by="pbx")
    view = refused.callers["anna"]
    said = ObservedSound(kind="sound", start=PbxSeconds(0.2), end=PbxSeconds(5.8))
    rings = replace(said, kind="ringing")
    for heard, found in (((said,), []), ((rings,), ["caller-ended-late"]), ((), ["caller-ended-late"])):
        observed = replace(refused, callers={"anna": replace(view, hears=heard)})
        assert [finding.kind for finding in judge(story, observed)] == found


def test_every_kind_has_its_red() -> None:
    """No kind exists that no test shows."""
    shown = {case[0] for case in CASES} | {"key-unheard", "talk-missing"}
    shown |= {"choice-share", "choice-order"}  # test_many_calls.py
    assert shown == set(get_args(Kind))


def test_sentences_say_what_to_expect_and_what_was_seen() -> None:
    """The first sentence of the house form."""
    story: Scenario = scenario(ONE, TWO)
    (finding,) = judge(story, seen(rang("101", 0.1, 30.1), rang("103", 15.1, 30.1)))
    assert finding.sentence == "expected 102 to join after 15 s; 103 rang instead"
