"""Implement `ringproof image --save`: write images of the engine and the compiled files into one file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from ringproof import __version__
from ringproof.setup import image, library
from ringproof.setup.archive import ArchiveError, Contents, beginning, opened
from ringproof.setup.dockerapi import Engine, EngineError
from ringproof.setup.output import SetupError, say, step

_TAIL_BYTES = 4096
_LAST_WORDS = re.compile(rb'\{"errorDetail":.*?"message":"([^"]*)"')
"""The error with which an engine ends an archive that it could not finish."""


def require_place(file: Path) -> None:
    """Raise ArchiveError where no such file can be written. It is called first, since building images takes minutes."""
    if file.is_dir():
        raise ArchiveError(f"{file} is a folder: name a file in it.")
    if not file.parent.is_dir():
        raise ArchiveError(f"There is no folder {file.parent} to write {file.name} into.")
    if not os.access(file.parent, os.W_OK):
        raise ArchiveError(f"You may not write into {file.parent}: name another place.")


def save(engine: Engine, names: Sequence[str], file: Path) -> None:
    """Write these images and the compiled files; the file gets its name only when it is complete.

    Raises:
        ArchiveError: it cannot be written.
        SetupError: the engine did not give the images.

    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with step(f"saving {', '.join(names)} and what is compiled to {file}"):
        try:
            with draft.open("wb") as output:
                for chunk in _chunks(engine, names):
                    output.write(chunk)
                output.flush()
                os.fsync(output.fileno())
            _require_whole(draft)
            draft.replace(file)
        except OSError as error:
            raise ArchiveError(
                f"{file} could not be written ({error.strerror or error}), and nothing of it is left: "
                "name a place that has room for it and that you may write to."
            ) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
    say(f"{file} has {file.stat().st_size / 1e6:.0f} MB; there, `ringproof image --load {file.name}` takes it")


def _chunks(engine: Engine, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the file's content. Errors of the engine become SetupError, so that an OSError is one of writing."""
    try:
        made_from = {name: (engine.labels(name) or {}).get(image.HASH_LABEL, "") for name in names}
        contents = Contents(__version__, engine.architecture(), made_from, library.MADE_FROM.read_text())
        yield beginning(contents, {each.name: each.read_bytes() for each in library.files()})
        yield from engine.archive(names)
    except (EngineError, HTTPException, OSError) as error:
        raise _not_given(getattr(error, "strerror", None) or str(error)) from error


def _require_whole(draft: Path) -> None:
    """Raise SetupError where the engine ended its archive early, for which HTTP reports no error."""
    try:
        with opened(draft):
            return
    except ArchiveError as error:
        with draft.open("rb") as written:
            written.seek(-min(_TAIL_BYTES, draft.stat().st_size), os.SEEK_END)
            said = _LAST_WORDS.search(written.read())
        raise _not_given(f"the engine says: {said[1].decode(errors='replace')}" if said else "it ends early") from error


def _not_given(why: str) -> SetupError:
    return SetupError(
        f"The engine did not give all of its images ({why}): nothing is saved; "
        "the engine needs room for them once more, and `ringproof image` makes what is missing."
    )
