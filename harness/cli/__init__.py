"""The command line: `ringproof run`, `validate` and the others; a thin front end, like the pytest plugin."""

from harness.cli.program import main

__all__ = ["main"]
