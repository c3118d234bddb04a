"""Register the commands of the program `ringproof`, and handle errors of the command line itself."""

from __future__ import annotations

import functools
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, ParamSpec

import typer

from ringproof import __version__
from ringproof.cli.environment import clean, doctor
from ringproof.cli.files import render, schema, validate
from ringproof.cli.first_scenario import init
from ringproof.cli.images import image
from ringproof.cli.output import interrupted
from ringproof.cli.running import run
from ringproof.report.result import EXIT_BROKEN

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Write down who must ring, in which order and for how long; real calls through a real Asterisk prove it.",
)
Parameters = ParamSpec("Parameters")


def interruptible(command: Callable[Parameters, int]) -> Callable[Parameters, int]:
    """Make Ctrl-C raise KeyboardInterrupt and end the command with one line of output: typer would print nothing."""

    @functools.wraps(command)
    def run_it(*args: Parameters.args, **kwargs: Parameters.kwargs) -> int:
        try:
            if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            return interrupted("SIGINT")

    return run_it


for each in (init, run, validate, render, schema, image, doctor, clean):
    app.command()(interruptible(each))


def start() -> None:
    """Start the command line; the exit code is 0, 1, 2, 3, 129, 130 or 143 (README)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an encoding without block characters gets question marks
    try:
        code = app(prog_name="ringproof", standalone_mode=False)
    except KeyboardInterrupt:
        code = interrupted("SIGINT")
    except Exception as fault:  # noqa: BLE001 - its traceback is printed
        code = _usage_exit(fault)
        if code is None:  # Python's own exit code would be 1, which means that the routing differs
            traceback.print_exc()
            print("   hint: a defect of Ringproof: please report it", file=sys.stderr)
            code = EXIT_BROKEN
    sys.exit(code)


def _usage_exit(fault: Exception) -> int | None:
    """Print an error of the command line itself and return its exit code; return None for any other error."""
    show, code = getattr(fault, "show", None), getattr(fault, "exit_code", None)
    if show is None or code is None:
        return None
    show()
    return int(code)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's own signature
    if wanted:
        print(f"ringproof {__version__}")
        raise typer.Exit


@app.callback()
def ringproof(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options of the program itself."""
    del version  # its callback has already done the work
