"""Finds where a SIP message sends its receiver: to addresses outside the run's networks, or to names.

It reads what a SIP phone would follow, even where our phones would not: the Contact and Record-Route of a dialog (RFC
3261, 12.1), the Contact of a redirection (8.1.3.4), the Service-Route of a registration (RFC 3608), Refer-To (RFC
3515), `c=` and `a=rtcp:` of a session description (RFC 4566, 3605). From, To, Via and `o=` only name the parties.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAY_LEAD = re.compile(r"^(?:contact|m|record-route|service-route|refer-to|r)[ \t]*:|^c=", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")
_LINE_END = re.compile(r"\r?\n")
_BODY = re.compile(r"\r?\n\r?\n")
_COMPACT = {"c": "content-type", "m": "contact", "r": "refer-to"}
_IN_A_DIALOG = frozenset({"INVITE", "UPDATE", "REFER", "SUBSCRIBE", "NOTIFY"})
_WITH_SOUND = frozenset({"INVITE", "ACK", "PRACK", "UPDATE"})
_PART = re.compile(r"^--.*$", re.MULTILINE)
_IS_SDP = re.compile(r"^(?:content-type|c)[ \t]*:[ \t]*application/sdp\b", re.IGNORECASE | re.MULTILINE)
_MEDIA = re.compile(r"^(?=m=)", re.MULTILINE)
_CONNECTION = re.compile(r"^(c=[ \t]*\S+[ \t]+\S+[ \t]+([^\s/]+).*)$", re.MULTILINE)
_RTCP = re.compile(r"^(a=rtcp:[ \t]*\d+[ \t]+\S+[ \t]+\S+[ \t]+(\S+).*)$", re.MULTILINE)
_HOLD = "0.0.0.0"  # noqa: S104 - nobody listens: RFC 2543's way to say that nothing is to be sent
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_VALUE = re.compile(r"(?:<[^>]*>|[^,<])+")
_URI = re.compile(r"\s*sips?:(?:[^@]*@)?(\[[^\]]*\]|[^\s:;?>]*)(.*)", re.IGNORECASE | re.DOTALL)
_MADDR = re.compile(r";\s*maddr\s*=\s*(\[[^\]]*\]|[^\s:;?>]+)", re.IGNORECASE)
_LONGEST = 200


class Lead(NamedTuple):
    """An address or host name to which a message leads, and the line that says so."""

    address: str
    line: str


class Networks:
    """The addresses to which a message may lead; empty: this is not known."""

    def __init__(self, subnets: Sequence[str] = (), addresses: Sequence[str] = ()) -> None:
        """Allow `subnets`, such as `172.18.0.0/16`, and single `addresses`. Subnets of IPv6 are left out."""
        self._subnets = [_span(subnet) for subnet in subnets if "." in subnet]
        self._addresses = frozenset(addresses)

    def __bool__(self) -> bool:
        """Return whether any subnet is known."""
        return bool(self._subnets)

    def __contains__(self, host: str) -> bool:
        """Return whether `host` is an IPv4 address in these networks; a name is none."""
        if host in self._addresses:
            return True
        try:
            number = _number(host)
        except (OSError, ValueError):
            return False
        return any(number & mask == first for first, mask in self._subnets)


def leads_elsewhere(message: str, networks: Networks) -> list[Lead]:
    """Return where this message, as it was received, leads outside `networks`; each line is returned once."""
    if not _MAY_LEAD.search(message):
        return []
    head, _, body = _parted(message)
    start, *lines = _LINE_END.split(_FOLD.sub(" ", head))
    headers = [(_name(line), line) for line in lines]
    code, method = _kind(start, headers)
    followed = _followed(code, method)
    named = [(line, host) for name, line in headers if name in followed for host in _hosts(line.partition(":")[2])]
    if method in _WITH_SOUND and code < 300:  # noqa: PLR2004 - a description that is in force
        content = next((line.partition(":")[2].strip().lower() for name, line in headers if name == "content-type"), "")
        named += [(line, host) for line, host in _described(content, body) if host != _HOLD]
    found: dict[str, str] = {}
    for line, host in named:
        if host not in networks:
            found.setdefault(_printable(line), _printable(host))
    return [Lead(host, line) for line, host in found.items()]


def name_of(message: str) -> str:
    """Return the usual name of a message: `INVITE`, `200 OK to INVITE`, `302 Moved Temporarily`."""
    head, _, _ = _parted(message)
    start, *lines = _LINE_END.split(_FOLD.sub(" ", head))
    code, method = _kind(start, [(_name(line), line) for line in lines])
    status = start.partition(" ")[2].strip()
    if not code:
        return _printable(method)
    return _printable(status if 300 <= code < 400 else f"{status} to {method}")  # noqa: PLR2004 - a redirection


def _kind(start: str, headers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Return a message's status code (0 for a request) and its method."""
    words = start.split()
    if not start.startswith("SIP/2.0 "):
        return 0, words[0] if words else ""
    sequence = next((line.split() for name, line in headers if name == "cseq"), [""])
    return (int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0), sequence[-1]


def _followed(code: int, method: str) -> frozenset[str]:
    """Return the names of the headers that the receiver of such a message follows."""
    if method == "REGISTER":
        return frozenset({"service-route"}) if 200 <= code < 300 else frozenset()  # noqa: PLR2004 - a success
    if 300 <= code < 400:  # noqa: PLR2004 - a redirection
        return frozenset({"contact"})
    if method not in _IN_A_DIALOG or code >= 400:  # noqa: PLR2004 - a refusal
        return frozenset()
    return frozenset({"contact", "record-route", *(("refer-to",) if method == "REFER" and not code else ())})


def _hosts(value: str) -> Iterator[str]:
    """Yield the host of each SIP URI in a header's value, or its maddr; `*`, `tel:` and the like have none."""
    for each in _VALUE.findall(_QUOTED.sub('""', value)):
        bracketed = "<" in each
        found = _URI.match(each.partition("<")[2].partition(">")[0] if bracketed else each)
        if found and found[1]:
            parameters = found[2].partition("?")[0] if bracketed else ""  # else they are the header's
            instead = _MADDR.search(parameters)
            yield (instead or found)[1].strip("[]")


def _described(content: str, body: str) -> Iterator[tuple[str, str]]:
    """Yield line and address of each place that a message's session descriptions name."""
    if content.startswith("application/sdp"):
        yield from _connections(body)
    elif content.startswith("multipart/"):
        for part in _PART.split(body):
            head, _, description = _parted(part.lstrip("\r\n"))
            if _IS_SDP.search(head):
                yield from _connections(description)


def _connections(description: str) -> Iterator[tuple[str, str]]:
    """Yield those of each medium that is not refused (port 0); the session's where it has no `c=` of its own."""
    session, *media = _MEDIA.split(description)
    for medium in media:
        words = medium.split(None, 2)
        if len(words) > 1 and words[1].partition("/")[0] == "0":
            continue
        for line, host in (_CONNECTION.findall(medium) or _CONNECTION.findall(session)) + _RTCP.findall(medium):
            yield line.rstrip(), host


def _parted(message: str) -> tuple[str, str, str]:
    """Split a message into head, separator and body."""
    found = _BODY.search(message)
    return (message[: found.start()], found[0], message[found.end() :]) if found else (message, "", "")


def _name(line: str) -> str:
    name = line.partition(":")[0].strip().lower()
    return _COMPACT.get(name, name)


def _printable(text: str) -> str:
    """Return the text on one line, with a substitute for what is not printable, and shortened where it is too long."""
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in " ".join(text.split()))
    return f"{shown[:_LONGEST]}…" if len(shown) > _LONGEST else shown


def _span(subnet: str) -> tuple[int, int]:
    first, _, length = subnet.partition("/")
    mask = 0xFFFFFFFF << 32 - int(length) & 0xFFFFFFFF
    return _number(first) & mask, mask


def _number(address: str) -> int:
    """Return an IPv4 address as a number. Raises OSError or ValueError for anything else."""
    return int.from_bytes(socket.inet_pton(socket.AF_INET, address))
