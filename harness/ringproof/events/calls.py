"""Find which calls have become one: a call that the PBX originates belongs to the caller with whom it is joined.

Asterisk gives all channels of one call the same linkedid. A channel that the PBX originates (AMI Originate, Originate()
in the dialplan, a call file) has a linkedid of its own. For Asterisk only a bridge between two channels makes them one
call: ConfBridge leaves the linkedids as they are, and a bridge with one half of a Local channel leaves the linkedid of
the phone behind the other half. So a call that no caller placed joins another call when one of its channels gets the
other's linkedid, is connected with one of its channels, or was made by a step of its dialplan: Originate().
"""

from __future__ import annotations

from typing import Literal, get_args

from ringproof.events.connections import Connections
from ringproof.events.model import ChannelLinked, ChannelMade, ChannelOriginated, Event

Link = Literal["linkedid", "bridge", "step"]
"""What makes a call part of another one."""
ANY: tuple[Link, ...] = get_args(Link)


class Calls:
    """Follows which calls become one, event by event in order of time."""

    def __init__(self) -> None:
        """Begin before any call."""
        self.connections = Connections()
        self._made_for: dict[str, str] = {}
        """The linkedid with which each channel was made."""
        self._placed: set[str] = set()
        """The calls that a caller or phone placed: they do not become part of another call."""
        self._joined: dict[str, list[tuple[Link, str]]] = {}
        """The calls of which each call has become part, in order of time, each with its link."""

    def take(self, event: Event) -> bool:
        """Take one event; return whether it may have changed which channels are connected."""
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
        """Return the placed call that the call `linked` is or has become part of; `linked` itself if there is none.

        `by`: follow only these links; without any, all links.
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
        """Join the calls of two channels, unless one was made before the story: it is of no call of the story."""
        if channel in self._made_for and other in self._made_for:
            self._join(self._made_for[channel], self._made_for[other], link)

    def _join(self, call: str, other: str, link: Link) -> None:
        joined = self._joined.setdefault(call, [])
        if call != other and (link, other) not in joined:
            joined.append((link, other))
