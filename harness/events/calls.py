"""Which calls have become one: what the PBX originates is the call of the caller with whom it is joined.

Asterisk gives all channels of one call a linkedid. A channel that the PBX originates (AMI Originate, Originate() in the
dialplan, a call file) has a linkedid of its own, and only a bridge between two channels makes them one call for it:
ConfBridge leaves the linkedids as they are, and a bridge with one half of a Local channel leaves that of the phone
behind the other half. So a call that nobody placed joins another one when one of its channels gets that one's linkedid,
or is connected with one of its channels.
"""

from __future__ import annotations

from harness.events import ChannelLinked, ChannelMade, Event
from harness.events.connections import Connections


class Calls:
    """Follows calls, event after event in the order of time."""

    def __init__(self) -> None:
        """No call has begun."""
        self._connections = Connections()
        self._made_for: dict[str, str] = {}
        """Of each channel: the linkedid that it was made with."""
        self._placed: set[str] = set()
        """Calls that somebody placed: a call of another one's they do not become."""
        self._linked: dict[str, list[str]] = {}
        """Of each call: those whose linkedid one of its channels got, in the order of time."""
        self._met: dict[str, list[str]] = {}
        """Of each call: those with which one of its channels was connected, in the order of time."""

    def take(self, event: Event) -> None:
        """Take one event."""
        match event:
            case ChannelMade(channel=channel, linked=linked):
                self._made_for[channel] = linked
                if event.endpoint and not event.outgoing:
                    self._placed.add(linked)
            case ChannelLinked(channel=channel, linked=linked):
                _join(self._linked, self._made_for.get(channel, linked), linked)
            case _ if self._connections.take(event):
                here = getattr(event, "channel", "")
                for other in self._connections.reached(here):
                    self._meet(here, other)

    def of(self, linked: str, *, by_linkedid: bool = False) -> str:
        """Return the call that somebody placed and that the call `linked` is, or has become part of; else `linked`.

        `by_linkedid`: only by what Asterisk itself takes for one call, which the members of a conference are not.
        """
        seen, waiting = {linked}, [linked]
        while waiting:
            here = waiting.pop(0)
            if here in self._placed:
                return here
            further = [*self._linked.get(here, ()), *(() if by_linkedid else self._met.get(here, ()))]
            waiting += [call for call in further if call not in seen]
            seen.update(further)
        return linked

    def _meet(self, one: str, other: str) -> None:
        calls = [self._made_for[channel] for channel in (one, other) if channel in self._made_for]
        if len(calls) == 2:  # noqa: PLR2004 - a channel that was made before the story is of no call of it
            _join(self._met, *calls)
            _join(self._met, *reversed(calls))


def _join(joined: dict[str, list[str]], call: str, other: str) -> None:
    if call != other and other not in joined.setdefault(call, []):
        joined[call].append(other)
