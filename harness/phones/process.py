"""The phone process: a SIP endpoint that does what its channel tells it and reports what it sees.

Started by `harness.phones.handle` as `python -m harness.phones.process JSON`; the only importer of pjsua2. It keeps
no timers of behaviour: when to answer or hang up is decided by whoever holds the other end of the channel.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec

import pjsua2 as pj

from harness.phones import protocol as say
from harness.phones import sip_text

if TYPE_CHECKING:
    from collections.abc import Callable

    _P = ParamSpec("_P")

_PR_SET_PDEATHSIG = 1
_TICK_MS = 10
_SOUND_TO_BE_HEARD_NS = 300_000_000
_LONGEST_GRAIN_NS = 20_000_000
"""A level was read for the last packet only: no look at it may count for more than a packet's time."""
_SOUND_LEVEL = 40
"""Of 255, logarithmic (mu-law) mean level of a packet: comfort noise stays below, a quiet prompt does not."""
_TONE_LOUDNESS = 0.15
_EVENT_PACKETS = 14
"""RTP packets from `dialDtmf` to the last end packet of an RFC 4733 event, one to spare; pjmedia tells nobody."""
_LONGEST_GOODBYE_NS = 500_000_000


class Phone:
    """The endpoint, its account, its calls and its end of the channel."""

    def __init__(self, channel: socket.socket, name: str, address: str, tone_hz: int) -> None:
        """Create the endpoint and tell Ready."""
        self.channel = channel
        self.name = name
        self.address = address
        self.invite_code = 180
        self.calls: dict[str, _Call] = {}
        self.known: set[str] = set()
        self.buried: list[_Call] = []
        self.causes: dict[str, tuple[int | None, int | None]] = {}
        self.registered = False
        self.unregistering = False
        self.endpoint = _Endpoint(self)
        self.log = _Log(self)
        self.port = self._start_endpoint()
        self.tone = self._make_tone(tone_hz)
        self.account = _Account(self)
        self.account.create(self._account_config(f"sip:{name}@{address}:{self.port}"))
        self.tell(say.Ready(at_ns=time.monotonic_ns(), address=address, port=self.port))

    def tell(self, message: say.Message) -> None:
        """Send a message to the parent; end where there is no parent any more."""
        try:
            self.channel.sendall(say.to_line(message))
        except OSError:
            os._exit(0)

    def fault(self) -> None:
        """Report the exception being handled."""
        self.tell(say.Fault(at_ns=time.monotonic_ns(), traceback=traceback.format_exc()))

    def _start_endpoint(self) -> int:
        config = pj.EpConfig()
        # every callback on this thread, inside libHandleEvents
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = 4
        config.uaConfig.userAgent = f"Ringproof phone {self.name}"
        # SIP messages reach a LogWriter only from level 4 on, and consoleLevel is the one that counts
        config.logConfig.level = config.logConfig.consoleLevel = 4
        config.logConfig.msgLogging = 1
        config.logConfig.writer = self.log
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad = True
        # by default the null sound device closes after 1 s without a call, and RTP and digits stop with it
        config.medConfig.sndAutoCloseTime = -1
        config.medConfig.ecTailLen = 0
        self.endpoint.libCreate()
        self.endpoint.libInit(config)
        codecs = self.endpoint.codecEnum2()
        for codec in codecs:
            wanted = codec.codecId.startswith(("PCMA/8000", "PCMU/8000"))
            self.endpoint.codecSetPriority(codec.codecId, 128 if wanted else 0)
        transport = pj.TransportConfig()
        transport.port = 0
        transport.boundAddress = self.address
        number = self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        info = self.endpoint.transportGetInfo(number)
        return int(info.localAddress.rpartition(":")[2])

    def _make_tone(self, hertz: int) -> Any:
        tone = pj.ToneGenerator()
        tone.createToneGenerator(8000, 1)
        sine = pj.ToneDesc()
        sine.freq1, sine.freq2, sine.on_msec, sine.off_msec = hertz, 0, 1000, 0
        tones = pj.ToneDescVector()
        tones.append(sine)
        tone.play(tones, True)  # noqa: FBT003  SWIG takes no keywords here
        tone.adjustRxLevel(_TONE_LOUDNESS)
        return tone

    def _account_config(self, uri: str) -> Any:
        config = pj.AccountConfig()
        config.idUri = uri
        config.regConfig.registerOnAdd = False
        config.regConfig.retryIntervalSec = config.regConfig.firstRetryIntervalSec = 0
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
        config.callConfig.prackUse = pj.PJSUA_100REL_NOT_USED
        config.mwiConfig.enabled = False
        config.natConfig.udpKaIntervalSec = 0
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        config.mediaConfig.transportConfig.boundAddress = self.address
        return config

    def run(self) -> NoReturn:
        """Do verbs and handle SIP until the channel ends or Quit is told."""
        pending = b""
        last = time.monotonic_ns()
        while True:
            while select.select([self.channel], [], [], 0)[0]:
                received = self.channel.recv(65536)
                if not received:
                    os._exit(0)
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    self.do(line)
            self.endpoint.libHandleEvents(_TICK_MS)
            now = time.monotonic_ns()
            for call in list(self.calls.values()):
                call.look_at_media(now, min(now - last, _LONGEST_GRAIN_NS))
            last = now
            self.buried.clear()

    def do(self, line: bytes) -> None:
        """Do one verb; report what it raises."""
        try:
            verb = say.from_line(line)
            match verb:
                case say.WhenInvited(code=code):
                    self.invite_code = code
                case say.Register():
                    self.register(verb)
                case say.Unregister():
                    self.unregister()
                case say.Call():
                    _Call(self).place(verb)
                case say.Quit(unregister=unregister):
                    self.quit(unregister=unregister)
                case say.Answer() | say.Refuse() | say.HangUp() | say.Press() | say.Listen():
                    call = self.calls.get(verb.call_id)
                    if call is not None:
                        call.do(verb)
                    elif verb.call_id not in self.known:
                        raise LookupError(
                            f"{type(verb).__name__}: this phone never had a call {verb.call_id}"
                        )  # noqa: TRY301
                    # else it was over before the verb came, and its end has been told
                case _:
                    raise TypeError(f"a phone cannot be told {verb}")  # noqa: TRY301
        except Exception:  # noqa: BLE001  whatever it is, the parent must learn it
            self.fault()

    def register(self, verb: say.Register) -> None:
        """Turn the account into a registered one."""
        config = self._account_config(f"sip:{verb.user}@{verb.registrar}")
        config.regConfig.registrarUri = f"sip:{verb.registrar}"
        config.regConfig.registerOnAdd = True
        config.regConfig.timeoutSec = verb.expires
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", verb.user, 0, verb.password))
        self.account.modify(config)

    def unregister(self) -> None:
        """Send the unregistration."""
        self.unregistering = True
        self.account.setRegistration(False)  # noqa: FBT003  SWIG takes no keywords here

    def quit(self, *, unregister: bool) -> NoReturn:
        """End; libDestroy would take a second."""
        if unregister and self.registered:
            self.unregister()
            deadline = time.monotonic_ns() + _LONGEST_GOODBYE_NS
            while self.registered and time.monotonic_ns() < deadline:
                self.endpoint.libHandleEvents(_TICK_MS)
        os._exit(0)


def _guarded(
    callback: Callable[Concatenate[Any, _P], None],
) -> Callable[Concatenate[Any, _P], None]:
    """Report what a callback raises: SWIG would print and swallow it, and the process might abort later."""

    @functools.wraps(callback)
    def guard(self: Any, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            callback(self, *args, **kwargs)
        except Exception:  # noqa: BLE001  whatever it is, the parent must learn it
            self.phone.fault()

    return guard


class _Endpoint(pj.Endpoint):  # type: ignore[misc]  # pjsua2 has no types
    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self.phone = phone

    @_guarded
    def onRejectedIncomingCall(self, prm: Any) -> None:  # noqa: N802
        self.phone.tell(say.CallTableFull(at_ns=time.monotonic_ns(), code=prm.statusCode))


class _Log(pj.LogWriter):  # type: ignore[misc]
    """Writes the log, and reads from it the CANCELs that no callback tells of (those that cross our 200)."""

    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self.phone = phone

    @_guarded
    def write(self, entry: Any) -> None:
        text: str = entry.msg
        os.write(sys.stderr.fileno(), text.encode(errors="replace"))
        first, _, message = text.partition("\n")
        if "RX " in first and "Request msg CANCEL/" in first:
            call_id = sip_text.call_id(message)
            if call_id is not None:
                self.phone.causes[call_id] = sip_text.reason_causes(message)


class _Account(pj.Account):  # type: ignore[misc]
    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self.phone = phone

    @_guarded
    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        at_ns = time.monotonic_ns()
        _Call(self.phone, prm.callId).invited(prm.rdata.wholeMsg, at_ns)

    @_guarded
    def onRegState(self, prm: Any) -> None:  # noqa: N802
        at_ns = time.monotonic_ns()
        phone = self.phone
        accepted = 200 <= prm.code < 300  # noqa: PLR2004  SIP's 2xx
        if phone.unregistering:
            phone.registered = phone.unregistering = False
            phone.tell(say.Unregistered(at_ns=at_ns))
        elif accepted:
            phone.registered = True
            phone.tell(say.Registered(at_ns=at_ns, expires=prm.expiration))
        else:
            phone.registered = False
            phone.tell(say.RegistrationFailed(at_ns=at_ns, code=prm.code, reason=prm.reason))


class _Call(pj.Call):  # type: ignore[misc]
    """One call; referenced by the phone until its end, for a dropped one makes pjsua refuse the caller with 603."""

    def __init__(self, phone: Phone, number: int | None = None) -> None:
        super().__init__(phone.account, *(() if number is None else (number,)))
        self.phone = phone
        self.call_id = ""
        self.outgoing = number is None
        self.answering = False
        self.hanging_up = False
        self.refusing: int | None = None
        self.confirmed = False
        self.media: Any = None
        self.listening = False
        self.heard_ns = 0
        self.digits: deque[str] = deque()
        self.digit_ends_at: int | None = None

    def place(self, verb: say.Call) -> None:
        """Send the INVITE."""
        options = pj.CallOpParam(True)  # noqa: FBT003  SWIG takes no keywords here
        if verb.shows is not None:
            host = self.phone.address
            options.txOption.localUri = f'"{verb.shows}" <sip:{verb.shows}@{host}:{self.phone.port}>'
        self.makeCall(verb.target, options)

    def invited(self, message: str, at_ns: int) -> None:
        """Keep the call, answer as WhenInvited says, and tell."""
        phone = self.phone
        info = self.getInfo()
        self._keep(info.callIdString)
        if phone.invite_code >= 300:  # noqa: PLR2004  a refusal
            self.refusing = phone.invite_code
        phone.tell(
            say.Invited(
                at_ns=at_ns,
                call_id=self.call_id,
                caller_id=sip_text.user_of(info.remoteUri),
                dialled=sip_text.request_user(message),
            )
        )
        self._respond(phone.invite_code)

    def do(self, verb: say.Verb) -> None:
        """Do a verb to this call."""
        match verb:
            case say.Answer():
                self.answering = True
                self._respond(200)
            case say.Refuse(code=code):
                self.refusing = code
                self._respond(code)
            case say.HangUp():
                self._hang_up()
            case say.Press(digits=digits):
                self.digits.extend(digits)
                self._press_next()
            case say.Listen():
                self.listening = True
                self.heard_ns = 0

    def _respond(self, code: int) -> None:
        options = pj.CallOpParam()
        options.statusCode = code
        self.answer(options)

    def _hang_up(self) -> None:
        if not (self.outgoing or self.answering):
            self.refusing = 487
            self._respond(487)
        else:
            self.hanging_up = True
            self.hangup(pj.CallOpParam())

    def _keep(self, call_id: str) -> None:
        self.call_id = call_id
        self.phone.calls[call_id] = self
        self.phone.known.add(call_id)

    @_guarded
    def onCallState(self, prm: Any) -> None:  # noqa: ARG002, N802
        at_ns = time.monotonic_ns()
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CALLING:
            self._keep(info.callIdString)
            self.phone.tell(say.CallPlaced(at_ns=at_ns, call_id=self.call_id))
        elif info.state == pj.PJSIP_INV_STATE_CONNECTING and self.outgoing:
            self.phone.tell(say.Progress(at_ns=at_ns, call_id=self.call_id, code=info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.confirmed = self.outgoing or self.call_id not in self.phone.causes
            if self.confirmed and not self.outgoing:
                self.phone.tell(say.Confirmed(at_ns=at_ns, call_id=self.call_id))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._over(info, at_ns)

    def _over(self, info: Any, at_ns: int) -> None:
        """Tell how the call ended, and let go of it once pjsua has returned from this callback."""
        phone, call_id = self.phone, self.call_id
        cancelled = call_id in phone.causes
        q850, sip = phone.causes.pop(call_id, (None, None))
        code = 200 if self.confirmed else info.lastStatusCode
        if self.outgoing:
            if not self.confirmed:
                phone.tell(say.Progress(at_ns=at_ns, call_id=call_id, code=code))
            phone.tell(say.Ended(at_ns=at_ns, call_id=call_id, by_us=self.hanging_up, code=code))
        elif self.confirmed or self.hanging_up:
            phone.tell(say.Ended(at_ns=at_ns, call_id=call_id, by_us=self.hanging_up, code=None))
        elif self.refusing is not None and not cancelled:
            phone.tell(say.Refused(at_ns=at_ns, call_id=call_id, code=self.refusing))
        elif self.answering:
            phone.tell(say.Lost(at_ns=at_ns, call_id=call_id, q850=q850, sip=sip))
        elif cancelled:
            phone.tell(say.Cancelled(at_ns=at_ns, call_id=call_id, q850=q850, sip=sip))
        else:
            phone.tell(say.Ended(at_ns=at_ns, call_id=call_id, by_us=False, code=None))
        self.media = None
        phone.calls.pop(call_id, None)
        phone.buried.append(self)

    @_guarded
    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802
        at_ns = time.monotonic_ns()
        event = prm.e.body.tsxState
        if not self.outgoing or event.type != pj.PJSIP_EVENT_RX_MSG or event.tsx.method != "INVITE":
            return
        code = event.tsx.statusCode
        if event.tsx.role == pj.PJSIP_ROLE_UAC and 100 <= code < 200:  # noqa: PLR2004  SIP's 1xx
            self.phone.tell(say.Progress(at_ns=at_ns, call_id=self.call_id, code=code))

    @_guarded
    def onCallMediaState(self, prm: Any) -> None:  # noqa: ARG002, N802
        self.media = None
        info = (
            self.getInfo()
        )  # SWIG's parts do not keep the whole alive: without a name for it, media is garbage
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.media = self.getAudioMedia(index)
                self.phone.tone.startTransmit(self.media)
                # the level of a port that nobody listens to is not measured
                self.media.startTransmit(self.phone.endpoint.audDevManager().getPlaybackDevMedia())

    @_guarded
    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        self.phone.tell(say.KeyHeard(at_ns=time.monotonic_ns(), call_id=self.call_id, digit=prm.digit))

    @_guarded
    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802
        prm.statusCode = 603  # accepting would need prm.newCall, which crashes from Python

    @_guarded
    def look_at_media(self, now: int, grain: int) -> None:
        """Add up received sound; see whether the digit being sent is done."""
        if self.media is None:
            return
        if self.listening and self.media.getRxLevel() >= _SOUND_LEVEL:
            self.heard_ns += grain
            if self.heard_ns >= _SOUND_TO_BE_HEARD_NS:
                self.listening = False
                self.phone.tell(say.Heard(at_ns=now, call_id=self.call_id))
        if self.digit_ends_at is not None and self._packets_sent() >= self.digit_ends_at:
            self.digit_ends_at = None
            self.phone.tell(say.KeySent(at_ns=now, call_id=self.call_id, digit=self.digits.popleft()))
            self._press_next()

    def _press_next(self) -> None:
        if self.digits and self.digit_ends_at is None:
            self.digit_ends_at = self._packets_sent() + _EVENT_PACKETS
            self.dialDtmf(self.digits[0])

    def _packets_sent(self) -> int:
        stat = self.getStreamStat(0)  # named: its parts die with it
        return int(stat.rtcp.txStat.pkt)


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, also where it hangs in a library call."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def main() -> NoReturn:
    """Run a phone on the channel and with the settings of the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the runner ends the phones
    settings = json.loads(sys.argv[1])
    _end_with(settings["parent"])
    channel = socket.socket(fileno=settings["channel"])
    with contextlib.suppress(KeyboardInterrupt):
        Phone(channel, settings["name"], settings["address"], settings["tone_hz"]).run()
    os._exit(1)


if __name__ == "__main__":
    main()
