"""Render first_free: the first free member in list order; a refusal leads to the next free one."""

from __future__ import annotations

from ringproof.dialplan.strategies import hunt
from ringproof.dialplan.strategies.group import GroupWords
from ringproof.scenario.model.office import FirstFree


def context(group: GroupWords, first_free: FirstFree) -> str:
    """Return the group's context."""
    return hunt.context(
        group,
        first_free,
        title="First free",
        rule=f"The first who is {group.looked} and has not been rung; looked for from the start of the list each time.",
        choice=hunt.IN_ORDER,
        forgets=False,
        goes_on=first_free.on_no_answer == "go_on",
    )
