"""The command line: `ringproof run`, `validate` and the others; a thin front end, like the pytest plugin."""

from __future__ import annotations

import os

INTERRUPTED = b"ringproof: interrupted by SIGINT\n"

try:
    import signal
except KeyboardInterrupt:  # it imports a dozen modules, while Python still shows a traceback
    os.write(2, INTERRUPTED)
    os._exit(130)

__all__ = ["main"]


def main() -> None:
    """Import the program and start it; Ctrl-C meanwhile ends this process in one line."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end_at_once)
    from ringproof.cli.program import start  # noqa: PLC0415 - a third of a second, in which no traceback is to be shown

    start()


def _end_at_once(number: int, _frame: object) -> None:
    """End this process, which has begun nothing yet; an exception could be dropped by whatever is being imported."""
    os.write(2, INTERRUPTED)
    os._exit(128 + number)
