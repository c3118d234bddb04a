"""Fold the events of a play into its observation.

Two witnesses report every ring: the phone reports that it rang, the PBX's own capture when. If only one of them saw a
ring, the harness is wrong and not the PBX: BrokenPlayError is raised. A silent phone's ring is seen by the PBX alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar, cast

from ringproof.core.duration import PbxSeconds
from ringproof.events.calls import Calls
from ringproof.events.connections import Connections
from ringproof.events.model import (
    CallEndless,
    CallerEnded,
    CallerGot,
    CallerPlaced,
    ChannelGone,
    ChannelMade,
    DialFailed,
    Event,
    KeyHeard,
    KeysAwaited,
    KeysAwaitedNoMore,
    LedElsewhere,
    LegAlerting,
    LegBelongs,
    LegCame,
    LegCancelled,
    LegCommanded,
    LegFinal,
    LegInvited,
    LegLeft,
    MusicBegan,
    MusicEnded,
    NextCall,
    PbxCrashed,
    PhoneCancelled,
    PhoneForwarded,
    PhoneHungUp,
    PhoneInvited,
    PhoneLost,
    PhonePickedUp,
    PhoneRefused,
    PhoneTidied,
    PromptPlayed,
    QuietOver,
    RegistrationLost,
    RegistrationRefused,
    SoundCame,
    SoundHeard,
    SoundRecorded,
    StepDone,
    StepFailed,
    StoryOver,
    TalkDropped,
    TalkRefused,
)
from ringproof.observe.chart import brief_rings, waves_of
from ringproof.observe.hearing import Span, hears, spans_of, tone_for_prompt
from ringproof.observe.model import (
    REFUSED,
    CallerView,
    Ending,
    Observation,
    ObservedCommand,
    ObservedLead,
    ObservedPrompt,
    ObservedRing,
    ObservedSound,
    ObservedTalk,
)
from ringproof.observe.prompts import prompts_heard
from ringproof.scenario.model.scenario import (
    CLOCK_RESOLUTION,
    SETTLE_WINDOW,
    Call,
    CallerHears,
    Hear,
    Press,
    Scenario,
    Silent,
    extension_of,
)

_E = TypeVar("_E", bound=Event)

LOG_GRAIN = PbxSeconds(0.001)
LEG_ENDS_WITHIN = PbxSeconds(1.0)
"""How long a leg may live after its caller hung up."""


INSIDE = frozenset(
    {
        "PJSIP",
        "Local",
        "Announcer",
        "AsyncGoto",
        "Bridge",
        "CBAnn",
        "CBRec",
        "ConfBridgeRecorder",
        "Message",
        "Null",
        "Parked",
        "Recorder",
        "Snoop",
        "Surrogate",
    }
)
"""Channel technologies that by themselves are no sign of a call that leaves the PBX.

A PJSIP channel is judged by the address that it calls; the others are internal to Asterisk.
"""


_Meetings = dict[str, tuple[PbxSeconds, PbxSeconds]]
"""The channels that were connected with a caller's channel, each with its first moment and its last."""


class BrokenPlayError(Exception):
    """The events contradict each other: the harness or its environment failed, and the PBX is not judged."""


class _Record:
    """The events of one call of a play, in order of time, found by type, Call-ID or caller."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events: Sequence[Event] = sorted(events, key=lambda event: event.at)
        self._by_kind: dict[object, list[Event]] = {}

    @cached_property
    def owners(self) -> _Owners:
        """The callers to whose calls the legs belong."""
        return _Owners(self)

    def with_those(self, events: Iterable[Event]) -> _Record:
        """Return a record of its own events and these."""
        return _Record([*self._events, *events])

    def all(self, kind: type[_E] | tuple[type[_E], ...]) -> list[_E]:
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = [event for event in self._events if isinstance(event, kind)]
        return cast("list[_E]", list(found))

    def of_call(self, kind: type[_E], call_id: str) -> _E | None:
        return next((event for event in self.all(kind) if getattr(event, "call_id", None) == call_id), None)

    def of_caller(self, kind: type[_E], caller: str) -> list[_E]:
        return [event for event in self.all(kind) if getattr(event, "caller", None) == caller]


def observe(scenario: Scenario, events: Iterable[Event]) -> Observation:
    """Fold the events of one play of `scenario` into its observation.

    Raises BrokenPlayError when the witnesses contradict each other, or when the events have no end of the play.
    """
    events = list(events)
    recorded = any(isinstance(event, SoundRecorded) for event in events)
    *earlier, last = (_observe_call(scenario, call, watched, recorded=recorded) for call, watched in _calls(events))
    if len(earlier) + 1 < scenario.calls and not (last.cut_off or last.failed_steps):
        told = "1 time" if not earlier else f"{len(earlier) + 1} times"
        raise BrokenPlayError(f"the story was told {told}, and it was to be {scenario.calls}")
    return replace(last, earlier=tuple(earlier))


def _calls(events: Iterable[Event]) -> Iterator[tuple[_Record, PbxSeconds | None]]:
    """Yield the events of each call of the story, and how long it was watched after its end; None for the last call."""
    call: list[Event] = []
    for event in sorted(events, key=_certainly):
        if isinstance(event, NextCall):
            record = _Record(call)
            yield record, PbxSeconds(event.at - _one(record, StoryOver, "a call of the story has no end").at)
            call = []
        else:
            call.append(event)
    yield _Record(call), None


def _certainly(event: Event) -> float:
    """Return when an event had certainly happened: Asterisk's log cuts its stamps to the millisecond."""
    return event.at + LOG_GRAIN if isinstance(event, DialFailed) else event.at


def _observe_call(scenario: Scenario, record: _Record, watched: PbxSeconds | None, *, recorded: bool) -> Observation:
    """Fold one call; `recorded`: all sound that the PBX sent in the play was recorded."""
    record = record.with_those(_by_exclusion(record))
    over = _one(record, StoryOver, "the story has no end")
    crashed = next((event.signal for event in record.all(PbxCrashed)), None)
    refused = tuple((event.phone, event.code, event.because) for event in record.all(RegistrationRefused))
    lost = tuple((event.phone, event.because) for event in record.all(RegistrationLost))
    unprepared = tuple((event.phone, event.code, event.because) for event in record.all(TalkRefused))
    endless = next((event.place for event in record.all(CallEndless)), None)
    elsewhere = tuple(
        ObservedLead(who=event.who, at=event.at, address=event.address, message=event.message, line=event.line)
        for event in record.all(LedElsewhere)
    )
    cut_off = crashed is not None or endless is not None or bool(elsewhere) or bool(unprepared)
    if watched is None and (refused or lost or cut_off):
        watched = PbxSeconds(0.0)
    elif watched is None:
        watched = _one(record, QuietOver, "the silence after the story was not watched").watched
    if not cut_off:
        _require_capture(record)
        _require_sound(scenario, recorded=recorded)
    rings = _rings(scenario, record, pbx_gone=cut_off)
    end = over.at + CLOCK_RESOLUTION  # an INVITE sent while the caller hung up is part of the call
    elsewhen = {event.call_id for event in record.all(LegCommanded) if event.at >= 0} - {ring.call_id for ring in rings}
    timely = [ring for ring in rings if ring.start <= end]
    callers = {name: _caller_view(scenario, name, record, timely, recorded=recorded) for name in scenario.callers}
    return Observation(
        callers=callers,
        strays=tuple(ring for ring in rings if ring.caller is None),
        failed_steps=tuple(
            sorted(
                [
                    *((event.step, event.reason) for event in record.all(StepFailed)),
                    *_misheard(scenario, record, callers.values()),
                ]
            )
        ),
        commands=tuple(_commands(record, *elsewhen)),
        dial_failures=tuple((event.at, event.target, event.sentence) for event in record.all(DialFailed)),
        late_rings=tuple(ring for ring in rings if ring.start > end),
        late_legs=tuple(_late_legs(callers.values(), record)),
        trunk_legs=_trunk_legs(record),
        dropped=tuple((event.phone, event.at) for event in record.all(TalkDropped) if event.at <= over.at + watched),
        watched=watched,
        over=over.at,
        registrations_refused=refused,
        registrations_lost=lost,
        talks_refused=unprepared,
        crashed=crashed,
        endless=endless,
        elsewhere=elsewhere,
    )


def _require_capture(record: _Record) -> None:
    """Raise BrokenPlayError where the PBX's capture lacks a caller's INVITE: the capture is missing, or cut.

    Without this check two witnesses that saw nothing would agree that nobody rang.
    """
    came = {event.call_id for event in record.all(LegCame)}
    for placed in record.all(CallerPlaced):
        if placed.call_id not in came:
            sentence = f"{placed.caller} called, but the PBX's own capture has no such INVITE: it is missing, or cut"
            raise BrokenPlayError(f"{sentence} (Call-ID {placed.call_id})")


def _require_sound(scenario: Scenario, *, recorded: bool) -> None:
    """Raise BrokenPlayError where the scenario has `caller hears` and the sound was not recorded."""
    for entry in (each for reading in scenario.readings for listed in reading.expect.values() for each in listed):
        if isinstance(entry, CallerHears) and not recorded:
            sentence = "`caller hears` cannot be judged: the sound that the PBX sent was not recorded, or not all of it"
            raise BrokenPlayError(f"{sentence} (line {entry.source.line}; the clock's library does that in the PBX)")


def _by_exclusion(record: _Record) -> Iterator[LegBelongs]:
    """Yield the channels of legs that were over before the PBX could be asked, found by exclusion.

    The PBX makes one channel for each INVITE, and sends a phone's INVITE before that channel has gone. A channel is
    taken only where it can be of no other call, and no leg or channel is left over. The same is done for a caller's own
    leg, whose channel is made after the INVITE came: where the PBX refuses the call at once, or its only phone cannot
    take it, the leg is over before the PBX is asked.
    """
    told = {event.call_id for event in record.all(LegBelongs)}
    known = {event.channel for event in record.all(LegBelongs)}
    legs: defaultdict[str, list[LegInvited]] = defaultdict(list)
    for leg in record.all(LegInvited):
        if leg.call_id not in told:
            legs[extension_of(leg.target)].append(leg)
    gone = {event.channel: event.at for event in record.all(ChannelGone)}
    placed = {event.call_id for event in record.all(CallerPlaced)} - told
    came = [event for event in record.all(LegCame) if event.call_id in placed]
    made = [event for event in record.all(ChannelMade) if not event.outgoing and event.channel not in known]
    yield from _only_way(came, made, lambda leg, channel: channel.at >= leg.at)
    for endpoint, unknown in legs.items():
        made = [
            event
            for event in record.all(ChannelMade)
            if event.outgoing and event.endpoint == endpoint and event.channel not in known
        ]
        yield from _only_way(unknown, made, lambda leg, channel: gone.get(channel.channel, leg.at) >= leg.at)


_L = TypeVar("_L", LegInvited, LegCame)


def _only_way(
    legs: Sequence[_L], channels: Sequence[ChannelMade], fits: Callable[[_L, ChannelMade], bool]
) -> list[LegBelongs]:
    """Pair each leg with a channel that fits it; return nothing where a leg might be of another call.

    It begins with the last leg, as a channel that fits it fits every earlier leg, too.
    """
    left = list(channels)
    pairs: list[LegBelongs] = []
    for leg in sorted(legs, key=lambda leg: leg.at, reverse=True):
        fitting = [channel for channel in left if fits(leg, channel)]
        if len(legs) != len(channels) or len({channel.linked for channel in fitting}) != 1:
            return []
        made = fitting[0]
        left.remove(made)
        pairs.append(
            LegBelongs(
                at=made.at, call_id=leg.call_id, channel=made.channel, endpoint=made.endpoint, linked=made.linked
            )
        )
    return pairs


def _one(record: _Record, kind: type[_E], otherwise: str) -> _E:
    found = record.all(kind)
    if not found:
        raise BrokenPlayError(otherwise)
    return found[-1]


def _rings(scenario: Scenario, record: _Record, *, pbx_gone: bool) -> list[ObservedRing]:
    """Match each phone's ring with the PBX's stamps of it; a ring of a silent phone is seen by the PBX alone."""
    silent = {phone for phone, behaviour in scenario.phones.items() if isinstance(behaviour, Silent)}
    invited = {event.call_id: event for event in record.all(PhoneInvited)}
    legs = {event.call_id: event for event in record.all(LegInvited) if event.target in scenario.phones}
    if pbx_gone:  # its capture was cut off: only what both witnesses saw is known
        legs = {call_id: leg for call_id, leg in legs.items() if call_id in invited}
        invited = {call_id: event for call_id, event in invited.items() if call_id in legs}
    for call_id in invited.keys() - legs.keys():
        phone = invited[call_id].phone
        sentence = f"{phone} says that it rang, but the PBX's own capture has no such INVITE (Call-ID {call_id})"
        raise BrokenPlayError(sentence)
    unseen = [leg for call_id, leg in legs.items() if call_id not in invited and leg.target in silent]
    for call_id in legs.keys() - invited.keys() - {leg.call_id for leg in unseen}:
        leg = legs[call_id]
        sentence = (
            f"the PBX sent an INVITE to {leg.target} at {leg.at:.1f} s, but that phone never saw it (Call-ID {call_id})"
        )
        raise BrokenPlayError(sentence)
    owners = record.owners
    rings = [
        _ring(invited[leg.call_id], leg, record, owners, pbx_gone=pbx_gone)
        for leg in legs.values()
        if leg.call_id in invited
    ]
    rings += [_unseen(leg, record, owners) for leg in unseen]
    return sorted(rings, key=lambda ring: (ring.start, ring.phone))


class _Owners:
    """Finds the caller of a leg: its linkedid is that of the caller's call, or of a call that has become part of it."""

    def __init__(self, record: _Record) -> None:
        self._callers: dict[str, str] = {}
        for placed in record.all(CallerPlaced):
            belongs = record.of_call(LegBelongs, placed.call_id)
            if belongs is not None:
                self._callers[belongs.linked] = placed.caller
        self._calls = Calls()
        for event in record.all(Event):
            self._calls.take(event)

    def of(self, leg: LegBelongs | None) -> str | None:
        """Return the caller to whose call a leg belongs; None: it belongs to no caller's."""
        return self._callers.get(self._calls.of(leg.linked)) if leg is not None else None

    def only_met(self, leg: LegBelongs | None) -> bool:
        """Return whether a leg only met its caller in a bridge (a conference): it stays when the caller leaves."""
        if leg is None:
            return False
        met, linked = self._calls.of(leg.linked, "linkedid", "bridge"), self._calls.of(leg.linked, "linkedid")
        return met in self._callers and linked not in self._callers


def _ring(invited: PhoneInvited, leg: LegInvited, record: _Record, owners: _Owners, *, pbx_gone: bool) -> ObservedRing:
    belongs = record.of_call(LegBelongs, leg.call_id)
    if belongs is None and not pbx_gone:
        message = f"whose call rang at {invited.phone} at {leg.at:.1f} s could not be read from the PBX"
        raise BrokenPlayError(message)
    ending, end, code, missed = _ending(leg, record, pbx_gone=pbx_gone)
    forwarded = record.of_call(PhoneForwarded, leg.call_id)
    refused = record.of_call(PhoneRefused, leg.call_id)
    return ObservedRing(
        phone=invited.phone,
        call_id=leg.call_id,
        start=leg.at,
        end=end,
        ending=ending,
        code=code,
        because=refused.because if refused is not None and ending == "refused" else "",
        to=forwarded.to if forwarded is not None else None,
        alerted=record.of_call(LegAlerting, leg.call_id) is not None,
        missed=missed and not _tidied_up(record, owners.of(belongs), end),
        shows=invited.shows,
        name=invited.name,
        asserted=invited.asserted,
        diverted=invited.diverted,
        commands=tuple(_commands(record, leg.call_id)),
        caller=owners.of(belongs),
    )


def _unseen(leg: LegInvited, record: _Record, owners: _Owners) -> ObservedRing:
    """Return the ring of an INVITE that a silent phone did not answer: it lasts as long as its channel in the PBX."""
    belongs = record.of_call(LegBelongs, leg.call_id)
    if belongs is None:
        message = f"whose call was meant for {leg.target} at {leg.at:.1f} s could not be read from the PBX"
        raise BrokenPlayError(message)
    gone = (event.at for event in record.all(ChannelGone) if event.channel == belongs.channel)
    return ObservedRing(
        phone=leg.target,
        call_id=leg.call_id,
        start=leg.at,
        end=min(gone, default=record.all(Event)[-1].at),
        ending="unseen",
        alerted=False,
        commands=tuple(_commands(record, leg.call_id)),
        caller=owners.of(belongs),
    )


def _commands(record: _Record, *call_ids: str) -> Iterator[ObservedCommand]:
    """Yield the commands to phones in these dialogs."""
    for event in record.all(LegCommanded):
        if event.call_id in call_ids:
            yield ObservedCommand(
                phone=event.target, at=event.at, does=event.does, message=event.message, header=event.header
            )


def _tidied_up(record: _Record, caller: str | None, end: PbxSeconds) -> bool:
    """Return whether a ring ended only because the harness hung up its caller after the story."""
    over = record.all(StoryOver)[-1].at
    return end >= over and any(event.by == "harness" for event in record.of_caller(CallerEnded, caller or ""))


def _ending(leg: LegInvited, record: _Record, *, pbx_gone: bool) -> tuple[Ending, PbxSeconds, int | None, bool]:
    """Return how a ring ended (by the phone), when (by the PBX's stamp), a refusal's code, and whether it is missed."""
    call_id = leg.call_id
    final = record.of_call(LegFinal, call_id)
    cancel = record.of_call(LegCancelled, call_id)
    stamps = [event.at for event in (cancel, final) if event is not None]
    if record.of_call(PhonePickedUp, call_id) is not None:
        if final is None:
            message = f"{leg.target} answered, but the PBX's own capture has no 200 of it"
            raise BrokenPlayError(message)
        return "answered", final.at, None, False
    refused = record.of_call(PhoneRefused, call_id)
    if refused is not None and stamps:
        return "refused", min(stamps), refused.code, False
    forwarded = record.of_call(PhoneForwarded, call_id)
    if forwarded is not None and stamps:
        return "forwarded", min(stamps), None, False
    if record.of_call(PhoneTidied, call_id) is not None and stamps:
        return "cancelled", min(stamps), None, False
    ended = record.of_call(PhoneLost, call_id) or record.of_call(PhoneCancelled, call_id)
    if ended is not None and stamps:
        missed = ended.q850 != 26 and ended.sip != 200  # noqa: PLR2004 - Q.850 "answered elsewhere", RFC 3326
        return ("lost" if isinstance(ended, PhoneLost) else "cancelled"), min(stamps), None, missed
    rings_on = leg.at > record.all(StoryOver)[-1].at and not stamps and ended is None  # at the end of the play
    if pbx_gone or rings_on:
        return "cancelled", max(event.at for event in record.all(Event)), None, pbx_gone
    message = f"the ring of {leg.target} at {leg.at:.1f} s has no end that both the phone and the PBX saw"
    raise BrokenPlayError(message)


def _caller_view(
    scenario: Scenario, name: str, record: _Record, rings: Sequence[ObservedRing], *, recorded: bool
) -> CallerView:
    placed = next(iter(record.of_caller(CallerPlaced, name)), None)
    ended = next(iter(record.of_caller(CallerEnded, name)), None)
    finals = [event.code for event in record.of_caller(CallerGot, name) if event.code >= 200]  # noqa: PLR2004 - final
    leg = record.of_call(LegBelongs, placed.call_id) if placed is not None else None
    keys = [key for key in record.all(KeyHeard) if leg is not None and key.channel == leg.channel]
    cause, others = _acts(scenario, name, record, keys)
    own = tuple(ring for ring in rings if ring.caller == name)
    meetings = _meetings(leg, record)
    talks = _talks(meetings, own, record)
    own = tuple(_lost_unless(ring, {call_id for call_id, _, _, _ in talks}) for ring in own)
    until = min(record.all(StoryOver)[-1].at, ended.at if ended is not None else PbxSeconds(float("inf")))
    heard = () if placed is None or not recorded else _hears(name, leg, Span(placed.at, until), meetings, record)
    return CallerView(
        caller=name,
        placed=placed.at if placed is not None else None,
        acted=cause,
        other_acts=others,
        rings=own,
        waves=waves_of(own),
        brief=brief_rings(own),
        answers=tuple((phone, start) for _, phone, start, _ in talks),
        parted=tuple(
            (phone, end)
            for call_id, phone, _, end in talks
            if end < until - SETTLE_WINDOW and not _hung_up(call_id, end, record)
        ),
        company=tuple(_company(leg, meetings, record)),
        talks=tuple(_heard(name, own, record)),
        hears=heard,
        prompts=tuple(
            _prompts(
                leg,
                heard,
                record.of_caller(SoundCame, name),
                [*(key.at for key in keys), *_left(ended, record)],
                record,
            )
        ),
        connected=next((event.at for event in record.of_caller(CallerGot, name) if event.code == 200), None),  # noqa: PLR2004
        code=finals[-1] if finals else (ended.code if ended is not None else None),
        ended=ended.at if ended is not None else None,
        ended_by=_ended_by(ended, own, _played_to(leg, record), record),
        pressed=_pressed(scenario, name, record),
        keys="".join(key.digit for key in keys),
    )


def _misheard(scenario: Scenario, record: _Record, views: Iterable[CallerView]) -> Iterator[tuple[int, str]]:
    """Yield each step that waited for a prompt and took a tone of the line for it, and which tone."""
    for view in views:
        since = view.placed
        for event in record.of_caller(StepDone, view.caller):
            if since is not None and isinstance(scenario.when[event.step], Hear):
                tone = tone_for_prompt(view.hears, since, event.at)
                if tone is not None:
                    yield event.step, f"heard {tone}"
            since = event.at


def _pressed(scenario: Scenario, name: str, record: _Record) -> str:
    done = [scenario.when[event.step] for event in record.of_caller(StepDone, name)]
    return "".join(step.digits for step in done if isinstance(step, Press))


def _acts(
    scenario: Scenario, name: str, record: _Record, keys: Sequence[KeyHeard]
) -> tuple[PbxSeconds | None, tuple[PbxSeconds, ...]]:
    """Return the moment of the caller's action from which the first ring is counted, and those of the other actions.

    That action is the caller's last call or press step before any step that the story places after a ring or an answer
    of this call: what comes after a ring is not its cause.
    """
    cause: PbxSeconds | None = None
    others: list[PbxSeconds] = []
    behind, sent = False, 0
    for event in record.of_caller(StepDone, name):
        step = scenario.when[event.step]
        behind = behind or (step.at is not None and not isinstance(step, Call))
        if not isinstance(step, Call | Press):
            continue
        at = event.at
        if isinstance(step, Press):
            sent += len(step.digits)
            if len(keys) >= sent:
                at = keys[sent - 1].at  # the PBX's own stamp of this digit, not the sender's
        elif placed := record.of_caller(CallerPlaced, name):
            at = placed[-1].at
        if behind:
            others.append(at)
            continue
        others += [] if cause is None else [cause]
        cause = at
    return cause, tuple(sorted(others))


def _talks(
    meetings: _Meetings, rings: Sequence[ObservedRing], record: _Record
) -> list[tuple[str, str, PbxSeconds, PbxSeconds]]:
    """Return the legs and phones that were connected with the caller, from when to when: only these have answered."""
    found: list[tuple[str, str, PbxSeconds, PbxSeconds]] = []
    for ring in rings:
        phone_leg = record.of_call(LegBelongs, ring.call_id)
        if ring.ending == "answered" and phone_leg is not None and phone_leg.channel in meetings:
            start, end = meetings[phone_leg.channel]
            found.append((ring.call_id, ring.phone, start, end))
    return sorted(found, key=lambda talk: talk[2])


def _company(leg: LegBelongs | None, meetings: _Meetings, record: _Record) -> Iterable[tuple[str, PbxSeconds]]:
    """Yield the legs of other calls that were connected with the caller: callers by name, phones by extension."""
    owners = record.owners
    callers = {placed.call_id: placed.caller for placed in record.all(CallerPlaced)}
    for other in record.all(LegBelongs):
        start, end = meetings.get(other.channel, (PbxSeconds(0.0), PbxSeconds(0.0)))
        if start < end and owners.of(other) != owners.of(leg):
            yield callers.get(other.call_id, other.endpoint), start


def _meetings(leg: LegBelongs | None, record: _Record) -> _Meetings:
    """Return the channels connected with this leg, each with its first moment and its last; infinity: to the end."""
    if leg is None:
        return {}
    connections = Connections()
    found: _Meetings = {}
    company: set[str] = set()
    for event in record.all(Event):
        if not connections.take(event):
            continue
        now = connections.company(leg.channel)
        for gone in company - now:
            found[gone] = (found[gone][0], event.at)
        for come in now - company:
            found[come] = (found[come][0] if come in found else event.at, PbxSeconds(float("inf")))
        company = now
    return found


def _lost_unless(ring: ObservedRing, talked: set[str]) -> ObservedRing:
    """Return the ring, as lost where its phone picked up and never was connected with the caller."""
    if ring.ending != "answered" or ring.call_id in talked:
        return ring
    return replace(ring, ending="lost")


def _hears(
    caller: str, leg: LegBelongs | None, call: Span, meetings: _Meetings, record: _Record
) -> tuple[ObservedSound, ...]:
    """Return what the caller hears, by the sound that the PBX sent and the events of the channels that are heard."""
    channels = _channels(leg, record)
    return hears(
        call,
        record.of_caller(SoundCame, caller),
        record.of_caller(CallerGot, caller),
        music=list(spans_of(record.all((MusicBegan, MusicEnded)), channels)),
        awaited=list(spans_of(record.all((KeysAwaited, KeysAwaitedNoMore)), channels)),
        talks=[Span(start, end) for start, end in meetings.values()],
        files=[event.at for event in _played_to(leg, record)],
    )


def _prompts(
    leg: LegBelongs | None,
    heard: Sequence[ObservedSound],
    came: Sequence[SoundCame],
    acts: Sequence[float],
    record: _Record,
) -> Iterable[ObservedPrompt]:
    """Return the files that the caller was played; `acts`: when the caller pressed keys or hung up."""
    if leg is None:
        return ()
    played = _played_to(leg, record)
    if not heard:  # what was sent is not known
        played = [replace(event, length=None) for event in played]
    others = [sound for sound in heard if sound.kind not in {"sound", "silence"}]
    endings = [*acts, *(sound.start for sound in others if sound.kind == "talk")]
    return prompts_heard(played, came, [Span(each.start, each.end) for each in others], endings, leg.channel)


def _left(ended: CallerEnded | None, record: _Record) -> list[float]:
    """Return the end of the story, and when the caller, or Ringproof after the story, ended the call."""
    over: list[float] = [record.all(StoryOver)[-1].at]
    return over if ended is None or ended.by == "pbx" else [*over, ended.at]


def _played_to(leg: LegBelongs | None, record: _Record) -> list[PromptPlayed]:
    """Return the files that the PBX played to the caller."""
    channels = _channels(leg, record)
    return [event for event in record.all(PromptPlayed) if event.channel in channels]


def _channels(leg: LegBelongs | None, record: _Record) -> set[str]:
    """Return the caller's channel and the Local channels of the call: the caller hears what these are played.

    What is played to a phone's channel, the phone hears.
    """
    if leg is None:
        return set()
    made = (event for event in record.all(ChannelMade) if event.linked == leg.linked)
    return {leg.channel, *(event.channel for event in made if _technology(event.channel) == "Local")}


def _heard(caller: str, rings: Sequence[ObservedRing], record: _Record) -> Iterable[ObservedTalk]:
    """Yield what was recorded at both ends of the caller's talks."""
    for ring in rings:
        for again in (False, True):
            listened = [
                event for event in record.all(SoundHeard) if (event.call_id, event.again) == (ring.call_id, again)
            ]
            ends = {event.who: event.tones for event in listened}
            if ends and ring.ending == "answered":
                caller_hears, phone_hears = ends.get(caller, ()), ends.get(ring.phone, ())
                yield ObservedTalk(phone=ring.phone, caller_hears=caller_hears, phone_hears=phone_hears, again=again)


def _ended_by(
    ended: CallerEnded | None, rings: Sequence[ObservedRing], played: Sequence[PromptPlayed], record: _Record
) -> str | None:
    """Return who ended the call; where the PBX only passes on a phone's hang-up, it is that phone."""
    if ended is None or ended.by != "pbx":
        return ended.by if ended is not None else None
    if ended.code >= REFUSED:  # a refused call has no phone that could end it
        return "pbx"
    for ring in rings:
        hung_up = record.of_call(PhoneHungUp, ring.call_id)
        if hung_up is None or ended.at > hung_up.at + LEG_ENDS_WITHIN:
            continue  # the PBX went on with the caller
        if any(event.at >= hung_up.at - CLOCK_RESOLUTION for event in played):
            continue  # the PBX went on with an announcement, for less than that time
        if _hung_up(ring.call_id, ended.at, record):
            return ring.phone
    return "pbx"


def _hung_up(call_id: str, until: PbxSeconds, record: _Record) -> bool:
    """Return whether the phone itself had hung up by `until`."""
    hung_up = record.of_call(PhoneHungUp, call_id)
    return hung_up is not None and hung_up.by == "phone" and hung_up.at <= until


def _late_legs(views: Iterable[CallerView], record: _Record) -> Iterable[tuple[str, PbxSeconds]]:
    """Yield phones whose ring or call outlived its caller's hang-up, and for how long; infinity: Ringproof ended it."""
    for view in views:
        if view.ended is None or view.ended_by not in {"caller", "harness"}:
            continue
        for ring in view.rings:
            if record.owners.only_met(record.of_call(LegBelongs, ring.call_id)):
                continue
            end = ring.end
            if record.of_call(PhonePickedUp, ring.call_id) is not None:
                hung_up = record.of_call(PhoneHungUp, ring.call_id)
                by_pbx = hung_up is not None and hung_up.by != "harness"
                end = hung_up.at if hung_up is not None and by_pbx else PbxSeconds(float("inf"))
            elif record.of_call(PhoneTidied, ring.call_id) is not None:
                end = PbxSeconds(float("inf"))
            if end - view.ended > LEG_ENDS_WITHIN:
                yield ring.phone, PbxSeconds(end - view.ended)


def _trunk_legs(record: _Record) -> tuple[PbxSeconds, ...]:
    """Return when calls left the office: by the trunk's endpoint, to an address of none of our phones, or not by SIP.

    No phone of a play is called by IAX2, UnicastRTP or AudioSocket: such a call goes somewhere else.
    """
    made = [event for event in record.all(ChannelMade) if event.outgoing]
    trunk = [event.at for event in made if event.endpoint == "trunk" or _technology(event.channel) not in INSIDE]
    by_trunk = {leg.call_id for leg in record.all(LegBelongs) if leg.endpoint == "trunk"}
    return tuple(sorted([*trunk, *(event.at for event in record.all(LegLeft) if event.call_id not in by_trunk)]))


def _technology(channel: str) -> str:
    """Return the technology of a channel: `IAX2` of `IAX2/198.51.100.7:4569-1`."""
    return channel.partition("/")[0]
