"""Define the commands that need only files and no PBX: `ringproof validate`, `render`, `schema`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ringproof.cli.output import counted, refuse
from ringproof.cli.paths import Paths, files_of, must_exist, path_for, read_all
from ringproof.report.result import EXIT_INVALID

if TYPE_CHECKING:
    from ringproof.scenario.model.scenario import Scenario

Kind = Literal["scenario", "office"]


def validate(paths: Paths = None) -> int:
    """Check scenario files and the offices that they name."""
    files = files_of(paths)
    read = read_all(files)
    problems = dict.fromkeys(problem for entry in read for problem in entry.problems)
    if problems:
        from ringproof.scenario.reading import render_problem  # noqa: PLC0415 - --help must not wait for pydantic

        print("\n\n".join(render_problem(problem) for problem in problems))
        wrong = sum(bool(entry.problems) for entry in read)
        print(f"\n{counted(len(problems), 'problem')}; {wrong} of {counted(len(read), 'file')} cannot be played")
        return EXIT_INVALID
    for entry in read:
        for _, dated in groupby(entry.scenarios, lambda scenario: scenario.source):
            _say_what_is_played(list(dated))
    scenarios = sum(len(entry.scenarios) for entry in read)
    verb = "is" if scenarios == 1 else "are"
    print(f"{counted(scenarios, 'scenario')} in {counted(len(read), 'file')} {verb} valid")
    return 0


def _say_what_is_played(scenarios: Sequence[Scenario]) -> None:
    """Print what is not obvious from a scenario's text.

    That is: its dates, what its many calls would detect, and lines that an earlier version judged differently.
    """
    first = scenarios[0]
    if len(scenarios) > 1:
        from ringproof.core.dates import write_date  # noqa: PLC0415 - as above

        starts = sorted((each.starts for each in scenarios if each.starts is not None), key=datetime.timestamp)
        dates = f"from {write_date(starts[0])} to {write_date(starts[-1])}"
        print(f"{first.source.file}:{first.source.line}: {counted(len(scenarios), 'date')}, {dates}")
    for over in first.over:
        from ringproof.statistics.power import detection_limits  # noqa: PLC0415 - as above

        print(f"{over.source.file}:{over.source.line}: {detection_limits(over, first.calls)}")
    from ringproof.scenario.check.changed import changed_lines  # noqa: PLC0415 - as above

    for source, sentence in changed_lines(first):
        print(f"{source}: {sentence}")


def render(
    office: Annotated[Path, typer.Argument(metavar="OFFICE", help="An office file.", parser=path_for("OFFICE"))],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the Asterisk configuration.", parser=path_for("--out"))
    ],
    *,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")] = False,
) -> int:
    """Write the Asterisk configuration of an office."""
    from ringproof.dialplan.render import render_office  # noqa: PLC0415 - as above
    from ringproof.scenario.reading import read_office, render_problem  # noqa: PLC0415

    must_exist([office])
    read = read_office(office)
    if read.office is None:
        print("\n\n".join(render_problem(problem) for problem in read.problems))
        return EXIT_INVALID
    if out.exists() and not out.is_dir():
        return refuse(f"{out} is a file; the configuration needs a folder")
    if out.is_dir() and any(out.iterdir()) and not force:
        return refuse(f"the folder {out} is not empty; --force writes into it all the same")
    try:
        rendered = render_office(read.office, out, office_folder=office.parent)
    except ValueError as fault:
        return refuse(f"{office}: {fault}")
    except OSError as fault:
        return refuse(f"{fault.filename or out} could not be written: {fault.strerror}; what is in {out} is not whole")
    for name in rendered.files:
        print(out / name)
    return 0


def schema(
    of: Annotated[Kind, typer.Argument(metavar="KIND", help="Of which kind of file.")] = "scenario",
) -> int:
    """Print the JSON Schema (draft-07) of a kind of file, for editors."""
    import json  # noqa: PLC0415 - as above

    from ringproof.scenario.schema import office_schema, scenario_schema  # noqa: PLC0415

    print(json.dumps(scenario_schema() if of == "scenario" else office_schema(), indent=2, ensure_ascii=False))
    return 0
