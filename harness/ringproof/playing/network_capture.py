"""The second witness of what was sent: a capture of SIP at the phones' own network interfaces, beside Asterisk's own.

It is taken from a packet socket of the container of the phones, which its seal has opened (asterisk-image/seal/seal.c),
so it does not depend on Asterisk. If the two differ, one is incomplete or wrong, and the play proves nothing.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable, Iterator, Mapping

import dpkt

from ringproof.clock.clock import PbxEpoch
from ringproof.pbx.capture import UDP, Packet, Peer, packet_of
from ringproof.phones.packet_tap import PacketTap

COMPARED = frozenset({"INVITE", "CANCEL", "BYE", "REFER"})
"""Requests, and the responses to them, that belong to calls."""
Message = tuple[str, str, str, str]
"""Phone or caller, method or response, direction (`to` or `from` it), and Call-ID."""


class NetworkCapture:
    """Captures the SIP of one play, in the running event loop."""

    def __init__(self, tap: PacketTap) -> None:
        """Capture what passes from now on."""
        self._tap = tap
        self._lost = tap.lost()
        self._packets = tap.listen()
        self._loop = asyncio.get_running_loop()
        self._link = tap.link.dup()
        self._loop.add_reader(self._link, tap.read)

    @property
    def lost(self) -> int:
        """How many packets the kernel has dropped since this capture began, of this play or others in the container."""
        return self._tap.lost() - self._lost

    def messages(self, peers: Mapping[Peer, str]) -> list[Packet]:
        """Return the SIP messages captured so far between the PBX and these peers."""
        self._tap.read()
        found = (packet_of(PbxEpoch(0.0), ip, peers) for ip in whole_datagrams(self._packets))
        return [packet for packet in found if packet is not None]

    def close(self) -> None:
        """Stop capturing."""
        self._loop.remove_reader(self._link)
        self._link.close()
        self._tap.leave(self._packets)


def whole_datagrams(packets: Iterable[bytes]) -> Iterator[dpkt.ip.IP]:
    """Yield the IPv4 packets, reassembled if they were sent in fragments (RFC 791, section 3.2)."""
    parts: dict[tuple[bytes, bytes, int], dict[int, bytes]] = {}
    for data in packets:
        try:
            ip = dpkt.ip.IP(data)
        except dpkt.UnpackError:
            continue
        if not ip.mf and not ip.offset:
            yield ip
            continue
        header = data[: ip.hl * 4]
        fragments = parts.setdefault((ip.src, ip.dst, ip.id), {})
        offset = ip.offset * 8
        fragments[offset] = data[ip.hl * 4 : ip.len]
        if not ip.mf:
            fragments[-1] = struct.pack("I", offset + ip.len - ip.hl * 4)
        whole = _joined(fragments)
        if whole is not None:
            del parts[ip.src, ip.dst, ip.id]
            plain = bytearray(header)
            plain[2:4] = struct.pack(">H", len(header) + len(whole))
            plain[6:8] = b"\0\0"
            yield dpkt.ip.IP(bytes(plain) + whole)


def _joined(fragments: Mapping[int, bytes]) -> bytes | None:
    """Return the data of all fragments, which are given by offset; None: some are missing. Key -1 has the length."""
    if -1 not in fragments:
        return None
    whole = b""
    for offset in sorted(offset for offset in fragments if offset >= 0):
        if offset != len(whole):
            return None
        whole += fragments[offset]
    return whole if len(whole) == struct.unpack("I", fragments[-1])[0] else None


def disagreement(own: Iterable[Packet], seen: Iterable[Packet], seen_by_end: Iterable[Packet]) -> str:
    """Return in which message of a call the PBX's own capture and that of the network differ; empty: in none.

    `seen`: what the network's had before the PBX's own capture was ended; all of it must be in `own`. `seen_by_end`:
    what the network's had after that; it must have all of `own`. Times and retransmissions are not compared.
    """
    own_messages, before, after = _messages(own), _messages(seen), _messages(seen_by_end)
    for messages, known, where in (
        (before, own_messages, "the network has seen it, and it is not in the PBX's own capture"),
        (own_messages, after, "it is in the PBX's own capture, and the network has not seen it"),
    ):
        for who, what, way, call_id in messages:
            if (who, what, way, call_id) not in known:
                return f"{what} {way} {who}: {where} (Call-ID {call_id})"
    return ""


def _messages(packets: Iterable[Packet]) -> dict[Message, None]:
    """Return the messages to compare, each once, in order."""
    found: dict[Message, None] = {}
    for packet in packets:
        if packet.peer and packet.transport == UDP and packet.method in COMPARED:
            what = packet.method if packet.code is None else f"{packet.code} ({packet.method})"
            found[packet.peer, what, "to" if packet.sent else "from", packet.call_id] = None
    return found
