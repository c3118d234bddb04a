"""Write and read the file that takes images to a machine without a network: a tar that an engine can load as it is.

`ringproof/contents.json` comes first, then the compiled files, then the engine's own archive, unchanged.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from ringproof.setup.output import SetupError

OURS = "ringproof/"
"""Names in the tar that begin so are Ringproof's own; an engine ignores them."""
CONTENTS = f"{OURS}contents.json"
INDEX = "manifest.json"
"""The engine's own table of contents."""


class ArchiveError(SetupError):
    """A named file cannot be read, written or used; the sentence says why."""


@dataclass(frozen=True)
class Contents:
    """The table of contents of such a file."""

    ringproof: str
    """The version of Ringproof that saved it."""
    architecture: str
    """The processor that its images run on: amd64."""
    images: dict[str, str]
    """By the name of each image, the hash of what it was made of."""
    compiled_from: str
    """The hash of the sources of the compiled files."""


@dataclass(frozen=True)
class Archive:
    """Such a file, opened and found to be complete."""

    contents: Contents
    compiled: Mapping[str, bytes]
    """The content of each compiled file, by its name."""
    engines: IO[bytes]
    """The open file, positioned at the beginning of the engine's own archive."""


def beginning(contents: Contents, compiled: Mapping[str, bytes]) -> bytes:
    """Return the bytes that stand before the engine's archive."""
    files = {CONTENTS: json.dumps(asdict(contents), indent=1).encode()}
    files |= {f"{OURS}{name}": content for name, content in compiled.items()}
    packed = io.BytesIO()
    for name, content in files.items():
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        packed.write(entry.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE))
    return packed.getvalue()


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """Open such a file. A missing end is found here: an engine would load what there is.

    Raises:
        ArchiveError: it cannot be read, is another kind of file, or is not complete.

    """
    try:
        _require_content(file)
        tar = tarfile.open(file)  # noqa: SIM115 (closed below, whatever is done with it)
    except FileNotFoundError:
        raise ArchiveError(f"There is no {file}.") from None
    except OSError as error:
        raise ArchiveError(f"{file} cannot be read ({error.strerror or error}).") from error
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveError(f"{file} is nothing that `ringproof image --save` wrote: it is no tar.") from error
    with tar:
        try:
            archive = _read(tar, file)
        except (OSError, tarfile.TarError, EOFError, LookupError, TypeError, ValueError) as error:
            raise ArchiveError(f"{file} is not whole ({error}): copy it again, or save it again.") from error
        yield archive


def _require_content(file: Path) -> None:
    """Raise ArchiveError for a device or pipe, which may never end, and tarfile.ReadError for a first block of zeros.

    tarfile takes zeros for padding, and would read them to their end.
    """
    if file.exists() and not file.is_file() and not file.is_dir():
        raise ArchiveError(f"{file} is nothing that `ringproof image --save` wrote: it is a device or a pipe.")
    with file.open("rb") as named:  # raises OSError for a folder
        if not named.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError


def _read(tar: tarfile.TarFile, file: Path) -> Archive:
    """Read Ringproof's own entries, and check that all that the engine's own table of contents names is there."""
    entry = tar.next()
    if entry is None or entry.name != CONTENTS:
        raise ArchiveError(f"{file} is a tar, but none that `ringproof image --save` wrote.")
    try:
        contents = Contents(**json.loads(_content(tar, entry)))
    except TypeError:
        raise ArchiveError(
            f"{file} was saved by another Ringproof, whose table of contents this one cannot read: "
            "save it with the same Ringproof as here."
        ) from None
    compiled = {}
    while (entry := tar.next()) is not None and entry.name.startswith(OURS):
        compiled[entry.name.removeprefix(OURS)] = _content(tar, entry)
    begins = entry.offset if entry is not None else 0
    there = {entry.name: entry for entry in tar}
    if INDEX not in there:
        raise tarfile.ReadError("its end is missing")
    index = json.loads(_content(tar, there[INDEX]))
    parts = {part for each in index for part in (each["Config"], *each["Layers"])} - set(there)
    if missing := parts | (set(contents.images) - {name for each in index for name in each["RepoTags"] or ()}):
        raise tarfile.ReadError(f"it has no {min(missing)}")
    assert tar.fileobj is not None  # noqa: S101 (it is open)
    tar.fileobj.seek(begins)
    return Archive(contents, compiled, tar.fileobj)  # type: ignore[arg-type]  # typeshed declares less than it has


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    packed = tar.extractfile(entry)
    return b"" if packed is None else packed.read()
