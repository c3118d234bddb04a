"""Chains of bridges and Local channels."""

from __future__ import annotations

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.events.connections import HOLDING, Connections, other_half
from ringproof.events.model import Bridged, ChannelGone, Event, Unbridged

NOW = PbxSeconds(1.0)
CALLER, PHONE, OTHER = "PJSIP/trunk-00000001", "PJSIP/101-00000002", "PJSIP/102-00000003"
ONE, TWO = "Local/101@leg-00000000;1", "Local/101@leg-00000000;2"


def into(bridge: str, *channels: str, technology: str = "simple_bridge") -> list[Event]:
    """These channels enter a bridge."""
    return [Bridged(at=NOW, channel=channel, bridge=bridge, technology=technology) for channel in channels]


def after(*events: Event) -> Connections:
    """What follows from these events."""
    connections = Connections()
    for event in events:
        connections.take(event)
    return connections


@pytest.mark.parametrize(
    ("events", "company"),
    [
        ([], set()),
        (into("a", CALLER, PHONE), {PHONE}),
        (into("a", CALLER, PHONE, OTHER), {PHONE, OTHER}),
        ([*into("a", CALLER, ONE), *into("b", TWO, PHONE)], {PHONE}),
        ([*into("a", CALLER, ONE), *into("b", PHONE, OTHER)], set()),
        (into("a", CALLER, ONE), set()),
        ([*into("a", CALLER, PHONE), Unbridged(at=NOW, channel=PHONE, bridge="a")], set()),
        ([*into("a", CALLER, PHONE), ChannelGone(at=NOW, channel=PHONE, cause=16)], set()),
        ([*into("a", CALLER, ONE), *into("b", TWO, PHONE), ChannelGone(at=NOW, channel=TWO, cause=16)], set()),
        (into("a", CALLER, PHONE, technology=HOLDING), set()),
    ],
)
def test_who_is_connected(events: list[Event], company: set[str]) -> None:
    """Seen from either end."""
    connections = after(*events)
    assert connections.company(CALLER) == company
    assert all(CALLER in connections.company(other) for other in company)


def test_what_changes_nothing_says_so() -> None:
    """So that nobody looks again for it."""
    connections = Connections()
    assert not connections.take(ChannelGone(at=NOW, channel=PHONE, cause=16))
    assert connections.take(into("a", PHONE)[0])


@pytest.mark.parametrize(
    ("channel", "other"),
    [(ONE, TWO), (TWO, ONE), (PHONE, ""), ("Local/101@leg-00000000", ""), ("PJSIP/a;1", "")],
)
def test_halves(channel: str, other: str) -> None:
    """Only those of Local channels."""
    assert other_half(channel) == other
