"""Runs the phones of a play: what each does when it is called, and the record of what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ringproof.clock.clock import PbxEpoch
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import (
    PhoneCancelled,
    PhoneForwarded,
    PhoneHungUp,
    PhoneInvited,
    PhoneLost,
    PhonePickedUp,
    PhoneRefused,
    PhoneTidied,
    TalkDropped,
    TalkRefused,
)
from ringproof.phones import protocol
from ringproof.phones.handle import Phone
from ringproof.playing.channel_tracker import ChannelTracker, moment
from ringproof.playing.context import PlayContext, TalkRefusedError
from ringproof.scenario.model.scenario import (
    ANY,
    BUSY,
    SETTLE_WINDOW,
    Answers,
    AnswersWith,
    AsRung,
    Behaviour,
    Forwards,
    OnACall,
    Refuses,
    RingsOn,
    extension_of,
)

IDENTIFIED_WITHIN_S = 20.0
RINGING = 180
NEVER = PbxEpoch(0.0)
OFTEN = 200
AT_ONCE_AGAIN = PbxSeconds(0.1)
"""A phone that gets OFTEN INVITEs in a row, each within this time of the one before, is called by a dialplan loop. A
correct story calls it at most 50 times."""
STEADY = PbxSeconds(0.5)
"""The clock does not race for this time after an answer or a re-INVITE: the PBX learns where the sound comes from."""


@dataclass(slots=True)
class Seat:
    """One phone during a play."""

    name: str
    behaviour: Behaviour
    phone: Phone
    ringing: dict[str, PbxEpoch] = field(default_factory=dict)
    """Call-IDs of the calls that ring now, each with the time of its INVITE."""
    talking: set[str] = field(default_factory=set)
    stretch: PbxEpoch | None = None
    """Time of the first INVITE of the unbroken stretch of ringing that lasts or ended less than SETTLE_WINDOW ago."""
    silent_since: PbxEpoch = NEVER
    rang: dict[str, PbxEpoch] = field(default_factory=dict)
    """Every ring since the story last began, by Call-ID, with the time of its INVITE."""
    answered: dict[str, PbxEpoch] = field(default_factory=dict)
    own_hang_ups: set[str] = field(default_factory=set)
    preparing: bool = False
    """True while the call that it is on when the story begins is set up: that call's ring is not part of the story."""
    on_call: set[str] = field(default_factory=set)
    """Call-IDs of that call while it is up."""
    invited: PbxEpoch = NEVER
    in_a_row: int = 0
    """How many INVITEs came in a row, each within AT_ONCE_AGAIN of the one before; the last of them at `invited`."""

    @property
    def deed(self) -> Behaviour:
        """What the phone does with a call that comes now."""
        if not isinstance(self.behaviour, OnACall):
            return self.behaviour
        return (self.behaviour.waiting or Refuses(BUSY)) if self.on_call else RingsOn()


class Extensions:
    """Handles the messages of all phones of the office, and makes the phones act."""

    def __init__(
        self, context: PlayContext, tracker: ChannelTracker, seats: dict[str, Seat], rung: Sequence[Behaviour] = ()
    ) -> None:
        """`seats`: the phones, by name. `rung`: what the phones that act AsRung do, in the order in which they ring."""
        self._rung = rung
        self._in_turn = iter(rung)
        self.on_picked_up: Callable[[Seat, str], None] = lambda _seat, _call_id: None
        """Called with each phone that has picked up, and the Call-ID of its leg."""
        self.on_called_often: Callable[[str], None] = lambda _name: None
        """Called with the name of a phone that is called OFTEN times in a row."""
        self._context = context
        self._tracker = tracker
        self._tidied: set[str] = set()
        """Call-IDs of rings that Ringproof ended after the story."""
        self.seats = seats

    @property
    def ringing(self) -> bool:
        """True while any phone rings or talks."""
        return any(seat.ringing or seat.talking for seat in self.seats.values())

    def take(self, name: str, message: protocol.Message) -> None:
        """Handle one message of a phone that rang or talks."""
        seat = self.seats[name]
        if self._of_preparation(seat, message):
            return
        epoch = self._context.clock.at_stamp(message.at_ns)
        at = moment(epoch)
        record = self._context.record
        match message:
            case protocol.Invited(call_id=call_id):
                self._invited(seat, message, epoch)
            case protocol.Cancelled(call_id=call_id):
                self._silenced(seat, call_id, epoch)
                record(PhoneCancelled(at=at, phone=name, call_id=call_id, q850=message.q850, sip=message.sip))
            case protocol.Refused(call_id=call_id):
                self._silenced(seat, call_id, epoch)
                refused = PhoneRefused(at=at, phone=name, call_id=call_id, code=message.code, because=message.because)
                ours = call_id in self._tidied
                record(PhoneTidied(at=at, phone=name, call_id=call_id) if ours else refused)
            case protocol.Forwarded(call_id=call_id):
                self._silenced(seat, call_id, epoch)
                record(PhoneForwarded(at=at, phone=name, call_id=call_id, to=message.to))
            case protocol.Lost(call_id=call_id):
                self._silenced(seat, call_id, epoch)
                record(PhoneLost(at=at, phone=name, call_id=call_id, q850=message.q850, sip=message.sip))
            case protocol.Confirmed(call_id=call_id):
                self._picked_up(seat, call_id, epoch)
                record(PhonePickedUp(at=at, phone=name, call_id=call_id))
            case protocol.MediaChanged():
                self._context.hold_for(STEADY, f"the sound of {name} has changed")
            case protocol.Ended(call_id=call_id) if call_id in seat.talking:
                seat.talking.discard(call_id)
                by: Literal["phone", "harness", "pbx"] = "harness" if message.by_us else "pbx"
                by = "phone" if call_id in seat.own_hang_ups else by
                record(PhoneHungUp(at=at, phone=name, call_id=call_id, by=by))
            case _:
                self._context.notify()

    def begin_story(self) -> None:
        """Schedule the ends of calls that phones are on, which are counted from the story's begin: now."""
        begun = self._context.clock.now()
        for seat in self.seats.values():
            if isinstance(seat.behaviour, OnACall) and seat.behaviour.ends is not None:
                due = PbxEpoch(begun + seat.behaviour.ends)
                self._context.begin(self._end_call(seat, due), f"{seat.name} ending its call")

    def forget(self) -> None:
        """Forget the rings and answers of the last call, because the story is played again."""
        self._in_turn = iter(self._rung)
        for seat in self.seats.values():
            seat.rang.clear()
            seat.answered.clear()

    def _of_preparation(self, seat: Seat, message: protocol.Message) -> bool:
        """Handle a message of the call that a phone is on when the story begins; return False for other messages.

        Of that call it is recorded only when the phone refuses it, or when the PBX ends it.
        """
        if isinstance(message, protocol.Invited) and seat.preparing:
            seat.on_call.add(message.call_id)
            seat.phone.tell(protocol.Answer(call_id=message.call_id))
            return True
        if getattr(message, "call_id", None) not in seat.on_call:
            return False
        if isinstance(message, protocol.Refused) and message.because:
            at = moment(self._context.clock.at_stamp(message.at_ns))
            refused = TalkRefused(at=at, phone=seat.name, code=message.code, because=message.because)
            self._context.fail(TalkRefusedError(refused))
        if isinstance(message, protocol.Ended):
            seat.on_call.discard(message.call_id)
            if not message.by_us:  # the PBX ended a call that the story relies on
                at = moment(self._context.clock.at_stamp(message.at_ns))
                self._context.record(TalkDropped(at=at, phone=seat.name))
        self._context.notify()
        return True

    async def _end_call(self, seat: Seat, due: PbxEpoch) -> None:
        await self._context.wait_until(due)
        for call_id in seat.on_call:
            seat.phone.tell(protocol.HangUp(call_id=call_id))
        seat.phone.tell(protocol.WhenInvited(code=RINGING))

    def first(self, event: Literal["ring", "answer"], phone: str, call: str | None) -> PbxEpoch | None:
        """Return when a phone first rang, or answered, in the call that has the leg `call`; None: it has not yet.

        Without `call` the calls of all callers count. ANY means whichever phone does so first, and so does an extension
        that has several phones.
        """
        seats = [seat for name, seat in self.seats.items() if phone in (name, extension_of(name), ANY)]
        moments = (moment for seat in seats for moment in (seat.rang if event == "ring" else seat.answered).items())
        mine = (at for leg, at in moments if call is None or self._tracker.same_call(leg, call))
        return min(mine, default=None)

    def connected_since(self, phone: str, call: str) -> PbxEpoch | None:
        """Return since when a phone that still talks is connected with the caller of leg `call`; None: it is not."""
        since = (self._tracker.connected_since(leg, call) for leg, _ in self._talks(phone, call))
        return min((at for at in since if at is not None), default=None)

    def picked_up_since(self, phone: str, call: str) -> PbxEpoch | None:
        """Return when a phone that still talks picked up in the call that has the leg `call`, connected or not."""
        return min((at for _, at in self._talks(phone, call)), default=None)

    def _talks(self, phone: str, call: str) -> Iterator[tuple[str, PbxEpoch]]:
        """Yield each leg in which the phone still talks in this call, and when it picked up."""
        seats = [seat for name, seat in self.seats.items() if phone in (name, extension_of(name))]
        talks = ((leg, seat.answered[leg]) for seat in seats for leg in seat.talking)
        return ((leg, at) for leg, at in talks if self._tracker.same_call(leg, call))

    def hang_up_all(self) -> None:
        """End what still rings or talks after the story."""
        for seat in self.seats.values():
            self._tidied.update(seat.ringing)
            for call_id in [*seat.ringing, *seat.talking]:
                seat.phone.tell(protocol.HangUp(call_id=call_id))

    def _invited(self, seat: Seat, message: protocol.Invited, epoch: PbxEpoch) -> None:
        if isinstance(seat.behaviour, AsRung):
            seat.behaviour = next(self._in_turn, RingsOn())
        unbroken = seat.ringing or epoch - seat.silent_since < SETTLE_WINDOW
        if seat.stretch is None or not unbroken:
            seat.stretch = epoch
        seat.ringing[message.call_id] = epoch
        seat.rang[message.call_id] = epoch
        seat.in_a_row = seat.in_a_row + 1 if epoch - seat.invited < AT_ONCE_AGAIN else 1
        seat.invited = epoch
        if seat.in_a_row == OFTEN:
            self.on_called_often(seat.name)
        invited = PhoneInvited(
            at=moment(epoch),
            phone=seat.name,
            call_id=message.call_id,
            shows=message.caller_id,
            name=message.name,
            asserted=message.asserted,
            diverted=message.diverted,
        )
        self._context.record(invited)
        deed = seat.deed
        if isinstance(deed, Answers):
            due = PbxEpoch(seat.stretch + deed.after)
            self._context.begin(self._answer(seat, message.call_id, due), f"{seat.name} answering")
        elif isinstance(deed, Refuses):
            verb: protocol.CallVerb = protocol.Refuse(call_id=message.call_id, code=deed.code)
            self._context.begin(self._turn_away(seat, verb, PbxEpoch(epoch + deed.after)), f"{seat.name} refusing")
        elif isinstance(deed, Forwards):
            verb = protocol.Forward(call_id=message.call_id, to=deed.to)
            self._context.begin(self._turn_away(seat, verb, PbxEpoch(epoch + deed.after)), f"{seat.name} forwarding")

    def _silenced(self, seat: Seat, call_id: str, epoch: PbxEpoch) -> None:
        seat.ringing.pop(call_id, None)
        seat.silent_since = epoch

    def _picked_up(self, seat: Seat, call_id: str, epoch: PbxEpoch) -> None:
        self._silenced(seat, call_id, epoch)
        seat.stretch = None
        seat.talking.add(call_id)
        seat.answered[call_id] = epoch
        self.on_picked_up(seat, call_id)
        self._context.hold_for(STEADY, f"{seat.name} has answered")
        if isinstance(seat.behaviour, Answers) and seat.behaviour.hangs_up is not None:
            due = PbxEpoch(epoch + seat.behaviour.hangs_up)
            self._context.begin(self._hang_up(seat, call_id, due), f"{seat.name} hanging up")

    async def _answer(self, seat: Seat, call_id: str, due: PbxEpoch) -> None:
        await self._context.wait_until(due)
        if call_id not in seat.ringing:
            return
        self._acts(seat, protocol.Answer(call_id=call_id), due)
        for other in self.seats.values():
            if isinstance(other.behaviour, AnswersWith) and other.behaviour.phone == seat.name:
                for ringing in other.ringing:
                    other.phone.tell(protocol.Answer(call_id=ringing))

    async def _turn_away(self, seat: Seat, verb: protocol.CallVerb, due: PbxEpoch) -> None:
        """Refuse or forward when due, but not before the PBX has said whose call it is: later the channel is gone."""
        call_id = verb.call_id
        deadline = PbxEpoch(self._context.clock.now() + IDENTIFIED_WITHIN_S)
        await self._context.until(lambda: self._tracker.knows(call_id) or call_id not in seat.ringing, deadline)
        await self._context.wait_until(due)
        if call_id in seat.ringing:
            self._acts(seat, verb, due)

    def _acts(self, seat: Seat, verb: protocol.CallVerb, due: PbxEpoch) -> None:
        """Make a phone act, and note how long after `due` it does so: that delay is caused by this machine."""
        self._context.clock.note_lateness(self._context.clock.now() - due)
        seat.phone.tell(verb)

    async def _hang_up(self, seat: Seat, call_id: str, due: PbxEpoch) -> None:
        await self._context.wait_until(due)
        if call_id in seat.talking:
            seat.own_hang_ups.add(call_id)
            self._acts(seat, protocol.HangUp(call_id=call_id), due)
