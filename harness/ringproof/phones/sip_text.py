"""Reads from the text of a SIP message the few things that pjsua2 does not report."""

from __future__ import annotations

import re

_REASON = re.compile(r"^reason[ \t]*:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_HEADERS = r"^(?:%s)[ \t]*:[ \t]*(.*(?:\r?\n[ \t].*)*)"
_CALL_ID = re.compile(r"^(?:call-id|i)[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_RECEIVED_REQUEST = re.compile(r"[^\n]*\bRX \d+ bytes Request msg (\w+)/[^\n]*:\n(.*)", re.DOTALL)
"""The log entry of a received request: one line about it, then its text."""
_SENT_RESPONSE = re.compile(r"[^\n]*\bTX \d+ bytes Response msg (\d{3})/(\w+)/[^\n]*:\n(.*)", re.DOTALL)
_RECEIVED = re.compile(r"[^\n]*\bRX \d+ bytes Re(?:quest|sponse) msg [^\n]*:\n(.*)", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LISTED = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+')
_CAUSE = re.compile(r";\s*cause\s*=\s*(\d+)", re.IGNORECASE)
_USER = re.compile(r"sips?:(?:([^@>;?\s]*)@)?|tel:([^>;?\s]*)", re.IGNORECASE)


def reason_causes(message: str) -> tuple[int | None, int | None]:
    """Return the causes of a message's Reason headers (RFC 3326): Q.850's and SIP's, None where not given.

    Reasons may be in several headers or in one, separated by commas; the first of each protocol counts.
    """
    q850: int | None = None
    sip: int | None = None
    for header in _REASON.findall(_head(message)):
        for value in _QUOTED.sub('""', header).split(","):
            protocol = value.split(";", 1)[0].strip().upper()
            cause = _CAUSE.search(value)
            if cause is None:
                continue
            if protocol == "Q.850" and q850 is None:
                q850 = int(cause[1])
            elif protocol == "SIP" and sip is None:
                sip = int(cause[1])
    return q850, sip


def header(message: str, name: str, compact: str = "") -> str:
    """Return the first value of a header, by its name or its compact form; empty where a message has none."""
    names = f"{name}|{compact}" if compact else name
    match = re.search(_HEADERS % names, _head(message), re.IGNORECASE | re.MULTILINE)
    return match[1].strip() if match else ""


def headers(message: str, name: str) -> list[str]:
    """Return all values of a header that a message has several times, in their order."""
    found = re.findall(_HEADERS % name, _head(message), re.IGNORECASE | re.MULTILINE)
    return [value.strip() for value in found]


def display_name(name_addr: str) -> str:
    """Return the display name of a name-addr (RFC 3261, 20.10), without its quotes; empty where it has none."""
    quoted = _QUOTED.match(name_addr.strip())
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[0][1:-1]).strip()
    return name_addr.partition("<")[0].strip() if "<" in name_addr else ""


def diverted_by(message: str) -> str:
    """Return the numbers that diverted a call, as a phone shows them: each once, separated by commas; or empty.

    They are read from Diversion (RFC 5806) and History-Info (RFC 7044). Entries of History-Info for this phone itself
    are no diversion. A number that cannot be read is returned as it was written.
    """
    own = {request_user(message), user_of(header(message, "To", "t"))}
    history = [entry for entry in _listed(message, "History-Info") if user_of(entry) not in own]
    found = [user_of(entry) or display_name(entry) or entry for entry in [*_listed(message, "Diversion"), *history]]
    return ", ".join(dict.fromkeys(found))


def _listed(message: str, name: str) -> list[str]:
    """Return the entries of a header, which may be in one line or in several."""
    return [entry.strip() for value in headers(message, name) for entry in _LISTED.findall(value) if entry.strip()]


def body(message: str) -> str:
    """Return the body of a message."""
    return (*re.split(r"\r?\n\r?\n", message, maxsplit=1), "")[1]


def in_dialog(message: str) -> bool:
    """Return whether a request belongs to an existing dialog: its To has a tag."""
    return ";tag=" in header(message, "To", "t").lower()


def call_id(message: str) -> str | None:
    """Return a message's Call-ID, None where it has none."""
    match = _CALL_ID.search(_head(message))
    return match[1] if match else None


def logged_request(entry: str, method: str) -> str | None:
    """Return the text of the request of this method that this entry of pjsip's log shows as received, or None."""
    match = _RECEIVED_REQUEST.match(entry)
    return match[2] if match and match[1] == method else None


def logged_refusal(entry: str) -> tuple[int, str] | None:
    """Return code and text of the final response 300-699 to an INVITE that this entry of pjsip's log shows as sent."""
    match = _SENT_RESPONSE.match(entry)
    return (int(match[1]), match[3]) if match and match[2] == "INVITE" and match[1] >= "300" else None


def logged_message(entry: str) -> str | None:
    """Return the text of the request or response that this entry of pjsip's log shows as received, or None."""
    match = _RECEIVED.match(entry)
    return match[1] if match else None


def request_user(message: str) -> str:
    """Return the user part of a request's Request-URI, empty where it has none."""
    _, _, uri_on = message.partition(" ")
    return user_of(uri_on.partition(" ")[0])


def user_of(name_addr: str) -> str:
    """Return the user part of a URI or name-addr (`"Anna" <sip:+7495@host>`), or the number of a tel URI (RFC 3966).

    It is empty where there is none.
    """
    match = _USER.search(_QUOTED.sub("", name_addr))
    return (match[1] or match[2] or "") if match else ""


def _head(message: str) -> str:
    """Return a message without its body."""
    return re.split(r"\r?\n\r?\n", message, maxsplit=1)[0]
