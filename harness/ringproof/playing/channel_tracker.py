"""Follows what the PBX reports of channels during a play: their calls, bridges, digits heard, and what listens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from ringproof.clock.clock import PbxEpoch
from ringproof.clock.report import Listener
from ringproof.core.duration import PbxSeconds
from ringproof.events.calls import Calls
from ringproof.events.model import (
    Bridged,
    ChannelGone,
    ChannelLinked,
    ChannelMade,
    ChannelOriginated,
    Event,
    KeyHeard,
    KeysAwaited,
    KeysAwaitedNoMore,
    LegBelongs,
    MusicBegan,
    MusicEnded,
    Unbridged,
)
from ringproof.pbx.manager import Manager, ManagerEvent
from ringproof.playing.context import PlayContext
from ringproof.playing.listening import RECORDS, RECORDS_NO_MORE, buffers, listens, run_by

CALL_ID = "CHANNEL(pjsip,call-id)"
INCOMING = "Ring"
"""State in which a channel of an incoming call is made (chan_pjsip.c); an outgoing one begins as `Down`."""
OTHER_CLOCK_S = 60.0
"""An event that seems this late is no stall: the PBX follows another clock, which `prove_clock` reports."""
ORIGINATED_WITHIN_S = 0.5
"""A channel that comes within this time of a step that originates one was made by it: Originate() does so at once."""
ORIGINATES = "originate"
AWAIT_KEYS = frozenset({"WaitExten", "Read", "ReadExten"})
"""Applications that wait for a key: silence means that it is the caller's turn."""


@dataclass(frozen=True, slots=True)
class Originating:
    """A step of the dialplan that originates a channel."""

    at: PbxSeconds
    channel: str
    """The channel that executes the step."""
    name: str
    """How the name of the new channel begins."""


class ChannelTracker:
    """Turns manager events into events of the play, and asks the PBX for the Call-ID of every new SIP channel.

    The Call-ID connects a phone's ring with the PBX's channel. It is asked for at once, because a channel that is gone
    cannot be asked. Therefore a phone that refuses at once waits until its ring is known (`knows`).
    """

    def __init__(self, context: PlayContext, manager: Callable[[], Manager]) -> None:
        """`manager`: returns the manager connection, which exists once the PBX has booted."""
        self._context = context
        self._manager = manager
        self._known: dict[str, LegBelongs] = {}
        self._unknown: dict[str, ChannelMade] = {}
        """SIP channels that exist and whose Call-ID is not known yet."""
        self._asked: set[str] = set()
        """Channels about which a question has been sent and not answered yet."""
        self._news: set[str] = set()
        """Those of `_asked` for which something came meanwhile: an answer without a Call-ID may be out of date."""
        self._listening: dict[str, contextlib.ExitStack] = {}
        """Channels that are in an application that listens, each with its hold of the clock."""
        self._recorded: dict[str, contextlib.ExitStack] = {}
        self._buffered: dict[str, contextlib.ExitStack] = {}
        """Channels that have a jitter buffer, each with its hold of the clock."""
        self._bridged: set[str] = set()
        """Channels that are in a bridge."""
        self._calls = Calls()
        self._connected: dict[str, dict[str, PbxEpoch]] = {}
        """For each SIP channel: with which others it is connected, and since when."""
        self._awaited: set[str] = set()
        """Channels in an application that waits for keys."""
        self._linked: dict[str, str] = {}
        """For each channel: the call (Linkedid) to which it belongs now."""
        self._originating: list[Originating] = []
        """Steps whose channel has not been reported yet."""
        self.channels: set[str] = set()
        """The names of the channels that exist now."""
        self.authenticated: dict[str, str] = {}
        """Remote address as Asterisk writes it (`IPV4/UDP/172.18.0.1/40001`) -> the endpoint it was identified as."""

    def knows(self, call_id: str) -> bool:
        """Return True once the PBX has reported which channel this leg is."""
        return call_id in self._known

    def talks(self, call_id: str) -> bool:
        """Return True while this leg's channel is in a bridge, once the PBX has reported which channel that is."""
        return call_id in self._known and self._known[call_id].channel in self._bridged

    def connected_since(self, one: str, other: str | None) -> PbxEpoch | None:
        """Return since when these two legs are connected, through any chain of bridges; None: they are not."""
        known = self._known
        if one not in known or other not in known:
            return None
        return self._connected.get(known[one].channel, {}).get(known[other].channel)

    def same_call(self, one: str, other: str | None) -> bool:
        """Return True if both legs are known to belong to one call, or to calls that have become one."""
        known, of = self._known, self._calls.of
        return one in known and other in known and of(known[one].linked) == of(known[other].linked)

    def take(self, event: ManagerEvent) -> None:
        """Handle one manager event. Events must be given in the order in which they came."""
        at = PbxSeconds(float(event.get("Timestamp", 0.0)) or self._context.clock.now())
        late = self._context.clock.now() - at
        if late < OTHER_CLOCK_S:
            self._context.clock.note_lateness(late)
        channel = event.get("Channel", "")
        self._follow_link(at, channel, event.get("Linkedid", ""))
        match event.get("Event"):
            case "Newchannel":
                self._made(at, channel, event["Linkedid"], outgoing=event.get("ChannelStateDesc") != INCOMING)
            case "Newexten":
                self._executes(at, channel, event["Application"], event.get("AppData", ""), _place(event))
            case "Hangup":
                self._unknown.pop(channel, None)
                self.channels.discard(channel)
                self._bridged.discard(channel)
                self._awaited.discard(channel)
                _release(self._listening, channel)
                _release(self._recorded, channel)
                _release(self._buffered, channel)
                self._linked.pop(channel, None)
                self._note(ChannelGone(at=at, channel=channel, cause=int(event.get("Cause", 0))))
            case "BridgeEnter":
                self._bridged.add(channel)
                bridge, technology = event["BridgeUniqueid"], event.get("BridgeTechnology", "")
                self._note(Bridged(at=at, channel=channel, bridge=bridge, technology=technology))
            case "BridgeLeave":
                self._bridged.discard(channel)
                self._note(Unbridged(at=at, channel=channel, bridge=event["BridgeUniqueid"]))
            case "DTMFEnd" if event.get("Direction") == "Received":
                self._context.record(KeyHeard(at=at, channel=channel, digit=event["Digit"]))
            case "SuccessfulAuth":
                self.authenticated[event.get("RemoteAddress", "")] = event.get("AccountID", "")
                self._context.notify()
            case name:
                self._take_sound(name, at, channel, _place(event))
        self.ask()

    def _take_sound(self, name: str | None, at: PbxSeconds, channel: str, place: str) -> None:
        """Handle an event about what is played to a channel, or recorded from it."""
        match name:
            case "MusicOnHoldStart":
                self._context.record(MusicBegan(at=at, channel=channel))
            case "MusicOnHoldStop":
                self._context.record(MusicEnded(at=at, channel=channel))
            case "MixMonitorStart":  # queues.conf and the manager interface can start it, too
                self._hold(self._recorded, channel, Listener("MixMonitor", place))
            case "MixMonitorStop":
                _release(self._recorded, channel)

    def _note(self, event: Event) -> None:
        """Record an event of a channel or bridge, and note which channels are connected from then on."""
        if self._calls.take(event):
            before, now = self._connected, PbxEpoch(event.at)
            self._connected = {
                channel: {other: before.get(channel, {}).get(other, now) for other in company}
                for channel in self.channels
                if endpoint_of(channel) and (company := self._calls.connections.company(channel))
            }
        self._context.record(event)

    def _follow_link(self, at: PbxSeconds, channel: str, linked: str) -> None:
        """Record it if a channel has become part of another call."""
        if linked and self._linked.get(channel, linked) != linked:
            self._linked[channel] = linked
            self._note(ChannelLinked(at=at, channel=channel, linked=linked))

    def ask(self) -> None:
        """Ask the PBX for every Call-ID that is not known yet, one question at a time for each channel.

        It is called after every event, since a channel is announced a moment before it has a Call-ID. An event that
        comes before the answer causes one more question.
        """
        for made in [*self._unknown.values()]:
            if made.channel in self._asked:
                self._news.add(made.channel)
            else:
                self._asked.add(made.channel)
                self._context.begin(self._identify(made), f"asking whose call {made.channel} is")

    def _executes(self, at: PbxSeconds, channel: str, application: str, data: str, place: str) -> None:
        """Handle a step of a channel, and hold the clock while its application listens.

        A recording holds the clock until it is stopped or the channel ends; a jitter buffer, until the channel ends.
        """
        if application in AWAIT_KEYS:
            self._awaited.add(channel)
            self._context.record(KeysAwaited(at=at, channel=channel))
        elif channel in self._awaited:
            self._awaited.discard(channel)
            self._context.record(KeysAwaitedNoMore(at=at, channel=channel))
        _release(self._listening, channel)
        for name, told in run_by(application, data):
            inside = name != application.lower()
            by = Listener(f"{application}({name})" if inside else application, place)
            if listens(name, told):
                self._hold(self._listening, channel, by)
            elif name == RECORDS:
                self._hold(self._recorded, channel, by)
            elif buffers(name, told):
                self._hold(self._buffered, channel, Listener("JITTERBUFFER", place))
            elif name == ORIGINATES:
                self._originating.append(Originating(at, channel, originated_by(told)))
            elif name == RECORDS_NO_MORE:
                _release(self._recorded, channel)

    def _hold(self, holds: dict[str, contextlib.ExitStack], channel: str, by: Listener) -> None:
        if channel not in holds:
            holds[channel] = contextlib.ExitStack()
            holds[channel].enter_context(self._context.clock.hold(by))

    def _made(self, at: PbxSeconds, channel: str, linked: str, *, outgoing: bool) -> None:
        originated = outgoing and linked not in self._linked.values()  # otherwise a channel of the same call dials it
        self.channels.add(channel)
        self._linked[channel] = linked
        made = ChannelMade(at=at, channel=channel, endpoint=endpoint_of(channel), linked=linked, outgoing=outgoing)
        if made.endpoint:
            self._unknown[channel] = made
        self._note(made)
        if originated:
            self._look_who_originated(at, channel)

    def _look_who_originated(self, at: PbxSeconds, channel: str) -> None:
        """Record which step of the dialplan originated a channel, if any: the earliest that fits the channel's name."""
        self._originating = [step for step in self._originating if at - step.at <= ORIGINATED_WITHIN_S]
        for step in self._originating:
            if channel.startswith(step.name):
                self._originating.remove(step)
                self._note(ChannelOriginated(at=at, channel=channel, by=step.channel))
                return

    async def _identify(self, made: ChannelMade) -> None:
        call_id, asked = None, False
        while not call_id and (not asked or made.channel in self._news):
            asked = True
            self._news.discard(made.channel)
            call_id = await self._manager().variable(made.channel, CALL_ID)
        self._asked.discard(made.channel)
        self._news.discard(made.channel)
        if call_id and call_id not in self._known:
            self._unknown.pop(made.channel, None)
            leg = LegBelongs(
                at=made.at, call_id=call_id, channel=made.channel, endpoint=made.endpoint, linked=made.linked
            )
            self._known[call_id] = leg
            self._context.record(leg)


def _release(holds: dict[str, contextlib.ExitStack], channel: str) -> None:
    if channel in holds:
        holds.pop(channel).close()


def _place(event: ManagerEvent) -> str:
    """Return where the channel of an event is in the dialplan: `s@support:2`; empty: the event does not say it."""
    context, exten, priority = event.get("Context"), event.get("Exten"), event.get("Priority")
    return f"{exten}@{context}:{priority}" if context and exten and priority else ""


def endpoint_of(channel: str) -> str:
    """Return the endpoint of a channel: `PJSIP/101-00000003` -> `101`; empty for a Local channel, which has none."""
    technology, _, rest = channel.partition("/")
    return rest.rpartition("-")[0] if technology == "PJSIP" else ""


def originated_by(data: str) -> str:
    """Return the beginning of the name of the channel that Originate() makes with this data.

    `PJSIP/101/sip:101@198.51.100.7,...` and `PJSIP/007@101,...`: `PJSIP/101-`; `Local/101@leg/n,...`: `Local/101@leg-`.
    """
    technology, _, rest = data.partition(",")[0].strip().partition("/")
    called = rest.partition("/")[0]
    return f"{technology}/{called.rpartition('@')[2] if technology == 'PJSIP' else called}-"


def moment(epoch: PbxEpoch) -> PbxSeconds:
    """Return an epoch in the type that events carry until the recorder counts them from the story's start."""
    return PbxSeconds(epoch)
