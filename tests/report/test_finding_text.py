"""The house form of a failure, exactly as it is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import CallerPlaced, LegBelongs
from ringproof.events.record import to_json
from ringproof.judge import judge
from ringproof.observe.model import ObservedRing
from ringproof.report.finding_text import broken_text, failure_text
from ringproof.scenario.model.scenario import Answer, Caller, Expectation, Missed, Nobody, Refused, Scenario
from stories import at, ring, seen, story, view, wave

Golden = Callable[[str, str], None]
EVIDENCE = "out/support-grows-3fa9c1/"


def told(scenario: Scenario, rings: list[ObservedRing], width: int = 120, folder: Path | None = None) -> str:
    """Judge and tell."""
    observation = seen(rings)
    findings = judge(scenario, observation)
    assert findings
    text = failure_text(scenario, observation, findings, evidence=EVIDENCE, folder=folder, width=width)
    assert all(len(line) <= width for line in text.splitlines() if "░" in line or "█" in line)
    return text + "\n"


GROWS: list[Expectation] = [wave(12, "101", 20), wave(14, "101 102", 5), Answer(source=at(16), phone="102")]
OTHER_JOINED = [ring("101", 2.1, 27.2, missed=True), ring("103", 22.1, 27.2, "answered")]


def test_another_phone_joined(golden: Golden) -> None:
    """The sample of the design: three findings, the charts once, beside each other."""
    golden("report/another-phone-joined.txt", told(story(GROWS), OTHER_JOINED))


def test_narrow_terminal(golden: Golden) -> None:
    """The same at 80 columns: no line of a chart wraps."""
    golden("report/another-phone-joined-80.txt", told(story(GROWS), OTHER_JOINED, width=80))


def test_the_way_of_the_call_is_that_which_was_executed(golden: Golden, tmp_path: Path) -> None:
    """Not the one that the office states: Asterisk's log tells each step, the evidence holds the dialplan."""
    pbx = tmp_path / "pbx"
    (pbx / "conf").mkdir(parents=True)
    dialplan = "[group-sales]\n same => n,Dial(PJSIP/104,15)\n\n[group-support]\n; Dial(\nexten => s,1,NoOp()\n"
    (pbx / "conf" / "extensions.conf").write_text(dialplan + " same => n,Dial(PJSIP/101&PJSIP/103,20)\n")
    executed = [
        "[84950000001@from-trunk:1] Goto(CHANNEL, 'menu-main,s,1')",
        "[s@menu-main:1] Gosub(CHANNEL, 'sent-on,s,1')",
        "[s@sent-on:1] Return(CHANNEL, '')",
        "[s@menu-main:2] BackGround(CHANNEL, 'vm-enter-num-to-call')",
        "[2@menu-main:1] Goto(CHANNEL, 'group-support,s,1')",
        "[s@group-support:1] NoOp(CHANNEL, '')",
        "[s@group-support:2] Dial(CHANNEL, 'PJSIP/101/sip:101@198.51.100.2:40001;ob&PJSIP/103,20')",
    ]
    log = "".join(
        f"[2026-11-28 02:54:38.345] VERBOSE[65][C-00000001] pbx.c: Executing {step} in new stack\n" for step in executed
    )
    (pbx / "full.log").write_text(log.replace("CHANNEL", '"PJSIP/trunk-00000000"').replace("'", '"'), "utf-8")
    placed = CallerPlaced(at=PbxSeconds(0.0), caller="anna", call_id="a")
    leg = LegBelongs(at=PbxSeconds(0.1), call_id="a", channel="PJSIP/trunk-00000000", endpoint="trunk", linked="1.1")
    (tmp_path / "events.ndjson").write_text(f"{to_json(placed)}\n{to_json(leg)}\n", "utf-8")
    golden("report/dial-line.txt", told(story(GROWS), OTHER_JOINED, folder=tmp_path))


def test_what_asterisk_complained_of_is_told_once(golden: Golden, tmp_path: Path) -> None:
    """A few of it; not that a channel of ours was gone before we asked it."""
    (tmp_path / "pbx").mkdir()
    before, where = "[2026-11-24 22:05:03.513] ", "in new stack"
    lines = [
        f"{before}VERBOSE[62][C-00000001] pbx.c: Executing [s@group-sales:9] Diall() {where}",
        f"{before}WARNING[62][C-00000001] pbx.c: No application 'Diall' for extension (group-sales, s, 9)",
        f"{before}WARNING[63][C-00000002] pbx.c: No application 'Diall' for extension (group-sales, s, 9)",
        f"{before}WARNING[64] func_channel.c: Unknown or unavailable item requested: 'pjsip,call-id'",
        *(f"{before}ERROR[{number}] app_{number}.c: Something is wrong" for number in range(3)),
    ]
    (tmp_path / "pbx" / "full.log").write_text("\n".join(lines), encoding="utf-8")
    golden("report/complaints.txt", told(story(GROWS), OTHER_JOINED, folder=tmp_path))


def test_what_to_write_stands_below_the_finding(golden: Golden) -> None:
    """The classic first mistake: nobody answers, the PBX ends the call, and nothing says so."""
    scenario = story([wave(12, "101", 15)])
    rings = [ring("101", 2.1, 17.1)]
    observation = seen(rings)
    ended = dataclasses.replace(observation.callers["anna"], code=480, ended_by="pbx", ended=PbxSeconds(17.2))
    observation = dataclasses.replace(observation, callers={"anna": ended})
    text = failure_text(scenario, observation, judge(scenario, observation), evidence=EVIDENCE)
    golden("report/nothing-said-of-the-end.txt", text + "\n")


def test_a_short_ring_in_a_long_story(golden: Golden) -> None:
    """A wave of 1 s in 92 s: beside each other it would be too small to see, so the charts stand above one another."""
    expect = [wave(12, "101", 30), wave(14, "102", 1), wave(14, "103", 60)]
    rings = [ring("101", 2.1, 32.1, missed=True), ring("103", 32.1, 92.1), ring("102", 92.1, 93.1)]
    golden("report/short-ring-in-long-story.txt", told(story(expect), rings))


def test_blink(golden: Golden) -> None:
    """A fresh INVITE in the middle of what should be one ring starts dark again."""
    rings = [ring("101", 2.1, 22.1), ring("101", 22.15, 27.2), ring("102", 22.1, 27.2, "answered")]
    golden("report/blink.txt", told(story(GROWS), rings))


def test_nobody_rings(golden: Golden) -> None:
    """A chart without a single phone is said in words."""
    scenario = story([Nobody(source=at(12), does="rings"), Missed(source=at(14), phones=("101",))])
    golden("report/nobody-rings.txt", told(scenario, []))


def test_refusals_and_a_wave_of_any_length(golden: Golden) -> None:
    """A refusal at once is a cross without a bar; a wave without `for:` is marked as such."""
    expect: list[Expectation] = [
        Refused(source=at(12), codes={"101": (486,)}),
        wave(13, "102 103", None),
        Answer(source=at(16), phone="102"),
    ]
    rings = [
        ring("101", 2.1, 2.15, "refused", 603, alerted=False),
        ring("102", 2.1, 9.1),
        ring("103", 2.1, 9.1, "answered"),
    ]
    golden("report/refusals.txt", told(story(expect), rings))


def test_rang_too_late(golden: Golden) -> None:
    """The expected chart stands where the ring was due, not where it was."""
    golden("report/late.txt", told(story([wave(12, "101", 5, after=2)]), [ring("101", 9.0, 14.0)]))


def test_one_chart_for_each_caller(golden: Golden) -> None:
    """Two callers, both red: two charts, each under its own first finding."""
    boris = Caller(name="boris", shows="+74957654321", dials="84950000001", source=at(3, 3))
    one = story([wave(12, "101", 5)])
    scenario = dataclasses.replace(
        one, callers={**one.callers, "boris": boris}, expect={**one.expect, "boris": (wave(14, "103", 5),)}
    )
    of_boris = dataclasses.replace(view([ring("102", 12.2, 17.2)], acted=12.0), caller="boris")
    of_anna = view([ring("102", 2.1, 7.1)])
    observation = dataclasses.replace(seen([]), callers={"anna": of_anna, "boris": of_boris})
    text = failure_text(scenario, observation, judge(scenario, observation), evidence=EVIDENCE)
    golden("report/two-callers.txt", text + "\n")


def test_findings_of_no_caller_have_no_chart(golden: Golden) -> None:
    """A crash: the sentence, the scenario's line, the evidence."""
    observation = dataclasses.replace(seen([ring("101", 2.1, 7.1)]), crashed=11, watched=PbxSeconds(0.0))
    scenario = story([wave(12, "101", 5)])
    text = failure_text(scenario, observation, judge(scenario, observation), evidence=EVIDENCE)
    golden("report/crashed.txt", text + "\n")


@pytest.mark.parametrize(
    ("name", "sentence", "hint"),
    [
        ("engine", "no Docker engine answers at /var/run/docker.sock", "`make setup` installs and starts one"),
        ("phone", "the phone 103 ended by signal 11", "its log is out/support-grows-3fa9c1/phones/103.log"),
        ("bare", "the story has no end", ""),
        ("log", "phone 100 did not start:\n  phones/100.log:\n  the last line of it", "see its log"),
    ],
)
def test_broken(golden: Golden, name: str, sentence: str, hint: str) -> None:
    """A play that says nothing about the routing says that it was not judged."""
    text = broken_text(story(GROWS), sentence, hint=hint, evidence="" if name == "engine" else EVIDENCE)
    golden(f"report/broken-{name}.txt", text + "\n")
