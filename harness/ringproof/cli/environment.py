"""Define `ringproof doctor`, which checks what a run needs, and `clean`, which removes what dead runs left behind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ringproof.core.defaults import DEFAULT_IMAGE, DEFAULT_OUT
from ringproof.report.result import EXIT_BROKEN
from ringproof.setup.output import SetupError

_COLOUR = {"ok": "green", "note": "yellow", "broken": "red"}


def doctor(
    *,
    trial: Annotated[
        bool, typer.Option("--try/--look", help="Also make, seal and remove again what a run makes; or only look.")
    ] = True,
) -> int:
    """Look at what calls need on this machine: what is there, whether it is good, and what to do."""
    from ringproof.doctor.checks import diagnose  # noqa: PLC0415 - as below
    from ringproof.doctor.machine import look  # noqa: PLC0415
    from ringproof.doctor.output import diagnoses_text, exit_code  # noqa: PLC0415

    try:
        diagnoses = diagnose(look(Path(DEFAULT_OUT)))
    except SetupError as fault:
        print(f"ringproof: {fault}", file=sys.stderr)
        return EXIT_BROKEN
    if trial and not exit_code(diagnoses):  # otherwise that has to be repaired first
        from ringproof.doctor.trial import try_networks  # noqa: PLC0415

        diagnoses.append(try_networks(DEFAULT_IMAGE))
    typer.echo(diagnoses_text(diagnoses, lambda state, text: typer.style(text, fg=_COLOUR[state])))
    return exit_code(diagnoses)


def clean() -> int:
    """Remove containers, networks and folders that dead runs left behind."""
    from ringproof.containers.errors import BrokenError  # noqa: PLC0415 - --help must not wait for docker
    from ringproof.containers.sweep import sweep  # noqa: PLC0415

    try:
        removed = sweep()
    except BrokenError as fault:
        print(f"ringproof: {fault}", file=sys.stderr)
        return EXIT_BROKEN
    for name in removed:
        print(f"removed {name}")
    if not removed:
        print("nothing was left behind")
    return 0
