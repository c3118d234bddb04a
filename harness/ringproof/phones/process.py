"""The phone process: a SIP endpoint that does the verbs of its channel and reports what happens.

`ringproof.phones.server` forks it in the phones' container. It has no timers of behaviour: the other end of the channel
decides when to answer or to hang up.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

import pjsua2 as pj

from ringproof.phones import library, sip_text
from ringproof.phones import protocol as say
from ringproof.phones.call import Call
from ringproof.phones.counters import Counters
from ringproof.phones.elsewhere import Networks, leads_elsewhere, name_of
from ringproof.phones.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringproof.phones.library import Pj
    from ringproof.phones.recording import Recording

_TICK = 0.01
"""Seconds between two looks at the media of calls, where something is awaited of them."""
_IDLE_TICK = 0.05
"""Seconds after which SIP's timers are looked at, at the latest."""
_GOODBYE = 0.5
"""Seconds to wait for the answer to an unregistration at the end."""


class Phone:
    """The endpoint, its account, its calls and its end of the channel."""

    def __init__(
        self,
        channel: socket.socket,
        counters: Counters,
        *,
        name: str,
        address: str,
        tone_hz: int,
        calls: int,
        networks: Sequence[str],
    ) -> None:
        """Create the endpoint and report Ready; it takes up to `calls` calls at once.

        What leads out of `networks` is reported; where they are empty, this is not looked at.
        """
        self.address = address
        self.registrar = ""
        """`host:port` of the Register verb; empty before that."""
        self.calls: dict[str, Call] = {}
        self.counters = counters
        self._channel = channel
        self._invite_code = 180
        self._known: set[str] = set()
        self.recordings: list[Recording] = []
        self._over: list[Call] = []
        self._offered: dict[str, str] = {}
        """INVITEs by Call-ID for which no callback has come: the library examines them, and refuses some."""
        self._networks = Networks(networks, [address])
        self._led: set[tuple[str, str]] = set()
        """Calls and lines that have been reported as leading elsewhere."""
        self._registered = False
        self._unregistering = False
        self.endpoint = library.Endpoint(self, self._call_rejected)
        self._log = library.Log(self, self._logged)
        self.port, self._sip = library.start(self.endpoint, self._log, name, address, calls)
        self._tone_hz = tone_hz
        self._tone: Pj = None
        self.account = _Account(self)
        self.account.create(library.account(f"sip:{name}@{address}:{self.port}", address))
        self.tell(say.Ready(at_ns=self.counters.stamp(), address=address, port=self.port))

    def begin_sound(self) -> Pj:
        """Start the sound, if it does not flow yet, and return what this phone transmits.

        Sound has a clock that ticks 50 times a second, which a phone that only rings does not need.
        """
        if self._tone is None:
            library.begin_sound(self.endpoint)
            self._tone = library.steady_tone(self._tone_hz)
        return self._tone

    def tell(self, message: say.Message) -> None:
        """Send a message to the conductor; end the process where there is no conductor any more."""
        _send(self._channel, message, self.counters.note_told())

    def fault(self) -> None:
        """Report the exception that is being handled."""
        self.tell(_fault(self.counters.stamp()))

    def run(self) -> NoReturn:
        """Do verbs and handle SIP until the channel ends or Quit comes."""
        half = b""
        channel = self._channel.fileno()
        awake_for = [channel, *self._sip]
        while True:
            self.counters.settle()
            # pjsip would wait for its own socket alone, and a verb would have to wait for pjsip
            looks_often = self.recordings or any(call.awaits_media for call in self.calls.values())
            ready, _, _ = select.select(awake_for, [], [], _TICK if looks_often else _IDLE_TICK)
            if channel in ready:
                received = self._channel.recv(65536)
                if not received:
                    os._exit(0)
                *lines, half = (half + received).split(b"\n")
                for line in lines:
                    self._do(line)
                    self.counters.note_done()
            self._handle_events()
            for call in list(self.calls.values()):
                call.look_at_media()
            self._over.clear()
            self._look_at_recordings()

    def _handle_events(self) -> None:
        while self.endpoint.libHandleEvents(0) > 0:
            pass

    def _look_at_recordings(self) -> None:
        now = time.monotonic_ns()
        for recording in [each for each in self.recordings if each.is_complete(now)]:
            self.recordings.remove(recording)
            verb = recording.verb
            self.tell(say.Recorded(at_ns=self.counters.stamp(), call_id=verb.call_id, file=verb.file))

    def _do(self, line: bytes) -> None:
        """Do one verb; report what it raises."""
        try:
            verb = say.from_line(line)
            match verb:
                case say.WhenInvited(code=code):
                    self._prepare(code)
                case say.Register():
                    self.registrar = verb.registrar
                    self.account.modify(
                        library.registered_account(verb.registrar, verb.user, verb.password, verb.expires, self.address)
                    )
                case say.Reregister():
                    self.account.setRegistration(True)
                case say.Unregister():
                    self._unregister()
                case say.Call():
                    Call(self).place(verb)
                case say.Attend():
                    self.tell(say.Attending(at_ns=self.counters.stamp()))
                case say.Quit(unregister=unregister):
                    self._quit(unregister=unregister)
                case say.CallVerb():
                    self._do_to_call(verb)
                case _:
                    raise TypeError(f"a phone cannot be told {verb}")  # noqa: TRY301
        except Exception:  # noqa: BLE001  whatever it is, the parent must learn of it
            self.fault()

    def _prepare(self, code: int) -> None:
        if code not in (pj.PJSIP_SC_TRYING, pj.PJSIP_SC_RINGING) and not say.is_refusal(code):
            raise ValueError(f"WhenInvited: {code} is neither 100, 180 nor a refusal")
        self._invite_code = code
        self.tell(say.Prepared(at_ns=self.counters.stamp(), code=code))

    def _do_to_call(self, verb: say.CallVerb) -> None:
        call = self.calls.get(verb.call_id)
        if call is not None:
            call.do(verb)
        elif verb.call_id not in self._known:
            raise LookupError(f"{type(verb).__name__}: this phone never had a call {verb.call_id}")
        elif isinstance(verb, say.Record):
            self.tell(say.Recorded(at_ns=self.counters.stamp(), call_id=verb.call_id, file=verb.file))
        elif isinstance(verb, say.SendSound):
            self.tell(say.SoundSent(at_ns=self.counters.stamp(), call_id=verb.call_id))
        # else the call was over when the verb came, and its end has been reported

    def _unregister(self) -> None:
        self._unregistering = True
        self.account.setRegistration(False)  # SWIG takes no keywords here

    def _quit(self, *, unregister: bool) -> NoReturn:
        """End at once; libDestroy would take a second."""
        if unregister and self._registered:
            self._unregister()
            deadline = time.monotonic() + _GOODBYE
            while self._registered and time.monotonic() < deadline:
                select.select(self._sip, [], [], _TICK)
                self._handle_events()
        os._exit(0)

    def keep(self, call: Call) -> None:
        """Keep a call until its end."""
        self.calls[call.call_id] = call
        self._known.add(call.call_id)

    def let_go(self, call: Call) -> None:
        """Drop a call that is over, but only after pjsua2 has returned from its callback."""
        self.calls.pop(call.call_id, None)
        self._over.append(call)

    def invited(self, number: int, message: str, at_ns: int) -> None:
        """Take a call that came in, and answer it as WhenInvited says."""
        self._offered.pop(sip_text.call_id(message) or "", None)
        Call(self, number).invited(message, self._invite_code, at_ns)

    def registration(self, code: int, reason: str, expires: int, at_ns: int) -> None:
        """Report the result of a registration."""
        accepted = pj.PJSIP_SC_OK <= code < pj.PJSIP_SC_MULTIPLE_CHOICES
        self._registered = accepted and not self._unregistering
        if self._unregistering:
            self._unregistering = False
            self.tell(say.Unregistered(at_ns=at_ns))
        elif accepted:
            self.tell(say.Registered(at_ns=at_ns, expires=expires))
        else:
            self.tell(say.RegistrationFailed(at_ns=at_ns, code=code, reason=reason))

    def _call_rejected(self, code: int) -> None:
        if code == pj.PJSIP_SC_BUSY_HERE:
            self.tell(say.CallTableFull(at_ns=self.counters.stamp(), code=code))
        # else the refusal in the log shows what the library could not take: not every refusal is called back

    def _logged(self, entry: str) -> None:
        """Read in the log what no callback reports: where a message leads, and the causes of a CANCEL.

        A CANCEL that crosses our 200 is shown nowhere else.
        """
        self.counters.note_log(entry)
        self._look_at_offer(entry)
        if self._networks and (message := sip_text.logged_message(entry)) is not None:
            self._look_where_it_leads(message)
        cancel = sip_text.logged_request(entry, "CANCEL")
        call = self.calls.get(sip_text.call_id(cancel) or "") if cancel is not None else None
        if cancel is not None and call is not None:
            call.causes = sip_text.reason_causes(cancel)

    def _look_at_offer(self, entry: str) -> None:
        """Report an INVITE that the library refuses by itself: that it has arrived, and its final response."""
        invite = sip_text.logged_request(entry, "INVITE")
        if invite is not None:
            call_id = sip_text.call_id(invite) or ""
            if call_id not in self._known and not sip_text.in_dialog(invite):
                self._offered[call_id] = invite
            return
        refusal = sip_text.logged_refusal(entry)
        invite = self._offered.pop(sip_text.call_id(refusal[1]) or "", None) if refusal is not None else None
        if invite is None or refusal is None or refusal[0] == pj.PJSIP_SC_BUSY_HERE:
            return
        from ringproof.phones.offer import unacceptable  # noqa: PLC0415  a phone that is offered what it takes has no need

        code, response = refusal
        call_id = sip_text.call_id(invite) or ""
        self._known.add(call_id)
        at_ns = self.counters.stamp()
        caller, dialled = sip_text.user_of(sip_text.header(invite, "From", "f")), sip_text.request_user(invite)
        because = unacceptable(invite, code, response, library.CODECS)
        self.tell(say.Invited(at_ns=at_ns, call_id=call_id, caller_id=caller, dialled=dialled))
        self.tell(say.Refused(at_ns=at_ns, call_id=call_id, code=code, because=because))

    def _look_where_it_leads(self, message: str) -> None:
        """Report where a message leads, before the library follows it."""
        call_id = sip_text.call_id(message) or ""
        for address, line in leads_elsewhere(message, self._networks):
            if (call_id, line) not in self._led:
                self._led.add((call_id, line))
                led = say.LedElsewhere(
                    at_ns=self.counters.stamp(), call_id=call_id, address=address, message=name_of(message), line=line
                )
                self.tell(led)


class _Account(pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self.phone = phone

    @guarded
    def onIncomingCall(self, prm: Pj) -> None:  # noqa: N802  pjsua2 names it
        self.phone.invited(prm.callId, prm.rdata.wholeMsg, self.phone.counters.stamp())

    @guarded
    def onRegState(self, prm: Pj) -> None:  # noqa: N802
        self.phone.registration(prm.code, prm.reason, prm.expiration, self.phone.counters.stamp())


def _fault(at_ns: int) -> say.Fault:
    """Return the report of the exception that is being handled; an error of pjsua2 has its words in `info()` alone."""
    import traceback  # noqa: PLC0415  a phone that is well never needs it

    fault = sys.exception()
    words = f"{fault.info()}\n" if isinstance(fault, pj.Error) else ""
    return say.Fault(at_ns=at_ns, traceback=traceback.format_exc() + words)


def _send(channel: socket.socket, message: say.Message, number: int) -> None:
    try:
        channel.sendall(say.to_numbered_line(message, number))
    except OSError:
        os._exit(0)


def run(channel: int, page: int | None, settings: dict[str, Any]) -> NoReturn:
    """Run a phone on these descriptors: its channel, and the page of its clock (None: on real time).

    `settings`: name, address, tone_hz, calls (how many at once), networks, and the number of its words in the page.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the server's handler is not for this process
    with open("/proc/self/comm", "w") as comm:  # noqa: PTH123  pathlib would be one more import for each phone
        comm.write(settings["name"])  # the name that a list of the container's processes shows
    link = socket.socket(fileno=channel)
    counters: Counters | None = None
    try:
        counters = Counters(page, settings.pop("number"))
        phone = Phone(link, counters, **settings)
    except Exception:  # noqa: BLE001  whatever it is, the conductor must learn of it
        _send(link, _fault(time.monotonic_ns()), 1 if counters is None else counters.note_told())
        os._exit(1)
    phone.run()
