"""Which files a command line means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ringproof.cli.output import refuse
from ringproof.run.discovery import ENDING, find_files

if TYPE_CHECKING:
    from ringproof.scenario.reading import ReadFile


def path_for(what: str) -> Callable[[str], Path]:
    """Return what makes the path of a text for `what`, and ends the program in a sentence where it is empty.

    `Path("")` would be the current folder, and a variable of a script that is not set would play whatever is there.
    """

    def path(text: str) -> Path:
        if not text:
            raise typer.Exit(refuse(f"{what}: the path is empty; name a file or folder (. is the current one)"))
        return Path(text)

    return path


Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATHS", help="Files or folders; scenarios/ where there is one.", parser=path_for("PATHS")),
]


def files_of(paths: Sequence[Path] | None) -> list[Path]:
    """Return the scenario files that the command line means; ends the program in a sentence when there is none."""
    if not paths and not Path("scenarios").is_dir():
        what_to_do = "name the files or folders to take, or make it with `ringproof init`"
        raise typer.Exit(refuse(f"there is no folder scenarios/ here: {what_to_do}"))
    paths = list(paths) if paths else [Path("scenarios")]
    must_exist(paths)
    for path in paths:
        if not path.is_dir() and not path.name.endswith(ENDING):
            raise typer.Exit(refuse(f"{path} is no scenario file: its name does not end in {ENDING}"))
    files = list(find_files(paths))
    if not files:
        told = ", ".join(str(path) for path in paths)
        raise typer.Exit(refuse(f"there is no scenario file (*{ENDING}) in {told}"))
    return files


def must_exist(paths: Iterable[Path]) -> None:
    """End the program in a sentence for the first path that is not there."""
    for path in paths:
        if not path.exists():
            raise typer.Exit(refuse(f"there is no {path}"))


def read_all(files: Iterable[Path]) -> list[ReadFile]:
    """Read the files, the wrong ones too."""
    from ringproof.scenario.reading import read_scenarios  # noqa: PLC0415 - --help must not wait for pydantic

    return [read_scenarios(file) for file in files]


def read_what_can_be(files: Iterable[Path]) -> tuple[list[ReadFile], int]:
    """Read the files; return with them how many could not be read because the reader raised an exception.

    These are collected once more by pytest, whose result of such a file has the exception and its traceback.
    """
    from ringproof.scenario.reading import read_scenarios  # noqa: PLC0415 - as above

    read: list[ReadFile] = []
    unread = 0
    for file in files:
        try:
            read.append(read_scenarios(file))
        except Exception:  # noqa: BLE001 - see above
            unread += 1
    return read, unread
