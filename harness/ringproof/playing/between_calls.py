"""Prepares the next call of a story that is played many times: nothing may be left of the call before."""

from __future__ import annotations

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.events.model import NextCall
from ringproof.playing.channel_tracker import moment
from ringproof.playing.context import PlayContext
from ringproof.playing.setup import PlaySetup
from ringproof.scenario.model.scenario import Scenario

GONE_WITHIN_S = 40.0
"""PBX seconds after which nothing may be left of a call: the same time for which nothing may ring after a story."""


async def interval(scenario: Scenario, setup: PlaySetup, context: PlayContext, number: int) -> None:
    """Prepare call `number`, once the PBX itself reports that no channel is left and every phone is free.

    Calls that phones are on by the scenario stay up. Raises BrokenError.
    """
    callers, extensions, tracker = setup.callers, setup.extensions, setup.tracker

    def over() -> bool:
        return callers.over and not extensions.ringing and tracker.channels <= setup.standing_calls.channels

    deadline = PbxEpoch(context.clock.now() + GONE_WITHIN_S)
    if not await context.until(over, deadline):
        left = ", ".join(sorted(tracker.channels - setup.standing_calls.channels)) or "a phone that has not hung up"
        raise BrokenError(
            f"call {number - 1} is over, but {GONE_WITHIN_S:.0f} s later there still is {left}",
            "the next call could not tell whose that is: let the dialplan end it",
        )
    await setup.registration.prove_states(deadline)
    for name, seat in extensions.seats.items():
        seat.behaviour = scenario.phones[name]
    extensions.forget()
    setup.seat_callers()
    context.record(NextCall(at=moment(context.clock.now()), number=number))
