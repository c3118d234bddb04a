"""Copy a configuration that `ringproof render` wrote and a user edited, and write the play's own files into the copy.

All of the folder is taken as it is, except for what the play itself needs and what differs from play to play: its
account of the manager interface, the log in which it sees complaints, and the address from which outside callers come.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ringproof.dialplan.render import TRUNK_ADDRESS_FILE, PlayAddresses, Secrets, texts_of
from ringproof.scenario.model.office import Office

REQUIRED = ("asterisk.conf", "modules.conf", "pjsip.conf", "extensions.conf")
OF_THE_PLAY = ("logger.conf", "manager.conf", TRUNK_ADDRESS_FILE)
EXECUTABLE = 0o111
"""The bits of a file's mode by which a user may run it."""
_TITLE = re.compile(r"; Written by ringproof from the office (?P<office>['\"].*['\"])\. .*")


class EditedError(ValueError):
    """A folder cannot be played; the message is a sentence, and `file` is the file that it is about."""

    def __init__(self, sentence: str, file: Path) -> None:
        """Keep the file beside the message."""
        super().__init__(sentence)
        self.file = file


def require_rendered(folder: Path) -> None:
    """Raise EditedError unless `folder` is a folder with the main files that `ringproof render` writes."""
    if not folder.is_dir():
        raise EditedError(f"there is no folder {folder}", folder)
    for name in REQUIRED:
        if not (folder / name).is_file():
            raise EditedError(f"there is no {name} in {folder}: `ringproof render OFFICE --out DIR` writes it", folder)


def take_edited(
    folder: Path, out: Path, office: Office, *, addresses: PlayAddresses | None = None, secrets: Secrets | None = None
) -> None:
    """Copy the content of `folder` into the folder `out`, and write the play's own files there.

    Raises EditedError where `folder` cannot be read, or says that it was rendered from another office.
    """
    require_rendered(folder)
    try:
        _require_office(folder / "extensions.conf", office)
        shutil.copytree(
            folder, out, copy_function=shutil.copy, dirs_exist_ok=True, ignore=lambda here, _: _towards(out, here)
        )
    except (OSError, UnicodeDecodeError) as fault:
        raise EditedError(f"the folder {folder} cannot be read: {fault}", folder) from fault
    texts = dict(texts_of(office, addresses or PlayAddresses(), secrets or Secrets()))
    for name in OF_THE_PLAY:
        (out / name).write_text(texts[name], encoding="utf-8")
    for path in out.rglob("*"):
        runs = path.is_dir() or path.stat().st_mode & EXECUTABLE  # such as a script that AGI() or System() names
        path.chmod(0o755 if runs else 0o644)  # the PBX reads it as another user


def _require_office(dialplan: Path, office: Office) -> None:
    """Raise EditedError where the first line names another office. If a user removed that line, it is not checked."""
    first = dialplan.read_text(encoding="utf-8").partition("\n")[0]
    if (written := _TITLE.fullmatch(first)) and written["office"] != repr(office.office):
        sentence = f"this was rendered from the office {written['office']}, and the scenario is about {office.office!r}"
        raise EditedError(sentence, dialplan)


def _towards(out: Path, here: str) -> set[str]:
    """Return the names in `here` that are not copied: the folder `out`, and those around it, if they lie there."""
    inside = Path(here).resolve()
    return {path.name for path in (out.resolve(), *out.resolve().parents) if path.parent == inside}
