"""Registrations that the PBX does not keep: red, with which phone's it was, by what, and which setting says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.judge.finding import Finding
from ringproof.playing import registration
from ringproof.run.attempts import Table, play_scenario

from playing.conftest import story, with_setting

TWO = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  two phones of one extension:
    phones:
      101/desk: {answers: 3s}
      101/mobile: rings
    when: [{call: anna}]
    expect:
      - ring: [101]
        for: 3s
      - answer: 101/desk
"""
WHICH = re.compile(r"\b101/(desk|mobile)\b")

pytestmark = pytest.mark.pbx


def play(environment: RunEnvironment, folder: Path) -> list[Finding]:
    """Play the story; reds of this kind are not confirmed."""
    plays = play_scenario(story(TWO, folder), Table(environment=environment, out=folder, width=100))
    assert (len(plays.made), plays.fast) == (1, None)
    return list(plays.told.findings)


def contacts(monkeypatch: pytest.MonkeyPatch, most: int, *, remove_existing: bool) -> None:
    """Have the PBX keep so many contacts of an extension."""
    with_setting(
        monkeypatch,
        "pjsip.conf",
        ("max_contacts=", f"max_contacts={most} ;"),
        ("remove_existing=no", f"remove_existing={'yes' if remove_existing else 'no'}"),
    )


def test_one_too_many_is_refused(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of the two comes later."""
    contacts(monkeypatch, 1, remove_existing=False)
    (finding,) = play(environment, tmp_path)
    assert finding.kind == "registration-refused"
    assert set(WHICH.findall(finding.sentence)) == {"desk", "mobile"}
    assert WHICH.sub("ONE", finding.sentence) == (
        "the PBX refused the registration of ONE with 403: ONE is registered, and the PBX takes 1 contact of 101 "
        "(max_contacts=1); the story was not played"
    )


def test_one_is_displaced(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are accepted, and the later one takes the place of the other."""
    contacts(monkeypatch, 1, remove_existing=True)
    (finding,) = play(environment, tmp_path)
    assert finding.kind == "registration-lost"
    assert set(WHICH.findall(finding.sentence)) == {"desk", "mobile"}
    assert WHICH.sub("ONE", finding.sentence) == (
        "the PBX accepted the registration of ONE, and dropped it: ONE registered later, and the PBX keeps 1 contact "
        "of 101 (max_contacts=1, remove_existing=yes); the story was not played"
    )


def test_nobody_may_register(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extension with static contacts only."""
    contacts(monkeypatch, 0, remove_existing=False)
    sentences = {finding.sentence for finding in play(environment, tmp_path)}
    assert sentences >= {
        f"the PBX refused the registration of {phone} with 403: it takes no contact of 101 (max_contacts=0); "
        "the story was not played"
        for phone in ("101/desk", "101/mobile")
    }


def test_two_are_kept_where_there_is_room(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same PBX that keeps two contacts plays the story."""
    contacts(monkeypatch, 2, remove_existing=True)
    assert play(environment, tmp_path) == []


def test_a_transport_that_phones_do_not_speak(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer says nothing; where the PBX listens does."""
    monkeypatch.setattr(registration, "REGISTERED_WITHIN_S", 2.0)
    with_setting(monkeypatch, "pjsip.conf", ("protocol=udp", "protocol=tcp"))
    sentences = [finding.sentence for finding in play(environment, tmp_path)]
    assert sentences[-1] == (
        "the PBX did not answer the REGISTER of 103: it listens for SIP by TCP at 0.0.0.0:5060, and phones send it by "
        "UDP to port 5060; the story was not played"
    )
