"""Render random_free: a free member at random, all with the same chance; then another one, until nobody is left.

The members are checked in random order and the first free one is taken, which gives all free ones the same chance.
"""

from __future__ import annotations

from ringproof.dialplan.strategies import hunt
from ringproof.dialplan.strategies.group import GroupWords
from ringproof.scenario.model.office import RandomFree


def context(group: GroupWords, random_free: RandomFree) -> str:
    """Return the group's context."""
    return hunt.context(
        group,
        random_free,
        title="Random",
        rule=f"Anybody who is {group.looked} and has not been rung, at random.",
        choice=hunt.AT_RANDOM,
        forgets=False,
        goes_on=True,
    )
