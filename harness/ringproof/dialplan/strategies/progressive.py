"""progressive: the first free member, then the first two, then three...; who rings keeps ringing.

With `keep`, one INVITE per member means one Dial per member, and those Dials must live side by side: each runs in a leg
of its own, a Local channel that the caller's Dial is ringing. One more leg decides whose turn it is, and alone holds
what there is to know, so nothing needs a lock (LOCK() of Asterisk costs up to 50 ms, and hands out a lock twice
where a condition variable wakes without cause).

The legs tell one another what has happened ([tell] and [await] in the dialplan), with what every Asterisk from 16 on
has; nothing polls. Who waits is in a Dial towards a leg that does nothing but wait, and whoever has something to tell
ends that one: it holds nothing, so it may be ended at any moment, which no leg that decides or rings may. Nothing that
is told is lost: the teller notes it before he looks who waits, and the leg notes that it waits before it looks what was
told. How many have refused is counted by INC() read through IMPORT(), which locks the caller's channel meanwhile, so no
refusal is lost where two come at once.

Without `keep` each step is one Dial, and all who have joined are rung anew.
"""

from __future__ import annotations

from ringproof.core.duration import PbxSeconds
from ringproof.dialplan import wording
from ringproof.dialplan.strategies.group import GroupWords
from ringproof.dialplan.templating import fill
from ringproof.scenario.model.office import Progressive

LOOKING = PbxSeconds(1.0)
"""Looking whether a member is free takes less."""


def context(group: GroupWords, progressive: Progressive) -> str:
    """Return the group's context."""
    if progressive.keep == "true":
        all_steps = PbxSeconds(len(group.members) * (progressive.ring_time + LOOKING))
        return fill("strategies/progressive.conf.j2", group=group, all_steps=wording.seconds(all_steps))
    return fill("strategies/blink.conf.j2", group=group, refusers_out=progressive.refusers == "out")
