"""Implement `ringproof image --load`: load what `--save` wrote elsewhere into the engine, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from ringproof import __version__
from ringproof.setup import image, library
from ringproof.setup.archive import Archive, ArchiveError, Contents, opened
from ringproof.setup.dockerapi import CHUNK_BYTES, Engine, EngineError
from ringproof.setup.output import SetupError, step


def require_fitting(file: Path) -> None:
    """Raise ArchiveError unless this is such a file, complete, and made of the same sources as there are here."""
    with opened(file) as archive:
        _require_same(archive.contents, file)


def load(engine: Engine, file: Path) -> list[str]:
    """Load the images of such a file into the engine, keep its compiled files, and return the images' names.

    Raises:
        ArchiveError: it is no such file, is not complete, or is for other sources or another processor.
        SetupError: it could not be loaded. The images that were there before are restored.

    """
    with opened(file) as archive, step(f"loading images and what is compiled from {file}"):
        _require_same(archive.contents, file)
        names = list(archive.contents.images)
        before: dict[str, str | None] = {}
        try:
            _require_processor(engine, archive.contents, file)
            before |= {name: engine.identity(name) for name in names}
            engine.load(_chunks(archive))
            _require_there(engine, archive.contents)
            library.keep(archive.compiled, archive.contents.compiled_from)
        except BaseException as error:
            _put_back(engine, before)
            if isinstance(error, ArchiveError) or not isinstance(error, SetupError | OSError | HTTPException):
                raise
            why = getattr(error, "strerror", None) or error
            raise SetupError(
                f"{file} could not be loaded ({why}), and nothing of it is kept: mend that, then load it again."
            ) from error
        for name, superseded in before.items():
            if superseded not in {None, engine.identity(name)}:
                engine.discard(str(superseded))
    return names


def _require_same(contents: Contents, file: Path) -> None:
    """Raise ArchiveError unless all of it was made of the present content of the folders here."""
    recipes = [*map(image.recipe_of, image.RELEASES), image.PHONES]
    wanted = {recipe.name: image.content_hash(recipe) for recipe in recipes}
    others = [name for name, made_from in contents.images.items() if wanted.get(name) != made_from]
    if contents.compiled_from != image.content_hash(library.BUILDER):
        others += [each.name for each in library.files()]
    if others:
        were = "was" if len(others) == 1 else "were"
        raise ArchiveError(
            f"{file} does not fit: its {', '.join(others)} {were} made of other sources than there are here (saved "
            f"by Ringproof {contents.ringproof}, this is {__version__}). Save it with the same Ringproof as here."
        )


def _require_processor(engine: Engine, contents: Contents, file: Path) -> None:
    """Raise ArchiveError where its programs cannot run on the engine's processor: an engine would still load them."""
    if (architecture := engine.architecture()) != contents.architecture:
        raise ArchiveError(
            f"{file} does not fit: its programs are for {contents.architecture}, and this engine's processor is "
            f"{architecture}. Save it on a machine like this one."
        )


def _require_there(engine: Engine, contents: Contents) -> None:
    """Raise SetupError unless the engine now has the images that it was given."""
    for name, made_from in contents.images.items():
        if (engine.labels(name) or {}).get(image.HASH_LABEL) != made_from:
            raise SetupError(f"the engine took it, and has no {name} of it")


def _put_back(engine: Engine, before: Mapping[str, str | None]) -> None:
    """Remove the images that the engine has loaded, and give the earlier images their names again."""
    for name, identity in before.items():
        with suppress(EngineError, OSError, HTTPException):  # the cause that stopped the loading may still be there
            if engine.identity(name) == identity:
                continue
            engine.discard(name)
            if identity is not None:
                engine.name(identity, *name.split(":"))


def _chunks(archive: Archive) -> Iterator[bytes]:
    while chunk := archive.engines.read(CHUNK_BYTES):
        yield chunk
