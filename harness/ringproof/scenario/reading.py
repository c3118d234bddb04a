"""Reading of scenario and office files: the result has the models or the problems. Bad input never raises.

An office that many scenario files share is read once, as long as it and its sounds stay unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringproof.core.problem import Complaints, Problem, ReadingError, render_problem, told
from ringproof.core.spelling import nearest, suggest
from ringproof.scenario.check.office import check_office
from ringproof.scenario.model.office import Office
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.parse.office import read_shape
from ringproof.scenario.scenario_file import TOP, ScenarioFile
from ringproof.scenario.syntax.source_text import SourceText, open_source_text, shown_name
from ringproof.scenario.syntax.tree import Table, Text, Value, read_tree
from ringproof.scenario.syntax.values import entry, refuse_unknown, table_of, text_of
from ringproof.scenario.syntax.version import check_version

__all__ = ["Problem", "ReadFile", "ReadOffice", "read_office", "read_scenarios", "read_source_text", "render_problem"]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The result of reading a scenario file; with at least one problem it has no scenarios."""

    path: Path
    scenarios: tuple[Scenario, ...]
    problems: tuple[Problem, ...]
    """In the order of file, line and column; problems of the office file are included."""


@dataclass(frozen=True, slots=True)
class ReadOffice:
    """The result of reading an office file: the office, or problems."""

    path: Path
    office: Office | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Shelved:
    read: ReadOffice
    seen: tuple[tuple[Path, tuple[int, int, int] | None], ...]
    """The files that were read, each with its modification time, size and inode then; None if it was missing."""


_shelf: dict[str, _Shelved] = {}


def read_scenarios(path: Path) -> ReadFile:
    """Return the scenarios of a `*.ring.yaml` file, or its problems."""
    source_text = open_source_text(path)
    if isinstance(source_text, Problem):
        return ReadFile(path, (), (source_text,))
    return read_source_text(source_text, path)


def read_source_text(
    source_text: SourceText,
    path: Path,
    *,
    tree: Callable[[SourceText, Complaints], Value] = read_tree,
    observed: bool = False,
) -> ReadFile:
    """Return the scenarios of a text, or its problems; paths in it count from the folder of `path`.

    `tree` makes the tree of parts; the default reads YAML. `observed`: scenarios without `expect:` are read, too, and
    nothing is expected of them.
    """
    complaints = Complaints(source_text.lines)
    scenarios: tuple[Scenario, ...] = ()
    with complaints:
        root = table_of(tree(source_text, complaints), "a scenario file", "`pbx:` and `scenarios:`, as keys")
        check_version(root)
        if "calls" in root.entries:
            raise ReadingError(
                root.entries["calls"].key.source,
                "`calls` stands in the scenario that is told so many times, not at file level",
                "move it below the scenario's name",
            )
        refuse_unknown(root, TOP, "a scenario file")
        if not complaints:  # with a duplicate key it is not known which value was meant
            office, office_file = _office_of(root, path, complaints)
            scenarios = ScenarioFile(source_text, office, office_file, complaints, observed=observed).read(root)
    return ReadFile(path, () if complaints else scenarios, complaints.problems)


def read_office(path: Path) -> ReadOffice:
    """Return the office of a file, or its problems."""
    name = shown_name(path)
    shelved = _shelf.get(name)
    if shelved is not None and all(_signature(file) == signature for file, signature in shelved.seen):
        return shelved.read
    signature = _signature(path)
    read, sounds = _read_office(path)
    _shelf[name] = _Shelved(read, ((path, signature), *((sound, _signature(sound)) for sound in sounds)))
    return read


def _read_office(path: Path) -> tuple[ReadOffice, Sequence[Path]]:
    source_text = open_source_text(path)
    if isinstance(source_text, Problem):
        return ReadOffice(path, None, (source_text,)), ()
    complaints = Complaints(source_text.lines)
    office: Office | None = None
    sounds: Sequence[Path] = ()
    with complaints:
        root = read_tree(source_text, complaints)
        if isinstance(root, Table):
            check_version(root)
        office = None if complaints else read_shape(root, source_text.lines, complaints)
        if office is not None and isinstance(root, Table):
            sounds = check_office(office, root, path.parent, complaints)
    return ReadOffice(path, None if complaints else office, complaints.problems), sounds


def _office_of(root: Table, path: Path, complaints: Complaints) -> tuple[Office | None, str]:
    """Return the office that `pbx:` names, and its file; add its problems to those of the scenario file."""
    with complaints:
        value = entry(root.entries, "pbx")
        if value is None:
            raise ReadingError(
                root.source, "this file does not say which office it plays in", "write `pbx: offices/NAME.yaml`"
            )
        written = text_of(value, "`pbx`", "the path of an office file, counted from this file's folder")
        file = path.parent / written.text
        if not _is_file(file):
            raise _no_office(written, file, path.parent)
        read = read_office(file)
        complaints.extend(read.problems)
        return read.office, shown_name(file)
    return None, ""


def _no_office(written: Text, file: Path, folder: Path) -> ReadingError:
    """Return the error about a missing office file; `folder` is the folder of the scenario file."""
    sentence = f"there is no office file {told(shown_name(file))}"
    meant = _nearest_file(folder, Path(written.text).parts)
    if meant is not None:
        return ReadingError(written.source, sentence, f"did you mean `{meant}`?")
    others = _names(file.parent)
    if others:
        return ReadingError(written.source, sentence, suggest(file.name, others, "in that folder are"))
    return ReadingError(written.source, sentence, "the path counts from the folder of this file; correct it")


def _nearest_file(folder: Path, parts: Sequence[str]) -> str | None:
    """Return the existing path below `folder` that is most similar to `parts`, or None.

    A folder that exists is taken as written; otherwise the nearest name is taken. A file written without a folder is
    also looked for in the folders beside the scenario file.
    """
    here, path = folder, Path()
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        if not last and _is(here / part, Path.is_dir):
            name: str | None = part
        else:
            name = nearest(part, _names(here, folders=not last))
        if name is None:
            break
        here, path = here / name, path / name
    else:
        return path.as_posix() if parts else None
    if len(parts) != 1:
        return None
    inside = {f"{sub}/{name}": name for sub in _names(folder, folders=True) for name in _names(folder / sub)}
    name = nearest(parts[0], inside.values())
    return next((path for path, each in inside.items() if each == name), None)


def _names(folder: Path, *, folders: bool = False) -> list[str]:
    """Return the names of the folders in a folder, or of its YAML files that are not scenario files."""
    try:
        return sorted(
            each.name
            for each in folder.iterdir()
            if (each.is_dir() if folders else each.match("*.y*ml") and not each.name.endswith(".ring.yaml"))
        )
    except (OSError, ValueError):
        return []


def _is_file(path: Path) -> bool:
    return _is(path, Path.is_file)


def _is(path: Path, what: Callable[[Path], bool]) -> bool:
    """Return the answer of the file system; an impossible path counts as missing."""
    try:
        return what(path)
    except (OSError, ValueError):
        return False


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
