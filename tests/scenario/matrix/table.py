"""The table: a row for each strategy and each option, and the scenarios that play each situation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml
from ringproof.scenario.model.office import FirstFree, Hunt, InOrder, Progressive, RandomFree, RingAll, ToGroup
from ringproof.scenario.reading import read_scenarios

from .situations import SITUATIONS
from .told import Told

SCENARIOS = Path(__file__).parents[3] / "scenarios"

ROWS: Mapping[str, Callable[[Told], bool]] = {
    "ring_all": lambda told: isinstance(told.group, RingAll) and told.is_plain,
    "random_free": lambda told: isinstance(told.group, RandomFree) and told.is_plain,
    "in_order": lambda told: isinstance(told.group, InOrder) and told.is_plain,
    "progressive": lambda told: isinstance(told.group, Progressive) and told.is_plain and told.group.keep == "true",
    "progressive, keep: false": lambda told: (
        isinstance(told.group, Progressive) and told.is_plain and told.group.keep == "false"
    ),
    "first_free, stop": lambda told: (
        isinstance(told.group, FirstFree) and told.is_plain and told.group.on_no_answer == "stop"
    ),
    "first_free, go_on": lambda told: (
        isinstance(told.group, FirstFree) and told.is_plain and told.group.on_no_answer == "go_on"
    ),
    "free: registered": lambda told: told.group.free == "registered",
    "after_refusal: stop": lambda told: isinstance(told.group, Hunt) and told.group.after_refusal == "stop",
    "refusers: out": lambda told: isinstance(told.group, Progressive) and told.group.refusers == "out",
    "nobody_free": lambda told: told.group.nobody_free is not None,
    "all_refused": lambda told: told.group.all_refused is not None,
}
"""The strategies without any of the options, and each of the options."""
OF_THE_OPTION: Mapping[str, Callable[[Told], bool]] = {
    "nobody_free": lambda told: told.goes_on is told.group.nobody_free,
    "all_refused": lambda told: told.goes_on is told.group.all_refused,
}
"""Of the last two, calls that go where the option says: another group is reached by this, not by the usual way."""


def calls() -> Iterator[Told]:
    """Yield every call to a group in the bundled scenarios."""
    for file in sorted(SCENARIOS.glob("*.ring.yaml")):
        yield from told_of(file)


def told_of(file: Path) -> Iterator[Told]:
    """Yield every call to a group in a file."""
    written = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only
    for scenario in read_scenarios(file).scenarios:
        story = written["scenarios"][_written_name(scenario.name, written["scenarios"])]
        words = (written.get("phones") or {}) | (story.get("phones") or {})
        for name, caller in scenario.callers.items():
            destination = scenario.office.trunk.numbers.get(caller.dials)
            if isinstance(destination, ToGroup):
                yield Told(scenario, name, scenario.office.groups[destination.group], words)


def _written_name(name: str, written: Mapping[str, object]) -> str:
    """Return the name of a scenario as it stands in its file: without the date, where it has several."""
    return name if name in written else name.rpartition(", ")[0]


def table() -> dict[str, dict[str, list[str]]]:
    """Return the names of the scenarios by row and situation."""
    found: dict[str, dict[str, list[str]]] = {row: {situation: [] for situation in SITUATIONS} for row in ROWS}
    for told in calls():
        for row, situation in cells(told):
            found[row][situation].append(told.scenario.name)
    return found


def cells(told: Told) -> Iterator[tuple[str, str]]:
    """Yield where in the table a call stands."""
    for row, has in ROWS.items():
        for situation, holds in SITUATIONS.items():
            of_the_option = OF_THE_OPTION.get(row)
            by_the_option = situation != "on to another group" or of_the_option is None or of_the_option(told)
            if has(told) and holds(told) and by_the_option:
                yield row, situation
