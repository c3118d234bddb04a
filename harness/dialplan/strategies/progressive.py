"""progressive, keep: the first free member, then the first two, then three...; who rings keeps ringing.

One INVITE per member means one Dial per member, and those Dials must live side by side: each runs in a leg
of its own, a Local channel that the caller's Dial is ringing. The legs share three values on the caller's
channel and take turns under a lock that is never held while anything rings. Nothing polls: a leg without a
member sleeps exactly until the step is over, and a leg whose member refused is awake anyway, so when nobody
rings any more it is this leg that rings the next member at once.
"""

from __future__ import annotations

from harness.dialplan.strategies.group import GroupWords
from harness.dialplan.templating import fill


def context(group: GroupWords) -> str:
    """Return the group's context."""
    return fill("strategies/progressive.conf.j2", group=group)
