"""Where a SIP message leads: what is a direction in which message, and which address is none of the run's."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.phones.elsewhere import Lead, Networks, leads_elsewhere, name_of

NETWORKS = Networks(["172.18.0.0/16", "172.19.0.0/16", "fd00::/64"], ["127.0.0.1"])
INVITE = "INVITE sip:101@172.18.0.1:4000 SIP/2.0"
OK = "SIP/2.0 200 OK"
MOVED = "SIP/2.0 302 Moved Temporarily"
SDP = """v=0
o=- 1 1 IN IP4 198.51.100.1
s=203.0.113.9
c=IN IP4 172.18.0.2
t=0 0
m=audio 4000 RTP/AVP 0
a=sendrecv
"""


def message(start: str, *headers: str, method: str = "INVITE", body: str = "", content: str = "application/sdp") -> str:
    """Write a message; what says who speaks says another address in each."""
    told = [f"Content-Type: {content}"] if body else []
    lines = [
        start,
        "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK1;received=198.51.100.2",
        'From: "a@198.51.100.3" <sip:anna@198.51.100.4>;tag=1',
        "To: <sip:101@pbx.example.com>",
        "P-Asserted-Identity: <sip:anna@198.51.100.5>",
        "Call-ID: 1@198.51.100.6",
        f"CSeq: 1 {method}",
        *headers,
        *told,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body.replace("\n", "\r\n")])


def leads(start: str, *headers: str, method: str = "INVITE", body: str = "", content: str = "application/sdp") -> Leads:
    """Return where such a message leads: address and line."""
    return [
        tuple(lead)
        for lead in leads_elsewhere(message(start, *headers, method=method, body=body, content=content), NETWORKS)
    ]


Leads = list[tuple[str, ...]]

CONTACTS = {
    "<sip:asterisk@198.51.100.77:5060>": "198.51.100.77",
    "sip:198.51.100.77": "198.51.100.77",
    "SIPS:x@198.51.100.77;transport=tls": "198.51.100.77",
    "<sip:198.51.100.77;lr>;q=0.5": "198.51.100.77",
    "sip:a;b=c?d/e@198.51.100.77;expires=5": "198.51.100.77",
    "<sip:172.18.0.2@198.51.100.77>": "198.51.100.77",
    "<sip:%40172.18.0.2:5060@198.51.100.77>": "198.51.100.77",
    "<sip:a@172.18.0.2;transport=udp;MAddr=198.51.100.77>": "198.51.100.77",
    "<sip:a@172.18.0.2;maddr=pbx.example.com?x=y>": "pbx.example.com",
    '"<sip:1@172.18.0.2>, \\" or" <sip:a@198.51.100.77>': "198.51.100.77",
    "<sip:a@172.18.0.2>, <sip:b@198.51.100.77>": "198.51.100.77",
    "<sip:a,b@172.18.0.2>,sip:c@198.51.100.77": "198.51.100.77",
    "<sip:a@[2001:db8::7]:5060>": "2001:db8::7",
    "<sip:a@[::1]>": "::1",
    "<sip:a@pbx.example.com>": "pbx.example.com",
    "<sip:a@172.18.0.2.example.com:5060>": "172.18.0.2.example.com",
    "<sip:a@localhost>": "localhost",
    "<sip:a@172.18.0.999>": "172.18.0.999",
    "<sip:a@0.0.0.0>": "0.0.0.0",  # noqa: S104 - holds sound, and is no place to send SIP to
    "<sip:a@172.18.0.2:5060;ob>": "",
    "<sip:198.51.100.77@172.18.0.2>": "",
    "sip:198.51.100.77@172.19.255.255;q=1": "",
    "<sip:a@127.0.0.1:5062>": "",
    '"198.51.100.77" <sip:a@172.18.0.2?Replaces=1%40198.51.100.77;maddr=198.51.100.77>': "",
    "<sip:pbx.example.com;maddr=172.18.0.2>": "",
    "*": "",
    "<tel:+74951234567>": "",
    "<mailto:anna@example.com>": "",
    "<sip:>": "",
    "": "",
}


@pytest.mark.parametrize(("value", "address"), CONTACTS.items())
@pytest.mark.parametrize("start", [INVITE, OK, MOVED, "SIP/2.0 183 Session Progress"])
def test_where_a_contact_leads(start: str, value: str, address: str) -> None:
    """Whatever its user, name and parameters hold; a name is elsewhere, for nobody in a run can look it up."""
    told = " ".join(f"Contact: {value}".split())
    assert leads(start, f"Contact: {value}") == ([(address, told)] if address else [])


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("Contact: <sip:a@198.51.100.77>", "Contact: <sip:a@198.51.100.77>"),
        ("m: <sip:a@198.51.100.77>", "m: <sip:a@198.51.100.77>"),
        ("CONTACT \t:<sip:a@198.51.100.77>", "CONTACT :<sip:a@198.51.100.77>"),
        ('Contact:\r\n "Anna"\r\n\t<sip:a@198.51.100.77>', 'Contact: "Anna" <sip:a@198.51.100.77>'),
        ("Record-Route: <sip:198.51.100.77;lr>", "Record-Route: <sip:198.51.100.77;lr>"),
        ("Contact: <sip:\x1b[2J@198.51.100.77>", "Contact: <sip:\N{REPLACEMENT CHARACTER}[2J@198.51.100.77>"),
        (f"Contact: <sip:{'a' * 300}@198.51.100.77>", f"Contact: <sip:{'a' * 186}…"),
    ],
)
def test_the_line_is_told_as_it_stands_there(header: str, told: str) -> None:
    """On one line and in characters that can be shown, however it is folded, in its long and its compact form."""
    assert [line for _, line in leads(INVITE, header)] == [told]


AWAY = "<sip:a@198.51.100.77>"


@pytest.mark.parametrize(
    ("start", "method", "headers", "followed"),
    [
        (INVITE, "INVITE", {"Contact", "Record-Route"}, True),
        ("UPDATE sip:101@172.18.0.1 SIP/2.0", "UPDATE", {"Contact", "Record-Route"}, True),
        ("NOTIFY sip:101@172.18.0.1 SIP/2.0", "NOTIFY", {"Contact"}, True),
        ("REFER sip:101@172.18.0.1 SIP/2.0", "REFER", {"Contact", "Refer-To", "r", "m"}, True),
        ("SIP/2.0 180 Ringing", "INVITE", {"Contact", "Record-Route"}, True),
        ("SIP/2.0 200 OK", "REFER", {"Contact"}, True),
        ("SIP/2.0 200 OK", "REGISTER", {"Service-Route"}, True),
        ("SIP/2.0 302 Moved Temporarily", "OPTIONS", {"Contact"}, True),
        (INVITE, "INVITE", {"Route", "Refer-To", "Referred-By", "Reply-To", "Call-Info", "P-Served-User"}, False),
        ("OPTIONS sip:101@172.18.0.1 SIP/2.0", "OPTIONS", {"Contact", "Record-Route"}, False),
        ("MESSAGE sip:101@172.18.0.1 SIP/2.0", "MESSAGE", {"Contact", "Record-Route"}, False),
        ("BYE sip:101@172.18.0.1 SIP/2.0", "BYE", {"Contact", "Record-Route"}, False),
        ("SIP/2.0 200 OK", "REGISTER", {"Contact", "Record-Route", "Path"}, False),
        ("SIP/2.0 302 Moved Temporarily", "REGISTER", {"Contact"}, False),
        ("SIP/2.0 302 Moved Temporarily", "INVITE", {"Record-Route"}, False),
        ("SIP/2.0 486 Busy Here", "INVITE", {"Contact", "Record-Route"}, False),
        ("SIP/2.0 200 OK", "REFER", {"Refer-To"}, False),
    ],
)
def test_which_headers_are_followed(start: str, method: str, headers: set[str], followed: bool) -> None:  # noqa: FBT001
    """Only those by which a phone that got such a message would go on."""
    for header in headers:
        line = f"{header}: {AWAY}"
        assert leads(start, line, method=method) == ([("198.51.100.77", line)] if followed else []), header


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("<sip:102@172.18.0.2>", ""),
        ("sip:102@172.18.0.2", ""),
        ("<tel:+74951234567>", ""),
        ("<sip:102@172.18.0.2?Replaces=1%40198.51.100.77%3Bto-tag%3D1>", ""),
        ("sip:102@pbx.example.com", "pbx.example.com"),
        ('"102" <sip:102@198.51.100.77>', "198.51.100.77"),
    ],
)
def test_refer_to(target: str, address: str) -> None:
    """An extension of the PBX is fine, and a telephone number no address."""
    start, line = "REFER sip:101@172.18.0.1 SIP/2.0", f"Refer-To: {target}"
    assert leads(start, line, method="REFER") == ([(address, line)] if address else [])


SESSION = "c=IN IP4 172.18.0.2"
AUDIO = "m=audio 4000 RTP/AVP 0\n"
VIDEO = "m=video 4002 RTP/AVP 96\n"


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        ({SESSION: "c=IN IP4 198.51.100.77"}, ["c=IN IP4 198.51.100.77"]),
        ({SESSION: "c=IN IP4 media.example.com"}, ["c=IN IP4 media.example.com"]),
        ({SESSION: "c=IN IP4 224.2.1.1/127/3"}, ["c=IN IP4 224.2.1.1/127/3"]),
        ({SESSION: "c=IN IP6 fd00::2"}, ["c=IN IP6 fd00::2"]),
        ({SESSION: "c=IN IP6 ::"}, ["c=IN IP6 ::"]),
        ({SESSION: "c=IN IP4 0.0.0.0"}, []),
        ({AUDIO: f"{AUDIO}c=IN IP4 198.51.100.77\n"}, ["c=IN IP4 198.51.100.77"]),
        ({AUDIO: f"{AUDIO}c=IN IP4 0.0.0.0\n"}, []),
        ({SESSION: "c=IN IP4 198.51.100.77", AUDIO: f"{AUDIO}c=IN IP4 172.18.0.2\n"}, []),
        ({SESSION: "c=IN IP4 198.51.100.77", AUDIO: ""}, []),
        ({AUDIO: f"{AUDIO}{VIDEO}c=IN IP4 198.51.100.77\n"}, ["c=IN IP4 198.51.100.77"]),
        ({AUDIO: f"{AUDIO}{VIDEO.replace('4002', '0')}c=IN IP4 198.51.100.77\n"}, []),
        ({SESSION: "c=IN IP4 198.51.100.77", AUDIO: AUDIO.replace("4000", "0")}, []),
        ({SESSION: "c=IN IP4 198.51.100.77", AUDIO: AUDIO.replace("4000", "4000/2")}, ["c=IN IP4 198.51.100.77"]),
        ({"a=sendrecv": "a=rtcp:4001 IN IP4 198.51.100.77"}, ["a=rtcp:4001 IN IP4 198.51.100.77"]),
        ({"a=sendrecv": "a=rtcp:4001"}, []),
        ({"a=sendrecv": "a=candidate:1 1 UDP 1 198.51.100.77 4000 typ host"}, []),
    ],
)
def test_where_sound_is_sent(changes: dict[str, str], lines: list[str]) -> None:
    """To the address of each medium, else that of the session; what is refused or held is sent nowhere."""
    sdp = SDP
    for old, new in changes.items():
        assert old in sdp
        sdp = sdp.replace(old, new)
    for start, method in ((INVITE, "INVITE"), (OK, "INVITE"), ("ACK sip:101@172.18.0.1 SIP/2.0", "ACK")):
        assert [line for _, line in leads(start, method=method, body=sdp)] == lines


def test_a_description_is_one_of_that_type() -> None:
    """Also as a part of several; what a text or a fragment of SIP says is none, nor is that of a refusal."""
    away = SDP.replace(SESSION, "c=IN IP4 198.51.100.77")
    parts = f"--x\nContent-Type: text/plain\n\n{away}--x\nc: application/sdp\nContent-ID: 1\n\n{away}--x--\n"
    assert leads(INVITE, body=away, content="text/plain") == []
    assert leads(INVITE, body=parts, content="multipart/mixed;boundary=x") == [
        ("198.51.100.77", "c=IN IP4 198.51.100.77")
    ]
    assert leads(INVITE, body=parts.replace("application/sdp", "text/plain"), content="multipart/mixed") == []
    assert leads("MESSAGE sip:101@172.18.0.1 SIP/2.0", method="MESSAGE", body=away) == []
    assert leads("SIP/2.0 488 Not Acceptable Here", body=away) == []
    compact = message(INVITE, body=away).replace("Content-Type:", "C:")
    assert leads_elsewhere(compact, NETWORKS) == [Lead("198.51.100.77", "c=IN IP4 198.51.100.77")]


def test_every_line_is_told_and_each_once() -> None:
    """In the order in which they stand."""
    away = SDP.replace(SESSION, "c=IN IP4 198.51.100.77").replace(AUDIO, AUDIO + VIDEO)
    assert leads(INVITE, f"Contact: {AWAY}", "Record-Route: <sip:a.example.com>", body=away) == [
        ("198.51.100.77", f"Contact: {AWAY}"),
        ("a.example.com", "Record-Route: <sip:a.example.com>"),
        ("198.51.100.77", "c=IN IP4 198.51.100.77"),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (message(INVITE), "INVITE"),
        (message("REFER sip:101@172.18.0.1 SIP/2.0", method="REFER"), "REFER"),
        (message(OK), "200 OK to INVITE"),
        (message("SIP/2.0 180  Ringing "), "180 Ringing to INVITE"),
        (message("SIP/2.0 200 "), "200 to INVITE"),
        (message(MOVED), "302 Moved Temporarily"),
        (message(OK, method="UPDATE").replace("CSeq: 1 ", "cseq :\r\n 7  "), "200 OK to UPDATE"),
    ],
)
def test_what_a_message_is_called(text: str, name: str) -> None:
    """A request by its method, a response by its status line and what it answers."""
    assert name_of(text) == name


def test_no_networks_are_none() -> None:
    """Who is not told where messages may lead looks at none; networks of IPv6 alone tell nothing of IPv4."""
    assert not Networks()
    assert not Networks([""], ["127.0.0.1"])
    assert Networks(["172.18.0.0/16"])
    assert "172.18.0.2" not in Networks(["fd00::/64"])


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_an_address_is_in_a_network_as_python_has_it(address: IPv4Address, base: IPv4Address, length: int) -> None:
    """The arithmetic is our own, since each phone's start would be 2 ms longer with ipaddress."""
    network = IPv4Network((base, length), strict=False)
    assert (str(address) in Networks([str(network)])) == (address in network)
    assert str(network[-1]) in Networks([f"{base}/{length}"])


USERS = st.text("abz019.-_!~*'()&=+$,;?/%", max_size=12)
INSIDE = ("172.18.0.2", "172.19.7.1", "127.0.0.1")
OUTSIDE = ("198.51.100.77", "2001:db8::7", "pbx.example.com", "172.20.0.1")


@st.composite
def contacts(draw: st.DrawFn) -> tuple[str, bool]:
    """Write a name-addr with any user, display name and parameters; with whether it leads elsewhere."""
    host = draw(st.sampled_from([*INSIDE, *OUTSIDE]))
    user = draw(USERS)
    name = draw(st.sampled_from(["", "Anna ", '"A <sip:b@198.51.100.9>, \\"" ', '"" ']))
    port, parameter = draw(st.sampled_from(["", ":5060"])), draw(st.sampled_from(["", ";lr", ";x=198.51.100.9;ob"]))
    shown = f"[{host}]" if ":" in host else host
    behind = draw(st.sampled_from(["", ";q=0.1"]))
    return f"{name}<sip:{f'{user}@' if user else ''}{shown}{port}{parameter}>{behind}", host in OUTSIDE


@given(st.lists(contacts(), max_size=5), st.sampled_from([",", " ,\r\n\t"]))
def test_what_leads_elsewhere_is_found_among_what_does_not(listed: Sequence[tuple[str, bool]], joint: str) -> None:
    """A line is told if any of its addresses is elsewhere, and each line for itself."""
    told = leads(INVITE, f"Contact: {joint.join(written for written, _ in listed)}")
    assert len(told) == any(elsewhere for _, elsewhere in listed)
    lines = [line for _, line in leads(INVITE, *(f"Contact: {written}" for written, _ in listed))]
    assert lines == [*dict.fromkeys(f"Contact: {written}" for written, elsewhere in listed if elsewhere)]


@given(
    st.text(st.sampled_from(' \r\n\t<>"\\:;,@?[]=cmr/-.*1aIN') | st.characters()),
    st.sampled_from([INVITE, OK, MOVED, "", "SIP/2.0 x"]),
)
def test_no_message_is_too_odd(text: str, start: str) -> None:
    """Whatever a PBX sends, it is looked at and named."""
    for odd in (f"{start}\r\n{text}", f"{start}\r\nm:{text}\r\nc: application/sdp\r\n\r\nm=a\nc={text}"):
        for address, line in leads_elsewhere(odd, NETWORKS):
            assert address.isprintable()
            assert line.isprintable()
        assert name_of(odd).isprintable()
