"""progressive: the first free member, then the first two, then three...; who rings keeps ringing.

With `keep`, one INVITE per member means one Dial per member, and those Dials must live side by side: each runs in a leg
of its own, a Local channel that the caller's Dial is ringing. One more leg decides whose turn it is, and alone holds
what there is to know, so nothing needs a lock (LOCK() of Asterisk costs up to 50 ms, and hands out a lock twice
where a condition variable wakes without cause). The legs speak by signals (`app_signal`); nothing polls. How
many have refused is counted by Asterisk, by GROUP membership of legs that stay, so no refusal is lost where two
come at once.

Without `keep` each step is one Dial, and all who have joined are rung anew.
"""

from __future__ import annotations

from harness.dialplan.strategies.group import GroupWords
from harness.dialplan.templating import fill
from harness.scenario.office import Progressive


def context(group: GroupWords, progressive: Progressive) -> str:
    """Return the group's context."""
    if progressive.keep == "true":
        return fill("strategies/progressive.conf.j2", group=group)
    return fill("strategies/blink.conf.j2", group=group, refusers_out=progressive.refusers == "out")
