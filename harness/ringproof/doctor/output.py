"""Render diagnoses as text: a mark, the subject and what was found, and below it what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ringproof.doctor.checks import Diagnosis, State
from ringproof.report.result import EXIT_BROKEN

MARKS: Mapping[State, str] = {"ok": "ok", "note": "note", "broken": "BROKEN"}
_MARK, _SUBJECT = 7, 11
"""Their widths in columns."""


def diagnoses_text(diagnoses: Iterable[Diagnosis], mark: Callable[[State, str], str] = lambda _, text: text) -> str:
    """Return a line for each diagnosis, with its fix on the next line, then a summary; `mark` colours a mark."""
    diagnoses = list(diagnoses)
    lines: list[str] = []
    for each in diagnoses:
        marked = mark(each.state, f"{MARKS[each.state]:{_MARK}}")
        lines.append(f"{marked}{each.subject:{_SUBJECT}}{each.found}")
        if each.fix:
            lines.append(f"   hint: {each.fix}")
    broken = sum(each.state == "broken" for each in diagnoses)
    if broken:
        things = "one thing stands" if broken == 1 else f"{broken} things stand"
        lines += ["", f"{things} in the way of calls"]
    else:
        lines += ["", "calls can be played"]
    return "\n".join(lines)


def exit_code(diagnoses: Iterable[Diagnosis]) -> int:
    """Return 0, or what a run would return on this machine."""
    return EXIT_BROKEN if any(each.state == "broken" for each in diagnoses) else 0
