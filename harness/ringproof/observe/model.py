"""What was seen in one play of one scenario, normalised. The verdict, the record and the report read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ringproof.core.duration import PbxSeconds
from ringproof.scenario.model.scenario import CLOCK_RESOLUTION

REFUSED = 300
"""Final responses from here on end a call before it is answered."""
Ending = Literal["answered", "lost", "refused", "forwarded", "cancelled", "unseen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCommand:
    """A request by which the PBX commands a phone to pick up by itself, or to hold its call."""

    phone: str
    at: PbxSeconds
    does: Literal["pick up", "hold"]
    message: str
    """Method of the request."""
    header: str
    """By which it commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRing:
    """One ring: one dialog-forming INVITE at one phone, by the PBX's own stamps."""

    phone: str
    call_id: str
    start: PbxSeconds
    end: PbxSeconds
    ending: Ending
    code: int | None = None
    """Of a refusal."""
    because: str = ""
    """What of the INVITE the phone could not take, where it refused for that and not as it was told."""
    to: str | None = None
    """Where a call was forwarded."""
    alerted: bool = True
    """The phone answered the INVITE with 18x, so it rang aloud; a phone that refuses at once does not."""
    missed: bool = False
    """The phone shows a missed call: cancelled (or lost) with neither Q.850 cause 26 nor SIP cause 200.

    A ring that only the harness's tidying up ended is no missed call: without it the phone would ring on.
    """
    shows: str = ""
    """The caller's number on the phone's display."""
    name: str = ""
    """The caller's name there."""
    asserted: str = ""
    """The caller's number by P-Asserted-Identity or Remote-Party-ID, which many phones show instead."""
    diverted: str = ""
    """The numbers by which the call was diverted, as the phone shows it, separated by commas."""
    commands: tuple[ObservedCommand, ...] = ()
    """What the phone is commanded to do by itself, in its dialog."""
    caller: str | None = None
    """Whose call it is, as the PBX tells it; None: nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedWave:
    """A stretch of a caller's ring chart in which the set of ringing phones does not change. Empty: silence."""

    phones: frozenset[str]
    start: PbxSeconds
    end: PbxSeconds
    fresh: frozenset[str] = frozenset()
    """Those of `phones` whose ring began here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTalk:
    """What was heard at both ends in the first second of their connection; only where a talk is expected."""

    phone: str
    caller_hears: tuple[str, ...]
    """Whose own tones; empty: silence, or sound that is nobody's."""
    phone_hears: tuple[str, ...]
    again: bool = False
    """When the talk had lasted as long as it was to."""


NO_PAUSE = PbxSeconds(0.0)
Heard = Literal["ringing", "music", "busy", "sound", "silence", "talk"]
"""What a caller hears: ringback of his own phone (180) or of the PBX, music on hold, a busy or congestion tone, any
other sound such as a prompt, nothing, or somebody with whom he is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSound:
    """A stretch of a call in which its caller hears one kind of sound."""

    kind: Heard
    start: PbxSeconds
    end: PbxSeconds
    awaited: bool = False
    """Of silence: the PBX waits for a key of his."""
    pause: PbxSeconds = NO_PAUSE
    """Of silence after ringback that the PBX sends: for so long it would be the pause before the next tone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPrompt:
    """A file of sound that the PBX played in a caller's call."""

    at: PbxSeconds
    name: str
    language: str
    length: PbxSeconds | None = None
    """How long the file is; None: unknown."""
    heard: PbxSeconds | None = None
    """For how long it was sent to the caller; None: unknown, as where its length is."""
    cut: bool = False
    """Less than all of it was heard, and he neither pressed a key nor hung up nor was connected with somebody then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedLead:
    """A line of a message by which the PBX sent a phone or caller to an address outside the run, or to a host name."""

    who: str
    at: PbxSeconds
    address: str
    message: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerView:
    """Everything observed of one caller's call."""

    caller: str
    placed: PbxSeconds | None
    acted: PbxSeconds | None
    """The action from which the first ring is counted: the end of his last call or press step, by the PBX's stamp of
    the last digit where it heard one. A step that the story itself puts behind a ring or an answer is none."""
    rings: tuple[ObservedRing, ...]
    """Those that began before the story was over, in order of their start."""
    waves: tuple[ObservedWave, ...]
    brief: tuple[ObservedRing, ...]
    """Those of `rings` that are too short to stand in a wave, or never rang aloud."""
    answers: tuple[tuple[str, PbxSeconds], ...]
    """Phones connected with him, through whatever chain of bridges, in order, each with its moment."""
    parted: tuple[tuple[str, PbxSeconds], ...]
    """Phones whose connection with him broke while his call went on and the story was not over, and when."""
    company: tuple[tuple[str, PbxSeconds], ...] = ()
    """Other callers, and phones of their calls, that were connected with him, and since when: each hears all."""
    talks: tuple[ObservedTalk, ...] = ()
    """What was heard in his call, in the order of the pick-ups."""
    hears: tuple[ObservedSound, ...] = ()
    """What he hears, from his INVITE to the end of his call or of the story, without gaps; empty: he placed no call."""
    prompts: tuple[ObservedPrompt, ...] = ()
    """The files that the PBX played in his call, in order."""
    code: int | None
    """Final response to his INVITE."""
    connected: PbxSeconds | None
    """When he got 200: from here on he pays, whoever answered."""
    ended: PbxSeconds | None
    ended_by: str | None
    """`caller`, `pbx`, `harness`, or the extension whose hang-up ended the call."""
    pressed: str
    """The digits that he sent."""
    keys: str
    """The digits that the PBX heard."""
    other_acts: tuple[PbxSeconds, ...] = ()
    """The ends of his other call and press steps, in order."""

    @property
    def refused_with(self) -> int | None:
        """The final response with which the PBX ended a call that nobody had answered; None: it did not."""
        refused = self.ended_by == "pbx" and self.connected is None and self.code is not None and self.code >= REFUSED
        return self.code if refused else None

    @property
    def acts(self) -> tuple[PbxSeconds, ...]:
        """The ends of all his call and press steps, in order."""
        return tuple(sorted([*self.other_acts, *([] if self.acted is None else [self.acted])]))

    def cause_of(self, moment: PbxSeconds) -> PbxSeconds | None:
        """Return his last action before `moment`, or the first of all where none was; None: he did nothing."""
        acts = self.acts
        before = [act for act in acts if act <= moment + CLOCK_RESOLUTION]
        return before[-1] if before else next(iter(acts), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One play of one scenario."""

    callers: Mapping[str, CallerView]
    strays: tuple[ObservedRing, ...]
    """Rings that belong to nobody's call."""
    failed_steps: tuple[tuple[int, str], ...]
    """Steps that could not be done: number in `when`, reason."""
    commands: tuple[ObservedCommand, ...] = ()
    """What phones are commanded to do by themselves outside the dialogs of all rings."""
    dial_failures: tuple[tuple[PbxSeconds, str, str], ...]
    """When, target, Asterisk's sentence."""
    late_rings: tuple[ObservedRing, ...]
    """Rings that began after the story was over."""
    late_legs: tuple[tuple[str, PbxSeconds], ...]
    """Phones whose ring or call went on after the caller had hung up, and for how long."""
    trunk_legs: tuple[PbxSeconds, ...]
    """Moments at which a call left by the trunk."""
    dropped: tuple[tuple[str, PbxSeconds], ...] = ()
    """Phones whose call, on which they were when the story began, the PBX ended, and when."""
    watched: PbxSeconds
    """How long the silence after the story was watched."""
    over: PbxSeconds
    """When the story was over."""
    registrations_refused: tuple[tuple[str, int, str], ...] = ()
    """Phones whose REGISTER the PBX refused, with its code (0: it did not answer), and why, where that is known.

    Then no story was played.
    """
    talks_refused: tuple[tuple[str, int, str], ...] = ()
    """Phones that could not take the call that they were to be on when the story begins, with code and reason."""
    registrations_lost: tuple[tuple[str, str], ...] = ()
    """Phones whose REGISTER the PBX accepted and whose contact it has no more, and why; then no story was played."""
    crashed: int | None = None
    """The signal by which Asterisk ended, where it did."""
    endless: str | None = None
    """Where a call ran in a circle in the dialplan, where one did; then the story was not played to its end."""
    elsewhere: tuple[ObservedLead, ...] = ()
    """By what the PBX sent somebody elsewhere; where it did the story was not played to its end."""
    earlier: tuple[Observation, ...] = ()
    """Of a story that is told many times: its calls before the last one, each observed as a story of its own."""

    @property
    def cut_off(self) -> bool:
        """True where the story was not played to its end because of what the PBX did."""
        not_begun = self.registrations_refused or self.registrations_lost or self.talks_refused
        return any((self.crashed is not None, self.endless is not None, not_begun, self.elsewhere))

    @property
    def calls(self) -> tuple[Observation, ...]:
        """All calls of the story in their order; this is the last one, or the only one."""
        return (*self.earlier, self)
