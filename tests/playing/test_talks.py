"""A talk is two who hear each other: what a call on hold music, or with sound in one direction only, is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.dialplan.render import render_office
from ringproof.judge import Kind, judge
from ringproof.observe import observe
from ringproof.playing.conductor import conduct

from playing.conftest import events_of, on_a_clock, story

DIAL = "Dial(${PHONES:1},15,rb(rung^s^1))"
TALK = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  they talk:
    phones:
      102: {answers: 5s}
    when: [{call: anna}]
    expect:
      - ring: [101, 102, 103]
        for: 5s
      - answer: 102
      - talk: [anna, 102]
"""
MUSIC = "[default]\nmode=files\ndirectory=/usr/share/asterisk/sounds/en/digits\n"
ON_HOLD = "\n[music]\nexten => s,1,MusicOnHold(default)\n same => n,MusicOnHold(default)\n"
MUTED = "\n[muted]\nexten => s,1,Set(MUTEAUDIO({})=on)\n same => n,Return()\n"
CASES: dict[str, tuple[str, str, tuple[str, ...], list[tuple[Kind, str]]]] = {
    "as rendered": (DIAL, "", (), []),
    "both on hold music": (
        "Dial(${PHONES:1},15,rG(music^s^1))", ON_HOLD, ("res_musiconhold",),
        [
            ("leg-outlives-caller",
                "the caller hung up, but the call at 102 did not end, so that Ringproof ended it; expected within 1 s"),
            ("answer-missing", "expected 102 to answer; it picked up at 5 s, and was not connected"),
        ]),
    "the caller hears nothing": (
        "Dial(${PHONES:1},15,rU(muted))", MUTED.format("in"), ("res_mutestream",),
        [("talk-unheard", "anna does not hear 102, with whom it is connected; it hears nothing of anybody")]),
    "the phone hears nothing": (
        "Dial(${PHONES:1},15,rU(muted))", MUTED.format("out"), ("res_mutestream",),
        [("talk-unheard", "102 does not hear anna, with whom it is connected; it hears nothing of anybody")]),
}  # fmt: skip


@pytest.mark.pbx
@pytest.mark.parametrize("case", CASES)
def test_what_is_a_talk(case: str, environment: RunEnvironment, tmp_path: Path) -> None:
    """Red in exactly the words that say who does not hear whom."""
    dial, context, modules, expected = CASES[case]
    scenario = story(TALK, tmp_path)
    edited, play = tmp_path / "edited", tmp_path / "play"
    play.mkdir()
    render_office(scenario.office, edited, office_folder=Path(scenario.office_file).parent)
    dialplan = (edited / "extensions.conf").read_text("utf-8")
    assert DIAL in dialplan
    (edited / "extensions.conf").write_text(dialplan.replace(DIAL, dial, 1) + context, "utf-8")
    (edited / "musiconhold.conf").write_text(MUSIC, "utf-8")
    with (edited / "modules.conf").open("a") as file:
        file.writelines(f"load={name}.so\n" for name in modules)
    on_a_clock(conduct(scenario, replace(environment, rendered=str(edited)), play, FASTEST))
    observation = observe(scenario, events_of(play))
    assert [(finding.kind, finding.sentence) for finding in judge(scenario, observation)] == expected
    recordings = {path.name for path in (play / "phones").glob("*.wav")}
    connected = "answer-missing" not in dict(expected)  # who is not has nobody to listen to
    assert recordings == ({"01-102-hears.wav", "02-anna-hears.wav"} if connected else set())


@pytest.mark.pbx
def test_a_talk_takes_no_more_than_an_invite(environment: RunEnvironment, tmp_path: Path) -> None:
    """As with a desk phone: audio alone is offered, and no UPDATE follows the answer.

    An UPDATE arrives while the PBX still joins the two, and once left the caller without sound.
    """
    scenario = story(TALK, tmp_path)
    on_a_clock(conduct(scenario, environment, tmp_path, FASTEST))
    log = (tmp_path / "phones" / "anna.log").read_text("utf-8", errors="replace")
    offered = [line.partition(" ")[0] for line in log.splitlines() if line.startswith("m=")]
    assert set(offered) == {"m=audio"}
    assert "Request msg INVITE" in log
    assert "Request msg UPDATE" not in log
