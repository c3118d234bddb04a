"""Finds the scenario files of a command, and selects scenarios by name."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ringproof.report.result import REPEATED

if TYPE_CHECKING:
    from ringproof.scenario.model.scenario import Scenario

ENDING = ".ring.yaml"
KNOWN_RED = "known-red"
"""A folder of this name holds scenarios that are red on purpose: it is played only when its path is named."""


def is_named(folder: Path, named: Iterable[Path]) -> bool:
    """Return True if one of the paths on the command line is `folder` or lies in it."""
    return any(path == folder or folder in path.parents for path in named)


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield each scenario file of `paths` once; folders are searched, except hidden ones, and known-red if not named.

    A file that is named twice, once relative and once absolute, is one file, as pytest collects it.
    """
    paths = list(paths)
    seen: set[str] = set()
    named = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - resolve() would follow links
    for path in paths:
        for file in _below(path, named) if path.is_dir() else [path]:
            if (name := os.path.abspath(file)) not in seen:  # noqa: PTH100 - as above
                seen.add(name)
                yield file


def _below(folder: Path, named: list[Path]) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        inside = Path(here)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (name != KNOWN_RED or is_named(Path(os.path.abspath(inside / name)), named))  # noqa: PTH100
        )
        yield from (inside / name for name in sorted(files) if name.endswith(ENDING))


def repetition(scenario: Scenario, number: int, times: int) -> Scenario:
    """Return the scenario as its play number `number` of `times`, with a name and an evidence folder of its own."""
    digits = len(str(times))
    return dataclasses.replace(
        scenario, id=f"{scenario.id}-{number:0{digits}}", name=f"{scenario.name}{REPEATED.format(number, times)}"
    )


def is_meant(name: str, texts: Iterable[str]) -> bool:
    """Return True if a scenario's name contains one of `texts`, in upper or lower case, or if there are no texts."""
    texts = list(texts)
    return not texts or any(text.casefold() in name.casefold() for text in texts)
