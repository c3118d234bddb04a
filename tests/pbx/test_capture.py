"""The PBX's own capture, from packets written by hand."""

from __future__ import annotations

from pathlib import Path

import dpkt
import pytest
from ringproof.clock.clock import PbxEpoch
from ringproof.pbx.capture import Packet, read_capture

PBX = ("172.18.0.2", 5060)
PHONE = ("172.18.0.1", 40101)
INVITE = "INVITE sip:101@172.18.0.1 SIP/2.0\r\nTo: <sip:101@172.18.0.1>\r\nCall-ID: abc@pbx\r\nCSeq: 7 INVITE\r\n\r\n"
BUSY = "SIP/2.0 486 Busy Here\r\nt: <sip:101@172.18.0.1>;tag=x\r\ni: abc@pbx\r\nCSEQ: 7  INVITE\r\n\r\n"


def capture(folder: Path, *packets: tuple[tuple[str, int], tuple[str, int], str]) -> Path:
    """Write packets (source, target, SIP) one second apart."""
    path = folder / "sip.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for second, (source, target, text) in enumerate(packets):
            udp = dpkt.udp.UDP(sport=source[1], dport=target[1], data=text.encode())
            udp.ulen = len(udp)
            ip = dpkt.ip.IP(src=_bytes(source[0]), dst=_bytes(target[0]), p=dpkt.ip.IP_PROTO_UDP, data=udp)
            ip.len = len(ip)
            writer.writepkt(bytes(dpkt.ethernet.Ethernet(data=ip)), ts=1000.25 + second)
    return path


def _bytes(address: str) -> bytes:
    return bytes(int(part) for part in address.split("."))


def test_requests_and_responses(tmp_path: Path) -> None:
    """Long and compact headers, whichever way they are written."""
    path = capture(tmp_path, (PBX, PHONE, INVITE), (PHONE, PBX, BUSY))
    first, second = read_capture(path, {PHONE: "101"})
    assert first == Packet(PbxEpoch(1000.25), "101", "172.18.0.1:40101", True, "INVITE", None, "abc@pbx", False)  # noqa: FBT003
    assert second == Packet(PbxEpoch(1001.25), "101", "172.18.0.2:5060", False, "INVITE", 486, "abc@pbx", True)  # noqa: FBT003


def test_strangers_and_noise_are_left_out(tmp_path: Path) -> None:
    """Only what is between the PBX and our phones, and only SIP."""
    own = ("0.0.0.0", 0)  # noqa: S104 - what Asterisk writes for its own side
    path = capture(tmp_path, (("10.0.0.1", 5060), own, INVITE), (own, PHONE, "\r\n\r\n"), (own, PHONE, INVITE))
    assert [packet.peer for packet in read_capture(path, {PHONE: "101"})] == ["101"]


def test_what_the_pbx_sends_to_a_stranger_is_kept(tmp_path: Path) -> None:
    """A call that leaves the office is not to go unseen."""
    path = capture(tmp_path, (("0.0.0.0", 0), ("10.0.0.1", 5060), INVITE))  # noqa: S104 - as above
    (packet,) = read_capture(path, {PHONE: "101"})
    assert (packet.peer, packet.target, packet.sent) == ("", "10.0.0.1:5060", True)


@pytest.mark.parametrize(
    ("via", "transport"),
    [
        ("Via: SIP/2.0/TCP 10.0.0.1", "TCP"),
        ("v: SIP / 2.0 / tls 10.0.0.1", "TLS"),
        ("Via: SIP/2.0/UDP 10.0.0.1", "UDP"),
    ],
)
def test_the_transport_is_that_of_the_via(tmp_path: Path, via: str, transport: str) -> None:
    """Asterisk captures what it sends by TCP as UDP, too, before it is connected."""
    path = capture(tmp_path, (PBX, PHONE, INVITE.replace("Call-ID", f"{via};branch=z\r\nCall-ID")))
    assert [packet.transport for packet in read_capture(path, {PHONE: "101"})] == [transport]


def test_the_text_of_what_the_pbx_asks_is_kept(tmp_path: Path) -> None:
    """Of its requests, in a dialog or not, and of nobody else's messages."""
    notify = INVITE.replace("INVITE", "NOTIFY").replace("\r\n\r\n", "\r\nEvent: talk\r\n\r\n")
    path = capture(tmp_path, (PBX, PHONE, notify), (PHONE, PBX, BUSY), (PHONE, PBX, notify), (PBX, PHONE, BUSY))
    packets = read_capture(path, {PHONE: "101"})
    assert [(packet.method, packet.text) for packet in packets] == [
        ("NOTIFY", notify),
        ("INVITE", ""),
        ("NOTIFY", ""),
        ("INVITE", ""),
    ]


@pytest.mark.parametrize("cut", [30, 100, 150])
def test_a_capture_cut_off_ends_there(tmp_path: Path, cut: int) -> None:
    """A PBX that was killed left half a packet."""
    path = capture(tmp_path, (PBX, PHONE, INVITE), (PHONE, PBX, BUSY))
    path.write_bytes(path.read_bytes()[:-cut])
    assert [packet.code for packet in read_capture(path, {PHONE: "101"})] == [None]
