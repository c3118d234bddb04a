"""Render the context of a call group; each strategy has a small module of its own."""

from __future__ import annotations

from typing import assert_never

from ringproof.dialplan.strategies import first_free, in_order, progressive, random_free, ring_all
from ringproof.dialplan.strategies.group import GroupWords
from ringproof.scenario.model.office import FirstFree, Group, InOrder, Office, Progressive, RandomFree, RingAll


def context_of(name: str, group: Group, office: Office) -> str:
    """Return the context `[group-<name>]`, comments included."""
    words = GroupWords.of(name, group, office)
    match group:
        case RingAll():
            return ring_all.context(words)
        case Progressive():
            return progressive.context(words, group)
        case InOrder():
            return in_order.context(words, group)
        case RandomFree():
            return random_free.context(words, group)
        case FirstFree():
            return first_free.context(words, group)
        case _:
            assert_never(group)
