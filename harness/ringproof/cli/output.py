"""How the commands speak: a sentence about what they will not do, numbers with their nouns."""

from __future__ import annotations

import sys

from ringproof.report.result import EXIT_INVALID, EXIT_OF_SIGNAL


def refuse(sentence: str) -> int:
    """Say why nothing is done; return the exit code of a wrong command line or file."""
    print(f"ringproof: {sentence}", file=sys.stderr)
    return EXIT_INVALID


def interrupted(by: str) -> int:
    """Say which signal ended the command; return the exit code."""
    print(f"ringproof: interrupted by {by}", file=sys.stderr)
    return EXIT_OF_SIGNAL[by]


def counted(number: int, thing: str) -> str:
    """Return `1 file`, `1,234 files`."""
    return f"{number:,} {thing}{'s' * (number != 1)}"
