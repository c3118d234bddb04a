"""first_free: the first free member in list order; a refusal leads to the next free one.

Dial says NOANSWER both when the ring time ran out and when the phone refused with 480 (`app_dial.c`,
handle_cause), so the two are told apart by the PBX's own clock: a Dial that ended before its ring time was
refused.
"""

from __future__ import annotations

from harness.dialplan.strategies.group import GroupWords
from harness.dialplan.templating import fill


def context(group: GroupWords) -> str:
    """Return the group's context."""
    return fill("strategies/first_free.conf.j2", group=group)
