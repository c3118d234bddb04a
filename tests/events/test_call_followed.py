"""Calls that become one, by a linkedid or by a bridge."""

from __future__ import annotations

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.events.calls import Calls
from ringproof.events.connections import HOLDING
from ringproof.events.model import Bridged, ChannelLinked, ChannelMade, ChannelOriginated, Event
from ringproof.playing.channel_tracker import endpoint_of

NOW = PbxSeconds(1.0)
CALLER, OTHER, PHONE, SECOND = "PJSIP/trunk-0", "PJSIP/trunk-1", "PJSIP/101-2", "PJSIP/102-3"
ONE, TWO = "Local/101@leg-00000000;1", "Local/101@leg-00000000;2"
CALLS = {CALLER: "anna", OTHER: "boris", PHONE: "pbx", ONE: "local", TWO: "local", SECOND: "local"}


def into(bridge: str, *channels: str, technology: str = "softmix") -> list[Event]:
    """These channels enter a bridge."""
    return [Bridged(at=NOW, channel=channel, bridge=bridge, technology=technology) for channel in channels]


def by_step(channel: str, by: str) -> Event:
    """A step of a channel has the PBX make another one."""
    return ChannelOriginated(at=NOW, channel=channel, by=by)


def linked(channel: str, call: str) -> Event:
    """Asterisk gives a channel another call's linkedid."""
    return ChannelLinked(at=NOW, channel=channel, linked=call)


@pytest.mark.parametrize(
    ("events", "call", "whose"),
    [
        ([], "anna", "anna"),
        ([], "pbx", "pbx"),
        ([linked(PHONE, "anna")], "pbx", "anna"),
        (into("a", CALLER, PHONE), "pbx", "anna"),
        (into("a", PHONE, CALLER), "pbx", "anna"),
        (into("a", CALLER, PHONE, technology=HOLDING), "pbx", "pbx"),
        ([*into("a", CALLER), *into("b", PHONE)], "pbx", "pbx"),
        (into("a", CALLER, ONE), "local", "anna"),  # and so is 102, which rings behind the other half
        (into("a", PHONE, TWO), "pbx", "pbx"),
        ([*into("a", PHONE, TWO), linked(ONE, "anna")], "pbx", "anna"),
        ([linked(PHONE, "anna"), *into("a", OTHER, PHONE)], "pbx", "anna"),
        (into("a", CALLER, OTHER, PHONE), "boris", "boris"),
        ([linked(OTHER, "anna"), linked(PHONE, "boris")], "pbx", "boris"),
        ([by_step(PHONE, CALLER)], "pbx", "anna"),
        ([by_step(PHONE, ONE)], "pbx", "pbx"),
        ([by_step(PHONE, CALLER)], "anna", "anna"),
        ([by_step(PHONE, CALLER), *into("a", OTHER, PHONE)], "pbx", "anna"),
        ([linked("PJSIP/101-9", "anna"), *into("a", "PJSIP/101-9", PHONE)], "pbx", "pbx"),
    ],
)
def test_whose_call_it_becomes(events: list[Event], call: str, whose: str) -> None:
    """A placed call stays what it is; another one is that which it joined first."""
    calls = Calls()
    for channel, made_for in CALLS.items():
        endpoint = endpoint_of(channel)
        outgoing = endpoint not in {"", "trunk"}  # the second half of a Local channel comes in, and nobody placed it
        calls.take(ChannelMade(at=NOW, channel=channel, endpoint=endpoint, linked=made_for, outgoing=outgoing))
    for event in events:
        calls.take(event)
    assert calls.of(call) == whose
    if not any(isinstance(event, ChannelLinked) for event in events):
        assert calls.of(call, "linkedid") == call
