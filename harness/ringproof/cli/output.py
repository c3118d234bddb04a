"""Print what all commands report alike: refusals, interruptions, and numbers with their nouns."""

from __future__ import annotations

import sys

from ringproof.report.result import EXIT_INVALID, EXIT_OF_SIGNAL


def refuse(sentence: str) -> int:
    """Print why nothing is done; return the exit code of a wrong command line or file."""
    print(f"ringproof: {sentence}", file=sys.stderr)
    return EXIT_INVALID


def interrupted(by: str) -> int:
    """Print which signal ended the command; return the exit code."""
    print(f"ringproof: interrupted by {by}", file=sys.stderr)
    return EXIT_OF_SIGNAL[by]


def counted(number: int, thing: str) -> str:
    """Return a number with its noun: `1 file`, `1,234 files`."""
    return f"{number:,} {thing}{'s' * (number != 1)}"
