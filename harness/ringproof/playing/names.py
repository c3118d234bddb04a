"""The name server of a play: PBX and phones ask no other, it answers at once, and every question is recorded.

Without it a name in a configuration would cost 20 s of real time in a network that has no way out, since Docker's own
resolver waits for a server that cannot be reached. With Docker before 23 the question would leave the machine through
the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

TTL_S = 60
LARGEST = 4096
NO_NAMES: Mapping[str, str] = {}


class Question(NamedTuple):
    """A question, and the address from which it came."""

    name: str
    kind: str
    """A, AAAA, SRV, NAPTR..."""
    address: str
    """The address of the PBX or phone that asked."""


class NameServer:
    """Answers on a UDP socket of the network namespace of the phones, from the running loop."""

    def __init__(
        self, link: socket.socket, on_question: Callable[[Question], None], names: Mapping[str, str] = NO_NAMES
    ) -> None:
        """Answer questions from now on. `names`: those that exist, each with an IPv4 address; there are no others."""
        self._link = link
        self._on_question = on_question
        self._names = {name.casefold().rstrip("."): address for name, address in names.items()}
        self._loop = asyncio.get_running_loop()
        link.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword
        self._loop.add_reader(link, self._hear)

    def close(self) -> None:
        """Stop answering."""
        self._loop.remove_reader(self._link)
        self._link.close()

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while True:
                wire, asker = self._link.recvfrom(LARGEST)
                if answered := answer_to(wire, self._names):
                    answer, name, kind = answered
                    with contextlib.suppress(OSError):  # the sender of the question has gone
                        self._link.sendto(answer, asker)
                    self._on_question(Question(name, kind, asker[0]))


def answer_to(wire: bytes, names: Mapping[str, str]) -> tuple[bytes, str, str] | None:
    """Return the answer to a query, and the name and the type that it asks for; None: it is no query.

    `names`: lower case, without a final dot. A name in it has an A record and no other; other names do not exist.
    """
    try:
        query = dns.message.from_wire(wire, ignore_trailing=True)
        if query.flags & dns.flags.QR or not query.question:
            return None
        asked = query.question[0]
        name = asked.name.to_text(omit_final_dot=True)
        answer = dns.message.make_response(query, recursion_available=True)
        address = names.get(name.casefold())
        if address is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif asked.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(asked.name, TTL_S, dns.rdataclass.IN, dns.rdatatype.A, address))
        return answer.to_wire(), name, dns.rdatatype.to_text(asked.rdtype)
    except dns.exception.DNSException:
        return None
