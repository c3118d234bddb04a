"""Everything that crosses any interface of this machine while a test looks: a packet socket, read by a thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
LOOPBACK = IPv4Network("127.0.0.0/8")
LOOK_S = 0.2
BUFFER = 64 * 1024 * 1024


@dataclass(frozen=True)
class Seen:
    """An IPv4 packet on one interface."""

    interface: str
    source: IPv4Address
    target: IPv4Address
    payload: bytes

    def __str__(self) -> str:
        """Say what goes where."""
        return f"{self.interface}: {self.source} -> {self.target} {self.payload[:60]!r}"


@dataclass
class Capture:
    """What was seen, by what it has to do with a run's networks."""

    subnets: tuple[IPv4Network, ...]
    secrets: tuple[bytes, ...]
    """Words that only the run's own containers say: a packet that holds one is theirs, whoever sends it."""
    nowhere: IPv4Address | None = None
    """An address that nobody has: what goes there is the run's, too, whoever sends it on."""
    inside: int = 0
    leaks: list[Seen] = field(default_factory=list)

    def take(self, packet: Seen) -> None:
        """Count a packet that stays inside, and keep one that leaves; what others send is not looked at."""
        ours = self._is_ours(packet.source)
        stays = (
            self._is_ours(packet.target)
            or packet.target.is_multicast
            or packet.target == IPv4Address("255.255.255.255")
        )
        if ours and stays:
            self.inside += 1
        elif ours or packet.target == self.nowhere or any(secret in packet.payload for secret in self.secrets):
            self.leaks.append(packet)

    def _is_ours(self, address: IPv4Address) -> bool:
        return any(address in subnet for subnet in self.subnets)


@contextlib.contextmanager
def capturing(subnets: Iterable[str], secrets: Iterable[str], nowhere: str = "") -> Iterator[Capture]:
    """Capture on every interface until the end of the block. Needs root (CAP_NET_RAW)."""
    words = tuple(secret.encode() for secret in secrets)
    capture = Capture(tuple(map(IPv4Network, subnets)), words, IPv4Address(nowhere) if nowhere else None)
    over = threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        raw.settimeout(LOOK_S)

        def look() -> None:
            while True:
                try:
                    frame, (interface, kind, *_) = raw.recvfrom(65536)
                except TimeoutError:
                    if over.is_set():
                        return
                    continue
                at = 14
                if kind == ETH_P_IP and len(frame) >= at + 20:
                    source, target = IPv4Address(frame[at + 12 : at + 16]), IPv4Address(frame[at + 16 : at + 20])
                    if source not in LOOPBACK:
                        capture.take(Seen(interface, source, target, frame[at + 20 :]))

        thread = threading.Thread(target=look, name="capture", daemon=True)
        thread.start()
        try:
            yield capture
        finally:
            over.set()
            thread.join()
