"""One call of a phone: it does the verbs for it, and reports its events."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import pjsua2 as pj

from ringproof.phones import protocol as say
from ringproof.phones import sip_text
from ringproof.phones.guard import guarded
from ringproof.phones.recording import Recording

if TYPE_CHECKING:
    from ringproof.phones.library import Pj
    from ringproof.phones.process import Phone

SOUND_TO_BE_HEARD_NS = 300_000_000
SOUND_LEVEL = 5
"""pjmedia's logarithmic mean level of a packet: 6 for a tone of -47 dBov, 3 for -53 dBov, 1 for -59 dBov."""
_LONGEST_GRAIN_NS = 20_000_000
"""A level is that of the last packet, so one look at it may count for no more than a packet's time."""
_NO_EVENTS_STATUS = 220107
"""PJMEDIA_RTP_EREMNORFC2833 (pjmedia/errno.h), which SWIG leaves out."""
_EVENT_PACKETS = 13
"""Packets from `dialDtmf` on: 9 of the event, 3 of its end, and one that may have left in between."""


class Call(pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    """A call. Its phone keeps it until its end: if Python dropped it, pjsua would refuse the caller with 603."""

    def __init__(self, phone: Phone, number: int = pj.PJSUA_INVALID_ID) -> None:
        """Make a call to be placed, or with pjsua's `number` one that has come in."""
        super().__init__(phone.account, number)
        self.phone = phone
        self.call_id = ""
        self.causes: tuple[int | None, int | None] | None = None
        """The Q.850 and SIP causes of the CANCEL; None before one has come."""
        self._outgoing = number == pj.PJSUA_INVALID_ID
        self._answering = False
        self._hanging_up = False
        self._refusing: int | None = None
        self._forwarding: str | None = None
        self._confirmed = False
        self._media: Pj = None
        self._listening = False
        self._listen_number = 0
        self._heard_ns = 0
        self._looked_at_ns = 0
        self._recordings: list[Recording] = []
        self._sound_asked_at: int | None = None
        """The number of packets sent when SendSound came; None: it has been answered, or has not come."""
        self._digits: deque[str] = deque()
        self._digit_done_at: int | None = None
        """The number of packets sent once the first of the digits is complete; None: no digit is being sent."""

    def place(self, verb: say.Call) -> None:
        """Send the INVITE of this verb."""
        options = pj.CallOpParam(True)  # noqa: FBT003  SWIG takes no keywords here
        options.opt.textCount = 0  # by default pjproject offers real-time text (RFC 4103), as no desk phone does
        if verb.shows == say.ANONYMOUS:  # as a provider sends it (RFC 3325, section 9.3)
            options.txOption.localUri = '"Anonymous" <sip:anonymous@anonymous.invalid>'
            privacy = pj.SipHeader()
            privacy.hName, privacy.hValue = "Privacy", "id"
            options.txOption.headers = pj.SipHeaderVector([privacy])
        elif verb.shows is not None:
            here = f"{self.phone.address}:{self.phone.port}"
            options.txOption.localUri = f"<sip:{verb.shows}@{here}>"
        self.phone.begin_sound()  # the library needs a sound device to place a call
        self.makeCall(verb.target, options)

    def invited(self, message: str, code: int, at_ns: int) -> None:
        """Report a call that came in, and answer it with `code`."""
        info = self.getInfo()
        self._keep(info.callIdString)
        self.phone.tell(
            say.Invited(
                at_ns=at_ns,
                call_id=self.call_id,
                caller_id=sip_text.user_of(info.remoteUri),
                dialled=sip_text.request_user(message),
                name=sip_text.display_name(sip_text.header(message, "From", "f")),
                asserted=sip_text.user_of(
                    sip_text.header(message, "P-Asserted-Identity") or sip_text.header(message, "Remote-Party-ID")
                ),
                diverted=sip_text.diverted_by(message),
            )
        )
        if code == pj.PJSIP_SC_RINGING:
            self._respond(code)
        elif code != pj.PJSIP_SC_TRYING:  # pjsip sent 100 before any callback
            self._refuse(code)

    def do(self, verb: say.CallVerb) -> None:
        """Do a verb for this call. Raises ValueError for a refusal with a code that is none."""
        match verb:
            case say.Answer():
                self._answering = True
                self.phone.begin_sound()  # a moment before it is needed
                self._respond(pj.PJSIP_SC_OK)
            case say.Refuse(code=code):
                self._refuse(code)
            case say.Forward(to=to):
                self._forward(to)
            case say.Record():
                self._record(verb)
            case say.SendSound():
                self._send_sound()
            case say.HangUp():
                self._hang_up()
            case say.Hold() | say.Resume():
                self._hold(verb)
            case say.Press(digits=digits):
                self._digits.extend(digits)
                self._press_next()
            case say.Listen(number=number):
                self._listening = True
                self._listen_number = number
                self._heard_ns = 0
                self._looked_at_ns = time.monotonic_ns()

    def _hold(self, verb: say.Hold | say.Resume) -> None:
        if isinstance(verb, say.Hold):
            self.setHold(pj.CallOpParam())
            return
        options = pj.CallOpParam(True)  # noqa: FBT003  SWIG takes no keywords here
        options.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.reinvite(options)

    def _send_sound(self) -> None:
        self._sound_asked_at = self._packets_sent() if self._media is not None else None
        if self._sound_asked_at is None:
            self._tell_sound_sent()

    def _respond(self, code: int) -> None:
        options = pj.CallOpParam()
        options.statusCode = code
        self.answer(options)

    def _refuse(self, code: int) -> None:
        if not say.is_refusal(code):
            raise ValueError(f"{code} is no refusal")
        self._refusing = code
        self._respond(code)

    def _forward(self, to: str) -> None:
        self._forwarding = to
        options = pj.CallOpParam()
        options.statusCode = pj.PJSIP_SC_MOVED_TEMPORARILY
        contact = pj.SipHeader()
        contact.hName, contact.hValue = "Contact", f"<sip:{to}@{self.phone.registrar or self.phone.address}>"
        options.txOption.headers.append(contact)
        self.answer(options)

    def _record(self, verb: say.Record) -> None:
        recording = Recording(verb, time.monotonic_ns())
        self._recordings.append(recording)
        self.phone.recordings.append(recording)
        if self._media is not None:
            self._media.startTransmit(recording.recorder)

    def _hang_up(self) -> None:
        if self._outgoing or self._answering:
            self._hanging_up = True
            self.hangup(pj.CallOpParam())
        else:
            self._refuse(pj.PJSIP_SC_REQUEST_TERMINATED)

    def _keep(self, call_id: str) -> None:
        self.call_id = call_id
        self.phone.keep(self)

    @guarded
    def onCallState(self, prm: Pj) -> None:  # noqa: ARG002, N802  pjsua2 names it
        """Report the call's new state."""
        at_ns = self.phone.counters.stamp()
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CALLING:
            self._keep(info.callIdString)
            self.phone.tell(say.CallPlaced(at_ns=at_ns, call_id=self.call_id))
        elif info.state == pj.PJSIP_INV_STATE_CONNECTING and self._outgoing:
            self.phone.tell(say.Progress(at_ns=at_ns, call_id=self.call_id, code=info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            # an ACK after a CANCEL only confirms that our 200 came too late: a BYE follows
            self._confirmed = self.causes is None
            if self._confirmed and not self._outgoing:
                self.phone.tell(say.Confirmed(at_ns=at_ns, call_id=self.call_id))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._media = None
            if self._sound_asked_at is not None:
                self._sound_asked_at = None
                self._tell_sound_sent()
            for recording in self._recordings:
                recording.end()
            self.phone.let_go(self)
            for message in self._last_words(info.lastStatusCode, at_ns):
                self.phone.tell(message)

    def _last_words(self, last_code: int, at_ns: int) -> list[say.Message]:  # noqa: PLR0911 - one for each end
        call_id = self.call_id
        q850, sip = self.causes or (None, None)
        if self._outgoing:
            code = pj.PJSIP_SC_OK if self._confirmed else last_code
            final = [] if self._confirmed else [say.Progress(at_ns=at_ns, call_id=call_id, code=code)]
            return [*final, say.Ended(at_ns=at_ns, call_id=call_id, by_us=self._hanging_up, code=code)]
        if self._confirmed or self._hanging_up:
            return [say.Ended(at_ns=at_ns, call_id=call_id, by_us=self._hanging_up, code=None)]
        if self._forwarding is not None and self.causes is None:
            return [say.Forwarded(at_ns=at_ns, call_id=call_id, to=self._forwarding)]
        if self._refusing is not None and self.causes is None:
            return [say.Refused(at_ns=at_ns, call_id=call_id, code=self._refusing)]
        if self._answering:
            return [say.Lost(at_ns=at_ns, call_id=call_id, q850=q850, sip=sip)]
        if self.causes is not None:
            return [say.Cancelled(at_ns=at_ns, call_id=call_id, q850=q850, sip=sip)]
        sentence = f"call {call_id} ended with {last_code}, without CANCEL, answer or refusal"
        return [say.Fault(at_ns=at_ns, traceback=sentence)]

    @guarded
    def onCallTsxState(self, prm: Pj) -> None:  # noqa: N802
        """Report provisional responses; the state of the call shows neither 100 nor a repeated 18x."""
        at_ns = self.phone.counters.stamp()
        event = prm.e.body.tsxState
        if event.type != pj.PJSIP_EVENT_RX_MSG or event.tsx.role != pj.PJSIP_ROLE_UAC:
            return
        code = event.tsx.statusCode
        if event.tsx.method == "INVITE" and code < pj.PJSIP_SC_OK:
            self.phone.tell(say.Progress(at_ns=at_ns, call_id=self.call_id, code=code))

    @guarded
    def onCallMediaState(self, prm: Pj) -> None:  # noqa: ARG002, N802
        """Send our tone and receive sound, also before the answer."""
        self._media = None
        info = self.getInfo()  # named: SWIG's parts do not keep the whole alive, and are garbage after it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self._media = self.getAudioMedia(index)
                self.phone.begin_sound().startTransmit(self._media)
                # pjmedia measures no level of a source without a listener
                self._media.startTransmit(self.phone.endpoint.audDevManager().getPlaybackDevMedia())
                for recording in self._recordings:
                    if recording.recorder is not None:
                        self._media.startTransmit(recording.recorder)
        if self._confirmed:
            self.phone.tell(say.MediaChanged(at_ns=self.phone.counters.stamp(), call_id=self.call_id))

    @guarded
    def onDtmfDigit(self, prm: Pj) -> None:  # noqa: N802
        """Report a digit received."""
        self.phone.tell(say.KeyHeard(at_ns=self.phone.counters.stamp(), call_id=self.call_id, digit=prm.digit))

    def onCallRedirected(self, prm: Pj) -> int:  # noqa: ARG002, N802
        """Follow no 3xx: the caller gets it as the final response. By default pjsua would make a 487 of it."""
        return int(pj.PJSIP_REDIRECT_REJECT)

    @guarded
    def onCallTransferRequest(self, prm: Pj) -> None:  # noqa: N802
        """Refuse REFER: to accept it, `prm.newCall` would have to be set, which crashes from Python."""
        prm.statusCode = pj.PJSIP_SC_DECLINE

    @property
    def awaits_media(self) -> bool:
        """True while its media have to be looked at often: sound is awaited, or a digit is being sent."""
        return self._sound_asked_at is not None or (
            self._media is not None and (self._listening or self._digit_done_at is not None)
        )

    @guarded
    def look_at_media(self) -> None:
        """Add up received sound, and notice when the digit being sent is complete; pjsua2 calls back for neither."""
        now = time.monotonic_ns()
        grain = min(now - self._looked_at_ns, _LONGEST_GRAIN_NS)
        self._looked_at_ns = now
        if self._sound_asked_at is not None and (self._media is None or self._packets_sent() > self._sound_asked_at):
            self._sound_asked_at = None
            self._tell_sound_sent()
        if self._media is None:
            return
        # "Tx" is meant from the far end: getRxLevel is the level of what we send
        if self._listening and self._media.getTxLevel() >= SOUND_LEVEL:
            self._heard_ns += grain
            if self._heard_ns >= SOUND_TO_BE_HEARD_NS:
                self._listening = False
                self.phone.tell(
                    say.Heard(at_ns=self.phone.counters.stamp(), call_id=self.call_id, number=self._listen_number)
                )
        if self._digit_done_at is not None and self._packets_sent() >= self._digit_done_at:
            self._digit_done_at = None
            self.phone.tell(
                say.KeySent(at_ns=self.phone.counters.stamp(), call_id=self.call_id, digit=self._digits.popleft())
            )
            self._press_next()

    def _tell_sound_sent(self) -> None:
        self.phone.tell(say.SoundSent(at_ns=self.phone.counters.stamp(), call_id=self.call_id))

    def _press_next(self) -> None:
        if not self._digits or self._digit_done_at is not None:
            return
        if not self.hasMedia():
            self._cannot_press(say.NO_SOUND)
            return
        done_at = self._packets_sent() + _EVENT_PACKETS
        try:
            self.dialDtmf(self._digits[0])
        except pj.Error as fault:
            if fault.status != _NO_EVENTS_STATUS:
                raise
            self._cannot_press(say.NO_EVENTS)
        else:
            self._digit_done_at = done_at

    def _cannot_press(self, reason: str) -> None:
        digit = self._digits[0]
        self._digits.clear()
        self.phone.tell(
            say.KeyNotSent(at_ns=self.phone.counters.stamp(), call_id=self.call_id, digit=digit, reason=reason)
        )

    def _packets_sent(self) -> int:
        statistics = self.getStreamStat(0)  # named: its parts are freed with it
        return int(statistics.rtcp.txStat.pkt)
