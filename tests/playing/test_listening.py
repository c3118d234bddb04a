"""Which steps of a dialplan need real sound."""

from __future__ import annotations

import pytest
from ringproof.playing.listening import buffers, listens, run_by


@pytest.mark.parametrize(
    ("application", "data", "real"),
    [
        ("Record", "a.wav", True),
        ("Stasis", "app", True),
        ("AGI", "agi:async", True),
        ("AGI", "script.sh", False),
        ("VoiceMail", "101@default,u", True),
        ("AudioSocket", "40325ec2-5efd-4bd3-805f-53576e581d13,198.51.100.7:9092", True),
        ("ExecIf", "1?Record(a.wav)", True),
        ("ExecIf", "0?NoOp(one):VoiceMail(101,u)", True),
        ("ExecIf", "1?Set(A=record)", False),
        ("Exec", "WaitForSilence(500)", True),
        ("TryExec", "Dial(PJSIP/101,20,p)", True),
        ("Dial", "PJSIP/101&PJSIP/102,20,tr", False),
        ("Dial", "PJSIP/101,20,P(friends)", True),
        ("Dial", "PJSIP/101,20,U(privacy^p)A(p)", False),
        ("Dial", "PJSIP/phone", False),
        ("RetryDial", "beep,5,3,PJSIP/101,20", False),
        ("FollowMe", "sales", True),
        ("FollowMe", "sales,an", True),
        ("FollowMe", "sales,N", False),
        ("FollowMe", "sales,Na", True),
        ("Queue", "support,t,,,30", False),
        ("Playback", "record", False),
    ],
)
def test_what_listens(application: str, data: str, *, real: bool) -> None:
    """By its name, by its options, or by what it runs inside."""
    assert any(listens(name, told) for name, told in run_by(application, data)) is real


def test_a_jitter_buffer_is_one_to_the_end() -> None:
    """Of either kind; one that is taken away again has been one until then."""
    assert buffers("set", "JITTERBUFFER(adaptive)=default")
    assert buffers("mset", "A=1,jitterbuffer( fixed )=200,1500")
    assert not buffers("set", "JITTERBUFFER(disabled)=")
    assert not buffers("noop", "JITTERBUFFER(fixed)=default")


def test_a_recording_inside_another_step_is_seen() -> None:
    """It goes on while the channel is in other applications."""
    assert run_by("ExecIf", "1?MixMonitor(a.wav,b)") == [("mixmonitor", "a.wav,b")]
    assert run_by("MixMonitor", "a.wav") == [("mixmonitor", "a.wav")]
