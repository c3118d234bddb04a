"""A phone that the PBX calls by itself, and joins to the caller: by Bridge(), a conference, or a Local channel.

Each way is played right, and broken once: the phone is joined to nobody, or nobody is heard in the conference.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import SLOWEST
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing.conductor import conduct

from playing.conftest import events_of, on_a_clock, story
from playing.offices import Office, lead_to, pair_of_tests
from playing.outside_programs import Outside, by_originate

STORY = """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 3s
          - answer: 101
          - talk: [anna, 101]
          - caller gets: {answered by: pbx}
"""
APART = frozenset({"answer-missing", "hears-nothing"})
"""Nothing joins the phone's call to the caller's, whose dialplan has rung it."""
NOBODYS = frozenset({"ring-missing", "ring-stray"})
"""And by somebody else it was rung: the PBX does not say for whom."""
WAITS = "Answer()\nSet(GLOBAL(WAITING)=${CHANNEL})\n{}\nWait(40)\nHangup(16)\n"
JOIN = "[join]\nexten => s,1,Bridge(${WAITING})\n"
LEG = "[leg]\nexten => 101,1,Dial(PJSIP/101,20)\n"
ORIGINATE = ("app_originate",)
CALL_FILE = "Channel: PJSIP/101\\nContext: join\\nExtension: s\\nPriority: 1\\n"
CONFERENCE = ("app_originate", "app_confbridge", "bridge_softmix")
ROOMS = {"confbridge.conf": "[general]\n[default_user]\ntype=user\nstartmuted=no\n[default_bridge]\ntype=bridge\n"}
NOT_BRIDGED = ("Bridge(${WAITING})", "Wait(20)")

OFFICES = {
    "Originate() and Bridge()": Office(
        WAITS.replace("{}", "Originate(PJSIP/101,exten,join,s,1,20,a)") + JOIN, STORY, NOT_BRIDGED, APART, ORIGINATE
    ),
    "a call file and Bridge()": Office(
        WAITS.replace(
            "{}", f"System(printf '{CALL_FILE}' > /tmp/one.call && mv /tmp/one.call /var/spool/asterisk/outgoing/)"
        )
        + JOIN,
        STORY,
        NOT_BRIDGED,
        NOBODYS,
        ("app_system", "pbx_spool"),
    ),
    "Originate() of a Local channel, and Bridge()": Office(
        WAITS.replace("{}", "Originate(Local/101@leg,exten,join,s,1,20,a)") + JOIN + LEG,
        STORY,
        NOT_BRIDGED,
        APART,
        ORIGINATE,
    ),
    "Originate() of a Local channel that stays, and Bridge()": Office(
        WAITS.replace("{}", "Originate(Local/101@leg/n,exten,join,s,1,20,a)") + JOIN + LEG,
        STORY,
        NOT_BRIDGED,
        APART,
        ORIGINATE,
    ),
    "Originate() into a conference": Office(
        "Answer()\nOriginate(PJSIP/101,app,ConfBridge,room,,20,a)\nConfBridge(room)\nHangup(16)\n",
        STORY,
        ("ConfBridge,room,", "ConfBridge,other,"),
        APART | {"leg-outlives-caller"},
        CONFERENCE,
        ROOMS,
    ),
    "Originate() of a Local channel into a conference": Office(
        "Answer()\nOriginate(Local/101@leg/n,app,ConfBridge,room,,20,a)\nConfBridge(room)\nHangup(16)\n" + LEG,
        STORY,
        ("startmuted=no", "startmuted=yes"),
        frozenset({"talk-unheard"}),
        CONFERENCE,
        ROOMS,
    ),
}

OFFICES["an Originate() that nobody answers"] = Office(
    "Answer()\nOriginate(PJSIP/101,app,Wait,1,,10,a)\nMusicOnHold(default,12)\nHangup(16)\n",
    """
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 10s
          - nobody: answers
          - missed: [101]
          - caller gets: {answered by: pbx, ended by: pbx}
    """,
    (",,10,a", ",,4,a"),
    frozenset({"ring-too-short"}),
    ("app_originate", "res_musiconhold"),
    {"musiconhold.conf": "[default]\nmode=files\ndirectory=/usr/share/asterisk/sounds/en/digits\n"},
)


test_right_is_green, test_broken_is_red = pair_of_tests(OFFICES)


@pytest.mark.pbx
@pytest.mark.parametrize(("joins", "kinds"), [("Bridge(${WAITING})", frozenset()), ("Wait(20)", NOBODYS)])
def test_a_program_that_has_the_pbx_call(
    joins: str, kinds: frozenset[str], environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the manager interface, in real time: the clock does not know of a program that is not part of the PBX."""
    number = WAITS.replace("{}", "NoOp()") + JOIN.replace(NOT_BRIDGED[0], joins)
    lead_to(number, {}, (), monkeypatch)
    outside = Outside(by_originate("PJSIP/101", "join"), monkeypatch)
    caller = 'callers:\n  anna: {from: "+74951234567", to: "84950000002"}\n'
    told = story(f"{caller}scenarios:\n      it is so:{STORY}", tmp_path)
    play = tmp_path / "play"
    play.mkdir()
    on_a_clock(conduct(told, environment, play, SLOWEST))
    outside.finish()
    assert {finding.kind for finding in judge(told, observe(told, events_of(play)))} == kinds
