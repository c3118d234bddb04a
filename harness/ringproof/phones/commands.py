"""Requests by which a PBX commands a phone to pick up by itself, as intercoms do, or to hold its call.

RFC 5373 defines Answer-Mode and Priv-Answer-Mode. Most phones use older headers of their vendors: a word of Alert-Info
or Call-Info beside its URI (`info=alert-autoanswer`, `answer-after=0`, `Ring Answer`, `AA`, `;auto`), P-Auto-Answer, or
`;intercom=true` in the Request-URI. The URI itself names a ring tone or a picture and commands nothing. These headers
are in an INVITE or an UPDATE. Broadsoft's remote control is a NOTIFY; its Event header decides. `talk` makes a phone
pick up, or resume a call that it holds; `hold` makes it hold. Other events command neither: `check-sync` makes a phone
load its configuration again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ringproof.phones.sip_text import header, headers

Deed = Literal["pick up", "hold"]
"""What a phone is commanded to do by itself."""
_BY_PARAMETER = re.compile(
    r"auto[ _-]?answer|answer-after|ring[ _-]?answer|intercom|(?:^|[;,<])\s*(?:aa|auto|answer)\s*(?:$|[;,=>])",
    re.IGNORECASE,
)
"""Guides of Aastra, AudioCodes, Gigaset, Sangoma, Snom, Yealink; tables of others for Cisco, Grandstream, Polycom."""
_URI = re.compile(r"<[a-z][a-z0-9+.-]*:[^>]*>|\b(?:https?|sips?|file):[^;,>\s]*", re.IGNORECASE)
_BY_REQUEST_URI = re.compile(r";intercom=true\b", re.IGNORECASE)
"""Used by Snom and Yealink."""
_BY_MODE = re.compile(r"\b(?:auto|normal)\b", re.IGNORECASE)
_COMMANDS = (
    ("Alert-Info", _BY_PARAMETER),
    ("Call-Info", _BY_PARAMETER),
    ("Answer-Mode", _BY_MODE),
    ("Priv-Answer-Mode", _BY_MODE),
    ("P-Auto-Answer", _BY_MODE),
)
_EVENTS: dict[str, Deed] = {"talk": "pick up", "answer": "pick up", "hold": "hold"}


@dataclass(frozen=True, slots=True)
class Command:
    """What a request commands a phone to do by itself."""

    does: Deed
    header: str
    """The header, or request line, that commands it: `Call-Info: <sip:office>;answer-after=0`, `Event: talk`."""


def command_in(request: str) -> Command | None:
    """Return what a request commands a phone to do by itself; None where it commands nothing."""
    method = request.partition(" ")[0]
    if method == "NOTIFY":
        event = header(request, "Event", "o")
        does = _EVENTS.get(event.partition(";")[0].strip().lower())
        return None if does is None else Command(does, f"Event: {event}")
    if method in {"INVITE", "UPDATE"}:
        line = request.partition("\r\n")[0]
        if _BY_REQUEST_URI.search(line):
            return Command("pick up", line)
        for name, commands in _COMMANDS:
            for value in headers(request, name):
                if commands.search(_URI.sub("", value)):
                    return Command("pick up", f"{name}: {value}")
    return None
