"""The events: what was seen at which moment, by whom. Moments are PBX seconds from the start of the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ringproof.core.duration import PbxSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, at a moment of PBX time."""

    at: PbxSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone(Event):
    """The conductor finished step number `step` (from 0) of the scenario's `when`."""

    step: int
    verb: str
    caller: str


NotDone = Literal["not heard", "call over", "moment never came", "no telephone-event", "no sound"]
"""Why a step could not be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Event):
    """A step could not be done: nothing heard within its time, the call gone before the key."""

    step: int
    verb: str
    caller: str
    reason: NotDone


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPlaced(Event):
    """A caller sent his INVITE."""

    caller: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGot(Event):
    """A caller received a response to his INVITE: provisional or final."""

    caller: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHeard(Event):
    """A caller had received 300 ms of sound since his last step."""

    caller: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerEnded(Event):
    """A caller's call is over. `by`: he himself in a step, the PBX (BYE or final response), or the harness, tidying up.

    `code` is the final response to his INVITE (487 after his CANCEL).
    """

    caller: str
    by: Literal["caller", "pbx", "harness"]
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRefused(Event):
    """The PBX refused a REGISTER that it should accept; the story is not played."""

    phone: str
    code: int
    """0: it did not answer."""
    because: str = ""
    """By its configuration: `101/desk is registered, and the PBX takes 1 contact of 101 (max_contacts=1)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationLost(Event):
    """The PBX accepted a phone's REGISTER and does not have its contact any more; the story is not played."""

    phone: str
    because: str
    """`101/mobile registered later, and the PBX keeps 1 contact of 101 (max_contacts=1)`; empty: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneInvited(Event):
    """A dialog-forming INVITE arrived at a phone (retransmissions and re-INVITEs are none)."""

    phone: str
    call_id: str
    shows: str
    """The caller's number as the phone displays it."""
    name: str = ""
    """The caller's name as the phone displays it."""
    asserted: str = ""
    """The caller's number by P-Asserted-Identity (RFC 3325) or Remote-Party-ID."""
    diverted: str = ""
    """The numbers by which the call was diverted (RFC 5806, RFC 7044), separated by commas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCancelled(Event):
    """The PBX cancelled a ringing phone; the causes of the CANCEL's Reason headers, where it had any."""

    phone: str
    call_id: str
    q850: int | None
    sip: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRefused(Event):
    """A phone sent a final response 300-699: by its behaviour, or because it cannot take what the INVITE offers."""

    phone: str
    call_id: str
    code: int
    because: str = ""
    """What of the INVITE it cannot take: `no common codec: the PBX offers GSM, the phone speaks PCMA and PCMU`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTidied(Event):
    """Ringproof ended a ring that went on after the story: what the phone sent for it says nothing of its own will."""

    phone: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneForwarded(Event):
    """A phone sent a call on to another number, by 302."""

    phone: str
    call_id: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePickedUp(Event):
    """A phone's 200 was confirmed by the PBX's ACK."""

    phone: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLost(Event):
    """A phone tried to answer, but its 200 crossed the CANCEL: it never got the call."""

    phone: str
    call_id: str
    q850: int | None
    sip: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneHungUp(Event):
    """An answered call at a phone ended: by the phone's behaviour, the PBX, or the harness, tidying up."""

    phone: str
    call_id: str
    by: Literal["phone", "pbx", "harness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundHeard(Event):
    """Whose own tones came in, in the first second of a connection, at one end of it: a phone or a caller.

    `again`: a second later than the talk was to last.
    """

    who: str
    call_id: str
    """The leg of the phone whose pick-up began the talk, also where the caller listens."""
    tones: tuple[str, ...]
    """Names of phones and callers of the play; empty: silence, or sound that is nobody's tone."""
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundRecorded(Event):
    """All that the PBX sent was recorded; where this is missing, `SoundCame` says nothing of what is missing."""


SoundKind = Literal["silence", "tone", "voices", "sound"]
"""Packets without a sound; one of the tones of telephony; the own tones of phones and callers; any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundCame(Event):
    """The PBX sent sound of one kind to a caller, from `at` on for `lasts`; what it sent no packets for is no event."""

    caller: str
    lasts: PbxSeconds
    kind: SoundKind
    hertz: tuple[int, ...] = ()
    """Of a tone."""
    voices: tuple[str, ...] = ()
    """Whose own tones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicBegan(Event):
    """The PBX began to play music on hold to a channel."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicEnded(Event):
    """The PBX plays no more music on hold to a channel."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPlayed(Event):
    """The PBX's log says that it began to play a file to a channel (file.c)."""

    channel: str
    name: str
    """With its folder, as the dialplan names it, and without its format."""
    language: str
    length: PbxSeconds | None = None
    """How long the file is; None: unknown, or no line of the story names a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAwaited(Event):
    """A channel entered an application in which the PBX waits for keys (WaitExten, Read)."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAwaitedNoMore(Event):
    """A channel went on to another application."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegInvited(Event):
    """The PBX's own capture: it sent a dialog-forming INVITE towards a phone's address."""

    call_id: str
    target: str
    """User part of the Request-URI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCame(Event):
    """The PBX's own capture: it received the INVITE of a caller of ours."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLeft(Event):
    """The PBX's own capture: it sent an INVITE to an address at which no phone and no caller of ours lives."""

    call_id: str
    target: str
    """`host:port`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCommanded(Event):
    """The PBX's own capture: it sent a phone a request that commands it to pick up by itself, or to hold its call."""

    call_id: str
    """That of a ring of this phone, where the request belongs to its dialog or begins it."""
    target: str
    """The phone."""
    message: str
    """Method of the request."""
    header: str
    """By which it commands: `Event: talk`."""
    does: Literal["pick up", "hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAlerting(Event):
    """The PBX's own capture: it received the first 18x response to an INVITE it had sent: the phone rings aloud."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCancelled(Event):
    """The PBX's own capture: it sent a CANCEL."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFinal(Event):
    """The PBX's own capture: it received a final response (200-699) to an INVITE it had sent."""

    call_id: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegBelongs(Event):
    """The PBX says which of its channels, and which caller's call, a leg (known by its Call-ID) is.

    Also told of the callers' own legs. `linked` is Asterisk's linkedid: equal for all channels of one call.
    """

    call_id: str
    channel: str
    endpoint: str
    linked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMade(Event):
    """A channel came into being."""

    channel: str
    endpoint: str
    linked: str
    outgoing: bool
    """The PBX made it in order to call somebody, not because somebody called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelGone(Event):
    """A channel ended, with its Q.850 hang-up cause."""

    channel: str
    cause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLinked(Event):
    """A channel became part of another call: Asterisk gives all that are bridged the linkedid of the oldest."""

    channel: str
    linked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOriginated(Event):
    """A step of the dialplan had the PBX call somebody by itself: Originate(). Asterisk takes that for another call."""

    channel: str
    by: str
    """The channel whose step it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged(Event):
    """A channel entered a bridge."""

    channel: str
    bridge: str
    technology: str = ""
    """How the bridge mixes, as Asterisk names it: `simple_bridge`, `native_rtp`, `softmix`, `holding_bridge`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbridged(Event):
    """A channel left a bridge."""

    channel: str
    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHeard(Event):
    """The PBX heard the end of a digit on a channel."""

    channel: str
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DialFailed(Event):
    """The PBX was told to dial something that is not there (an unknown or unregistered endpoint)."""

    target: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryOver(Event):
    """Steps done and expectations met, or their deadline passed: from here on the harness hangs up what is left.

    A story that is told many times is over as often.
    """

    deadline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCall(Event):
    """The story is told again on the same PBX, for the `number`th time: nothing is left of the call before."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietOver(Event):
    """The silence after the story has been watched for `watched` seconds."""

    watched: PbxSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAsked(Event):
    """Somebody asked for the address of a name. `by`: the PBX, or one of the phones."""

    name: str
    kind: str
    """Type of the record: A, AAAA, SRV, NAPTR..."""
    by: Literal["pbx", "phone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkDropped(Event):
    """The PBX ended the call that a phone was on when the story began."""

    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkRefused(Event):
    """A phone could not take the call that it was to be on when the story begins; the story is not played."""

    phone: str
    """Or `the other end of 101's call`."""
    code: int
    because: str
    """What of the INVITE it cannot take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedElsewhere(Event):
    """The PBX sent a phone or caller to an address outside the run's networks, or to a host name."""

    who: str
    call_id: str
    address: str
    """As it stands there, without its port."""
    message: str
    """What was received: `INVITE`, `200 OK to INVITE`, `302 Moved Temporarily`."""
    line: str
    """That of the message which says so: `c=IN IP4 198.51.100.77`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxCrashed(Event):
    """Asterisk ended by a signal of its own (SIGSEGV, SIGABRT...)."""

    signal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEndless(Event):
    """A channel runs through the dialplan in a circle in which nothing waits."""

    place: str
    """Where it is in it, as Asterisk writes it: `s@group-sales`."""
