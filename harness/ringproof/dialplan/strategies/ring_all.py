"""Render ring_all: all free members at once, for one ring time.

It is one Dial with every free member's contacts. Dial itself does the rest: a refusal ends that leg only, the last
refusal ends the Dial, and after an answer the other phones are cancelled as answered elsewhere.
"""

from __future__ import annotations

from ringproof.dialplan.strategies.group import GroupWords
from ringproof.dialplan.templating import fill


def context(group: GroupWords) -> str:
    """Return the group's context."""
    return fill("strategies/ring_all.conf.j2", group=group)
