"""The events: what was seen, when and by which witness. Moments are PBX seconds from the start of the story."""

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
    """A step could not be done, for example as nothing was heard in time, or as the call was over before the key."""

    step: int
    verb: str
    caller: str
    reason: NotDone


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPlaced(Event):
    """A caller sent an INVITE."""

    caller: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGot(Event):
    """A caller received a response to its INVITE, provisional or final."""

    caller: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHeard(Event):
    """A caller had received 300 ms of sound since its last step."""

    caller: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerEnded(Event):
    """A caller's call is over.

    `by`: the caller in a step, the PBX (BYE or final response), or the harness after the story. `code` is the final
    response to the caller's INVITE (487 after its CANCEL).
    """

    caller: str
    by: Literal["caller", "pbx", "harness"]
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRefused(Event):
    """The PBX refused a REGISTER that it should accept; the story is not played."""

    phone: str
    code: int
    """The code of the refusal; 0: the PBX did not answer."""
    because: str = ""
    """Its configuration's reason: `101/desk is registered, and the PBX takes 1 contact of 101 (max_contacts=1)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationLost(Event):
    """The PBX accepted a phone's REGISTER and no longer has its contact; the story is not played."""

    phone: str
    because: str
    """`101/mobile registered later, and the PBX keeps 1 contact of 101 (max_contacts=1)`; empty: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneInvited(Event):
    """A dialog-forming INVITE arrived at a phone; retransmissions and re-INVITEs are not such events."""

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
    """The PBX cancelled a ring; `q850` and `sip` are the causes in the CANCEL's Reason headers, where it had any."""

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
    """What it cannot take of the INVITE: `no common codec: the PBX offers GSM, the phone speaks PCMA and PCMU`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTidied(Event):
    """Ringproof ended a ring that went on after the story: the phone's response is not its own behaviour."""

    phone: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneForwarded(Event):
    """A phone forwarded a call to another number, by 302."""

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
    """An answered call at a phone ended: by the phone's behaviour, by the PBX, or by the harness after the story."""

    phone: str
    call_id: str
    by: Literal["phone", "pbx", "harness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundHeard(Event):
    """One end of a connection, a phone or a caller, was recorded for a second, and `tones` came in.

    It is the first second of the connection; with `again`, one after the time that the talk should last.
    """

    who: str
    call_id: str
    """The leg of the phone whose pick-up began the talk, also where the caller listens."""
    tones: tuple[str, ...]
    """The names of the phones and callers whose tones they are; empty: silence, or sound that is nobody's tone."""
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundRecorded(Event):
    """All sound that the PBX sent was recorded; without this event the `SoundCame` events may be incomplete."""


SoundKind = Literal["silence", "tone", "voices", "sound"]
"""Packets without a sound; one of the tones of telephony; the own tones of phones and callers; any other sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundCame(Event):
    """The PBX sent sound of one kind to a caller, from `at` on for `lasts`; time without packets is no event."""

    caller: str
    lasts: PbxSeconds
    kind: SoundKind
    hertz: tuple[int, ...] = ()
    """The frequencies of a tone."""
    voices: tuple[str, ...] = ()
    """The phones and callers whose own tones they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicBegan(Event):
    """The PBX began to play music on hold to a channel."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicEnded(Event):
    """The PBX stopped music on hold to a channel."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPlayed(Event):
    """The PBX began to play a file to a channel, as its log reports (file.c)."""

    channel: str
    name: str
    """The name of the file with its folder, as the dialplan names it, without its format."""
    language: str
    length: PbxSeconds | None = None
    """How long the file is; None: unknown, or not looked up because no line of the story names a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAwaited(Event):
    """A channel entered an application in which the PBX waits for keys (WaitExten, Read)."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAwaitedNoMore(Event):
    """A channel left an application in which the PBX waits for keys, for another application."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegInvited(Event):
    """The PBX's own capture: it sent a dialog-forming INVITE towards a phone's address."""

    call_id: str
    target: str
    """The user part of the Request-URI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCame(Event):
    """The PBX's own capture: it received the INVITE of one of our callers."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLeft(Event):
    """The PBX's own capture: it sent an INVITE to an address of none of our phones and callers."""

    call_id: str
    target: str
    """`host:port`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCommanded(Event):
    """The PBX's own capture: it sent a phone a request that commands it to pick up by itself, or to hold its call."""

    call_id: str
    """The Call-ID of a ring of this phone, where the request belongs to its dialog or begins it."""
    target: str
    """The phone."""
    message: str
    """The method of the request."""
    header: str
    """The header that makes it a command: `Event: talk`."""
    does: Literal["pick up", "hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAlerting(Event):
    """The PBX's own capture: it received the first 18x response to an INVITE that it sent, so the phone rings aloud."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCancelled(Event):
    """The PBX's own capture: it sent a CANCEL."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFinal(Event):
    """The PBX's own capture: it received a final response (200-699) to an INVITE that it sent."""

    call_id: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegBelongs(Event):
    """The PBX reported which of its channels a leg (known by its Call-ID) is, and to which call it belongs.

    The callers' own legs have this event, too. `linked` is Asterisk's linkedid, equal for all channels of one call.
    """

    call_id: str
    channel: str
    endpoint: str
    linked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMade(Event):
    """The PBX made a channel."""

    channel: str
    endpoint: str
    linked: str
    outgoing: bool
    """True: the PBX made it to call somebody; False: somebody called the PBX."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelGone(Event):
    """A channel ended, with its Q.850 hang-up cause."""

    channel: str
    cause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLinked(Event):
    """A channel became part of another call: Asterisk gives all bridged channels the linkedid of the oldest one."""

    channel: str
    linked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOriginated(Event):
    """A step of the dialplan made the PBX call somebody: Originate(). For Asterisk that is another call."""

    channel: str
    by: str
    """The channel that executed the step."""


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
    """The PBX was to dial something that does not exist (an unknown or unregistered endpoint)."""

    target: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryOver(Event):
    """The story is over: steps done and expectations met, or their deadline passed.

    From here on the harness hangs up what is left. A story that is played many times is over as often.
    """

    deadline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCall(Event):
    """The story is played again on the same PBX, for the `number`th time; nothing is left of the call before."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietOver(Event):
    """The silence after the story has been watched for `watched` seconds."""

    watched: PbxSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAsked(Event):
    """The PBX or one of the phones (`by`) sent a DNS query for a name."""

    name: str
    kind: str
    """The type of the record: A, AAAA, SRV, NAPTR..."""
    by: Literal["pbx", "phone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkDropped(Event):
    """The PBX ended the call that a phone was on when the story began."""

    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkRefused(Event):
    """A phone could not take the call on which it was to be when the story begins; the story is not played."""

    phone: str
    """The phone, or `the other end of 101's call`."""
    code: int
    because: str
    """What it cannot take of the INVITE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedElsewhere(Event):
    """The PBX sent a phone or caller a message with a host name, or an address outside the run's networks."""

    who: str
    call_id: str
    address: str
    """The address or name as the message has it, without its port."""
    message: str
    """The message that was received: `INVITE`, `200 OK to INVITE`, `302 Moved Temporarily`."""
    line: str
    """The line of the message that has the address: `c=IN IP4 198.51.100.77`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxCrashed(Event):
    """Asterisk crashed: it ended by a signal of its own (SIGSEGV, SIGABRT...)."""

    signal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEndless(Event):
    """A channel runs in a dialplan loop that never waits."""

    place: str
    """The place in the dialplan, as Asterisk writes it: `s@group-sales`."""
