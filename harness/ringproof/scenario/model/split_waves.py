"""Joining of split waves: a wave during which another phone has its turn is written in two parts, around that turn.

`- ring: [101]` for 15 s, `- refused: {102: 486}`, `- ring: [101]` for 15 s more: 101 rings for 30 s without a break,
and 102, whose turn comes after 15 s, refuses at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.scenario.model.scenario import Expectation, Ring, Turn


def rings_on(wave: Ring, before: Ring | None, between: Sequence[Expectation]) -> bool:
    """Return whether `wave` continues `before`: it has the same phones, and only turns stand between the two."""
    return (
        before is not None
        and set(wave.phones) == set(before.phones)
        and not (wave.one_of or before.one_of or wave.again)
        and bool(between)
        and all(isinstance(each, Turn) for each in between)
    )


def one_wave_each(listed: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """Return the expectations with each split wave joined: the wave at the place of its first part, its turns after it.

    A turn within a wave gets `into`, the time since the start of the wave.
    """
    whole: list[Expectation] = []
    last: int | None = None
    for entry in listed:
        if not isinstance(entry, Ring):
            whole.append(entry)
            continue
        before = None if last is None else whole[last]
        between = [] if last is None else whole[last + 1 :]
        if last is not None and isinstance(before, Ring) and rings_on(entry, before, between):
            so_far = before.lasts or PbxSeconds(0.0)
            lasts = None if entry.lasts is None else PbxSeconds(so_far + entry.lasts)
            whole[last] = replace(before, lasts=lasts)
            whole[last + 1 :] = [
                replace(turn, into=so_far) if isinstance(turn, Turn) and turn.into is None else turn for turn in between
            ]
            continue
        last = len(whole)
        whole.append(entry)
    return tuple(whole)
