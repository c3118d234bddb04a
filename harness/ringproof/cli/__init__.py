"""Implement the command line (`ringproof run`, `validate`, ...): a thin front end, like the pytest plugin."""

from __future__ import annotations

import os

INTERRUPTED = b"ringproof: interrupted by SIGINT\n"

try:
    import signal
except KeyboardInterrupt:  # `signal` imports a dozen modules; until then Python shows a traceback
    os.write(2, INTERRUPTED)
    os._exit(130)

__all__ = ["main"]


def main() -> None:
    """Import the program and start it; Ctrl-C during the import ends this process with one line of output."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end_at_once)
    from ringproof.cli.program import start  # noqa: PLC0415 - takes 0.3 s, in which Ctrl-C must show no traceback

    start()


def _end_at_once(number: int, _frame: object) -> None:
    """End this process, which has started nothing yet. The module being imported might catch an exception."""
    os.write(2, INTERRUPTED)
    os._exit(128 + number)
