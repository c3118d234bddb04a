"""Define `ringproof image`, which builds the images that calls need, and saves and loads them for offline machines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ringproof.cli.output import refuse
from ringproof.cli.paths import path_for
from ringproof.report.result import EXIT_BROKEN
from ringproof.setup.output import SetupError


def image(
    *,
    versions: Annotated[
        list[str] | None, typer.Option("--version", metavar="N", help="Of which Asterisk; several: each of them.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write them, and what is compiled, into one file.",
            parser=path_for("--save"),
        ),
    ] = None,
    load: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Take them from such a file, without any network.", parser=path_for("--load")
        ),
    ] = None,
) -> int:
    """Make the images of PBX and phones; save or load them."""
    from ringproof.setup import engine, image, loading, saving, steps  # noqa: PLC0415 - --help must not wait for ssl
    from ringproof.setup.archive import ArchiveError  # noqa: PLC0415
    from ringproof.setup.dockerapi import Engine  # noqa: PLC0415

    if load is not None and (save is not None or versions):
        return refuse("--load takes all that its file has: name neither --save nor --version with it")
    try:
        asterisks = [image.recipe_of(version).version for version in versions or [image.DEFAULT_VERSION]]
    except SetupError as fault:
        return refuse(str(fault))
    try:
        if load is not None:
            loading.require_fitting(load)
        if save is not None:
            saving.require_place(save)
        with steps.one_at_a_time():
            engine.ensure()
            names = steps.images(*asterisks) if load is None else loading.load(Engine.of_environment(), load)
            if save is not None:
                saving.save(Engine.of_environment(), names, save)
    except ArchiveError as fault:
        return refuse(str(fault))
    except SetupError as fault:
        print(f"ringproof: {fault}", file=sys.stderr)
        return EXIT_BROKEN
    print(f"{', '.join(names)}: there, and made of what is here now")
    return 0
