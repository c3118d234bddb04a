"""The observation of one play of one scenario, normalised. The verdict, the record and the reports read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ringproof.core.duration import PbxSeconds
from ringproof.scenario.model.scenario import CLOCK_RESOLUTION

REFUSED = 300
"""Final responses with this code or a higher one end a call before it is answered."""
Ending = Literal["answered", "lost", "refused", "forwarded", "cancelled", "unseen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCommand:
    """A request by which the PBX commands a phone to pick up by itself, or to hold its call."""

    phone: str
    at: PbxSeconds
    does: Literal["pick up", "hold"]
    message: str
    """The method of the request."""
    header: str
    """The header that makes it a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRing:
    """One ring: one dialog-forming INVITE at one phone, timed by the PBX's own stamps."""

    phone: str
    call_id: str
    start: PbxSeconds
    end: PbxSeconds
    ending: Ending
    code: int | None = None
    """The final response of a refusal."""
    because: str = ""
    """What the phone could not take of the INVITE, where it refused for that reason and not by its set behaviour."""
    to: str | None = None
    """The number to which the phone forwarded the call."""
    alerted: bool = True
    """The phone answered the INVITE with 18x, so it rang aloud; a phone that refuses at once does not."""
    missed: bool = False
    """The phone shows a missed call: cancelled (or lost) with neither Q.850 cause 26 nor SIP cause 200.

    A ring that only the harness ended after the story is no missed call: without that the phone would ring on.
    """
    shows: str = ""
    """The caller's number on the phone's display."""
    name: str = ""
    """The caller's name on the phone's display."""
    asserted: str = ""
    """The caller's number by P-Asserted-Identity or Remote-Party-ID, which many phones show instead."""
    diverted: str = ""
    """The numbers by which the call was diverted, as the phone shows them, separated by commas."""
    commands: tuple[ObservedCommand, ...] = ()
    """What the PBX commands the phone to do by itself, in the dialog of this ring."""
    caller: str | None = None
    """The caller whose call it is, as the PBX reports it; None: no caller's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedWave:
    """A stretch of a caller's ring chart in which the set of ringing phones does not change. Empty: silence."""

    phones: frozenset[str]
    start: PbxSeconds
    end: PbxSeconds
    fresh: frozenset[str] = frozenset()
    """Those of `phones` whose ring began at the start of this wave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTalk:
    """What was heard at both ends in the first second of a connection; recorded only where a talk is expected."""

    phone: str
    caller_hears: tuple[str, ...]
    """The phones and callers whose own tones the caller hears; empty: silence, or sound that is nobody's tone."""
    phone_hears: tuple[str, ...]
    again: bool = False
    """This was heard after the talk had lasted for its expected time."""


NO_PAUSE = PbxSeconds(0.0)
Heard = Literal["ringing", "music", "busy", "sound", "silence", "talk"]
"""What a caller hears: ringback of its own phone (180) or of the PBX, music on hold, a busy or congestion tone, any
other sound such as a prompt, nothing, or somebody with whom the caller is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSound:
    """A stretch of a call in which its caller hears one kind of sound."""

    kind: Heard
    start: PbxSeconds
    end: PbxSeconds
    awaited: bool = False
    """Set for a silence in which the PBX waits for a key of the caller."""
    pause: PbxSeconds = NO_PAUSE
    """For a silence after ringback of the PBX: how long a pause of that ringback is; NO_PAUSE for all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPrompt:
    """A sound file that the PBX played in a caller's call."""

    at: PbxSeconds
    name: str
    language: str
    length: PbxSeconds | None = None
    """How long the file is; None: unknown."""
    heard: PbxSeconds | None = None
    """For how long it was sent to the caller; None: unknown, as always where the length is unknown."""
    cut: bool = False
    """Only a part was heard, and the caller did not end it by a key, by hanging up or by a connection with somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedLead:
    """A line of a SIP message by which the PBX sent a phone or caller to a host name or an address outside the run."""

    who: str
    at: PbxSeconds
    address: str
    message: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerView:
    """Everything that was observed of one caller's call."""

    caller: str
    placed: PbxSeconds | None
    acted: PbxSeconds | None
    """The action from which the first ring is counted: the end of the caller's last call or press step, by the PBX's
    stamp of the last digit where it heard one. A step that the story places after a ring or an answer is left out."""
    rings: tuple[ObservedRing, ...]
    """The rings that began before the story was over, in order of their start."""
    waves: tuple[ObservedWave, ...]
    brief: tuple[ObservedRing, ...]
    """Those of `rings` that are too short to be in a wave, or never rang aloud."""
    answers: tuple[tuple[str, PbxSeconds], ...]
    """The phones that were connected with the caller through any chain of bridges, in order, each with its moment."""
    parted: tuple[tuple[str, PbxSeconds], ...]
    """The phones whose connection with the caller broke, and when, while the call and the story went on."""
    company: tuple[tuple[str, PbxSeconds], ...] = ()
    """Other callers, and phones of their calls, that were connected with the caller, and since when: all hear all."""
    talks: tuple[ObservedTalk, ...] = ()
    """What was heard in the talks of the call, in the order of the rings."""
    hears: tuple[ObservedSound, ...] = ()
    """What the caller hears, without gaps, from the INVITE to the end of the call or of the story.

    Empty where the caller placed no call, or where the sound was not recorded.
    """
    prompts: tuple[ObservedPrompt, ...] = ()
    """The files that the PBX played in the call, in order."""
    code: int | None
    """The final response to the caller's INVITE."""
    connected: PbxSeconds | None
    """When the caller got 200: from here on the caller pays, whether a phone or the PBX answered."""
    ended: PbxSeconds | None
    ended_by: str | None
    """`caller`, `pbx`, `harness`, or the extension whose hang-up ended the call."""
    pressed: str
    """The digits that the caller sent."""
    keys: str
    """The digits that the PBX heard."""
    other_acts: tuple[PbxSeconds, ...] = ()
    """The ends of the caller's other call and press steps, in order."""

    @property
    def refused_with(self) -> int | None:
        """The final response with which the PBX ended an unanswered call; None: it did not end one."""
        refused = self.ended_by == "pbx" and self.connected is None and self.code is not None and self.code >= REFUSED
        return self.code if refused else None

    @property
    def acts(self) -> tuple[PbxSeconds, ...]:
        """The ends of all the caller's call and press steps, in order."""
        return tuple(sorted([*self.other_acts, *([] if self.acted is None else [self.acted])]))

    def cause_of(self, moment: PbxSeconds) -> PbxSeconds | None:
        """Return the caller's last action before `moment`, or the first of all if none was before; None: no action."""
        acts = self.acts
        before = [act for act in acts if act <= moment + CLOCK_RESOLUTION]
        return before[-1] if before else next(iter(acts), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was observed in one play of one scenario."""

    callers: Mapping[str, CallerView]
    strays: tuple[ObservedRing, ...]
    """Rings that belong to no caller's call."""
    failed_steps: tuple[tuple[int, str], ...]
    """Steps that could not be done: each with its number in `when` and the reason."""
    commands: tuple[ObservedCommand, ...] = ()
    """What the PBX commands phones to do by themselves, outside the dialogs of all rings."""
    dial_failures: tuple[tuple[PbxSeconds, str, str], ...]
    """Dials of something that does not exist: each with its moment, its target and Asterisk's sentence."""
    late_rings: tuple[ObservedRing, ...]
    """Rings that began after the story was over."""
    late_legs: tuple[tuple[str, PbxSeconds], ...]
    """Phones whose ring or call went on after the caller had hung up, and for how long."""
    trunk_legs: tuple[PbxSeconds, ...]
    """When calls left the office: by the trunk, to an address of none of our phones, or not by SIP."""
    dropped: tuple[tuple[str, PbxSeconds], ...] = ()
    """Phones that were on a call when the story began and whose call the PBX ended, and when."""
    watched: PbxSeconds
    """How long the silence after the story was watched."""
    over: PbxSeconds
    """When the story was over."""
    registrations_refused: tuple[tuple[str, int, str], ...] = ()
    """Phones whose REGISTER the PBX refused, with its code (0: it did not answer), and why, where that is known.

    In this case no story was played.
    """
    talks_refused: tuple[tuple[str, int, str], ...] = ()
    """Phones that could not take the call on which they were to be when the story begins, with code and reason."""
    registrations_lost: tuple[tuple[str, str], ...] = ()
    """Phones whose REGISTER the PBX accepted and whose contact it lost, and why; in this case no story was played."""
    crashed: int | None = None
    """The signal that ended Asterisk; None: it did not crash."""
    endless: str | None = None
    """The place of a dialplan loop that never waits; None: no loop. With one the story was not played to its end."""
    elsewhere: tuple[ObservedLead, ...] = ()
    """The lines by which the PBX sent somebody elsewhere; where it did, the story was not played to its end."""
    earlier: tuple[Observation, ...] = ()
    """The calls before the last one of a story that is played many times, each observed as a story of its own."""

    @property
    def cut_off(self) -> bool:
        """Return whether the story was not played to its end because of what the PBX did."""
        not_begun = self.registrations_refused or self.registrations_lost or self.talks_refused
        return any((self.crashed is not None, self.endless is not None, not_begun, self.elsewhere))

    @property
    def calls(self) -> tuple[Observation, ...]:
        """All calls of the story in their order; this observation is the last one, or the only one."""
        return (*self.earlier, self)
