"""What the name server of a play answers."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as some
from ringproof.containers.errors import ComplaintError
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.playing.names import answer_to

from playing.conftest import on_a_clock
from playing.laboratory import laboratory, with_dialplan

NAMES = {"pbx.provider.example": "198.51.100.7"}


def ask(name: str, kind: str) -> dns.message.Message:
    """Return the answer to a question of this type."""
    answered = answer_to(dns.message.make_query(name, kind).to_wire(), NAMES)
    assert answered is not None
    wire, asked, of_kind = answered
    assert (asked, of_kind) == (name.rstrip("."), kind)
    return dns.message.from_wire(wire)


@pytest.mark.parametrize("name", ["pbx.provider.example", "PBX.Provider.Example", "pbx.provider.example."])
def test_a_name_that_was_given_has_its_address(name: str) -> None:
    """However it is written."""
    answer = ask(name, "A")
    assert answer.rcode() == dns.rcode.NOERROR
    assert [record.address for rrset in answer.answer for record in rrset] == ["198.51.100.7"]


@pytest.mark.parametrize("kind", ["AAAA", "SRV", "NAPTR"])
def test_it_has_no_other_record(kind: str) -> None:
    """It exists, so who asks goes on with its address."""
    answer = ask("pbx.provider.example", kind)
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer


@pytest.mark.parametrize("kind", ["A", "AAAA", "SRV"])
def test_other_names_do_not_exist(kind: str) -> None:
    """Whoever asks is told at once."""
    answer = ask("_sip._udp.elsewhere.example", kind)
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.flags & dns.flags.RA


def test_what_is_no_question_gets_no_answer() -> None:
    """A response, and a query that asks nothing."""
    query = dns.message.make_query("elsewhere.example", "A")
    assert answer_to(dns.message.make_response(query).to_wire(), NAMES) is None
    assert answer_to(query.to_wire()[:12], NAMES) is None


@given(some.binary(max_size=200))
def test_garbage_raises_nothing(wire: bytes) -> None:
    """Anybody in the container can send it."""
    answer_to(wire, NAMES)


@pytest.mark.pbx
def test_a_name_does_not_hold_up_a_boot(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asterisk asks for a STUN server before it is ready: a resolver that cannot be reached costs it 20 s.

    16 waits for the answer, so that its complaint belongs to the boot. 22 asks beside all else (dns_recurring.c): its
    complaint comes before the end of the boot or after it.
    """
    with_dialplan(monkeypatch, "", files={"rtp.conf": ("[general]\n", "stunaddr=stun.provider.example\n")})

    async def act() -> None:
        async with laboratory(environment, tmp_path, FASTEST) as running:
            end = running.clock.now() + 600
            while not complaint() and running.clock.now() < end:
                await running.passes(1)  # a line of a log: there is no event to wait for

    def complaint() -> re.Match[str] | None:
        return re.search(r"WARNING.*stun\.provider\.example", (tmp_path / "pbx" / "full.log").read_text("utf-8"))

    began = time.monotonic()
    with contextlib.suppress(ComplaintError):
        on_a_clock(act())
    assert time.monotonic() - began < 15
    assert complaint()
