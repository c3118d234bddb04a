"""Read a story that is written in Python, with the reader of scenario files and so with its messages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from ringproof.api.errors import HIDDEN, InvalidStoryError
from ringproof.api.python_source import CallPlace, calling_place, lines_before
from ringproof.api.python_tree import PythonTree
from ringproof.core.problem import Complaints, Problem, ReadingError, render_problem, told
from ringproof.core.source import Source
from ringproof.core.spelling import suggest
from ringproof.scenario.model.scenario import Scenario as Story
from ringproof.scenario.reading import ReadFile, read_scenarios, read_source_text
from ringproof.scenario.syntax.source_text import SourceText, source_text_of
from ringproof.scenario.syntax.tree import Entry, Table, Text, Value, read_tree

if TYPE_CHECKING:
    from typing import Unpack

Duration = str | timedelta
StoryText = str | os.PathLike[str] | Mapping[str, Any]
"""A story: YAML text, the path of a scenario file, or a dict of the same words."""
AT_FILE_LEVEL = ("ringproof", "pbx", "scenarios")
"""Keys of a scenario file that do not belong to a scenario."""
_CALLERS = 'write `"callers": {"anna": {"from": "+74951234567", "to": "84950000001"}}`, say'
NO_CALL = "`when` is missing, so nobody calls"

__tracebackhide__ = HIDDEN


class Words(TypedDict, total=False):
    """The arguments of `Scenario`, named as the keys of a scenario file; `dialplan_step` is its key `dialplan step`."""

    name: str
    pbx: str | os.PathLike[str]
    callers: Mapping[str, Mapping[str, str]]
    phones: Mapping[str, Any] | Mapping[int, Any]
    rung: Sequence[Any]
    when: Sequence[Mapping[str, Any]]
    expect: Sequence[Mapping[str, Any]] | Mapping[str, Any]
    calls: int
    tolerance: Duration
    quiet: Duration
    speed: float
    clock: Mapping[str, Any]
    dialplan_step: Duration
    needs: Mapping[str, str]


class Scenario:
    """One story, built with keyword arguments.

    The words are those of a scenario file, with Python's lists, dicts, numbers and timedeltas as values, and `pbx`
    is relative to the folder of the Python file. Without `expect` nothing is judged; without `when` it is an office
    with its callers and phones, for steps that a test makes itself.

    Raises InvalidStoryError, which names the line of this call and the path of the key.
    """

    def __init__(self, **words: Unpack[Words]) -> None:
        """Read the words at once."""
        self._place = calling_place()
        self.name = str(words.get("name") or default_name(self._place))
        self._calls = "when" in words
        given = {key: value for key, value in words.items() if key != "name"}
        try:
            self._read = self._reading(with_calls(given))
        except InvalidStoryError as fault:
            raise fault.with_traceback(None) from None  # the error is about the user's line

    def _reading(self, words: Mapping[str, object]) -> Story:
        place, name = self._place, self.name

        def tree(_: SourceText, complaints: Complaints) -> Value:
            return in_one_scenario(PythonTree(place, complaints).words(words), name)

        source_text = SourceText(place.file, "", place.lines)
        return the_one(read_source_text(source_text, place.path, tree=tree, observed=True), None, place)

    def story(self) -> Story:
        """Return the model that the reader of scenario files makes. Raises InvalidStoryError where nobody calls."""
        if not self._calls:
            raise invalid(self._place, NO_CALL, 'write `when=[{"call": ...}]`, or let a test make the steps')
        return self._read

    def office(self) -> Story:
        """Return the model of the office, its callers and phones; its steps and expectations mean nothing."""
        return self._read

    def __repr__(self) -> str:
        """Return its name and the place where it is written."""
        return f"<Scenario {self.name!r} at {self._place.file}:{self._place.line}>"


def with_calls(words: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the words of a story; words without `when` get a call of each caller, so that they can be read."""
    callers = words.get("callers")
    if "when" in words or not isinstance(callers, Mapping):
        return words
    return {**words, "when": [{"call": name} for name in callers]}


def read_office_story(office: Mapping[str, Any] | Scenario, place: CallPlace) -> Story:
    """Return the model of an office, its callers and phones, written as a Scenario or a dict without `when`.

    Raises InvalidStoryError; `place` is where a dict was passed.
    """
    if isinstance(office, Scenario):
        return office.office()
    if isinstance(office, Mapping):
        if not office.get("callers"):
            raise invalid(place, "this office has no `callers`, so nobody can call", _CALLERS)
        return the_one(_read_mapping(with_calls(office), place), None, place)
    sentence = f"an office of the type {told(type(office).__name__)} cannot be opened"
    raise invalid(place, sentence, "give a Scenario or a dict with `pbx`, `callers` and `phones`")


def read_story(story: StoryText | Scenario, name: str | None, place: CallPlace) -> Story:
    """Return the model of the story that `play` was given at `place`. Raises InvalidStoryError."""
    if isinstance(story, Scenario):
        return story.story()
    return the_one(_read(story, place), name, place)


def _read(story: StoryText, place: CallPlace) -> ReadFile:
    if isinstance(story, os.PathLike):
        return read_scenarios(Path(os.fspath(story)))
    if isinstance(story, str):
        return _read_text(story, place)
    if isinstance(story, Mapping):
        return _read_mapping(story, place)
    what = f"a story of the type {told(type(story).__name__)} cannot be played"
    raise invalid(place, what, "give YAML text, a dict of the same words, the Path of a scenario file or a Scenario")


def _read_mapping(story: Mapping[str, Any], place: CallPlace) -> ReadFile:
    def tree(_: SourceText, complaints: Complaints) -> Value:
        around = Source(place.file, place.line, place.column)
        value = PythonTree(place, complaints).value(story, "", place.argument("story", 0), around)
        return in_one_scenario(value, default_name(place))

    return read_source_text(SourceText(place.file, "", place.lines), place.path, tree=tree, observed=True)


def _read_text(story: str, place: CallPlace) -> ReadFile:
    """Read YAML text. Its places are lines of the Python file if the text stands there, else lines of the text."""
    if "\n" not in story and story.endswith((".yaml", ".yml")):
        raise invalid(place, f"{told(story)} is the name of a file", f'write `Path("{story}")`, or the text itself')
    found = lines_before(story, place)
    file, text = place.file, story
    if found is None:
        file = f"{place.file}:{place.line}, line of the text"
    else:
        before, deeper = found
        text = "\n" * before + "\n".join(" " * deeper + line if line.strip() else "" for line in story.splitlines())
    source_text = source_text_of(file, text)
    if isinstance(source_text, Problem):
        return ReadFile(place.path, (), (source_text,))
    if found is not None:
        source_text = SourceText(file, text, place.lines)

    def tree(source_text: SourceText, complaints: Complaints) -> Value:
        return in_one_scenario(read_tree(source_text, complaints), default_name(place))

    return read_source_text(source_text, place.path, tree=tree, observed=True)


def in_one_scenario(root: Value, name: str) -> Value:
    """Return the tree of a file with one scenario; `root` has its words, without `scenarios:`."""
    if not isinstance(root, Table) or "scenarios" in root.entries:
        return root
    top = {key: written for key, written in root.entries.items() if key in AT_FILE_LEVEL}
    own = {key: written for key, written in root.entries.items() if key not in AT_FILE_LEVEL}
    at = root.source
    table = Table(at, {name: Entry(Text(at, name, plain=False), Table(at, own))})
    return Table(at, {**top, "scenarios": Entry(Text(at, "scenarios", plain=False), table)})


def the_one(read: ReadFile, name: str | None, place: CallPlace) -> Story:
    """Return the scenario `name`, or the only one. Raises InvalidStoryError for none, and for problems in any."""
    if read.problems:
        raise InvalidStoryError("\n\n".join(render_problem(problem) for problem in read.problems))
    names = [scenario.name for scenario in read.scenarios]
    if name is None:
        if len(read.scenarios) == 1:
            return read.scenarios[0]
        raise invalid(place, f"this story has {len(names)} scenarios, and one is played", f"write `name={names[0]!r}`")
    found = next((scenario for scenario in read.scenarios if scenario.name == name), None)
    if found is None:
        raise invalid(place, f"there is no scenario {told(name)}", suggest(name, names, "the scenarios are"))
    return found


def invalid(place: CallPlace, sentence: str, fix: str) -> InvalidStoryError:
    """Return the error about a call as a whole."""
    complaints = Complaints(place.lines)
    complaints.add(ReadingError(Source(place.file, place.line, place.column), sentence, fix))
    return InvalidStoryError(render_problem(complaints.problems[0]))


def default_name(place: CallPlace) -> str:
    """Return the name for a scenario that has none: that of the function in which it is written, or of the file."""
    return (place.function or Path(place.file).stem).replace("_", " ").strip() or "story"
