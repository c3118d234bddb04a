"""The second capture: what is compared, what is told of it, and a PBX's own capture that is cut."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest
from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.pbx import capture
from ringproof.pbx.capture import Packet, Peer
from ringproof.playing.conductor import conduct
from ringproof.playing.network_capture import disagreement, whole_datagrams

from playing.conftest import on_a_clock, story

STORY = """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  somebody answers:
    when: [{call: anna}, {wait: 5s}]
    expect: [{nobody: answers}, {ring: [101]}]
"""


def said(
    method: str, code: int | None = None, *, to: str = "101", sent: bool = True, call: str = "a", at: float = 0.0
) -> Packet:
    """Return one message between the PBX and a phone."""
    return Packet(PbxEpoch(at), to, "172.18.0.3:4000", sent, method, code, call, in_dialog=False)


CALL = [said("INVITE"), said("INVITE", 180, sent=False), said("CANCEL"), said("INVITE", 487, sent=False)]


def test_the_same_messages_are_no_difference() -> None:
    """Whatever their times, however often each was sent, and whatever else was said."""
    again = [*CALL, said("INVITE", at=9.0), said("OPTIONS"), said("NOTIFY", 200)]
    assert disagreement(CALL, again, again) == ""
    assert disagreement(again, CALL, CALL) == ""
    assert disagreement([], [], []) == ""


@pytest.mark.parametrize("number", range(len(CALL)))
def test_each_message_of_a_call_is_looked_for(number: int) -> None:
    """In both captures."""
    some = [*CALL[:number], *CALL[number + 1 :]]
    assert "and it is not in the PBX's own capture" in disagreement(some, CALL, CALL)
    assert "the network has not seen it" in disagreement(CALL, some, some)


def test_what_came_while_the_capture_was_being_saved_may_be_in_either() -> None:
    """The PBX's own has ended by then, or has it already."""
    late = [*CALL, said("BYE", call="b")]
    assert disagreement(CALL, CALL, late) == ""
    assert disagreement(late, CALL, late) == ""
    assert disagreement(late, CALL, CALL) != ""


def test_another_phone_call_way_or_code_is_another_message() -> None:
    """And what is told names them."""
    assert disagreement([], [said("INVITE")], [said("INVITE")]).startswith("INVITE to 101: the network has seen it")
    for other in (said("INVITE", to="102"), said("INVITE", call="b"), said("INVITE", sent=False), said("INVITE", 200)):
        assert disagreement([said("INVITE")], [other], [other]) != ""


def test_what_the_pbx_sends_by_tcp_no_phone_can_see() -> None:
    """Its own capture has it before it is connected."""
    packet = said("INVITE")
    by_tcp = Packet(packet.at, "101", packet.target, True, "INVITE", None, "t", in_dialog=False, transport="TCP")  # noqa: FBT003
    assert disagreement([*CALL, by_tcp], CALL, CALL) == ""


def fragments(payload: bytes, *sizes: int) -> Iterator[bytes]:
    """Yield the packets of one datagram, its parts of so many bytes."""
    udp = struct.pack(">HHHH", 5060, 4000, 8 + len(payload), 0) + payload
    offset = 0
    for number, size in enumerate(sizes):
        last = number == len(sizes) - 1
        part = udp[offset:] if last else udp[offset : offset + size]
        ip = dpkt.ip.IP(src=b"\x0a\0\0\1", dst=b"\x0a\0\0\2", p=17, id=7, len=20 + len(part))
        head = bytearray(bytes(ip)[:20])
        head[2:4] = struct.pack(">H", 20 + len(part))
        head[6:8] = struct.pack(">H", (0 if last else 0x2000) | offset // 8)
        yield bytes(head) + part
        offset += size


def test_a_message_in_fragments_is_put_together() -> None:
    """In whatever order they come; of one that lacks a part nothing is read."""
    payload = bytes(range(256)) * 12
    parts = list(fragments(payload, 1480, 1480, 0))
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        (ip,) = whole_datagrams([parts[number] for number in order])
        assert bytes(ip.data.data) == payload
    assert list(whole_datagrams(parts[:2])) == []
    assert list(whole_datagrams([parts[0], parts[2]])) == []
    (ip,) = whole_datagrams([b"no packet", *fragments(b"INVITE", 0)])
    assert bytes(ip.data.data) == b"INVITE"


@pytest.mark.pbx
def test_a_capture_that_lacks_a_message_breaks_the_play(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here what the phones answered: nothing else would have noticed. Any of the phones that ring may be told first."""
    read = capture.read_capture

    def without(path: Path, peers: dict[Peer, str]) -> Iterator[Packet]:
        return (packet for packet in read(path, peers) if packet.code != 180)

    monkeypatch.setattr(capture, "read_capture", without)
    with pytest.raises(
        BrokenError, match=r"180 \(INVITE\) (to anna|from 10\d): the network has seen it, and it is not in"
    ):
        on_a_clock(conduct(story(STORY, tmp_path), environment, tmp_path, FASTEST))
