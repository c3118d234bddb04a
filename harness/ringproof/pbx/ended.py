"""Why an Asterisk ended, by what it printed."""

from __future__ import annotations

import re

GIVES_UP = "ASTERISK EXITING"
"""In the line by which Asterisk says that it ends because of what it said before (asterisk.c, check_init)."""
READY = "Asterisk Ready."
"""What Asterisk prints when it is fully booted."""
TAIL = 30
"""Lines of a log that are shown with an error."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_COMPLAINT = re.compile(r"\b(?:WARNING|ERROR)\[\d+\]")


class AsteriskEndedError(Exception):
    """Asterisk has ended, and its container with it."""


def ended_fault(exit_status: int, log: str) -> AsteriskEndedError:
    """Return the error of an Asterisk that ended: why, by the container's log, whose end is a note of it."""
    sentence = f"Asterisk ended (exit status {exit_status}): {last_words(log)}"
    if exit_status == 0 and READY not in log:
        sentence += "; the image's command has to run it in the foreground, as `asterisk -f` does"
    fault = AsteriskEndedError(sentence)
    fault.add_note(f"The end of its container's log:\n{tail(log)}")
    return fault


def last_words(log: str) -> str:
    """Return the line of a container's log that says best why Asterisk ended.

    It is the last complaint before the one in which it gives up; else, as of a shell or an entrypoint, the last line.
    The first complaint is not: an Asterisk that boots well has some, too.
    """
    lines = _lines(log)
    given_up = next((number for number, line in enumerate(lines) if GIVES_UP in line), None)
    if given_up is not None:
        complaints = [line for line in lines[:given_up] if _COMPLAINT.search(line)]
        return complaints[-1] if complaints else lines[given_up]
    return lines[-1] if lines else "it said nothing"


def tail(log: str) -> str:
    """Return the last lines of a log, without colours."""
    return "\n".join(_lines(log)[-TAIL:])


def _lines(log: str) -> list[str]:
    return [line for line in (line.strip() for line in _COLOUR.sub("", log).splitlines()) if line]
