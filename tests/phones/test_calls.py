"""Two real phones call each other over the loopback: every verb, every message, and pjsua2's traps."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from raw_sip import RawSip
from ringproof.phones import protocol as say
from ringproof.playing.sound import tones_heard

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk, DeskPhone

ANNA = "+74951234567"


@pytest.fixture
def anna(desk: Desk) -> DeskPhone:
    """A caller."""
    return desk.phone("anna")


@pytest.fixture
def callee(desk: Desk) -> DeskPhone:
    """The phone 101."""
    return desk.phone("101")


def _call(anna: DeskPhone, callee: DeskPhone) -> str:
    """Have anna call 101 and return the Call-ID once it rings."""
    anna.tell(say.Call(target=callee.uri, shows=ANNA))
    call_id = callee.until(say.Invited).call_id
    anna.until(say.Progress, lambda progress: progress.code == 180)
    return call_id


def _talk(anna: DeskPhone, callee: DeskPhone) -> str:
    """Have anna call 101, which answers; return the Call-ID."""
    call_id = _call(anna, callee)
    callee.tell(say.Answer(call_id=call_id))
    callee.until(say.Confirmed)
    anna.until(say.Progress, lambda progress: progress.code == 200)
    return call_id


def test_a_phone_looks_for_no_port_that_another_has(anna: DeskPhone, callee: DeskPhone) -> None:
    """Two processes with one address; a library that counts up from 4000 gives up where a hundred are taken."""
    _call(anna, callee)
    for phone in (anna, callee):
        log = phone.log.read_text()
        assert "m=audio" in log
        assert "RTP socket bind()" not in log


def test_an_answered_call_is_told_by_both_sides(anna: DeskPhone, callee: DeskPhone) -> None:
    """INVITE, 180, 200, ACK, BYE: each phone says what it saw of them, in order and with rising stamps."""
    anna.tell(say.Call(target=callee.uri, shows=ANNA))
    invited = callee.until(say.Invited)
    assert (invited.caller_id, invited.dialled) == (ANNA, "101")
    anna.until(say.Progress, lambda progress: progress.code == 180)
    callee.tell(say.Answer(call_id=invited.call_id))
    callee.until(say.Confirmed)
    progress = anna.until(say.Progress)
    assert (progress.call_id, progress.code) == (invited.call_id, 200)
    callee.tell(say.HangUp(call_id=invited.call_id))
    there = callee.until(say.Ended)
    here = anna.until(say.Ended)
    assert (there.by_us, there.code) == (True, None)
    assert (here.by_us, here.code) == (False, 200)
    assert invited.at_ns < progress.at_ns < here.at_ns


def test_the_caller_hangs_up_an_answered_call(anna: DeskPhone, callee: DeskPhone) -> None:
    """The one who sent the BYE ended it."""
    anna.tell(say.HangUp(call_id=_talk(anna, callee)))
    assert anna.until(say.Ended).by_us is True
    assert callee.until(say.Ended).by_us is False


def test_a_cancelled_call(anna: DeskPhone, callee: DeskPhone) -> None:
    """The caller ends it with 487; a CANCEL without Reason has no causes."""
    anna.tell(say.HangUp(call_id=_call(anna, callee)))
    ended = anna.until(say.Ended)
    assert (ended.by_us, ended.code) == (True, 487)
    cancelled = callee.until(say.Cancelled)
    assert (cancelled.q850, cancelled.sip) == (None, None)


@pytest.mark.parametrize("code", [486, 480, 603])
def test_a_refused_call(anna: DeskPhone, callee: DeskPhone, code: int) -> None:
    """The caller gets the very code."""
    callee.tell(say.Refuse(call_id=_call(anna, callee), code=code))
    assert callee.until(say.Refused).code == code
    assert anna.until(say.Progress).code == code
    ended = anna.until(say.Ended)
    assert (ended.by_us, ended.code) == (False, code)


def test_hanging_up_a_ringing_call_is_a_487(anna: DeskPhone, callee: DeskPhone) -> None:
    """There is nothing else to send for one that was not answered."""
    callee.tell(say.HangUp(call_id=_call(anna, callee)))
    assert callee.until(say.Refused).code == 487
    assert anna.until(say.Ended).code == 487


def test_a_phone_that_refuses_at_once_never_rings(anna: DeskPhone, callee: DeskPhone) -> None:
    """`WhenInvited(486)`: no 180 is sent; `WhenInvited(180)` makes it ring again."""
    callee.tell(say.WhenInvited(code=486))
    assert callee.until(say.Prepared).code == 486
    anna.tell(say.Call(target=callee.uri))
    told = anna.told_until(say.Ended)
    assert [message.code for message in told if isinstance(message, say.Progress)] == [100, 486]
    kinds = [type(message) for message in callee.told_until(say.Refused)]
    assert kinds == [say.Invited, say.Refused]
    callee.tell(say.WhenInvited(code=180))
    callee.until(say.Prepared)
    _call(anna, callee)


def test_a_phone_can_refuse_later_without_having_rung(anna: DeskPhone, callee: DeskPhone) -> None:
    """`WhenInvited(100)`: the caller sees nothing but Trying until the phone is told to refuse."""
    callee.tell(say.WhenInvited(code=100))
    callee.until(say.Prepared)
    anna.tell(say.Call(target=callee.uri))
    call_id = callee.until(say.Invited).call_id
    anna.until(say.Progress, lambda progress: progress.code == 100)
    callee.tell(say.Refuse(call_id=call_id, code=486))
    assert anna.until(say.Progress).code == 486


@pytest.mark.parametrize("code", [200, 302, 700])
def test_what_is_no_refusal_is_a_fault(anna: DeskPhone, callee: DeskPhone, code: int) -> None:
    """Such a code is an error of the harness, by verb and as behaviour, and changes nothing about the call."""
    call_id = _call(anna, callee)
    callee.tell(say.Refuse(call_id=call_id, code=code))
    assert "no refusal" in callee.until(say.Fault).traceback
    callee.tell(say.WhenInvited(code=code))
    assert "nor a refusal" in callee.until(say.Fault).traceback
    callee.tell(say.Answer(call_id=call_id))
    callee.until(say.Confirmed)


def test_a_verb_for_a_call_that_never_was_is_a_fault(callee: DeskPhone) -> None:
    """It says which verb and which call."""
    callee.tell(say.Answer(call_id="nobody@nowhere"))
    assert "Answer: this phone never had a call nobody@nowhere" in callee.until(say.Fault).traceback


def test_a_verb_for_a_call_that_is_over_is_none(anna: DeskPhone, callee: DeskPhone) -> None:
    """It crossed the end of the call, which has been told; a Fault asked for afterwards is the next word."""
    call_id = _call(anna, callee)
    anna.tell(say.HangUp(call_id=call_id))
    callee.until(say.Cancelled)
    callee.tell(say.Answer(call_id=call_id))
    callee.tell(say.Listen(call_id="never"))
    told = callee.told_until(say.Fault)
    assert len(told) == 1


def test_a_call_that_cannot_be_placed_is_a_fault(anna: DeskPhone) -> None:
    """An exception of the library is reported with what it says."""
    anna.tell(say.Call(target="no address"))
    assert "makeCall" in anna.until(say.Fault).traceback


def test_digits_arrive_after_more_than_a_second_of_idle_media(anna: DeskPhone, callee: DeskPhone) -> None:
    """Trap: by default the null sound device closes after 1 s, RTP stops, and digits are lost without an error.

    Five times 300 ms of sound received in a row prove that RTP went on for more than a second.
    """
    call_id = _talk(anna, callee)
    for _ in range(5):
        callee.tell(say.Listen(call_id=call_id))
        callee.until(say.Heard)
    anna.tell(say.Press(call_id=call_id, digits="1*#"))
    anna.tell(say.Press(call_id=call_id, digits="9"))
    sent = [anna.until(say.KeySent) for _ in range(4)]
    heard = [callee.until(say.KeyHeard) for _ in range(4)]
    assert [message.digit for message in sent] == [message.digit for message in heard] == [*"1*#9"]
    for one_sent, one_heard in zip(sent, heard, strict=True):
        assert one_heard.at_ns < one_sent.at_ns  # a digit is heard from its first packet, and sent with its last
    for earlier, later in itertools.pairwise(sent):
        assert later.at_ns - earlier.at_ns > 200_000_000  # one after the other: an event lasts 200 ms


def test_sound_is_counted_anew_by_each_listen(anna: DeskPhone, callee: DeskPhone) -> None:
    """Heard comes not before 300 ms after Listen, and once."""
    call_id = _talk(anna, callee)
    anna.tell(say.Listen(call_id=call_id))
    first = anna.until(say.Heard)
    anna.tell(say.Listen(call_id=call_id))
    second = anna.until(say.Heard)
    assert second.at_ns - first.at_ns >= 290_000_000
    anna.tell(say.Press(call_id=call_id, digits="12"))
    told = [*anna.told_until(say.KeySent), *anna.told_until(say.KeySent)]
    assert not any(isinstance(message, say.Heard) for message in told)


def test_a_call_for_which_there_is_no_place_is_a_fault(desk: Desk) -> None:
    """Traps: the library refuses it by itself; a call that nobody kept would be refused with 603."""
    callee = desk.phone("101", calls=4)
    callers = [desk.phone("anna"), desk.phone("boris")]
    for caller in (callers[0], callers[0], callers[0], callers[1]):
        _call(caller, callee)
    callers[1].tell(say.Call(target=callee.uri))
    assert callee.until(say.CallTableFull).code == 486
    assert callers[1].until(say.Ended).code == 486


def test_sixty_calls_one_after_the_other(anna: DeskPhone, callee: DeskPhone) -> None:
    """Calls that are over leave nothing behind that a later one needs: answered, refused and cancelled in turn.

    Trap: pjlib keeps the sockets of a call for half a second after its end and has 64 of them: 32 calls within half
    a second abort the process. A third of a second of talk now and then is far from that, and more than a PBX does.
    """
    for round_ in range(20):
        talk = _talk(anna, callee)
        if round_ % 2:
            callee.tell(say.Listen(call_id=talk))
            callee.until(say.Heard)
        callee.tell(say.HangUp(call_id=talk))
        callee.until(say.Ended)
        anna.until(say.Ended)
        callee.tell(say.Refuse(call_id=_call(anna, callee), code=480))
        callee.until(say.Refused)
        anna.until(say.Ended)
        anna.tell(say.HangUp(call_id=_call(anna, callee)))
        callee.until(say.Cancelled)
        anna.until(say.Ended)
    assert "Fault" not in callee.log.read_text(errors="replace")


def test_a_phone_answers_two_calls_side_by_side(desk: Desk, callee: DeskPhone) -> None:
    """Calls are told apart by their Call-ID, and the end of one leaves the other."""
    anna, boris = desk.phone("anna"), desk.phone("boris")
    first, second = _talk(anna, callee), _talk(boris, callee)
    callee.tell(say.HangUp(call_id=first))
    assert anna.until(say.Ended).call_id == first
    boris.tell(say.Listen(call_id=second))
    assert boris.until(say.Heard).call_id == second


@pytest.mark.parametrize("code", [180, 100])
def test_a_phone_sends_a_call_on(anna: DeskPhone, callee: DeskPhone, code: int) -> None:
    """302 with the new number as its only Contact, aloud or without having rung."""
    callee.tell(say.WhenInvited(code=code))
    callee.until(say.Prepared)
    anna.tell(say.Call(target=callee.uri))
    call_id = callee.until(say.Invited).call_id
    anna.until(say.Progress, lambda progress: progress.code == code)
    callee.tell(say.Forward(call_id=call_id, to="103"))
    assert callee.until(say.Forwarded).to == "103"
    assert anna.until(say.Ended).code == 302
    log = callee.log.read_text("utf-8")
    response = log[log.index("SIP/2.0 302") :].partition("--end msg--")[0]
    assert [line for line in response.splitlines() if line.startswith("Contact")] == ["Contact: <sip:103@127.0.0.1>"]


def test_a_recording_holds_the_other_ones_tone(desk: Desk, tmp_path: Path) -> None:
    """And not one's own; it is complete when Recorded is told, also where the call ends before its time."""
    tones = {"anna": 1700, "101": 1800, "102": 1750}
    anna, callee = (desk.phone(name, tone_hz=tones[name]) for name in ("anna", "101"))
    call_id = _talk(anna, callee)
    anna.tell(say.Record(call_id=call_id, file=desk.phones.recording("anna.wav"), milliseconds=800))
    callee.tell(say.Record(call_id=call_id, file=desk.phones.recording("101.wav"), milliseconds=60_000))
    assert anna.until(say.Recorded).file == desk.phones.recording("anna.wav")
    anna.tell(say.HangUp(call_id=call_id))
    assert callee.until(say.Recorded).call_id == call_id
    for name, heard in (("anna.wav", ("101",)), ("101.wav", ("anna",))):
        desk.phones.keep_recording(name, tmp_path / name)
        assert tones_heard(tmp_path / name, tones) == heard


def test_each_recording_that_was_begun_before_there_was_sound_holds_it(desk: Desk, tmp_path: Path) -> None:
    """Of two phones that pick up in one instant both are listened to, before their caller's call is answered."""
    tones = {"anna": 1700, "101": 1800}
    files = [desk.phones.recording(name) for name in ("one.wav", "other.wav")]
    anna, callee = (desk.phone(name, tone_hz=hertz) for name, hertz in tones.items())
    call_id = _call(anna, callee)
    for file in files:
        anna.tell(say.Record(call_id=call_id, file=file, milliseconds=60_000))
    callee.tell(say.Answer(call_id=call_id))
    assert callee.until(say.Confirmed).call_id == call_id
    callee.tell(say.Record(call_id=call_id, file=desk.phones.recording("101.wav"), milliseconds=800))
    callee.until(say.Recorded)
    anna.tell(say.HangUp(call_id=call_id))
    assert sorted(anna.until(say.Recorded).file for _ in files) == files
    for name in ("one.wav", "other.wav"):
        desk.phones.keep_recording(name, tmp_path / name)
        assert tones_heard(tmp_path / name, tones) == ("101",)


def test_who_is_to_send_sound_says_when_it_has(anna: DeskPhone, callee: DeskPhone) -> None:
    """In a talk, while it is held, while it rings and sends none, and when it is over."""
    call_id = _call(anna, callee)
    callee.tell(say.SendSound(call_id=call_id))
    assert callee.until(say.SoundSent).call_id == call_id
    callee.tell(say.Answer(call_id=call_id))
    callee.until(say.Confirmed)
    for _ in range(3):
        callee.tell(say.SendSound(call_id=call_id))
        assert callee.until(say.SoundSent).call_id == call_id
    anna.tell(say.Hold(call_id=call_id))
    anna.until(say.MediaChanged)
    anna.tell(say.SendSound(call_id=call_id))
    assert anna.until(say.SoundSent).call_id == call_id
    anna.tell(say.HangUp(call_id=call_id))
    callee.until(say.Ended)
    callee.tell(say.SendSound(call_id=call_id))
    assert callee.until(say.SoundSent).call_id == call_id


def test_a_thousand_calls_are_refused_one_after_the_other(desk: Desk, callee: DeskPhone) -> None:
    """A PBX whose calls run in a circle does so. Of each call the library keeps two sockets for 500 ms."""
    callee.tell(say.WhenInvited(code=486))
    callee.until(say.Prepared)
    with RawSip((callee.handle.address, callee.handle.port), desk.phones) as raw:
        for number in range(1000):
            raw.call_id, raw.phones_tag = f"call-{number}", ""
            raw.send_invite()
            assert raw.until(486).header("Call-ID") == raw.call_id
            raw.send(raw.request("ACK", 1, branch=f"inv{raw.call_id}1"))
            assert callee.until(say.Refused).call_id == raw.call_id


def test_a_hundred_calls_one_after_the_other(anna: DeskPhone, callee: DeskPhone) -> None:
    """A call's sockets are free again only half a second after its end."""
    for _ in range(100):
        call_id = _call(anna, callee)
        anna.tell(say.HangUp(call_id=call_id))
        assert anna.until(say.Ended).call_id == call_id
        assert callee.until(say.Cancelled).call_id == call_id
