"""What a phone is sent (verbs) and what it reports (messages): frozen values and their JSON form, one per line.

A line holds the class and its fields: `{"Answer": {"call_id": "..."}}`. Messages carry `at_ns`, the time at which the
phone noticed the event: PBX time in ns, or CLOCK_MONOTONIC where the PBX is on real time. A phone puts the number of a
message before its line. `call_id` is always the SIP Call-ID.

Every phone process imports this module, so it is kept cheap.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar, NoReturn, dataclass_transform
else:

    def dataclass_transform(**_: bool) -> object:
        """Change nothing: it only shows type checkers what Said makes of a class."""
        return lambda kind: kind


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Said:
    """A frozen value of named fields, equal to another of the same class and fields, as a frozen dataclass is.

    Importing dataclasses (which imports inspect, ast, dis) and making thirty of them took a third of a phone's start.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Add the class's own fields to those it inherits."""
        own = cls.__dict__.get("__annotations__", ())  # noqa: RUF063  inspect is what must not be imported
        cls._fields = (*cls._fields, *own)

    def __init__(self, **fields: object) -> None:
        """Set the fields. Raises TypeError for a field unknown or missing."""
        kind = type(self)
        values = {name: getattr(kind, name) for name in kind._fields if hasattr(kind, name)} | fields
        if values.keys() != set(kind._fields):
            raise TypeError(f"{kind.__name__} has the fields {kind._fields}, not {tuple(values)}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Raise AttributeError: the value is frozen."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        """Compare class and fields."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Return a hash that agrees with `__eq__`."""
        return hash((type(self), *(self.__dict__[name] for name in self._fields)))

    def __repr__(self) -> str:
        """Return the expression that makes it."""
        fields = (f"{name}={self.__dict__[name]!r}" for name in self._fields)
        return f"{type(self).__name__}({', '.join(fields)})"

    def as_dict(self) -> dict[str, object]:
        """Return the fields in their order."""
        return {name: self.__dict__[name] for name in self._fields}


ANONYMOUS = "anonymous"
"""What a caller shows in place of a number that is hidden."""


class Verb(Said):
    """Something that a phone is asked to do."""


class CallVerb(Verb):
    """Something that a phone is asked to do for a call. For a call_id that it never had it reports Fault."""

    call_id: str


class WhenInvited(Verb):
    """Answer every INVITE automatically from now on: 180 (the default), a refusal 400-699, or 100 and nothing more.

    Prepared follows: an INVITE caused after that gets this answer.
    """

    code: int


class Register(Verb):
    """Register at `host:port`. Registered or RegistrationFailed follows; nothing does while the registrar is silent."""

    registrar: str
    user: str
    password: str
    expires: int = 3600
    """Seconds, as the SIP header has it: they pass on the registrar's clock."""


class Reregister(Verb):
    """Renew the registration. Registered or RegistrationFailed follows."""


class Unregister(Verb):
    """Remove the registration. Unregistered follows."""


class Call(Verb):
    """Send an INVITE to a `sip:` URI. CallPlaced follows."""

    target: str
    shows: str | None = None
    """The number in From, without a display name, as most providers send it; None: the phone's own name or user.

    ANONYMOUS: no number, as a provider hides it (RFC 3323; RFC 3325, section 9.3).
    """


class Answer(CallVerb):
    """Pick up: 200. Confirmed or Lost follows; nothing if the call was over before."""


class Refuse(CallVerb):
    """Refuse a ringing call with a final response 400-699. Refused follows; nothing if it was over before."""

    code: int


class Forward(CallVerb):
    """Forward a ringing call to another number of its registrar: 302. Forwarded follows; nothing if it was over."""

    to: str


class HangUp(CallVerb):
    """End a call: CANCEL or BYE, or 487 for a ringing one (then Refused follows, else Ended)."""


class Hold(CallVerb):
    """Hold an answered call: a re-INVITE with `sendonly`. MediaChanged follows."""


class Resume(CallVerb):
    """Take an answered call out of hold. MediaChanged follows."""


class Press(CallVerb):
    """Send digits as RFC 4733 events, one after the other. KeySent follows for each, or KeyNotSent for those left."""

    digits: str


class Listen(CallVerb):
    """Count received sound from zero. Heard follows once, with the same number, when 300 ms have come in."""

    number: int = 0


class SendSound(CallVerb):
    """Report SoundSent as soon as one more RTP packet has left, or at once where the call sends none or is over."""


class Record(CallVerb):
    """Write the received sound to a WAV file (8 kHz, mono, 16 bit). Recorded follows when it is complete.

    The file ends after `milliseconds`, or with the call. Where the call is over already, Recorded follows at once, and
    nothing is written.
    """

    file: str
    milliseconds: int


class Attend(Verb):
    """Give a sign of life. Attending follows, unless the process is stopped or hangs."""


class Quit(Verb):
    """End the process, after an unregistration where `unregister` is set. Calls are not hung up."""

    unregister: bool = False


class Message(Said):
    """Something that a phone noticed or did, in ns of PBX time (of CLOCK_MONOTONIC where the PBX is on real time)."""

    at_ns: int


class Ready(Message):
    """The phone runs and listens for SIP on this UDP address."""

    address: str
    port: int


class Attending(Message):
    """The process runs, and has done all verbs that came before Attend."""


class Registered(Message):
    """The registrar accepted a registration or a renewal."""

    expires: int


class RegistrationFailed(Message):
    """The registrar refused, or pjsip gave up on it (408, 503)."""

    code: int
    reason: str


class Unregistered(Message):
    """The registration has been removed."""


class Prepared(Message):
    """WhenInvited is in force."""

    code: int


class Invited(Message):
    """A dialog-forming INVITE arrived and has been answered as WhenInvited says, or by the library itself."""

    call_id: str
    caller_id: str
    """User part of From."""
    dialled: str
    """User part of the Request-URI."""
    name: str = ""
    """Display name of From."""
    asserted: str = ""
    """User part of P-Asserted-Identity, or of Remote-Party-ID."""
    diverted: str = ""
    """User parts of Diversion and History-Info, separated by commas."""


class Cancelled(Message):
    """A CANCEL ended a call that the phone had not tried to answer; with the causes of its Reason headers, if any."""

    call_id: str
    q850: int | None
    sip: int | None


class Confirmed(Message):
    """The ACK of our 200 arrived, and no CANCEL before it: the phone has the call."""

    call_id: str


class MediaChanged(Message):
    """The media of a call were negotiated again after its answer: hold, resume, or a re-INVITE of the other side."""

    call_id: str


class Lost(Message):
    """We sent 200, but a CANCEL crossed it or no ACK ever came: the phone never had the call."""

    call_id: str
    q850: int | None
    sip: int | None


class Refused(Message):
    """Our final response 300-699 went out."""

    call_id: str
    code: int
    because: str = ""
    """What of the INVITE the phone cannot take, so that its library refused it; empty: a verb refused it."""


class Forwarded(Message):
    """Our 302 went out."""

    call_id: str
    to: str


class CallPlaced(Message):
    """Our INVITE went out."""

    call_id: str


class Progress(Message):
    """A response to our INVITE: every provisional one, and the final one."""

    call_id: str
    code: int


class Ended(Message):
    """An answered call, or one that we placed, is over."""

    call_id: str
    by_us: bool
    code: int | None
    """The final response to our INVITE; None if the call came in."""


class Heard(Message):
    """300 ms of sound have come in since the Listen of this number."""

    call_id: str
    number: int = 0


class SoundSent(Message):
    """A packet of sound has left since SendSound, or there is nothing to send."""

    call_id: str


class Recorded(Message):
    """The file of a Record is complete."""

    call_id: str
    file: str


class KeySent(Message):
    """The last packet of this digit's event has been sent."""

    call_id: str
    digit: str


class KeyNotSent(Message):
    """This digit, and those that were still to be sent, cannot be sent in this call as it is now."""

    call_id: str
    digit: str
    reason: str
    """NO_EVENTS or NO_SOUND."""


class KeyHeard(Message):
    """The other side pressed this digit."""

    call_id: str
    digit: str


class LedElsewhere(Message):
    """A received message leads to an address outside the phone's networks. Reported once for each line and call."""

    call_id: str
    address: str
    """The address or host name, as the message has it."""
    message: str
    """The message's name: `INVITE`, `200 OK to INVITE`."""
    line: str
    """The line of the message that has the address."""


class CallTableFull(Message):
    """An INVITE found no free call in the library, which answered with this code. The harness is broken."""

    code: int


class Fault(Message):
    """A callback or a verb raised. The harness is broken."""

    traceback: str


NO_EVENTS = "no telephone-event"
"""The other side did not offer RFC 4733 telephone-event."""
NO_SOUND = "no sound"
"""No media have been negotiated: there is no RTP in which a digit could be sent."""

_KINDS: dict[str, type[Verb | Message]] = {
    kind.__name__: kind for base in (Verb, CallVerb, Message) for kind in base.__subclasses__()
}


def is_refusal(code: int) -> bool:
    """Return whether a phone may refuse a call with this SIP code: 400-699."""
    return 400 <= code <= 699  # noqa: PLR2004


def to_line(said: Verb | Message) -> bytes:
    """Return the line of a verb or message, newline included."""
    return json.dumps({type(said).__name__: said.as_dict()}).encode() + b"\n"


def to_numbered_line(message: Message, number: int) -> bytes:
    """Return the line of a phone's message with its number, so that a lost message is noticed."""
    return b"%d %s" % (number, to_line(message))


def from_numbered_line(line: bytes) -> tuple[int, Message]:
    """Read back what `to_numbered_line` wrote. Raises ValueError for anything else."""
    number, _, rest = line.partition(b" ")
    message = from_line(rest or line)
    if not number.isdigit() or not isinstance(message, Message):
        raise ValueError(f"no line of a phone's channel: {line[:80]!r}")
    return int(number), message


def from_line(line: bytes) -> Verb | Message:
    """Read back what `to_line` wrote. Raises ValueError for anything else."""
    try:
        ((kind, fields),) = json.loads(line).items()
        return _KINDS[kind](**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ValueError(f"no line of a phone's channel: {line[:80]!r}") from fault
