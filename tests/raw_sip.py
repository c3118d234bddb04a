"""A SIP endpoint written out by hand, for the messages that no well-behaved endpoint sends."""

from __future__ import annotations

import itertools
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from ringproof.phones.container import PhonesContainer

_BRANCHES = itertools.count(1)


@dataclass(frozen=True)
class SipMessage:
    """A message received."""

    text: str
    source: tuple[str, int]

    @property
    def code(self) -> int | None:
        """Status code; None for a request."""
        match = re.match(r"SIP/2\.0 (\d{3})", self.text)
        return int(match[1]) if match else None

    @property
    def method(self) -> str:
        """Method, of a response that in CSeq."""
        return self.header("CSeq").split()[1]

    def header(self, name: str) -> str:
        """First value of a header, empty where it has none."""
        match = re.search(rf"(?mi)^{name}\s*:\s*(.*?)\r?$", self.text)
        return match[1] if match else ""


class RawSip:
    """One UDP socket, one dialog towards one phone."""

    def __init__(
        self, phone: tuple[str, int], phones: PhonesContainer, *, user: str = "101", host: str = "127.0.0.1"
    ) -> None:
        """`phone` is where requests go to, `host` the address in the container of the phones from which they go."""
        self.phone = phone
        self.target = f"sip:{user}@{phone[0]}:{phone[1]}"
        self.call_id = str(uuid.uuid4())
        self.invite = ""
        self.phones_tag = ""
        self.rtp = phones.new_socket("udp")
        self.rtp.bind((host, 0))
        self.rtp.settimeout(5)
        self._socket = phones.new_socket("udp")
        self._socket.bind((host, 0))
        self._socket.settimeout(5)
        self.host, self.port = self._socket.getsockname()

    def __enter__(self) -> Self:
        """Use the endpoint for a test."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its sockets."""
        self._socket.close()
        self.rtp.close()

    def send(self, text: str) -> None:
        """Send a message as it is."""
        self._socket.sendto(text.encode(), self.phone)

    def request(
        self, method: str, cseq: int, *headers: str, body: str = "", branch: str | None = None, in_dialog: bool = True
    ) -> str:
        """Return the text of a request."""
        tag = f";tag={self.phones_tag}" if self.phones_tag and in_dialog else ""
        lines = [
            f"{method} {self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{branch or next(_BRANCHES)}",
            "Max-Forwards: 70",
            f'From: "Anna" <sip:+74951234567@{self.host}:{self.port}>;tag=anna',
            f"To: <{self.target}>{tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:anna@{self.host}:{self.port}>",
            *headers,
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        return "\r\n".join(lines)

    def send_invite(self, cseq: int = 1, formats: str = "0 101", leads_to: str = "") -> None:
        """Send an INVITE that offers mu-law (0) or other formats at `rtp`, 101 is telephone-event; remember its text.

        With `leads_to` Contact and SDP name that address in the place of ours.
        """
        sdp = (
            f"v=0\r\no=- 1 {cseq} IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {leads_to or self.host}\r\nt=0 0\r\n"
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP {formats}\r\n"
        )
        if "101" in formats.split():
            sdp += "a=rtpmap:101 telephone-event/8000\r\n"
        self.invite = self.request(
            "INVITE", cseq, "Content-Type: application/sdp", body=sdp, branch=f"inv{self.call_id}{cseq}"
        )
        if leads_to:
            self.invite = self.invite.replace(f"Contact: <sip:anna@{self.host}", f"Contact: <sip:anna@{leads_to}")
        self.send(self.invite)

    def send_cancel(self, *headers: str) -> None:
        """Cancel the INVITE."""
        self.send(self.request("CANCEL", 1, *headers, branch=f"inv{self.call_id}1", in_dialog=False))

    def receive(self) -> SipMessage:
        """Return the next message."""
        data, source = self._socket.recvfrom(65536)
        return SipMessage(data.decode(), source)

    def until(self, code: int | None = None, method: str = "INVITE") -> SipMessage:
        """Return the next response with this code, or request (None), of this method."""
        while True:
            message = self.receive()
            if message.method == method and message.code == code:
                tag = re.search(r";tag=(\S+)", message.header("To"))
                if tag and method == "INVITE":
                    self.phones_tag = tag[1]
                return message

    def answered(self) -> SipMessage:
        """Wait for the 200 and confirm it."""
        ok = self.until(200)
        self.send(self.request("ACK", 1))
        return ok

    def reply(self, request: SipMessage, status: str, *headers: str) -> None:
        """Answer a request."""
        copied = [f"{name}: {request.header(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
        to = f"To: {request.header('To')};tag=raw"
        text = "\r\n".join([f"SIP/2.0 {status}", *copied, to, *headers, "Content-Length: 0", "", ""])
        self._socket.sendto(text.encode(), request.source)
