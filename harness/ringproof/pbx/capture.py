"""The PBX's own capture of its SIP traffic: what it sent to phones and what came back, with its own timestamps.

Asterisk writes it (`pjsip set logger pcap FILE`, res_pjsip_logger.c), so its times are PBX time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dpkt

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.evidence import open_evidence

Peer = tuple[str, int]
"""IPv4 address and UDP port of a phone or caller."""

UDP = "UDP"
"""The transport of phones."""
LOCAL = "0.0.0.0"  # noqa: S104 - nothing is bound to it
"""What Asterisk writes for its own side of a packet."""
_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_CSEQ = re.compile(rb"^cseq[ \t]*:[ \t]*(\d+)[ \t]+(\w+)", re.IGNORECASE | re.MULTILINE)
_VIA = re.compile(rb"^(?:via|v)[ \t]*:[ \t]*SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)
_CONNECTION = re.compile(rb"^c=IN IP4 ([0-9.]+)", re.MULTILINE)
_AUDIO = re.compile(rb"^m=audio ([0-9]+) ", re.MULTILINE)
_TO = re.compile(rb"^(?:to|t)[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Packet:
    """One SIP message between the PBX and a peer of ours."""

    at: PbxEpoch
    peer: str
    """Name of the phone or caller; empty for a stranger, whose address is `target`."""
    target: str
    """The address it went to, as `host:port`."""
    sent: bool
    """True where the PBX sent it to the peer."""
    method: str
    """Method of a request, or of the request that a response answers."""
    code: int | None
    """Status code of a response; None for a request."""
    call_id: str
    in_dialog: bool
    """The To header has a tag."""
    transport: str = UDP
    """The transport in its own Via: Asterisk captures every message as UDP, and before a connection is made."""
    sound_to: Peer | None = None
    """Where its sender wants sound sent, by its session description (RFC 8866); None: it does not say."""
    text: str = field(default="", repr=False, compare=False)
    """Text of a request that the PBX sent; else empty."""


def read_capture(path: Path, peers: Mapping[Peer, str]) -> Iterator[Packet]:
    """Yield the SIP messages of a capture in their order; of strangers only those that the PBX sent them.

    A capture that is cut off in the middle of a packet (by a kill of the PBX) ends there.
    """
    with open_evidence(path) as file:
        try:
            for stamp, frame in dpkt.pcap.Reader(file):
                packet = _packet(PbxEpoch(stamp), frame, peers)
                if packet is not None:
                    yield packet
        except (dpkt.NeedData, ValueError):
            return


def _packet(at: PbxEpoch, frame: bytes, peers: Mapping[Peer, str]) -> Packet | None:
    ip = dpkt.ethernet.Ethernet(frame).data
    return packet_of(at, ip, peers) if isinstance(ip, dpkt.ip.IP) else None


def packet_of(at: PbxEpoch, ip: dpkt.ip.IP, peers: Mapping[Peer, str]) -> Packet | None:
    """Return the SIP message in an IPv4 packet; None where there is none, or where a stranger sent it to the PBX."""
    if not isinstance(ip.data, dpkt.udp.UDP):
        return None
    udp = ip.data
    source, target = (dotted(ip.src), udp.sport), (dotted(ip.dst), udp.dport)
    peer = peers.get(target) or peers.get(source)
    payload = bytes(udp.data)
    call_id, cseq = _CALL_ID.search(payload), _CSEQ.search(payload)
    stranger = peer is None and target[0] != LOCAL
    if (peer is None and not stranger) or call_id is None or cseq is None:
        return None
    first = payload.split(b"\r\n", 1)[0]
    is_request = not first.startswith(b"SIP/2.0")
    sent = stranger or target in peers
    to = _TO.search(payload)
    return Packet(
        at=at,
        peer=peer or "",
        target=f"{target[0]}:{target[1]}",
        sent=sent,
        method=first.split(b" ", 1)[0].decode("ascii", "replace") if is_request else cseq[2].decode(),
        code=None if is_request else int(first.split(b" ")[1]),
        call_id=call_id[1].decode("utf-8", "replace"),
        in_dialog=to is not None and b";tag=" in to[1].lower(),
        transport=via[1].decode().upper() if (via := _VIA.search(payload)) is not None else UDP,
        sound_to=_sound_to(payload),
        text=payload.decode("utf-8", "replace") if sent and is_request else "",
    )


def _sound_to(payload: bytes) -> Peer | None:
    """Return where the sender of a message wants its sound; the first of several addresses, as our phones write it."""
    connection, audio = _CONNECTION.search(payload), _AUDIO.search(payload)
    if connection is None or audio is None or not int(audio[1]):
        return None
    return connection[1].decode(), int(audio[1])


def dotted(address: bytes) -> str:
    """Return the text of an IPv4 address of four bytes."""
    return ".".join(str(byte) for byte in address)
