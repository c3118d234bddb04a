"""Define `ringproof init`, which writes a first office and a first scenario that passes, for users without files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from ringproof.cli.output import refuse
from ringproof.cli.paths import path_for

FILES = ("office.yaml", "first.ring.yaml")
DEFAULT = Path("scenarios")


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Where to write them; is made where it is not there.",
            parser=path_for("FOLDER"),
        ),
    ] = DEFAULT,
) -> int:
    """Write a first office and scenario, to play and change."""
    if folder.exists() and not folder.is_dir():
        return refuse(f"{folder} is a file; the first scenario needs a folder")
    there = [folder / name for name in FILES if (folder / name).exists()]
    if there:
        return refuse(f"{there[0]} is there already: name another folder, or remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(files("ringproof.cli").joinpath("first", name).read_text("utf-8"))
            print(folder / name)
    except OSError as fault:
        return refuse(f"{fault.filename or folder} could not be written: {fault.strerror}")
    print(f"`ringproof run {'' if folder == DEFAULT else folder}".rstrip() + "` plays it")
    return 0
