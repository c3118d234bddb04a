"""What a run needs and what runs leave behind: `ringproof clean`."""

from __future__ import annotations

import sys

from harness.report.result import EXIT_BROKEN


def clean() -> int:
    """Remove containers and networks that dead runs left behind."""
    from harness.pbx.errors import BrokenError  # noqa: PLC0415 - --help must not wait for docker
    from harness.pbx.sweep import sweep  # noqa: PLC0415

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
