"""Render what the hunts share: one member at a time, each at most once.

Between the check that a member is free and the moment at which its phone rings, another call could find it free, too.
So only one call at a time checks (LOCK), and the leg to the member's phone is counted (GROUP) before the lock is
released, which is before the phone is rung. Legs are counted: however a leg ends, its reservation ends with it, so
there is no stale one. When a caller hangs up while its channel has the lock, the lock is released: Asterisk frees the
locks of a channel that ends (`func_lock.c`).

Dial reports NOANSWER both when the ring time ran out and when the phone refused with 480 (`app_dial.c`, handle_cause),
so the two are distinguished by the PBX's own clock: a Dial that ended before its ring time was refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringproof.dialplan.strategies.group import GroupWords
from ringproof.dialplan.templating import fill
from ringproof.scenario.model.office import Hunt

IN_ORDER = "1"
AT_RANDOM = "${RAND(1,${FIELDQTY(TRY,&)})}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntWords:
    """How one hunt differs from the others, as the dialplan writes it."""

    title: str
    rule: str
    ending: str
    choice: str
    """The position of the member that is checked next, among those not checked in this turn."""
    left: str
    """The members that are left when one has been chosen."""
    reserves: bool
    tells_refusals: bool
    goes_on_if: str
    """The condition on which the next turn follows; `always`; empty: never."""


def context(group: GroupWords, hunt: Hunt, *, title: str, rule: str, choice: str, forgets: bool, goes_on: bool) -> str:
    """Return a hunt's context.

    `forgets`: a member that was passed over is not checked again. `goes_on`: no answer leads to the next member.
    """
    after_refusal = hunt.after_refusal == "next"
    goes_on_if = {
        (True, True): "always",
        (True, False): "$[1 - ${REFUSED}]",
        (False, True): "${REFUSED}",
        (False, False): "",
    }[goes_on, after_refusal]
    ends_by = [word for word, ends in (("no answer", not goes_on), ("a refusal", not after_refusal)) if ends]
    ending = f"After {' and after '.join(ends_by)}, or when nobody is left:" if ends_by else "When nobody is left:"
    words = HuntWords(
        title=title,
        rule=rule,
        ending=ending,
        choice=choice,
        left="${TRY}" if forgets else "${LISTFILTER(LEFT,&,${MEMBER})}",
        reserves=hunt.free == "idle",
        tells_refusals=goes_on_if not in ("", "always") or bool(group.outcomes),
        goes_on_if=goes_on_if,
    )
    return fill("strategies/hunt.conf.j2", group=group, hunt=words)
