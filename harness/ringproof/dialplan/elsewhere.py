r"""Find settings of an edited configuration by which a PBX sends phones to an address that is not in its run.

Such an address is that of the office's router, or of a server in the internet: packets to it leave this machine. The
files are read as Asterisk reads them (main/config.c): `option = value` or `option => value`, `;` up to the end of the
line and `;-- --;` over many lines are comments, `\;` is a plain semicolon.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

Network = IPv4Network | IPv6Network

OPTIONS = frozenset(
    {
        "external_media_address",  # pjsip.conf: transports
        "external_signaling_address",
        "media_address",  # pjsip.conf: endpoints; sip.conf
        "externaddr",  # sip.conf
        "externhost",
        "externip",
        "stunaddr",  # rtp.conf, res_stun_monitor.conf
        "turnaddr",
    }
)
_VARIABLES = "[globals]"
"""In this section of the dialplan each line sets a variable, whatever its name."""
_BLOCK = ";--"
_BLOCK_END = "--;"


@dataclass(frozen=True, slots=True)
class Setting:
    """One `option = value` of a file; line and column, from 1, are those of the value."""

    option: str
    value: str
    line: int
    column: int
    text: str
    """The whole line."""


def networks_of(subnets: str) -> tuple[Network, ...]:
    """Return networks that are written with commas between them: `172.18.0.0/16,172.19.0.0/16`. Raises ValueError."""
    return tuple(ip_network(subnet) for subnet in subnets.split(",") if subnet)


def settings_elsewhere(folder: Path, networks: Sequence[Network]) -> list[tuple[Path, Setting]]:
    """Return each setting in a file below `folder` whose address is in none of `networks`, with its file.

    All files are read, since any may be included by another. A host name counts as in no network, an empty value as
    unset.
    """
    return [
        (file.relative_to(folder), setting)
        for file in sorted(path for path in folder.rglob("*") if path.is_file())
        for setting in settings_of(file.read_bytes().decode("utf-8", "replace"))
        if setting.option in OPTIONS and setting.value and not _is_in(setting.value, networks)
    ]


def settings_of(text: str) -> Iterator[Setting]:
    """Yield the settings in an Asterisk configuration file; for `endpoint/option` (pjsip_wizard.conf) the option."""
    section = ""
    for number, line, kept in _without_comments(text):
        said = "".join(line[column] for column in kept)
        words = said.strip()
        if words.startswith("["):
            section = words.partition("]")[0].lower() + "]"
        if words.startswith(("[", "#")) or "=" not in said or section == _VARIABLES:
            continue
        name, _, value = said.partition("=")
        start = len(name) + 1
        if value.startswith(">"):
            value, start = value[1:], start + 1
        start += len(value) - len(value.lstrip())
        option = name.strip().removesuffix("+").rstrip().rpartition("/")[2].lower()
        column = kept[start] + 1 if start < len(kept) else len(line)
        yield Setting(option, value.strip(), number, column, line)


def _without_comments(text: str) -> Iterator[tuple[int, str, list[int]]]:
    """Yield the number of each line, the line, and the positions, from 0, of its characters outside comments."""
    depth = 0
    for number, ended in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = ended.rstrip("\r")
        kept: list[int] = []
        place = 0
        while place < len(line):
            if line.startswith(_BLOCK, place) and not line.startswith(f"{_BLOCK}-", place):
                depth, place = depth + 1, place + len(_BLOCK)
            elif depth:
                ends = line.startswith(_BLOCK_END, place)
                depth, place = depth - ends, place + (len(_BLOCK_END) if ends else 1)
            elif line.startswith("\\;", place):
                kept.append(place + 1)
                place += 2
            elif line[place] == ";":
                break
            else:
                kept.append(place)
                place += 1
        yield number, line, kept


def _is_in(value: str, networks: Sequence[Network]) -> bool:
    """Return whether `value` is an address in one of `networks`: `172.18.0.2`, `172.18.0.2:5060`, `[fd00::2]:5060`."""
    host = value
    if value.startswith("["):
        host = value[1:].partition("]")[0]
    elif value.count(":") == 1:
        host = value.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)
