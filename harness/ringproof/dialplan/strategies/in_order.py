"""Render in_order: one by one in list order (FreePBX's hunt); a member that is not free at its turn is passed over."""

from __future__ import annotations

from ringproof.dialplan.strategies import hunt
from ringproof.dialplan.strategies.group import GroupWords
from ringproof.scenario.model.office import InOrder


def context(group: GroupWords, in_order: InOrder) -> str:
    """Return the group's context."""
    return hunt.context(
        group,
        in_order,
        title="In order",
        rule=f"One by one; who is not {group.looked} when his turn comes is passed over.",
        choice=hunt.IN_ORDER,
        forgets=True,
        goes_on=True,
    )
