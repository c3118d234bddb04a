"""Which calls have become one: what the PBX originates is the call of the caller with whom it is joined.

Asterisk gives all channels of one call a linkedid. A channel that the PBX originates (AMI Originate, Originate() in the
dialplan, a call file) has a linkedid of its own, and only a bridge between two channels makes them one call for it:
ConfBridge leaves the linkedids as they are, and a bridge with one half of a Local channel leaves that of the phone
behind the other half. So a call that nobody placed joins another one when one of its channels gets that one's linkedid,
is connected with one of its channels, or was made by a step of its dialplan: Originate().
"""

from __future__ import annotations

from typing import Literal, get_args

from ringproof.events.connections import Connections
from ringproof.events.model import ChannelLinked, ChannelMade, ChannelOriginated, Event

Link = Literal["linkedid", "bridge", "step"]
"""By what a call has become part of another one."""
ANY: tuple[Link, ...] = get_args(Link)


class Calls:
    """Follows calls, event after event in the order of time."""

    def __init__(self) -> None:
        """No call has begun."""
        self.connections = Connections()
        self._made_for: dict[str, str] = {}
        """Of each channel: the linkedid that it was made with."""
        self._placed: set[str] = set()
        """Calls that somebody placed: a call of another one's they do not become."""
        self._joined: dict[str, list[tuple[Link, str]]] = {}
        """Of each call: those that it has become part of, in the order of time."""

    def take(self, event: Event) -> bool:
        """Take one event; True when it may have changed who is connected."""
        match event:
            case ChannelMade(channel=channel, linked=linked):
                self._made_for[channel] = linked
                if event.endpoint and not event.outgoing:
                    self._placed.add(linked)
            case ChannelLinked(channel=channel, linked=linked):
                self._join(self._made_for.get(channel, linked), linked, "linkedid")
            case ChannelOriginated(channel=channel, by=by):
                self._meet(channel, by, "step")
            case _ if self.connections.take(event):
                here = getattr(event, "channel", "")
                for other in self.connections.reached(here):
                    self._meet(here, other, "bridge")
                    self._meet(other, here, "bridge")
                return True
        return False

    def of(self, linked: str, *by: Link) -> str:
        """Return the call that somebody placed and that the call `linked` is, or has become part of; else `linked`.

        `by`: only what has become so by these links.
        """
        seen, waiting = {linked}, [linked]
        while waiting:
            here = waiting.pop(0)
            if here in self._placed:
                return here
            further = [call for link, call in self._joined.get(here, ()) if link in (by or ANY) and call not in seen]
            waiting += further
            seen.update(further)
        return linked

    def _meet(self, channel: str, other: str, link: Link) -> None:
        """Join the calls of two channels; one that was made before the story is of no call of it."""
        if channel in self._made_for and other in self._made_for:
            self._join(self._made_for[channel], self._made_for[other], link)

    def _join(self, call: str, other: str, link: Link) -> None:
        joined = self._joined.setdefault(call, [])
        if call != other and (link, other) not in joined:
            joined.append((link, other))
