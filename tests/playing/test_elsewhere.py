"""A phone or caller that the PBX sends out of the run: told at once, with the line that says so.

The address is one of this machine's own, so that what a phone sends there leaves it nowhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.events.model import LedElsewhere, LegInvited, StoryOver
from ringproof.run.attempts import Plays, Table, play_scenario

from playing.conftest import events_of, story
from playing.laboratory import with_dialplan

ELSEWHERE = "127.0.0.77"
"""Loopback is not in a run's networks."""
ANSWERED = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  the second member answers:
    phones:
      102: {answers: 1s}
    when: [{call: anna}]
    expect:
      - ring: [101, 102, 103]
        for: 1s
      - answer: 102
"""
ON_A_CALL = ANSWERED.replace("102: {", "101: on a call\n      102: {").replace("[101, ", "[")
TRANSFERRED = """
callers:
  anna: {from: "+74951234567", to: "84950000004"}
scenarios:
  the PBX wants anna to call somebody else:
    when: [{call: anna}]
    expect:
      - nobody: rings
"""

pytestmark = pytest.mark.pbx


def play(text: str, environment: RunEnvironment, folder: Path) -> Plays:
    """Play a story as a run does, confirming what is red unless it is certain."""
    scenario = story(text, folder)
    plays = play_scenario(scenario, Table(environment=environment, out=folder / "out", width=100))
    events = events_of(folder / "out" / scenario.id)
    (over,) = [event.at for event in events if isinstance(event, StoryOver)]
    first = next(event.at for event in events if isinstance(event, LedElsewhere))
    assert over - first < 1.0
    assert {finding.kind for finding in plays.told.findings} == {"leads-elsewhere"}
    assert (len(plays.made), plays.fast) == (1, None)
    return plays


def sends(plays: Plays) -> set[str]:
    """What is told of messages and lines, whoever got them first."""
    return {finding.sentence.partition(": ")[2] for finding in plays.told.findings}


def external(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    """Have the PBX name another address as its own."""
    lines = "".join(f"{option}={ELSEWHERE}\n" for option in options)
    with_dialplan(monkeypatch, "", "res_pjsip_nat", files={"pjsip.conf": ("bind=0.0.0.0:5060\n", lines)})


def test_sound(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The phones are told so by the INVITE, before anybody answers."""
    external(monkeypatch, "external_media_address")
    plays = play(ANSWERED, environment, tmp_path)
    assert sends(plays) == {f"its INVITE says `c=IN IP4 {ELSEWHERE}`"}
    assert plays.told.observation.elsewhere[0].who in {"101", "102", "103"}


def test_sip_and_sound(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All lines of the message are told (the caller may be told so, too, by then), and the PBX's own capture has it."""
    external(monkeypatch, "external_signaling_address", "external_media_address")
    plays = play(ANSWERED, environment, tmp_path)
    assert sends(plays) >= {
        f"its INVITE says `Contact: <sip:asterisk@{ELSEWHERE}:5060>`",
        f"its INVITE says `c=IN IP4 {ELSEWHERE}`",
    }
    (record,) = (tmp_path / "out").glob("*/events.ndjson")
    events = events_of(record.parent)
    invited = {event.call_id for event in events if isinstance(event, LedElsewhere) and event.message == "INVITE"}
    assert invited <= {event.call_id for event in events if isinstance(event, LegInvited)}


def test_a_phone_that_is_to_be_on_a_call(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its call is made before the story begins, which it then never does."""
    external(monkeypatch, "external_media_address")
    (finding,) = play(ON_A_CALL, environment, tmp_path).told.findings
    assert "before the story began: its INVITE says" in finding.sentence


@pytest.mark.parametrize(
    ("steps", "message", "line"),
    [
        (f"Transfer(PJSIP/sip:102@{ELSEWHERE})", "302 Moved Temporarily", f"Contact: <sip:102@{ELSEWHERE}>"),
        (
            "Answer()\n same => n,Transfer(PJSIP/sip:102@pbx.example.com)",
            "REFER",
            "Refer-To: sip:102@pbx.example.com",
        ),
    ],
)
def test_a_caller_who_is_to_call_somebody_else(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: str, message: str, line: str
) -> None:
    """He would not do so; he was told to."""
    dialplan = f"exten => 84950000004,1,{steps}\n same => n,Hangup()\n[from-trunk-before]\n"
    with_dialplan(monkeypatch, dialplan, "app_transfer", "res_pjsip_refer")
    plays = play(TRANSFERRED, environment, tmp_path)
    assert sends(plays) == {f"its {message} says `{line}`"}
    assert plays.told.observation.elsewhere[0].who == "anna"
