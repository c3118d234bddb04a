"""Find which channels are connected, through one bridge or a chain of bridges and Local channels.

Asterisk connects two channels by a bridge in which both are. A Local channel is a pair of halves, `Local/x@y-1;1` and
`;2`, and what goes into one comes out of the other (main/core_unreal.c). FreePBX and most queues reach a phone through
such a pair, which lasts as long as the call where it is dialled with `/n`.
"""

from __future__ import annotations

from collections import defaultdict

from ringproof.events.model import Bridged, ChannelGone, Event, Unbridged

HOLDING = "holding_bridge"
"""The technology of a bridge that keeps its channels apart: parked calls, and callers who wait for a conference."""
_LOCAL = "Local/"


class Connections:
    """Follows which channels are in which bridges, event by event in order of time."""

    def __init__(self) -> None:
        """Begin with no channel in any bridge."""
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        self._bridges: defaultdict[str, set[str]] = defaultdict(set)

    def take(self, event: Event) -> bool:
        """Take one event; return whether it may have changed which channels are connected."""
        match event:
            case Bridged(channel=channel, bridge=bridge, technology=technology) if technology != HOLDING:
                self._members[bridge].add(channel)
                self._bridges[channel].add(bridge)
            case Unbridged(channel=channel, bridge=bridge):
                self._members[bridge].discard(channel)
                self._bridges[channel].discard(bridge)
            case ChannelGone(channel=channel) if channel in self._bridges:
                for bridge in self._bridges.pop(channel):
                    self._members[bridge].discard(channel)
            case _:
                return False
        return True

    def company(self, channel: str) -> set[str]:
        """Return all channels that are connected with `channel`, without itself and without Local channels."""
        return {other for other in self.reached(channel) if not other.startswith(_LOCAL)}

    def reached(self, channel: str) -> set[str]:
        """Return all channels that are connected with `channel`, without itself."""
        found, waiting = {channel}, [channel]
        while waiting:
            here = waiting.pop()
            beside = {other for bridge in self._bridges.get(here, ()) for other in self._members[bridge]}
            if half := other_half(here):
                beside.add(half)
            waiting += beside - found
            found |= beside
        return found - {channel}


def other_half(channel: str) -> str:
    """Return the other half of a Local channel, `Local/x@y-1;2` for `Local/x@y-1;1`; empty if it is no such half."""
    name, _, half = channel.rpartition(";")
    if not name.startswith(_LOCAL) or half not in {"1", "2"}:
        return ""
    return f"{name};{'2' if half == '1' else '1'}"
