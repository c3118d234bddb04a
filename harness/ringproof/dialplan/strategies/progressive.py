"""Render progressive: the first free member, then the first two, then three...; a phone that rings keeps ringing.

With `keep`, one INVITE per member means one Dial per member, and those Dials must run at the same time: each runs in a
leg of its own, a Local channel that the caller's Dial is ringing. One more leg decides whose turn it is. It alone holds
the state, so nothing needs a lock (LOCK() of Asterisk costs up to 50 ms, and gives a lock to two channels where a
condition variable wakes without cause).

The legs signal each other what has happened ([tell] and [await] in the dialplan), with what every Asterisk from 16 on
has; nothing polls. A leg that waits is in a Dial to a helper leg that does nothing but wait, and a leg that signals
ends this helper. The helper holds no state, so it may be ended at any moment; a leg that decides or rings may not. No
signal is lost: the sender notes it before it looks for a waiting leg, and the receiver notes that it waits before it
looks for signals. The refusals are counted by INC() read through IMPORT(), which locks the caller's channel meanwhile,
so no refusal is lost where two come at once.

Without `keep` each step is one Dial, and all members that have joined are rung anew.
"""

from __future__ import annotations

from ringproof.core.duration import PbxSeconds
from ringproof.dialplan import wording
from ringproof.dialplan.strategies.group import GroupWords
from ringproof.dialplan.templating import fill
from ringproof.scenario.model.office import Progressive

LOOKING = PbxSeconds(1.0)
"""More than it takes to check whether a member is free."""


def context(group: GroupWords, progressive: Progressive) -> str:
    """Return the group's context."""
    if progressive.keep == "true":
        all_steps = PbxSeconds(len(group.members) * (progressive.ring_time + LOOKING))
        return fill("strategies/progressive.conf.j2", group=group, all_steps=wording.seconds(all_steps))
    return fill("strategies/blink.conf.j2", group=group, refusers_out=progressive.refusers == "out")
