"""The folders of runs, with the lease, the clock pages and the settings of workers.

Each names its owner. It is removed with the run, or swept once its owner is dead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ringproof.containers.owner import owner_is_dead

MEMORY = Path("/dev/shm")  # noqa: S108 - nothing there has a name that could be guessed
"""Where pages and leases are kept, if it exists: no disk is written to when they change."""
PREFIX = "ringproof-"
OWNER_FILE = "owner"


def make_folder(run: str, owner: str) -> Path:
    """Make the folder of a run in memory, or with the temporary files where that is missing or not writable."""
    prefix = f"{PREFIX}{run}-"
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    sign(folder, owner)
    return folder


def sign(folder: Path, owner: str) -> None:
    """Write the name of its owner into a folder."""
    (folder / OWNER_FILE).write_text(owner)


def folders_left_behind() -> list[Path]:
    """Return this user's folders of runs whose owner is known to be dead; other users' folders are ignored."""
    places = dict.fromkeys((MEMORY, Path(tempfile.gettempdir())))
    folders = [folder for place in places if place.is_dir() for folder in place.glob(f"{PREFIX}*")]
    return sorted(folder for folder in folders if _is_ours(folder) and owner_is_dead(_owner(folder)))


def remove_folders() -> list[str]:
    """Remove the folders that `folders_left_behind` returns; return their names."""
    removed = []
    for folder in folders_left_behind():
        shutil.rmtree(folder, ignore_errors=True)  # another process that sweeps may be faster
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
