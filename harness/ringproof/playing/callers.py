"""The outside callers of a play and their steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, assert_never

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import CallerEnded, CallerGot, CallerHeard, CallerPlaced, NotDone, StepDone, StepFailed
from ringproof.phones import protocol
from ringproof.phones.handle import Phone
from ringproof.playing.channel_tracker import moment
from ringproof.playing.context import PlayContext
from ringproof.playing.extensions import STEADY, Extensions
from ringproof.scenario.model.scenario import Call, Caller, HangUp, Hear, Moment, Press, Scenario, Step, Wait, verb_of

ACTS_WITHIN_S = 20.0
"""Limit for the work of a phone, such as sending one digit or the INVITE: if it takes longer, the harness is broken."""
SOUND_WITHIN = PbxSeconds(10.0)
"""A key without a stated moment waits this long for sound."""
MOMENT_WITHIN = PbxSeconds(300.0)
CALLS_GATHERED = PbxSeconds(0.2)
"""Calls placed this soon after one another go through the dialplan side by side, where its steps take time."""
KEYS_GATHERED = PbxSeconds(1.0)
"""The same for keys that two callers press one right after the other: each is a sound of 0.3 s."""
OK = 200


@dataclass(slots=True)
class CallerSeat:
    """One caller during a play."""

    caller: Caller
    phone: Phone
    target: str
    """What the caller dials, as a SIP URI."""
    call_id: str | None = None
    listens: int = 0
    """Number of the latest Listen sent to the phone: a Heard for an earlier one is out of date."""
    heard: bool = False
    """True once 300 ms of sound came since the caller's last step."""
    keys_sent: int = 0
    key_fails: NotDone | None = None
    """Why the caller's phone could not send a key."""
    hangs_up: bool = False
    """True once the caller has hung up in a step."""
    answered: bool = False
    """True once the caller got 200."""
    ended: PbxEpoch | None = None
    acted: PbxEpoch | None = None
    """End of the caller's last call or press step."""


class Callers:
    """Runs the steps, and handles what the callers' phones report."""

    def __init__(
        self, context: PlayContext, extensions: Extensions, scenario: Scenario, seats: dict[str, CallerSeat]
    ) -> None:
        """`seats`: the callers, by name."""
        self._context = context
        self._extensions = extensions
        self._scenario = scenario
        self.seats = seats

    def take(self, name: str, message: protocol.Message) -> None:
        """Handle one message of a caller's phone."""
        seat = self.seats[name]
        epoch = self._context.clock.at_stamp(message.at_ns)
        at = moment(epoch)
        match message:
            case protocol.CallPlaced(call_id=call_id):
                seat.call_id = call_id
                self._context.record(CallerPlaced(at=at, caller=name, call_id=call_id))
            case protocol.Progress(code=code):
                self._context.record(CallerGot(at=at, caller=name, code=code))
                if code == OK:
                    seat.answered = True
                    self._context.hold_for(STEADY, f"{name} is connected")
            case protocol.Heard(number=number) if number != seat.listens:
                pass  # it was on its way when the last step ended; another one follows
            case protocol.Heard():
                seat.heard = True
                self._context.record(CallerHeard(at=at, caller=name))
            case protocol.MediaChanged():
                self._context.hold_for(STEADY, f"the sound of {name} has changed")
            case protocol.KeySent():
                seat.keys_sent += 1
                self._context.notify()
            case protocol.KeyNotSent(reason=reason):
                seat.key_fails = "no sound" if reason == protocol.NO_SOUND else "no telephone-event"
                self._context.notify()
            case protocol.Ended(code=code):
                seat.ended = epoch
                by: Literal["caller", "pbx", "harness"] = "caller" if seat.hangs_up else "harness"
                ended = CallerEnded(at=at, caller=name, by=by if message.by_us else "pbx", code=code or 0)
                self._context.record(ended)
            case _:
                self._context.notify()

    def hang_up_all(self) -> None:
        """End the calls that are still up; they count as ended by the harness."""
        for seat in self.seats.values():
            if seat.call_id is not None and seat.ended is None:
                seat.phone.tell(protocol.HangUp(call_id=seat.call_id))

    @property
    def over(self) -> bool:
        """True when every call that was placed has ended."""
        return all(seat.ended is not None for seat in self.seats.values() if seat.call_id is not None)

    async def run(self) -> bool:
        """Do the scenario's steps, one after the other; return True if all were done.

        A step that cannot be done is recorded, and the later steps of its caller are left out.
        """
        gone: set[str] = set()
        for number, step in enumerate(self._scenario.when):
            if step.caller in gone:
                continue
            reason = await self._do(step)
            at, verb = moment(self._context.clock.now()), verb_of(step)
            if reason is None:
                self._context.record(StepDone(at=at, step=number, verb=verb, caller=step.caller))
                self._after(step)
            else:
                gone.add(step.caller)
                failed = StepFailed(at=at, step=number, verb=verb, caller=step.caller, reason=reason)
                self._context.record(failed)
        return not gone

    async def do(self, step: Step) -> NotDone | None:
        """Do one step that is not in the scenario; return why it could not be done."""
        reason = await self._do(step)
        if reason is None:
            self._after(step)
        return reason

    def _after(self, step: Step) -> None:
        """Count sound anew from here; after a call or press step, the time in which phones must ring counts, too."""
        seat = self.seats[step.caller]
        if isinstance(step, (Call, Press)):
            seat.acted = self._context.clock.now()
        if seat.call_id is not None and seat.ended is None:
            seat.heard = False
            seat.listens += 1
            seat.phone.tell(protocol.Listen(call_id=seat.call_id, number=seat.listens))

    async def _do(self, step: Step) -> NotDone | None:
        """Do one step; return why it could not be done."""
        seat = self.seats[step.caller]
        if step.at is not None and not await self._moment(step.at, seat):
            return "moment never came"
        match step:
            case Call():
                self._context.clock.gather(CALLS_GATHERED)
                seat.phone.tell(protocol.Call(target=seat.target, shows=seat.caller.shows))
                await self._acts(seat, lambda: seat.call_id is not None, "place the call")
                return None
            case Wait():
                await self._context.wait_until(PbxEpoch(self._context.clock.now() + step.time))
                return None
            case Hear() | Press() | HangUp():
                return await self._in_call(seat, step)
            case _:
                assert_never(step)

    async def _in_call(self, seat: CallerSeat, step: Hear | Press | HangUp) -> NotDone | None:
        """Do a step that needs a call; return why it could not be done."""
        if seat.call_id is None or seat.ended is not None:
            return "call over"
        match step:
            case Hear():
                return await self._hear(seat, step.within)
            case Press():
                return await self._press(seat, step)
            case HangUp():
                seat.hangs_up = True
                seat.phone.tell(protocol.HangUp(call_id=seat.call_id))
                await self._acts(seat, lambda: seat.ended is not None, "hang up")
                return None
            case _:
                assert_never(step)

    async def _hear(self, seat: CallerSeat, within: PbxSeconds) -> NotDone | None:
        deadline = PbxEpoch(self._context.clock.now() + within)
        with self._context.clock.hold():  # sound is real
            await self._context.until(lambda: seat.heard or seat.ended is not None, deadline)
        return None if seat.heard else "call over" if seat.ended is not None else "not heard"

    async def _press(self, seat: CallerSeat, step: Press) -> NotDone | None:
        if step.after is not None:
            await self._context.wait_until(PbxEpoch(self._context.clock.now() + step.after))
        elif step.at is None and (reason := await self._hear(seat, SOUND_WITHIN)) is not None:
            return reason
        if seat.call_id is None or seat.ended is not None:
            return "call over"
        wanted = seat.keys_sent + len(step.digits)

        def is_done() -> bool:
            return seat.keys_sent >= wanted or seat.ended is not None or seat.key_fails is not None

        self._context.clock.gather(KEYS_GATHERED)
        with self._context.clock.hold():  # a digit is sound, too
            seat.phone.tell(protocol.Press(call_id=seat.call_id, digits=step.digits))
            await self._acts(seat, is_done, f"press {step.digits}")
        if seat.key_fails is not None:
            return seat.key_fails
        # the PBX acts at the end of the last digit, and may have ended the call before its last packet was sent
        return None if seat.keys_sent >= wanted - 1 else "call over"

    async def _moment(self, wanted: Moment, seat: CallerSeat) -> bool:
        """Wait for a moment counted from a phone's first ring or answer, in the caller's own call once there is one.

        Return False if that ring or answer did not come.
        """

        def when() -> PbxEpoch | None:
            return self._extensions.first(wanted.event, wanted.phone, seat.call_id)

        asked = self._context.clock.now()
        deadline = PbxEpoch(asked + MOMENT_WITHIN)
        started = seat.call_id is not None
        await self._context.until(lambda: when() is not None or (started and seat.ended is not None), deadline)
        begun = when()
        if begun is None:
            return False
        due = max(begun + wanted.after, asked)
        await self._context.wait_until(PbxEpoch(due))
        self._context.clock.note_lateness(self._context.clock.now() - due)  # the report of the ring may have come late
        return True

    async def _acts(self, seat: CallerSeat, done: Callable[[], bool], what: str) -> None:
        """Wait until a phone has done what it was told. Raises BrokenError if it does not."""
        deadline = PbxEpoch(self._context.clock.now() + ACTS_WITHIN_S)
        if not await self._context.until(done, deadline):
            message = f"the phone of {seat.caller.name} did not {what} within {ACTS_WITHIN_S:.0f} s"
            raise BrokenError(message, f"its log is in the scenario's folder: phones/{seat.caller.name}.log")
