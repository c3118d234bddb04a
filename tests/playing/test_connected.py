"""Caller and phone are connected through whatever chain of bridges, at any moment; and who never is has lost the call.

The dialplans are those of FreePBX, of queues and of agents who are told something first. Each is played right, and
broken once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment

from playing.conftest import kinds_found, rendered_otherwise, story

NUMBER = "84950000002"
STORY = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  they are connected:
    phones:
      101: {answers: 3s}
    when: [{call: anna}]
    expect:
      - ring: [101]
        for: 3s
      - answer: 101
      - talk: [anna, 101]
"""
BY_PBX = """      - caller gets: {answered by: pbx}
"""
LOCAL = "[leg]\nexten => 101,1,Dial(PJSIP/101,20)\n"
AGENTS = "[general]\n[agents]\nstrategy=ringall\ntimeout=20\n{}member=Local/101@leg/n,0,One,PJSIP/101\n"
QUEUE = ("app_queue", "bridge_holding", "res_musiconhold")
MUSIC = "[default]\nmode=files\ndirectory=/usr/share/asterisk/sounds/en/digits\n"


@dataclass(frozen=True)
class Way:
    """How the number reaches 101: priorities of the dialplan, contexts, modules, further files."""

    right: tuple[str, ...]
    broken: tuple[str, ...]
    kinds: frozenset[str]
    """Of what is found of the broken one."""
    contexts: str = LOCAL
    modules: tuple[str, ...] = ()
    queues: str = ""
    more: str = ""
    """Expectations."""


WAYS = {
    "a Local channel that stays": Way(
        ("Dial(Local/101@leg/n,20)", "Hangup(19)"),
        ("Dial(Local/101@leg/n,20,G(apart^s^1))", "Hangup(19)"),
        frozenset({"answer-missing", "leg-outlives-caller", "hears-nothing"}),
        LOCAL + "[apart]\nexten => s,1,Answer()\n same => n,Wait(60)\n same => n,Wait(60)\n",
    ),
    "two Local channels that stay": Way(
        ("Dial(Local/one@first/n,20)", "Hangup(19)"),
        ("Dial(Local/other@first/n,20)", "Hangup(19)"),
        frozenset({"ring-instead"}),
        LOCAL
        + "[first]\nexten => one,1,Dial(Local/101@leg/n,20)\nexten => other,1,Dial(Local/102@second/n,20)\n"
        + "[second]\nexten => 102,1,Dial(PJSIP/102,20)\n",
    ),
    "an announcement of two seconds": Way(
        ("Dial(PJSIP/101,20,A(vm-enter-num-to-call))", "Hangup(19)"),
        ("Dial(PJSIP/101,20,U(told))", "Hangup(19)"),
        frozenset({"answer-missing", "caller-ended-by"}),
        "[told]\nexten => s,1,Playback(vm-enter-num-to-call)\n"
        " same => n,Set(GOSUB_RESULT=CONTINUE)\n same => n,Return()\n",
        ("app_playback",),
    ),
    "a queue whose member is a Local channel": Way(
        ("Answer()", "Queue(agents,,,,30)", "Hangup(19)"),
        ("Answer()", "Queue(agents,,,,2)", "Hangup(19)"),
        frozenset({"ring-too-short", "answer-missing", "missed-unexpected", "caller-ended-by"}),
        modules=QUEUE,
        queues=AGENTS.format(""),
        more=BY_PBX,
    ),
    "a queue that tells its member something first": Way(
        ("Answer()", "Queue(agents,,,,30)", "Hangup(19)"),
        ("Queue(agents,,,,30)", "Hangup(19)"),
        frozenset({"answer-not-by-pbx"}),
        modules=QUEUE,
        queues=AGENTS.format("announce=vm-enter-num-to-call\n"),
        more=BY_PBX,
    ),
}


def _played(
    way: Way, steps: tuple[str, ...], environment: RunEnvironment, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Play on an office whose number does these steps; the kinds of what is found."""

    def lead(rendered: Path) -> None:
        dialplan = (rendered / "extensions.conf").read_text("utf-8")
        lines = "\n same => n,".join((f"exten => {NUMBER},1,{steps[0]}", *steps[1:]))
        led, count = re.subn(rf"exten => {NUMBER},1,.*", lines, dialplan)
        assert count == 1
        (rendered / "extensions.conf").write_text(f"{led}\n{way.contexts}", "utf-8")
        (rendered / "musiconhold.conf").write_text(MUSIC, "utf-8")
        (rendered / "queues.conf").write_text(way.queues or "[general]\n", "utf-8")
        for name in ("musiconhold.conf", "queues.conf"):
            (rendered / name).chmod(0o644)
        with (rendered / "modules.conf").open("a") as file:
            file.writelines(f"load={name}.so\n" for name in way.modules)

    rendered_otherwise(monkeypatch, lead)
    return kinds_found(story(STORY + way.more, folder), environment, folder)


@pytest.mark.pbx
@pytest.mark.parametrize("name", WAYS)
def test_right_is_green(
    name: str, environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are connected, and each hears the other."""
    assert _played(WAYS[name], WAYS[name].right, environment, tmp_path, monkeypatch) == []


@pytest.mark.pbx
@pytest.mark.parametrize("name", WAYS)
def test_broken_is_red(name: str, environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is wrong with it, and by nothing else."""
    found = _played(WAYS[name], WAYS[name].broken, environment, tmp_path, monkeypatch)
    assert frozenset(found) == WAYS[name].kinds
