"""Finds out why a phone cannot take the call of an INVITE, from the INVITE and the library's answer.

Only what is on the wire is read. It is reported in the words of the field: codecs by their names of RFC 3551, SRTP by
the profile of the media line (RFC 3711, 5764), extensions by their option tags (RFC 3261, 20.32).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ringproof.phones import sip_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEDIA = re.compile(r"^m=(\S+)[ \t]+(\d+)(?:/\d+)?[ \t]+(\S+)([^\r\n]*)", re.MULTILINE)
_SECTION = re.compile(r"^(?=m=)", re.MULTILINE)
_MAP = re.compile(r"^a=rtpmap:[ \t]*(\d+)[ \t]+([^/\s]+)", re.MULTILINE)
_STATIC = {
    "0": "PCMU",
    "3": "GSM",
    "4": "G723",
    "5": "DVI4",
    "7": "LPC",
    "8": "PCMA",
    "9": "G722",
    "10": "L16",
    "11": "L16",
    "12": "QCELP",
    "15": "G728",
    "18": "G729",
}
"""Payload types that need no rtpmap (RFC 3551, table 4)."""
_NO_CODECS = frozenset({"telephone-event", "CN"})
_PLAIN = "RTP/AVP"
BAD_EXTENSION = 420
EXTENSION_REQUIRED = 421


class _Medium(NamedTuple):
    kind: str
    profile: str
    codecs: list[str]


def unacceptable(invite: str, code: int, response: str, spoken: Sequence[str]) -> str:
    """Return, as a clause, what of `invite` the library refused with `code` and `response`; never empty.

    `spoken` are the names of the codecs that the phone speaks.
    """
    if code == BAD_EXTENSION and (tags := sip_text.header(response, "Unsupported")):
        return f"the PBX requires the SIP extension {tags}, which the phone does not have"
    if code == EXTENSION_REQUIRED and (tags := sip_text.header(response, "Require")):
        return f"the phone requires the SIP extension {tags}, which the PBX does not have"
    described = sip_text.header(invite, "Content-Type", "c").lower().startswith("application/sdp")
    lacks = _lacks(_media(sip_text.body(invite)), spoken) if described else ""
    return lacks or "the phone cannot take what this INVITE asks for"


def _lacks(media: Sequence[_Medium], spoken: Sequence[str]) -> str:
    """Return why a phone with the codecs `spoken` and plain RTP cannot take these media; empty where it can."""
    audio = [medium for medium in media if medium.kind == "audio"]
    plain = [medium for medium in audio if "SAVP" not in medium.profile]
    offered = list(dict.fromkeys(codec for medium in plain for codec in medium.codecs))
    if not media:
        return "the PBX offers neither sound nor a codec: its session description has no media"
    if not audio:
        return f"the PBX offers no sound, but {_listed([*dict.fromkeys(medium.kind for medium in media)])}"
    if not plain:
        return f"the PBX asks for SRTP by {audio[0].profile}, and the phone has RTP alone"
    if not {codec.upper() for codec in offered} & {codec.upper() for codec in spoken}:
        return f"no common codec: the PBX offers {_listed(offered) or 'none'}, the phone speaks {_listed(spoken)}"
    others = [medium.profile for medium in plain if medium.profile != _PLAIN]
    return f"the PBX asks for {others[0]}, and the phone has {_PLAIN}" if others else ""


def _media(description: str) -> list[_Medium]:
    """Return the media of a session description that are not refused (port 0)."""
    media = []
    for section in _SECTION.split(description)[1:]:
        if (found := _MEDIA.match(section)) is not None and found[2] != "0":
            names = _STATIC | dict(_MAP.findall(section))
            codecs = [names.get(number, number) for number in found[4].split()]
            media.append(_Medium(found[1], found[3], [name for name in codecs if name not in _NO_CODECS]))
    return media


def _listed(words: Sequence[str]) -> str:
    """Return a list for a sentence: `GSM`, `PCMA and PCMU`, `GSM, G722 and opus`."""
    *others, last = [*words] or [""]
    return f"{', '.join(others)} and {last}" if others else last
