"""A wave in which somebody else has his turn is written in two parts, with what happens between them; it is one wave.

`- ring: [101]` for 15 s, `- refused: {102: 486}`, `- ring: [101]` for 15 s more: 101 rings on for 30 s, and 102, whose
turn comes after 15 s, refuses at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.scenario.model.scenario import Expectation, Ring, Turn


def rings_on(wave: Ring, before: Ring | None, between: Sequence[Expectation]) -> bool:
    """Tell whether `wave` goes on with the one before it, because of the turns that stand between them."""
    return (
        before is not None
        and set(wave.phones) == set(before.phones)
        and not (wave.one_of or before.one_of or wave.again)
        and bool(between)
        and all(isinstance(each, Turn) for each in between)
    )


def one_wave_each(listed: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """Return what is expected with each wave in one: in its first place, and the turns within it behind it."""
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
