"""Between two calls of a story that is told many times: nothing may be left of the one before."""

from __future__ import annotations

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.events import NextCall
from ringproof.play.channels import moment
from ringproof.play.context import Stage
from ringproof.play.setup import Theatre
from ringproof.scenario.model.scenario import Scenario

GONE_WITHIN_S = 40.0
"""PBX seconds after a call: as long as nothing may ring after a story."""


async def interval(scenario: Scenario, theatre: Theatre, stage: Stage, number: int) -> None:
    """Make ready for call `number`, once the PBX itself says that no channel lives and every phone is free.

    But for the calls that phones are on by the scenario. Raises BrokenError.
    """
    callers, ensemble, switchboard = theatre.callers, theatre.ensemble, theatre.switchboard

    def over() -> bool:
        return callers.over and not ensemble.ringing and switchboard.channels <= theatre.standing

    deadline = PbxEpoch(stage.clock.now() + GONE_WITHIN_S)
    if not await stage.until(over, deadline):
        left = ", ".join(sorted(switchboard.channels - theatre.standing)) or "a phone that has not hung up"
        raise BrokenError(
            f"call {number - 1} is over, but {GONE_WITHIN_S:.0f} s later there still is {left}",
            "the next call could not tell whose that is: let the dialplan end it",
        )
    await theatre.prove_states(deadline)
    for name, seat in ensemble.seats.items():
        seat.behaviour = scenario.phones[name]
    ensemble.forget()
    theatre.seat_callers()
    stage.record(NextCall(at=moment(stage.clock.now()), number=number))
