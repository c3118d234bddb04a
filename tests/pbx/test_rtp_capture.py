"""The PBX's own capture of the sound that it sends, from packets written by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from ringproof.clock.clock import PbxEpoch
from ringproof.pbx.rtp_capture import RtpPacket, read_rtp

HEADER = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 2048, 101)
SOUND = b"\x55" * 160
ADDRESSES = bytes([0, 0, 0, 0, 172, 18, 0, 3])


def written(rtp: bytes, second: int = 1000, nanosecond: int = 250_000_000) -> bytes:
    """One packet, as the clock's library writes it."""
    ip = bytes([0x45, 0]) + struct.pack(">H", 28 + len(rtp)) + bytes(4) + bytes([64, 17, 0, 0]) + ADDRESSES
    udp = struct.pack(">HHHH", 0, 4000, 8 + len(rtp), 0)
    return struct.pack("<IIII", second, nanosecond, 28 + len(rtp), 28 + len(rtp)) + ip + udp + rtp


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (bytes([0x80, 8]) + bytes(10), b""),
        (bytes([0x80, 0x88]) + bytes(10), b""),  # with the marker
        (bytes([0x82, 8]) + bytes(10) + bytes(8), b""),  # two contributing sources
        (bytes([0x90, 8]) + bytes(10) + b"\xbe\xde\x00\x01" + bytes(4), b""),  # an extension
        (bytes([0xA0, 8]) + bytes(10), b"\x00\x00\x03"),  # padding
    ],
)
def test_the_payload_of_a_packet(begin: bytes, end: bytes, tmp_path: Path) -> None:
    """Whatever stands around it (RFC 3550, section 5.1)."""
    file = tmp_path / "rtp.pcap"
    file.write_bytes(HEADER + written(begin + SOUND + end))
    expected = RtpPacket(at=PbxEpoch(1000.25), target=("172.18.0.3", 4000), payload_type=8, payload=SOUND)
    assert list(read_rtp(file)) == [expected]


def test_a_capture_that_is_cut_off(tmp_path: Path) -> None:
    """A PBX that was killed: what is whole is read."""
    file = tmp_path / "rtp.pcap"
    packet = written(bytes([0x80, 0]) + bytes(10) + SOUND)
    for cut in (1, 20, 100):
        file.write_bytes(HEADER + packet + packet[:-cut])
        assert len(list(read_rtp(file))) == 1
    file.write_bytes(b"")
    assert list(read_rtp(file)) == []
    file.write_bytes(b"no capture at all, but long enough to be one")
    assert list(read_rtp(file)) == []
