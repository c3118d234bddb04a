"""Finds out why an Asterisk ended, from what it printed."""

from __future__ import annotations

import re

GIVES_UP = "ASTERISK EXITING"
"""Part of the line in which Asterisk says that it ends because of what it said before (asterisk.c, check_init)."""
READY = "Asterisk Ready."
"""Part of the line that Asterisk prints when it is fully booted."""
TAIL = 30
"""Lines of a log that are shown with an error."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_COMPLAINT = re.compile(r"\b(?:WARNING|ERROR)\[\d+\]")


class AsteriskEndedError(Exception):
    """Asterisk has ended, and its container with it."""


def ended_fault(exit_status: int, log: str) -> AsteriskEndedError:
    """Return the error of an Asterisk that ended: the container's log says why, and the log's end is its note."""
    sentence = f"Asterisk ended (exit status {exit_status}): {last_words(log)}"
    if exit_status == 0 and READY not in log:
        sentence += "; the image's command has to run it in the foreground, as `asterisk -f` does"
    fault = AsteriskEndedError(sentence)
    fault.add_note(f"The end of its container's log:\n{tail(log)}")
    return fault


def last_words(log: str) -> str:
    """Return the line of a container's log that says best why Asterisk ended.

    It is the last complaint before the line in which Asterisk gives up. Without such a line, for example where a shell
    or an entrypoint ended, it is the last line. It is not the first complaint, because an Asterisk that boots well has
    some, too.
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
