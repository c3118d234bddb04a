"""Refuse values that would break a .conf file: each function returns its text, or raises ValueError with a sentence.

The reader of office files has refused such values already, and reports where they stand; this is a second
check, for values that reach the templates in another way.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ringproof.scenario.model.office import BREAKS_CONF

_DIALLED = re.compile(r"[0-9*#+]{1,32}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,38}")
_SECRET = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SOUND = re.compile(r"[A-Za-z0-9_./-]{1,300}")


def words(text: str, what: str) -> str:
    """Return free text (a name, a title) that may stand in a value or a comment."""
    for sign in text:
        if sign in BREAKS_CONF or not sign.isprintable():
            raise ValueError(f"{what} {text!r} holds {sign!r}, which would break the Asterisk configuration.")
    return text


def number(text: str, what: str) -> str:
    """Return a number that can be dialled, and that Asterisk reads literally, not as a pattern."""
    return _matching(_DIALLED, text, what, "digits, *, # and +")


def name(text: str, what: str) -> str:
    """Return a name that becomes part of a context's name."""
    return _matching(_NAME, text, what, "small letters, digits and hyphens")


def secret(text: str, what: str) -> str:
    """Return a password. The error message does not repeat it."""
    if not _SECRET.fullmatch(text):
        raise ValueError(f"{what} may hold letters, digits, dots, hyphens and underscores only.")
    return text


def sound(text: str, what: str) -> str:
    """Return a sound's name or path, which must not lead out of its folder."""
    if ".." in PurePosixPath(text).parts:
        raise ValueError(f"{what} {text!r} leads out of its folder.")
    return _matching(_SOUND, text, what, "letters, digits, _, -, . and /")


def _matching(form: re.Pattern[str], text: str, what: str, may_hold: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(f"{what} {text!r} would break the Asterisk configuration: it may hold {may_hold} only.")
    return text
