"""Prepares a user's folder of Asterisk configuration for a container: as a copy with an account of our own."""

from __future__ import annotations

import io
import re
import secrets
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringproof.pbx.manager import Login
from ringproof.pbx.manager_conf import MANAGER_CONF, with_account

ONE_OF = ("asterisk.conf", "modules.conf", "extensions.conf", "pjsip.conf", "sip.conf")
"""A folder without any of these is no Asterisk configuration."""
_ETC = re.compile(rb"^([ \t]*astetcdir[ \t]*=>?[ \t]*)[^\s;]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a container gets before its start."""

    archive: bytes
    """A tar file of the folder; its files belong to root, and every user can read them."""
    at: str
    """The folder in the container where it belongs."""
    login: Login
    """The account that was added to its manager.conf."""
    manager_port: int


def read_configuration(folder: Path, at: str) -> Configuration:
    """Read all of `folder`, to be placed at `at` in a container; nothing is written to disk.

    In the copy, manager.conf has one account more, and asterisk.conf names `at` as the folder of the configuration.
    Raises FileNotFoundError, NotADirectoryError or ValueError where `folder` is no folder of Asterisk's configuration.
    """
    expected = "expected is the folder that is /etc/asterisk on the PBX"
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}: {expected}")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file: {expected}")
    if not any((folder / name).is_file() for name in ONE_OF):
        raise ValueError(f"there is no Asterisk configuration in {folder}, none of {', '.join(ONE_OF)}: {expected}")
    login = Login(f"ringproof-{secrets.token_hex(4)}", secrets.token_hex(16))
    manager = with_account(folder, at, login)
    changed = {MANAGER_CONF: manager.text}
    if (folder / "asterisk.conf").is_file():
        changed["asterisk.conf"] = _ETC.sub(rb"\g<1>" + at.encode(), (folder / "asterisk.conf").read_bytes())
    return Configuration(_archive(folder, changed), at, login, manager.port)


def _archive(folder: Path, changed: dict[str, bytes]) -> bytes:
    """Return a tar file of `folder`; `changed` are contents by name, which replace or join those of the disk."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, path in _entries(folder, frozenset({folder.resolve()})):
            if name not in changed:
                _add(tar, name, path)
        for name, content in changed.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def _entries(folder: Path, above: frozenset[Path], inside: str = "") -> Iterator[tuple[str, Path]]:
    """Yield what is in a folder and below it, with its name there. Links are followed, but not in a circle."""
    for path in sorted(folder.iterdir()):
        yield f"{inside}{path.name}", path
        if path.is_dir() and (real := path.resolve()) not in above:
            yield from _entries(path, above | {real}, f"{inside}{path.name}/")


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    """Add a file, a folder, or a link whose target does not exist on this machine but may exist in the image.

    Pipes and sockets are no configuration and are left out.
    """
    member = tarfile.TarInfo(name)  # it belongs to root
    if path.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(member)
    elif path.is_file():
        content = path.read_bytes()
        member.size = len(content)
        member.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644  # #exec may name it
        tar.addfile(member, io.BytesIO(content))
    elif path.is_symlink():
        member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
        tar.addfile(member)
