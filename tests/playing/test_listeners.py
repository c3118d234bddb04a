"""Applications that act on what they hear, or keep it: they take as long on a racing clock as in real time.

Each is a step behind which 101 is rung, and how long it takes is known: by what it is told, or measured at speed 1
(asterisk-image/clock/README.md has the table; `PYTHONPATH=tests python -m play.test_listeners` measures it anew).
"""

from __future__ import annotations

import math
import sys
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST, SLOWEST
from ringproof.events.model import CallerGot, LegInvited
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing.channel_tracker import ChannelTracker
from ringproof.playing.conductor import conduct

from playing.conftest import events_of, kinds_found, on_a_clock, story, with_setting
from playing.offices import lead_to
from playing.outside_programs import APP, ARI_FILES, ARI_MODULES, Outside, Reach, by_ari, by_async_agi
from playing.test_dialplans import MUSIC, QUEUE

STORY = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  something listens:
    phones: {101: {answers: 1s}}
    when: [{call: anna}, {wait: 40s}]
    expect: [{nobody: answers}, {ring: [101]}]
"""
WITHIN_S = 0.3
WHOLE_SECONDS = 0.5 + WITHIN_S
"""Asterisk ends a message at the first whole second of its clock that is too late (ast_play_and_record in app.c)."""
MAILBOXES = {"voicemail.conf": "[general]\nformat=wav\nmaxsecs=6\n[default]\n101 => 1234,Anna\n"}
MESSAGE = "/var/spool/asterisk/voicemail/default/101/INBOX/msg0000.wav"
RECORDINGS = "/var/spool/asterisk/recording"
UNTIL_300_MS = "Wait($[(1300 - ${STRFTIME(,,%3q)}) / 1000])"
"""By whole seconds ARI ends a recording, too: from here on `maxDurationSeconds=5` are 5.7 s."""
RECORDER = """#!/bin/bash
while read -r line && [ -n "$line" ]; do :; done
echo 'RECORD FILE /ringproof/evidence/agi wav "#" 5000'
read -r answer
"""


@dataclass(frozen=True)
class Listener:
    """Steps of the dialplan, and how many seconds they take."""

    steps: str
    seconds: float | None
    """None: they say something, too, which takes its time."""
    modules: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    recorded: str = ""
    """A file that they record, in the evidence of the PBX."""
    recorded_seconds: float = 0.0
    within: float = WITHIN_S
    program: Callable[[Reach], Callable[[], None]] | None = None
    """One outside the PBX, that acts in the call."""
    before: str = ""
    """Steps before the call is answered, from where the seconds are counted."""


LISTENERS = {
    "Record": Listener("Record(/ringproof/evidence/a.wav,0,5,q)", 5.0, ("app_record",), {}, "a.wav", 5.0),
    "WaitForSilence": Listener("WaitForSilence(1000,1,6)", 6.0, ("app_waitforsilence",)),
    "WaitForNoise": Listener("WaitForNoise(2000,1,6)", 2.0, ("app_waitforsilence",)),
    "BackgroundDetect": Listener("BackgroundDetect(vm-enter-num-to-call)", 2.0, ("app_talkdetect",)),
    "AMD": Listener("AMD(2500,1500,800,5000,100,50,3,256)", 1.5, ("app_amd",), {"amd.conf": "[general]\n"}),
    "VoiceMail": Listener(
        f"VoiceMail(101@default,s)\nSystem(cp {MESSAGE} /ringproof/evidence/message.wav)",
        None, ("app_voicemail", "app_system"), MAILBOXES, "message.wav", 6.5, WHOLE_SECONDS,
    ),
    "AGI, RECORD FILE": Listener(
        "AGI(/ringproof/conf/recorder.sh)", 5.0, ("res_speech", "res_agi"), {"recorder.sh": RECORDER}, "agi.wav", 5.0
    ),
    "MixMonitor": Listener(
        "MixMonitor(/ringproof/evidence/mixed.wav)\nWait(6)\nStopMixMonitor()",
        6.0, ("app_mixmonitor",), {}, "mixed.wav", 6.0,
    ),
    "AGI(agi:async), RECORD FILE": Listener(
        "AGI(agi:async)", 5.0, ("res_speech", "res_agi"), {}, "async.wav", 5.0,
        program=by_async_agi('RECORD FILE /ringproof/evidence/async wav "#" 5000'),
    ),
    "Stasis, play by ARI": Listener(
        f"Stasis({APP})", 2.0, ARI_MODULES, ARI_FILES,
        program=by_ari("play", "PlaybackFinished", media="sound:vm-enter-num-to-call"),
    ),
    "Stasis, record by ARI": Listener(
        f"Stasis({APP})\nSystem(cp {RECORDINGS}/ari.wav /ringproof/evidence/ari.wav)",
        5.7, (*ARI_MODULES, "app_system", "func_strings"), ARI_FILES, "ari.wav", 5.7,
        program=by_ari("record", "RecordingFinished", name="ari", format="wav", maxDurationSeconds="5"),
        before=f"System(mkdir -p {RECORDINGS})\n{UNTIL_300_MS}\n",
    ),
}  # fmt: skip
ALIKE_WITHOUT_A_HOLD = {"AGI, RECORD FILE", "BackgroundDetect", "Stasis, play by ARI"}
"""A child process keeps time at 1 by itself; of a caller who is never silent BackgroundDetect has nothing to say; and
what ARI plays is sent in PBX time: the program's own round trips are all that is longer, by 0.1 to 1 s."""


def played(
    listener: Listener, environment: RunEnvironment, folder: Path, patch: pytest.MonkeyPatch, speed: float
) -> float | None:
    """Play the steps; return how many seconds they took, from the answer to the ring; None: nobody was rung."""
    steps = f"{listener.before}Answer()\n{listener.steps}\nDial(PJSIP/101,5)\nHangup(19)"
    lead_to(steps, listener.files, listener.modules, patch)
    play = folder / "play"
    play.mkdir()
    outside = Outside(listener.program, patch) if listener.program else None
    on_a_clock(conduct(story(STORY, folder), environment, play, speed))
    if outside:
        outside.finish()
    events = events_of(play)
    answered = next(event.at for event in events if isinstance(event, CallerGot) and event.code == 200)
    return next((event.at - answered for event in events if isinstance(event, LegInvited)), None)


def differences(listener: Listener, seconds: float | None, folder: Path) -> list[str]:
    """Return in what the steps, and what they recorded, are not as long as they are to be."""
    found = []
    if seconds is None or (listener.seconds is not None and abs(seconds - listener.seconds) > WITHIN_S):
        found.append(f"they took {seconds} s, not {listener.seconds}")
    if listener.recorded:
        file = folder / "play" / "pbx" / listener.recorded
        lasts = seconds_of(file) if file.is_file() else None
        if lasts is None or abs(lasts - listener.recorded_seconds) > listener.within:
            found.append(f"they recorded {lasts} s, not {listener.recorded_seconds}")
    return found


def seconds_of(recording: Path) -> float:
    """Return how long it is."""
    with wave.open(str(recording)) as file:
        return float(file.getnframes() / file.getframerate())


@pytest.mark.pbx
@pytest.mark.parametrize("name", LISTENERS)
def test_it_takes_as_long_as_in_real_time(
    name: str, environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it keeps is as long."""
    seconds = played(LISTENERS[name], environment, tmp_path, monkeypatch, FASTEST)
    assert differences(LISTENERS[name], seconds, tmp_path) == []


@pytest.mark.pbx
@pytest.mark.parametrize("name", sorted(LISTENERS.keys() - ALIKE_WITHOUT_A_HOLD))
def test_it_does_not_where_the_clock_is_not_held(
    name: str, environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So each of them is held for a reason, and the test above sees whether it is."""
    monkeypatch.setattr(ChannelTracker, "_hold", lambda *_: None)
    seconds = played(LISTENERS[name], environment, tmp_path, monkeypatch, FASTEST)
    assert differences(LISTENERS[name], seconds, tmp_path)


@pytest.mark.pbx
def test_the_report_says_what_kept_the_play_at_real_time(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the application, also inside another one, with its place in the dialplan and its seconds."""
    steps = (
        "Answer()\nMixMonitor(/ringproof/evidence/mixed.wav)\nExecIf(1?Record(/ringproof/evidence/a.wav,0,3,q))\n"
        "Wait(2)\nStopMixMonitor()\nWait(20)\nDial(PJSIP/101,5)\nHangup(19)"
    )
    lead_to(steps, {}, ("app_mixmonitor", "app_record", "app_exec"), monkeypatch)
    play = tmp_path / "play"
    play.mkdir()
    report = on_a_clock(conduct(story(STORY, tmp_path), environment, play, FASTEST))
    assert [(held.application, held.place, round(held.seconds)) for held in report.held] == [
        ("MixMonitor", "84950000002@from-trunk:2", 5),
        ("ExecIf(record)", "84950000002@from-trunk:3", 3),
    ]


QUEUED = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  a queue records its talks:
    phones: {102: {answers: 1s, hangs up: 6s}}
    when: [{call: anna}, {wait: 40s}]
    expect: [{ring: [102]}, {answer: 102}, {caller gets: {answered by: pbx, ended by: 102}}]
"""
RECORDING = {
    "queues.conf": "[general]\nmonitor-type=MixMonitor\n[agents]\nmonitor-format=wav\nmember=PJSIP/102\n",
    **MUSIC,
}
TALK = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  a talk through a jitter buffer:
    phones: {101: {answers: 1s}}
    when: [{call: anna}]
    expect: [{ring: [101]}, {answer: 101}, {talk: [anna, 101], for: 20s}]
"""


@pytest.mark.pbx
@pytest.mark.parametrize("held", [True, False])
def test_a_queue_that_records_its_talks(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, held: bool
) -> None:
    """By queues.conf: no step of the dialplan says so, a manager event does. Not held, it records half a second."""
    steps = "Answer()\nSet(MONITOR_FILENAME=/ringproof/evidence/queue)\nQueue(agents,c)\nHangup(16)"
    lead_to(steps, RECORDING, (*QUEUE, "app_mixmonitor"), monkeypatch)
    if not held:
        monkeypatch.setattr(ChannelTracker, "_hold", lambda *_: None)
    play = tmp_path / "play"
    play.mkdir()
    told = story(QUEUED, tmp_path)
    report = on_a_clock(conduct(told, environment, play, FASTEST))
    assert not judge(told, observe(told, events_of(play)))
    by = [(listener.application, listener.place) for listener in report.held]
    assert by == [("MixMonitor", "84950000002@from-trunk:3")] * held
    seconds = seconds_of(play / "pbx" / "queue.wav")
    assert seconds == pytest.approx(6.0, abs=0.5) if held else seconds < 1.0


@pytest.mark.pbx
@pytest.mark.parametrize("kind", ["fixed", "adaptive"])
def test_a_talk_through_a_jitter_buffer(
    kind: str, environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes sound that comes when it comes in real time; else it drops it."""
    steps = f"Answer()\nSet(JITTERBUFFER({kind})=default)\nDial(PJSIP/101,20)\nHangup(19)"
    lead_to(steps, {}, ("func_jitterbuffer",), monkeypatch)
    told = TALK.replace("{talk:", "{caller gets: {answered by: pbx}}, {talk:")
    assert kinds_found(story(told, tmp_path), environment, tmp_path) == []


@pytest.mark.pbx
def test_a_talk_with_keep_alives(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The PBX sends comfort noise (RFC 3389) where it has nothing else to send: nobody takes that for anything."""
    with_setting(monkeypatch, "pjsip.conf", ("direct_media=no\n", "direct_media=no\nrtp_keepalive=1\n"))
    number = TALK.replace("84950000002", "84950000005")
    assert kinds_found(story(number, tmp_path), environment, tmp_path) == []


def _measure() -> None:
    """Print a line of the table for each: raced, and at speed 1."""
    import tempfile  # noqa: PLC0415 - only here

    from ringproof.containers.run import open_run  # noqa: PLC0415

    with open_run("ringproof-asterisk:22") as environment:
        for name in sys.argv[1:] or LISTENERS:
            listener = LISTENERS[name]
            pair = []
            for speed in (FASTEST, SLOWEST):
                with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
                    pair.append(played(listener, environment, Path(folder), patch, speed) or math.nan)
            print(f"| {name} | {pair[0]:.2f} s | {pair[1]:.2f} s |", flush=True)  # noqa: T201


if __name__ == "__main__":
    _measure()
