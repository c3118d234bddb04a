"""What the PBX offers and a phone cannot take: the phone's library refuses it by itself, which is the PBX's doing.

So it is a refused ring, with the code that stands on the wire, and red; nothing of it is told as broken.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.events.model import LegFinal, PhoneRefused
from ringproof.judge.finding import Finding
from ringproof.run.attempts import Table, play_scenario

from playing.conftest import events_of, story, with_setting

PHONE = "[101](phone)\n"
TRUNK = "[trunk](endpoint)\n"
ALL_RING = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  the second member answers:
    phones:
      102: {answers: 3s}
    when: [{call: anna}]
    expect:
      - ring: [101, 102, 103]
        for: 3s
      - answer: 102
"""
ALONE = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  one phone answers:
    phones:
      101: {answers: 3s}
    when: [{call: anna}]
    expect:
      - ring: [101]
        for: 3s
      - answer: 101
"""
TWO_CALLERS = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
  boris: {from: "+74957654321", to: "84950000005"}
scenarios:
  two callers for one phone:
    when: [{call: anna}, {wait: 1s, by: boris}, {call: boris}]
    expect:
      anna:
        - nobody: answers
      boris:
        - nobody: answers
"""
ON_A_CALL = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  one of three is on a call:
    phones:
      101: on a call
      102: {answers: 3s}
    when: [{call: anna}]
    expect:
      - ring: [102, 103]
        for: 3s
      - answer: 102
"""
KEY = """
callers:
  anna: {from: "+74951234567", to: "84950000001"}
scenarios:
  key 1 rings accounting:
    phones:
      101: {answers: 3s}
    when:
      - call: anna
      - press: "1"
    expect:
      - ring: [101, 102, 103]
        for: 3s
      - answer: 101
"""
KEY_TOO_EARLY = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a key while it rings:
    when:
      - call: anna
      - press: "1"
        after: 2s
    expect:
      - nobody: answers
"""

pytestmark = pytest.mark.pbx


def play(text: str, environment: RunEnvironment, folder: Path) -> tuple[tuple[Finding, ...], Path]:
    """Play a story once; return what is wrong, and where its evidence is."""
    scenario = story(text, folder)
    plays = play_scenario(scenario, Table(environment=environment, out=folder, width=100, confirm="never"))
    return plays.told.findings, folder / scenario.id


@pytest.mark.parametrize(
    ("options", "code", "because"),
    [
        (
            "disallow=all\nallow=gsm,g722\n",
            488,
            "no common codec: the PBX offers GSM and G722, the phone speaks PCMA and PCMU",
        ),
        ("media_encryption=sdes\n", 488, "the PBX asks for SRTP by RTP/SAVP, and the phone has RTP alone"),
        ("disallow=all\n", 400, "the PBX offers neither sound nor a codec: its session description has no media"),
    ],
    ids=["codec", "srtp", "no-media"],
)
def test_one_of_a_group_cannot_take_the_call(
    environment: RunEnvironment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: str,
    code: int,
    because: str,
) -> None:
    """It was rung and refused, as both witnesses say; the others ring on."""
    with_setting(monkeypatch, "pjsip.conf", (PHONE, PHONE + options))
    with_modules(monkeypatch, "res_srtp")
    findings, evidence = play(ALL_RING, environment, tmp_path)
    assert [finding.kind for finding in findings] == ["refusal-unexpected", "ring-missing"]
    assert findings[0].sentence == f"101 was rung at 0 s and refused with {code} ({because}); no expectation names it"
    assert findings[1].sentence == "expected 101 to ring; only 102 and 103 rang"
    events = events_of(evidence)
    (refused,) = [event for event in events if isinstance(event, PhoneRefused)]
    finals = {event.call_id: event.code for event in events if isinstance(event, LegFinal)}
    assert (refused.phone, refused.code, finals[refused.call_id]) == ("101", code, code)


def with_modules(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Have more modules of Asterisk loaded."""
    loads = "".join(f"load={module}.so\n" for module in modules)
    with_setting(monkeypatch, "modules.conf", ("autoload=no\n", f"autoload=no\n{loads}"))


def test_the_only_phone_cannot_take_the_call(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole call is over before the PBX can be asked whose it is, and yet it is known."""
    with_setting(monkeypatch, "pjsip.conf", (PHONE, f"{PHONE}disallow=all\nallow=gsm\n"))
    findings, _ = play(ALONE, environment, tmp_path)
    assert [finding.kind for finding in findings] == [
        "refusal-unexpected",
        "ring-missing",
        "answer-missing",
        "caller-ended-by",
    ]


def test_two_callers_whom_the_only_phone_cannot_take(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other: each call is over in an instant, and whose it was is known by when it came and ended."""
    with_setting(monkeypatch, "pjsip.conf", (PHONE, f"{PHONE}disallow=all\nallow=gsm\n"))
    findings, _ = play(TWO_CALLERS, environment, tmp_path)
    refused = [finding.caller for finding in findings if finding.kind == "refusal-unexpected"]
    assert refused == ["anna", "boris"]
    assert not {finding.kind for finding in findings} & {"ring-stray"}


def test_an_endpoint_of_another_transport(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The PBX writes down an INVITE that it cannot send: there is no TCP where the phone is registered by UDP."""
    tcp = "[tcp]\ntype=transport\nprotocol=tcp\nbind=0.0.0.0:5060\n\n"
    with_setting(
        monkeypatch, "pjsip.conf", ("[endpoint](!)\n", f"{tcp}[endpoint](!)\n"), (PHONE, f"{PHONE}transport=tcp\n")
    )
    findings, _ = play(ALL_RING, environment, tmp_path)
    assert [finding.kind for finding in findings] == ["dial-nowhere", "ring-missing"]
    assert findings[0].sentence == (
        "the PBX dialled 101, which is not there, at 0 s: its INVITE goes by TCP, and the phone is registered by UDP"
    )


@pytest.mark.parametrize(("endpoint", "who"), [(PHONE, "101"), (TRUNK, "the other end of 101's call")])
def test_a_phone_that_is_to_be_on_a_call(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, who: str
) -> None:
    """The call that is to be up when the story begins cannot be taken, by either end."""
    with_setting(monkeypatch, "pjsip.conf", (endpoint, f"{endpoint}media_encryption=sdes\n"))
    with_modules(monkeypatch, "res_srtp")
    (finding,), _ = play(ON_A_CALL, environment, tmp_path)
    assert finding.kind == "talk-refused"
    assert finding.sentence == (
        f"{who} refused the call that was to be up when the story begins, with 488 "
        "(the PBX asks for SRTP by RTP/SAVP, and the phone has RTP alone)"
    )


@pytest.mark.parametrize("mode", ["info", "inband"])
def test_keys_that_the_pbx_does_not_offer_to_take(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Told at the step, as what it is: the menu waits for keys in another way than by RFC 4733."""
    with_setting(monkeypatch, "pjsip.conf", (TRUNK, f"{TRUNK}dtmf_mode={mode}\n"))
    findings, _ = play(KEY, environment, tmp_path)
    first = findings[0]
    assert (first.kind, first.source.line) == ("step-failed", KEY[: KEY.index("- press")].count("\n") + 2)
    assert first.sentence == "the PBX did not offer RFC 4733 telephone-event, so key 1 cannot be sent"
    assert not {finding.kind for finding in findings} & {"key-unheard", "refusal-unexpected"}


def test_a_key_before_there_is_any_sound(environment: RunEnvironment, tmp_path: Path) -> None:
    """A PBX that lets the caller wait with a 180 alone: nothing is edited, and nothing is broken."""
    findings, _ = play(KEY_TOO_EARLY, environment, tmp_path)
    assert findings[0].kind == "step-failed"
    assert findings[0].sentence == "the PBX had agreed on no sound with anna, so key 1 cannot be sent"
