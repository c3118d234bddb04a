"""Find the files that a command line names."""

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
    """Return the parser of the path `what`, which ends the program with an error message where the text is empty.

    `Path("")` is the current folder, so an unset variable in a script would play whatever is there.
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
    """Return the scenario files that the command line names; end the program with an error message if there is none."""
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
    """End the program with an error message for the first path that does not exist."""
    for path in paths:
        if not path.exists():
            raise typer.Exit(refuse(f"there is no {path}"))


def read_all(files: Iterable[Path]) -> list[ReadFile]:
    """Read all files, invalid ones too."""
    from ringproof.scenario.reading import read_scenarios  # noqa: PLC0415 - --help must not wait for pydantic

    return [read_scenarios(file) for file in files]


def read_what_can_be(files: Iterable[Path]) -> tuple[list[ReadFile], int]:
    """Read the files; also return for how many of them the reader raised an exception.

    pytest collects those files again, and its result for such a file has the exception and its traceback.
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
