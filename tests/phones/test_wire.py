"""What a phone makes of messages that only a hand-written endpoint sends."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from raw_sip import RawSip
from ringproof.phones import protocol as say
from ringproof.phones.handle import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Desk, DeskPhone

_BIAS = 132


@pytest.fixture
def phone(desk: Desk) -> DeskPhone:
    """The phone 101."""
    return desk.phone("101")


@pytest.fixture
def raw(phone: DeskPhone) -> Iterator[RawSip]:
    """A hand-written endpoint that talks to it."""
    with RawSip((phone.handle.address, phone.handle.port), phone.phones) as raw:
        yield raw


def _next_is_fault(phone: DeskPhone) -> say.Message:
    """Have the phone say Fault, and return the first thing it says: a phone that had more to tell told it before.

    But for MediaChanged: pjsua's own threads say when the sound of a call is up, a moment before or after the rest.
    """
    phone.tell(say.Answer(call_id="never"))
    while isinstance(first := phone.until(say.Message), say.MediaChanged):
        pass
    assert isinstance(first, say.Fault)
    return first


def test_a_retransmitted_invite_is_no_second_ring(phone: DeskPhone, raw: RawSip) -> None:
    """The library answers it with the last response."""
    raw.send_invite()
    raw.until(180)
    raw.send(raw.invite)
    raw.until(180)
    phone.until(say.Invited)
    _next_is_fault(phone)


def test_a_reinvite_is_no_ring(phone: DeskPhone, raw: RawSip) -> None:
    """It is answered within the call."""
    raw.send_invite()
    phone.tell(say.Answer(call_id=phone.until(say.Invited).call_id))
    raw.answered()
    phone.until(say.Confirmed)
    raw.send_invite(cseq=2)
    raw.until(200)
    raw.send(raw.request("ACK", 2))
    _next_is_fault(phone)


def test_only_the_two_g711_codecs_are_offered_and_accepted(phone: DeskPhone, raw: RawSip) -> None:
    """Trap: left to itself pjsua would choose speex between two phones."""
    phone.tell(say.Call(target=f"sip:raw@{raw.host}:{raw.port}"))
    offer = next(line for line in raw.until(None).text.splitlines() if line.startswith("m=audio"))
    formats = set(offer.split()[3:])
    assert formats - {"120"} == {"0", "8"}


def test_an_invite_that_the_library_refuses_by_itself_has_arrived_and_is_refused(phone: DeskPhone, raw: RawSip) -> None:
    """Told once, with what of it the phone cannot take; the phone takes the next call."""
    raw.send_invite(formats="18")
    raw.until(488)
    raw.send(raw.invite)
    raw.receive()  # the library answers it with 500, which is no second call
    raw.send(raw.request("ACK", 1, branch=f"inv{raw.call_id}1"))
    invited, refused = [said for said in phone.told_until(say.Refused) if not isinstance(said, say.Ready)]
    assert isinstance(invited, say.Invited)
    assert isinstance(refused, say.Refused)
    assert (invited.call_id, invited.caller_id, invited.dialled) == (raw.call_id, "+74951234567", "101")
    assert (refused.call_id, refused.code) == (raw.call_id, 488)
    assert refused.because == "no common codec: the PBX offers G729, the phone speaks PCMA and PCMU"
    phone.tell(say.Answer(call_id=raw.call_id))  # which is nothing: the call is over
    _next_is_fault(phone)
    with RawSip((phone.handle.address, phone.handle.port), phone.phones) as other:
        other.send_invite()
        other.until(180)
        assert phone.until(say.Invited).call_id == other.call_id


def test_an_extension_that_the_phone_does_not_have(phone: DeskPhone, raw: RawSip) -> None:
    """The library's answer says which."""
    raw.send_invite()
    raw.until(180)
    with RawSip((phone.handle.address, phone.handle.port), phone.phones) as other:
        other.send(other.request("INVITE", 1, "Require: tdialog"))
        other.until(420)
    refused = phone.until(say.Refused)
    assert (refused.call_id, refused.code) == (other.call_id, 420)
    assert refused.because == "the PBX requires the SIP extension tdialog, which the phone does not have"


def test_a_refusal_that_was_told_has_no_such_reason(phone: DeskPhone, raw: RawSip) -> None:
    """It is the phone's own."""
    raw.send_invite()
    phone.tell(say.Refuse(call_id=phone.until(say.Invited).call_id, code=488))
    raw.until(488)
    refused = phone.until(say.Refused)
    assert (refused.code, refused.because) == (488, "")


@pytest.mark.parametrize(("formats", "answered"), [("0", True), ("0 101", False)])
def test_a_key_that_cannot_be_sent(phone: DeskPhone, raw: RawSip, formats: str, answered: bool) -> None:  # noqa: FBT001
    """Without telephone-event in the offer, or before there is any sound: told of the first one, and no fault."""
    raw.send_invite(formats=formats)
    call_id = phone.until(say.Invited).call_id
    if answered:
        phone.tell(say.Answer(call_id=call_id))
        raw.answered()
        phone.until(say.Confirmed)
    phone.tell(say.Press(call_id=call_id, digits="12"))
    key = phone.until(say.KeyNotSent)
    assert (key.digit, key.reason) == ("1", say.NO_EVENTS if answered else say.NO_SOUND)
    _next_is_fault(phone)


def test_a_sign_of_life(phone: DeskPhone) -> None:
    """Given at once, and by a process that stands still not at all."""
    phone.tell(say.Attend())
    phone.until(say.Attending)


@pytest.mark.parametrize(
    ("headers", "q850", "sip"),
    [
        ([], None, None),
        (["Reason: Q.850;cause=26"], 26, None),
        (['Reason: SIP;cause=200;text="Call completed elsewhere"', "Reason: Q.850;cause=26"], 26, 200),
        (['Reason: SIP;cause=200;text="Call completed elsewhere",Q.850;cause=19'], 19, 200),
    ],
)
def test_the_reasons_of_a_cancel_are_told(
    phone: DeskPhone, raw: RawSip, headers: list[str], q850: int | None, sip: int | None
) -> None:
    """Trap: no callback carries them."""
    raw.send_invite()
    raw.until(180)
    raw.send_cancel(*headers)
    raw.until(487)
    raw.send(raw.request("ACK", 1, branch=f"inv{raw.call_id}1"))
    cancelled = phone.until(say.Cancelled)
    assert (cancelled.q850, cancelled.sip) == (q850, sip)


def test_an_answer_that_crosses_the_cancel_is_lost(phone: DeskPhone, raw: RawSip) -> None:
    """A 200 went out, the CANCEL came, the late 200 was confirmed and taken back by a BYE: Lost, never Confirmed."""
    raw.send_invite()
    phone.tell(say.Answer(call_id=phone.until(say.Invited).call_id))
    raw.until(200)
    raw.send_cancel("Reason: Q.850;cause=26")
    raw.send(raw.request("ACK", 1))
    raw.send(raw.request("BYE", 2))
    told = phone.told_until(say.Lost)
    assert len(told) == 1
    assert isinstance(told[0], say.Lost)
    assert (told[0].q850, told[0].sip) == (26, None)


def test_an_answer_that_is_never_confirmed_is_lost(phone: DeskPhone, raw: RawSip) -> None:
    """The call ends without an ACK."""
    raw.send_invite()
    phone.tell(say.Answer(call_id=phone.until(say.Invited).call_id))
    raw.until(200)
    raw.send(raw.request("BYE", 2))
    told = phone.told_until(say.Lost)
    assert len(told) == 1


def test_an_answer_told_after_the_cancel_changes_nothing(phone: DeskPhone, raw: RawSip) -> None:
    """The CANCEL was there first: Cancelled, and the verb that crossed it is no Fault."""
    raw.send_invite()
    call_id = phone.until(say.Invited).call_id
    raw.send_cancel()
    raw.until(487)
    phone.tell(say.Answer(call_id=call_id))
    phone.until(say.Cancelled)
    _next_is_fault(phone)


def test_a_bye_from_the_pbx_is_not_ours(phone: DeskPhone, raw: RawSip) -> None:
    """Ended says so."""
    raw.send_invite()
    phone.tell(say.Answer(call_id=phone.until(say.Invited).call_id))
    raw.answered()
    phone.until(say.Confirmed)
    raw.send(raw.request("BYE", 2))
    assert phone.until(say.Ended).by_us is False


def test_refer_is_refused_and_the_phone_lives(phone: DeskPhone, raw: RawSip) -> None:
    """Trap: with the library's defaults a REFER crashes the process."""
    raw.send_invite()
    phone.tell(say.Answer(call_id=phone.until(say.Invited).call_id))
    raw.answered()
    phone.until(say.Confirmed)
    raw.send(raw.request("REFER", 2, "Refer-To: <sip:102@127.0.0.1>"))
    raw.until(603, "REFER")
    _next_is_fault(phone)


_AWAY = "127.0.0.77"
"""What is sent there stays on this machine."""


def test_what_leads_elsewhere_is_told_before_the_rest_and_once(desk: Desk) -> None:
    """Each line once in a call, however often it comes, and before the phone acts on it."""
    phone = desk.phone("102", networks=["172.18.0.0/16"])
    with RawSip((phone.handle.address, phone.handle.port), desk.phones) as raw:
        raw.send_invite(leads_to=_AWAY)
        told = phone.told_until(say.Invited)
        leads = [message for message in told if isinstance(message, say.LedElsewhere)]
        assert [(led.call_id, led.address, led.message, led.line) for led in leads] == [
            (raw.call_id, _AWAY, "INVITE", f"Contact: <sip:anna@{_AWAY}:{raw.port}>"),
            (raw.call_id, _AWAY, "INVITE", f"c=IN IP4 {_AWAY}"),
        ]
        raw.until(180)
        raw.send(raw.invite)
        raw.until(180)
        _next_is_fault(phone)


def test_a_phone_that_knows_no_networks_tells_no_such_thing(phone: DeskPhone, raw: RawSip) -> None:
    """Where nobody said which addresses are the run's."""
    raw.send_invite(leads_to=_AWAY)
    told = phone.told_until(say.Invited)
    assert not [message for message in told if isinstance(message, say.LedElsewhere)]
    _next_is_fault(phone)


def test_a_caller_tells_where_he_is_sent(desk: Desk) -> None:
    """By a 302, which he does not follow: it is his final response."""
    phone = desk.phone("102", networks=["172.18.0.0/16"])
    with RawSip((phone.handle.address, phone.handle.port), desk.phones) as raw:
        phone.tell(say.Call(target=f"sip:raw@{raw.host}:{raw.port}"))
        raw.reply(raw.until(None), "302 Moved Temporarily", "Contact: <sip:103@pbx.example.com>")
        led = phone.until(say.LedElsewhere)
        assert (led.address, led.message) == ("pbx.example.com", "302 Moved Temporarily")
        assert led.line == "Contact: <sip:103@pbx.example.com>"
        assert phone.until(say.Ended).code == 302


def test_options_is_answered(raw: RawSip) -> None:
    """A PBX that qualifies its contacts finds the phone reachable."""
    raw.send(raw.request("OPTIONS", 1))
    raw.until(200, "OPTIONS")


def test_an_unsolicited_notify_is_tolerated(phone: DeskPhone, raw: RawSip) -> None:
    """Asterisk sends one about voice mail; the phone answers something and says nothing."""
    phone.until(say.Ready)
    raw.send(
        raw.request(
            "NOTIFY",
            1,
            "Event: message-summary",
            "Subscription-State: terminated",
            "Content-Type: application/simple-message-summary",
            body="Messages-Waiting: no\r\n",
        )
    )
    assert raw.receive().method == "NOTIFY"
    _next_is_fault(phone)


def test_sip_and_rtp_leave_from_the_given_address(desk: Desk) -> None:
    """Trap: RTP is bound by another setting than SIP."""
    phone = desk.phone("102", address="127.0.0.2")
    with RawSip((phone.handle.address, phone.handle.port), phone.phones) as raw:
        assert phone.handle.address == "127.0.0.2"
        raw.send_invite()
        phone.tell(say.Answer(call_id=phone.until(say.Invited).call_id))
        ok = raw.answered()
        assert ok.source[0] == "127.0.0.2"
        assert "c=IN IP4 127.0.0.2" in ok.text
        _, (rtp_from, _) = raw.rtp.recvfrom(2048)
        assert rtp_from == "127.0.0.2"


def _mu_law(sample: int) -> int:
    magnitude = min(abs(sample) + _BIAS, 0x7FFF)
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0xF
    return ~((0x80 if sample < 0 else 0) | (exponent << 4) | mantissa) & 0xFF


def _send_sound(raw: RawSip, to: tuple[str, int], amplitude: int, packets: range) -> None:
    """Send a tone of 400 Hz as RTP, a packet every 20 ms."""
    wave = bytes(_mu_law(round(amplitude * math.sin(math.tau * sample / 20))) for sample in range(160))
    start = time.monotonic() - packets.start * 0.02
    for number in packets:
        header = bytes([0x80, 0]) + number.to_bytes(2) + (number * 160).to_bytes(4) + bytes(4)
        raw.rtp.sendto(header + wave, to)
        time.sleep(max(0.0, start + (number + 1) * 0.02 - time.monotonic()))  # RTP is paced


@pytest.mark.parametrize("quiet", [0, 25])
def test_silence_is_not_heard_and_a_quiet_prompt_is(phone: DeskPhone, raw: RawSip, quiet: int) -> None:
    """600 ms of silence or comfort noise (-65 dBov) count for nothing; 300 ms of a quiet tone (-39 dBov) do."""
    raw.send_invite()
    call_id = phone.until(say.Invited).call_id
    phone.tell(say.Answer(call_id=call_id))
    sdp = raw.answered().text
    port = next(int(line.split()[1]) for line in sdp.splitlines() if line.startswith("m=audio"))
    phone.until(say.Confirmed)
    phone.tell(say.Listen(call_id=call_id))
    _send_sound(raw, (phone.handle.address, port), quiet, range(30))
    sound_from = time.monotonic_ns()
    _send_sound(raw, (phone.handle.address, port), 500, range(30, 60))
    assert phone.until(say.Heard).at_ns - sound_from >= 280_000_000


def _register(raw: RawSip) -> say.Register:
    return say.Register(registrar=f"{raw.host}:{raw.port}", user="101", password="secret")  # noqa: S106


def _accept(raw: RawSip, expires: int = 3600) -> str:
    """Be a registrar: challenge, then accept; return the Authorization sent."""
    request = raw.until(None, "REGISTER")
    if not request.header("Authorization"):
        raw.reply(request, "401 Unauthorized", 'WWW-Authenticate: Digest realm="asterisk",nonce="n",algorithm=MD5')
        request = raw.until(None, "REGISTER")
    raw.reply(request, "200 OK", f"Contact: {request.header('Contact')};expires={expires}")
    return request.header("Authorization")


def test_registration_with_a_challenge_and_back(phone: DeskPhone, raw: RawSip) -> None:
    """Digest is answered in the user's name; Unregister takes it back."""
    phone.tell(_register(raw))
    assert 'username="101"' in _accept(raw)
    assert phone.until(say.Registered).expires == 3600
    phone.tell(say.Unregister())
    _accept(raw, expires=0)
    phone.until(say.Unregistered)


def test_a_phone_can_register_elsewhere(phone: DeskPhone, raw: RawSip) -> None:
    """The next story's PBX is another registrar; calls come to the phone from there too."""
    phone.tell(_register(raw))
    _accept(raw)
    phone.until(say.Registered)
    with RawSip((phone.handle.address, phone.handle.port), phone.phones) as other:
        phone.tell(_register(other))
        _accept(other)
        phone.until(say.Registered)
        other.send_invite()
        other.until(180)
        phone.until(say.Invited)


def test_a_refused_registration(desk: Desk, phone: DeskPhone, raw: RawSip) -> None:
    """Its code and reason are told."""

    async def register() -> None:
        phone.handle.tell(_register(raw))

    desk.runner.run(register())
    raw.reply(raw.until(None, "REGISTER"), "403 Forbidden")
    failed = phone.until(say.RegistrationFailed)
    assert (failed.code, failed.reason) == (403, "Forbidden")


def test_a_mute_registrar_is_reported_by_our_own_deadline(desk: Desk, phone: DeskPhone, raw: RawSip) -> None:
    """Trap: from the library nothing comes for half a minute."""
    with pytest.raises(RegistrationError, match=r"phone 101: no answer to REGISTER from 127.* within 0.3 s"):
        desk.runner.run(phone.handle.register(_register(raw), within=timedelta(seconds=0.3)))


def test_quit_unregisters_first_when_asked(desk: Desk, phone: DeskPhone, raw: RawSip) -> None:
    """The registrar is told before the process ends."""
    phone.tell(_register(raw))
    _accept(raw)
    phone.until(say.Registered)
    desk.runner.run(phone.handle.stop(unregister=True))
    assert raw.until(None, "REGISTER").header("Expires") == "0"
