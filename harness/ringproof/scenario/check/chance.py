"""Checks of a story that is played many times: its form allows it, and its calls are enough to find a wrong PBX."""

from __future__ import annotations

from collections.abc import Sequence

from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.core.source import Source
from ringproof.scenario.model.office import ToMenu
from ringproof.scenario.model.scenario import ANY, SETTLE_WINDOW, Call, Expectation, HangUp, Over, Ring, Step
from ringproof.scenario.parse.chance import MOST_CALLS
from ringproof.scenario.parse.outcomes import Reading
from ringproof.scenario.parse.participants import Participants
from ringproof.statistics.choices import lottery_of

_STEPS = "write `- call: {0}` and `- hang up: {0}` with `at: {{after: 300ms, of: {{ring: any}}}}`, and nothing else"


def check_calls(
    calls: int,
    said: Source,
    steps: Sequence[Step],
    readings: Sequence[Reading],
    participants: Participants,
    complaints: Complaints,
) -> None:
    """Add what is wrong with playing the story `calls` times; `said` is the place of `calls:`, or of the scenario."""
    over = [
        each for reading in readings[:1] for listed in reading.values() for each in listed if isinstance(each, Over)
    ]
    with complaints:
        if calls == 1 and over:
            raise ReadingError(
                over[0].source,
                "`over` says what holds over many calls, and this story is told once",
                "add `calls: 300` to the scenario, beside `when:`",
            )
        if calls == 1:
            return
        _told_again_and_again(said, steps, readings, participants)
        if not over:
            raise ReadingError(
                said,
                f"this story is told {calls} times, and nothing is expected over all of them",
                "name the choice of the PBX, `ring: {one_of: [101, 102], as: first}`, and add `- over: first`",
            )
        (listed,) = readings[0].values()
        for each in over:
            _can_fail(each, calls, listed, over[0])


def _told_again_and_again(
    said: Source, steps: Sequence[Step], readings: Sequence[Reading], participants: Participants
) -> None:
    """Raise ReadingError unless one caller dials a direct number and hangs up at the first ring: only that is quick."""
    shape = [type(step) for step in steps]
    fix = _STEPS.format(participants.example)
    if len(participants.calling) != 1 or shape != [Call, HangUp]:
        wrong = next((step for step in steps if not isinstance(step, Call | HangUp)), None)
        raise ReadingError(
            said if wrong is None else wrong.source,
            "a story that is told many times is one call, hung up at the first ring",
            fix,
        )
    first, last = steps
    if first.at is not None or last.at is None or (last.at.event, last.at.phone) != ("ring", ANY):
        raise ReadingError(
            last.source, "a story that is told many times is hung up at the first ring, whoever rings", fix
        )
    if last.at.after < SETTLE_WINDOW:
        raise ReadingError(
            last.source,
            "a phone that rings for less than 200ms is in no wave, so nobody is chosen",
            "write `at: {after: 300ms, of: {ring: any}}`",
        )
    caller = participants.callers[participants.calling[0]]
    if participants.office is not None and isinstance(participants.office.trunk.numbers.get(caller.dials), ToMenu):
        raise ReadingError(
            said,
            f"a story that is told many times needs a direct number, and {caller.dials} leads to a menu",
            "let the caller dial a number that leads to the group itself",
        )
    if len(readings) > 1:
        raise ReadingError(
            said, "a story that is told many times has one right outcome for each call", "leave out `either`"
        )


def _can_fail(over: Over, calls: int, listed: Sequence[Expectation], first: Over) -> None:
    """Raise ReadingError for a choice that is counted twice, is not a free choice of a ring, or has too few calls."""
    choice = next((each for each in listed if isinstance(each, Ring) and each.name == over.choice), None)
    if choice is None:
        raise ReadingError(
            over.source,
            f"{told(over.choice)} is who picks up, and a story that is told many times is hung up at the first ring",
            "count a choice of who rings",
        )
    if choice.excluded:
        raise ReadingError(
            over.source,
            f"{told(over.choice)} depends on another choice, so its shares are not known",
            "count a choice without `not:`",
            choice.source,
        )
    if over is not first and over.choice == first.choice:
        raise ReadingError(
            over.source, f"{told(over.choice)} is counted already", "delete one of the two", first.source
        )
    lottery = lottery_of(over, calls)
    least = lottery.least_calls()
    if calls >= least:
        return
    rarest = min(over.shares, key=lambda phone: over.shares[phone])
    passes = (
        f"a PBX that never chooses {rarest}"
        if (1 - over.shares[rarest]) ** calls > lottery.part_of_shares
        else "a PBX that takes one after the other in turn"
    )
    fix = f"write at least `calls: {least}`"
    if least > MOST_CALLS:
        fix = f"it would take {least:,} calls, and {MOST_CALLS:,} are the most: ask for less"
    raise ReadingError(over.source, f"{calls} calls are too few: {passes} would pass", fix)
