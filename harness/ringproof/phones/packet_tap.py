"""Reads SIP as it passes the network interfaces of the phones' container, for every play there.

The seal of the container has opened one packet socket (asterisk-image/seal/seal.c). A packet that has been read is no
longer in it, so `read` adds each packet to the lists of all plays.
"""

from __future__ import annotations

import socket
import struct
import threading

SOL_PACKET, PACKET_STATISTICS = 263, 6
LONGEST = 65536
LOOPBACK = "lo"


class PacketTap:
    """One packet socket and the lists of its listeners."""

    def __init__(self, link: socket.socket) -> None:
        """Read from a packet socket of the kind SOCK_DGRAM, whose packets begin with the header of IPv4."""
        link.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword
        self.link = link
        self._listeners: list[list[bytes]] = []
        self._lost = 0
        self._reading = threading.Lock()

    def listen(self) -> list[bytes]:
        """Return a list to which every packet read from now on is added, until `leave`."""
        self.read()
        packets: list[bytes] = []
        with self._reading:
            self._listeners.append(packets)
        return packets

    def leave(self, packets: list[bytes]) -> None:
        """Add nothing more to a list that `listen` returned."""
        with self._reading:
            self._listeners = [listener for listener in self._listeners if listener is not packets]

    def read(self) -> None:
        """Read all packets that wait. On the loopback each one passes twice, out and in; it is added once."""
        with self._reading:
            while True:
                try:
                    packet, (interface, _, direction, *_) = self.link.recvfrom(LONGEST)
                except OSError:  # nothing waits, or the container has ended, which is noticed elsewhere
                    return
                if direction == socket.PACKET_HOST or (direction == socket.PACKET_OUTGOING and interface != LOOPBACK):
                    for listener in self._listeners:
                        listener.append(packet)

    def lost(self) -> int:
        """Return how many packets the kernel has dropped for lack of room."""
        with self._reading:
            _, dropped = struct.unpack("II", self.link.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
            self._lost += int(dropped)  # reading it sets the kernel's count to 0
            return self._lost
