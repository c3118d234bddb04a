"""The folders of runs: lease and clock pages, what workers are told. Each says whose it is, and goes with its owner."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ringproof.containers.owner import owner_is_dead

MEMORY = Path("/dev/shm")  # noqa: S108 - nothing there has a name that could be guessed
"""Where pages and leases are kept, where there is such a place: no disk is written to when they change."""
PREFIX = "ringproof-"
OWNER_FILE = "owner"


def make_folder(run: str, owner: str) -> Path:
    """Make the folder of a run: in memory, else (no such place, or not for us) where temporary files are."""
    prefix = f"{PREFIX}{run}-"
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    sign(folder, owner)
    return folder


def sign(folder: Path, owner: str) -> None:
    """Let a folder say whose it is."""
    (folder / OWNER_FILE).write_text(owner)


def folders_left_behind() -> list[Path]:
    """Return the folders of ours whose owner is known to be dead; those of other users are not looked at."""
    places = dict.fromkeys((MEMORY, Path(tempfile.gettempdir())))
    folders = [folder for place in places if place.is_dir() for folder in place.glob(f"{PREFIX}*")]
    return sorted(folder for folder in folders if _is_ours(folder) and owner_is_dead(_owner(folder)))


def remove_folders() -> list[str]:
    """Remove them; return their names."""
    removed = []
    for folder in folders_left_behind():
        shutil.rmtree(folder, ignore_errors=True)  # who else sweeps may be faster
        removed.append(str(folder))
    return removed


def _is_ours(folder: Path) -> bool:
    try:
        return not folder.is_symlink() and folder.stat().st_uid == os.getuid()
    except OSError:
        return False


def _owner(folder: Path) -> str:
    try:
        return (folder / OWNER_FILE).read_text()
    except OSError:
        return ""
