"""Finds in the PBX's configuration why it did not keep a phone's registration; asked only after that happened."""

from __future__ import annotations

import re
from collections.abc import Collection

from ringproof.core.spelling import enumerate_words
from ringproof.pbx.container import SIP_PORT
from ringproof.pbx.manager import Manager
from ringproof.scenario.model.scenario import extension_of

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what Asterisk prints for a transport that listens on all addresses
_TRANSPORT = re.compile(r"^\s*Transport:\s+\S+\s+(\w+)\s.*?(\S+):(\d+)\s*$", re.MULTILINE)
"""How `pjsip show transports` prints each: its protocol, and where it listens."""
_REMOVES = (("RemoveExisting", "remove_existing"), ("RemoveUnavailable", "remove_unavailable"))


async def why_refused(manager: Manager, phone: str, registered: Collection[str]) -> str:
    """Return why the PBX refuses a phone, if it takes no more contacts of that extension; otherwise an empty string.

    `registered`: the phones whose REGISTER the PBX accepted.
    """
    extension = extension_of(phone)
    others = _of_extension(extension, registered)
    most, _ = await _contacts_of(manager, extension)
    if most is None or len(others) < most:
        return ""
    if not others:
        return f"it takes no contact of {extension} (max_contacts=0)"
    names, are = enumerate_words(others), "is" if len(others) == 1 else "are"
    return f"{names} {are} registered, and the PBX takes {_contacts(most)} of {extension} (max_contacts={most})"


async def why_lost(manager: Manager, phone: str, kept: Collection[str]) -> str:
    """Return which phones displaced a phone's contact; an empty string if the PBX has room for it.

    `kept`: the phones whose contacts the PBX has.
    """
    extension = extension_of(phone)
    others = _of_extension(extension, kept)
    most, removes = await _contacts_of(manager, extension)
    if most is None or not others or len(others) < most:
        return ""
    names, settings = enumerate_words(others), ", ".join([f"max_contacts={most}", *removes])
    return f"{names} registered later, and the PBX keeps {_contacts(most)} of {extension} ({settings})"


async def why_mute(manager: Manager, address: str) -> str:
    """Return where the PBX listens for SIP; an empty string if it listens at `address` by UDP, where phones send it."""
    transports = _TRANSPORT.findall("\n".join(await manager.command("pjsip show transports")))
    if any(
        kind.lower() == "udp" and host in {EVERYWHERE, address} and int(port) == SIP_PORT
        for kind, host, port in transports
    ):
        return ""
    at = [f"{kind.upper()} at {host}:{port}" for kind, host, port in transports]
    listens = enumerate_words(at) if at else "nothing"
    return f"it listens for SIP by {listens}, and phones send it by UDP to port {SIP_PORT}"


def _of_extension(extension: str, phones: Collection[str]) -> list[str]:
    return sorted(name for name in phones if extension_of(name) == extension)


async def _contacts_of(manager: Manager, extension: str) -> tuple[int | None, list[str]]:
    """Return how many contacts of an extension the PBX keeps, and which options make it remove old ones.

    None: the extension has no AOR.
    """
    details = await manager.endpoint(extension)
    aor = next((entry for entry in details if entry.get("Event") == "AorDetail"), None)
    if aor is None:
        return None, []
    removes = [f"{option}=yes" for field, option in _REMOVES if aor.get(field, "").lower() in {"true", "yes"}]
    return int(aor.get("MaxContacts", "0")), removes


def _contacts(number: int) -> str:
    return "1 contact" if number == 1 else f"{number} contacts"
