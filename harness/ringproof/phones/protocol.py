"""What a phone is told (verbs) and what it tells (messages): frozen values and their JSON form, one a line.

A line holds the class and its fields: `{"Answer": {"call_id": "..."}}`. Messages carry `at_ns`, the CLOCK_MONOTONIC
nanosecond at which the phone saw the thing happen. `call_id` is always the SIP Call-ID.

Imported by every phone process, so it is kept cheap.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar, NoReturn, dataclass_transform
else:

    def dataclass_transform(**_: bool) -> object:
        """Change nothing: it tells type checkers what Said makes of a class."""
        return lambda kind: kind


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Said:
    """A frozen value of named fields, equal to another of the same kind and fields: a dataclass in all but name.

    Importing dataclasses (which imports inspect, ast, dis) and making thirty of them was a third of a phone's start.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Add the class's own fields to those it inherits."""
        own = cls.__dict__.get("__annotations__", ())  # noqa: RUF063  inspect is what must not be imported
        cls._fields = (*cls._fields, *own)

    def __init__(self, **fields: object) -> None:
        """Raise TypeError for a field unknown or missing."""
        kind = type(self)
        values = {name: getattr(kind, name) for name in kind._fields if hasattr(kind, name)} | fields
        if values.keys() != set(kind._fields):
            raise TypeError(f"{kind.__name__} has the fields {kind._fields}, not {tuple(values)}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: what has been said stays said."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        """Compare kind and fields."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Agree with `__eq__`."""
        return hash((type(self), *(self.__dict__[name] for name in self._fields)))

    def __repr__(self) -> str:
        """Write it as it would be made."""
        fields = (f"{name}={self.__dict__[name]!r}" for name in self._fields)
        return f"{type(self).__name__}({', '.join(fields)})"

    def as_dict(self) -> dict[str, object]:
        """Return the fields in their order."""
        return {name: self.__dict__[name] for name in self._fields}


ANONYMOUS = "anonymous"
"""What a caller shows who hides his number."""


class Verb(Said):
    """Something that a phone is told to do."""


class CallVerb(Verb):
    """Something to be done to a call. A call_id that the phone never had is a Fault."""

    call_id: str


class WhenInvited(Verb):
    """From now on answer every INVITE by itself: 180 (the default), a refusal 400-699, or 100 and nothing more.

    Prepared follows: an INVITE caused after it gets this answer.
    """

    code: int


class Register(Verb):
    """Register at `host:port`. Registered or RegistrationFailed follows; from a mute registrar nothing does."""

    registrar: str
    user: str
    password: str
    expires: int = 3600
    """Seconds, as the SIP header has it: they pass on the registrar's clock."""


class Reregister(Verb):
    """Renew the registration. Registered or RegistrationFailed follows."""


class Unregister(Verb):
    """Take the registration back. Unregistered follows."""


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
    """Send a ringing call on to another number of its registrar: 302. Forwarded follows; nothing if it was over."""

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
    """Count received sound from zero. Heard follows once, with the same number, when 300 ms are together."""

    number: int = 0


class SendSound(CallVerb):
    """SoundSent follows as soon as one more RTP packet has left, or at once where the call sends none, or is over."""


class Record(CallVerb):
    """Write what comes in from now on to a WAV file (8 kHz, mono, 16 bit). Recorded follows, soon after the call's end.

    Where the call is over already it follows at once, and nothing is written.
    """

    file: str
    milliseconds: int


class Attend(Verb):
    """Give a sign of life. Attending follows, unless the process stands still."""


class Quit(Verb):
    """End the process, after an unregistration if wanted. Calls are not hung up."""

    unregister: bool = False


class Message(Said):
    """Something that a phone saw or did, at a moment of PBX time (of CLOCK_MONOTONIC where the PBX is on real time)."""

    at_ns: int


class Ready(Message):
    """The phone runs and listens for SIP on this UDP address."""

    address: str
    port: int


class Attending(Message):
    """The process runs, and has done all that it was told before."""


class Registered(Message):
    """The registrar accepted; also told of every renewal."""

    expires: int


class RegistrationFailed(Message):
    """The registrar refused, or pjsip gave up on it (408, 503)."""

    code: int
    reason: str


class Unregistered(Message):
    """The registration has been taken back."""


class Prepared(Message):
    """WhenInvited is in force."""

    code: int


class Invited(Message):
    """A dialog-forming INVITE arrived and has been answered as WhenInvited says."""

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
    """A CANCEL ended a call that we had not tried to answer; the causes of its Reason headers, if any."""

    call_id: str
    q850: int | None
    sip: int | None


class Confirmed(Message):
    """The ACK of our 200 arrived, and no CANCEL before it: the call is ours."""

    call_id: str


class MediaChanged(Message):
    """The sound of a call was agreed on anew after its answer: held, resumed, or a re-INVITE of the other side."""

    call_id: str


class Lost(Message):
    """We sent 200, but a CANCEL crossed it or no ACK ever came: the call was never ours."""

    call_id: str
    q850: int | None
    sip: int | None


class Refused(Message):
    """Our final response 300-699 went out."""

    call_id: str
    code: int
    because: str = ""
    """What of the INVITE the phone cannot take, so that its library refused it; empty: the phone was told to refuse."""


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
    """300 ms of sound have come in since the Listen of this number was told."""

    call_id: str
    number: int = 0


class SoundSent(Message):
    """A packet of sound has left since SendSound was told, or there is nothing to send."""

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
    """This digit, and those told with it, cannot be sent in this call as it is now."""

    call_id: str
    digit: str
    reason: str
    """NO_EVENTS or NO_SOUND."""


class KeyHeard(Message):
    """The other side pressed this digit."""

    call_id: str
    digit: str


class LedElsewhere(Message):
    """A message that was received leads to an address outside the phone's networks. Told once for a line and a call."""

    call_id: str
    address: str
    """As it stands there: an address, or a host name."""
    message: str
    """`INVITE`, `200 OK to INVITE`."""
    line: str
    """That of the message which says so."""


class CallTableFull(Message):
    """An INVITE found no free call in the library and got this code from it. Broken harness."""

    code: int


class Fault(Message):
    """A callback or a verb raised. Broken harness."""

    traceback: str


NO_EVENTS = "no telephone-event"
"""The other side did not offer RFC 4733 telephone-event."""
NO_SOUND = "no sound"
"""No sound has been agreed on: there is no RTP in which a digit could be sent."""

_KINDS: dict[str, type[Verb | Message]] = {
    kind.__name__: kind for base in (Verb, CallVerb, Message) for kind in base.__subclasses__()
}


def is_refusal(code: int) -> bool:
    """Whether a phone may refuse a call with this SIP code: 400-699."""
    return 400 <= code <= 699  # noqa: PLR2004


def to_line(said: Verb | Message) -> bytes:
    """Return the line, newline included, that says this."""
    return json.dumps({type(said).__name__: said.as_dict()}).encode() + b"\n"


def to_numbered_line(message: Message, number: int) -> bytes:
    """Return the line of a phone's message, which is the `number`th: so that a lost one is noticed."""
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
