"""A sentence about what a story that is played many times would catch: the smallest biases that it is sure to find."""

from __future__ import annotations

import math

from ringproof.scenario.model.scenario import Over
from ringproof.statistics.choices import CERTAINTY, Caught, lottery_of

_TO_THE_TENTH = 0.1
"""Shares nearer to 0 or to 1 than this are written to a tenth of a percent, others to a percent."""


def detection_limits(over: Over, calls: int) -> str:
    """Return `300 calls would catch, with 99 % certainty, a phone with a share of less than 14 % or more than 55 %`.

    Where the order is checked, the limits for the same phone twice running follow.
    """
    lottery = lottery_of(over, calls)
    phones = list(over.shares)
    if len(set(over.shares.values())) == 1:
        caught = [f"a phone {_share(lottery.caught_share(phones[0]))}"]
    else:
        caught = [f"{phone} {_share(lottery.caught_share(phone))}" for phone in phones]
    if over.independent:
        running = lottery.caught_twice_running()
        never = "never" if not _floored(running.below) else f"less than {_percent(_floored(running.below))}"
        caught.append(
            f"the same phone twice running {never} or more than {_percent(_raised(running.above))} of the time"
        )
    return f"{calls:,} calls would catch, with {_percent(CERTAINTY)} certainty, {'; '.join(caught)}"


def _share(caught: Caught) -> str:
    below, above = _floored(caught.below), _raised(caught.above)
    told = [f"with a share of less than {_percent(below)}" if below else "that is never chosen"]
    if above < 1.0:
        told.append(f"{'' if below else 'with a share of '}more than {_percent(above)}")
    else:
        told.append("that is always chosen")
    return " or ".join(told)


def _floored(share: float) -> float:
    """Round down, so that every share below the reported limit is caught."""
    grain = 1000 if share < _TO_THE_TENTH else 100
    return math.floor(share * grain) / grain


def _raised(share: float) -> float:
    grain = 1000 if share > 1 - _TO_THE_TENTH else 100
    return math.ceil(share * grain) / grain


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
