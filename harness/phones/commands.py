"""Headers by which a PBX commands a phone to pick up by itself, as paging and intercoms do.

RFC 5373 has Answer-Mode and Priv-Answer-Mode; most phones go by older headers of their vendors: a parameter of
Alert-Info or Call-Info (`info=alert-autoanswer`, `answer-after=0`, `Ring Answer`), or P-Auto-Answer.
"""

from __future__ import annotations

import re

from harness.phones.sip_text import headers

_BY_PARAMETER = re.compile(r"auto[ _-]?answer|answer-after|ring[ _-]?answer|intercom", re.IGNORECASE)
_BY_MODE = re.compile(r"\b(?:auto|normal)\b", re.IGNORECASE)
_COMMANDS = (
    ("Alert-Info", _BY_PARAMETER),
    ("Call-Info", _BY_PARAMETER),
    ("Answer-Mode", _BY_MODE),
    ("Priv-Answer-Mode", _BY_MODE),
    ("P-Auto-Answer", _BY_MODE),
)


def command_to_answer(invite: str) -> str:
    """Return the header of an INVITE that commands a phone to pick up by itself; empty where none does."""
    for name, commands in _COMMANDS:
        for value in headers(invite, name):
            if commands.search(value):
                return f"{name}: {value}"
    return ""
