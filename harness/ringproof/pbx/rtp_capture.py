"""The sound that the PBX sent: its RTP packets, each with the PBX time at which it left.

The clock's library writes them (asterisk-image/clock/sound.c), since only there both are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dpkt

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.evidence import open_evidence
from ringproof.pbx.capture import Peer, dotted

MOST = 256 * 1024 * 1024
"""The most bytes of the file: the library writes no packet that would make it longer (MOST there)."""
LONGEST = 2048
"""The most bytes of a packet of sound."""
_EXTENDED = 0x10
_PADDED = 0x20


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet of sound (RFC 3550, section 5.1)."""

    at: PbxEpoch
    target: Peer
    payload_type: int
    payload: bytes


def read_rtp(path: Path) -> Iterator[RtpPacket]:
    """Yield the packets of a capture in their order; a capture that is cut off in the middle of a packet ends there."""
    with open_evidence(path) as file:
        try:
            for stamp, data in dpkt.pcap.Reader(file):
                packet = _packet(PbxEpoch(float(stamp)), data)
                if packet is not None:
                    yield packet
        except (dpkt.NeedData, ValueError):
            return


def _packet(at: PbxEpoch, data: bytes) -> RtpPacket | None:
    if len(data) < 40 or len(data) < int.from_bytes(data[2:4]):  # noqa: PLR2004 - headers of IPv4, UDP and RTP
        return None  # cut off
    target = dotted(data[16:20]), int.from_bytes(data[22:24])
    rtp = data[28:]
    begin = 12 + 4 * (rtp[0] & 0x0F)
    if rtp[0] & _EXTENDED:
        begin += 4 + 4 * int.from_bytes(rtp[begin + 2 : begin + 4])
    end = len(rtp) - (rtp[-1] if rtp[0] & _PADDED else 0)
    return RtpPacket(at=at, target=target, payload_type=rtp[1] & 0x7F, payload=rtp[begin:end])
