"""Calls that phones are on when the story begins: the PBX itself originates each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.events.model import TalkRefused
from ringproof.pbx.container import Pbx
from ringproof.phones import protocol
from ringproof.phones.handle import Phone
from ringproof.playing.channel_tracker import ChannelTracker, moment
from ringproof.playing.context import PlayContext, TalkRefusedError
from ringproof.playing.extensions import Seat
from ringproof.playing.registration import IN_USE, ONLY_TRYING, Registration, turns_away_at_once
from ringproof.scenario.model.scenario import OnACall, extension_of

CALLED_UP_WITHIN_S = 10.0
OUTSIDE = "outside~"
"""Prefix that makes a phone's name the name of the far end of its call; no caller's name begins with it."""


class StandingCalls:
    """Sets these calls up, and acts as their far ends."""

    def __init__(
        self,
        context: PlayContext,
        tracker: ChannelTracker,
        phones: Mapping[str, Phone],
        pbx: Callable[[], Pbx],
        registration: Registration,
        start: Callable[[str], Awaitable[None]],
    ) -> None:
        """`phones`: all that have started. `pbx`: returns the booted PBX. `start`: starts one more phone, by name."""
        self._context = context
        self._tracker = tracker
        self._phones = phones
        self._pbx = pbx
        self._registration = registration
        self._start = start
        self._talking: dict[str, str] = {}
        """The far ends whose calls are up, and the Call-IDs of their legs."""
        self.call_ids: set[str] = set()
        """The Call-IDs of both legs of each call that is up when the story begins."""
        self.channels: frozenset[str] = frozenset()
        """The channels of those calls."""

    def __iter__(self) -> Iterator[tuple[str, Phone, str]]:
        """Iterate over the far ends that talk: name, phone, Call-ID."""
        return iter([(name, self._phones[name], call_id) for name, call_id in self._talking.items()])

    async def bring_up(self, seats: Mapping[str, Seat]) -> bool:
        """Set up the calls of the phones in `seats`; return False if there are none. Raises BrokenError.

        The PBX calls the phone, and connects it with a phone outside. So it is a real call, whatever the dialplan says.
        """
        talking = [seat for seat in seats.values() if isinstance(seat.behaviour, OnACall)]
        for seat in talking:
            await self._call_up(seat)
            self.call_ids |= seat.on_call
        self.channels = frozenset(self._tracker.channels)
        return bool(talking)

    async def _call_up(self, seat: Seat) -> None:
        outside = f"{OUTSIDE}{seat.name}"
        await self._start(outside)
        phone = self._phones[outside]
        seat.preparing = True
        target = f"PJSIP/trunk/sip:{file_name(outside)}@{phone.address}:{phone.port}"
        extension = extension_of(seat.name)
        channel = f"PJSIP/{extension}/sip:{extension}@{seat.phone.address}:{seat.phone.port}"
        manager = self._pbx().manager
        await manager.action("Originate", Channel=channel, Application="Dial", Data=target, Async="true")
        deadline = PbxEpoch(self._context.clock.now() + CALLED_UP_WITHIN_S)

        def is_up() -> bool:  # also for the PBX: later events would be recorded as part of the story
            both = outside in self._talking and bool(seat.on_call)
            return both and all(self._tracker.talks(call_id) for call_id in self.call_ids | seat.on_call)

        if not await self._context.until(is_up, deadline):
            raise BrokenError(f"the call that {seat.name} is to be on when the story begins did not come up")
        seat.preparing = False
        await self._registration.prove_state(extension, IN_USE, deadline)
        if turns_away_at_once(seat.deed):
            seat.phone.tell(protocol.WhenInvited(code=ONLY_TRYING))

    def take(self, name: str, message: protocol.Message) -> None:
        """Handle a message of the far end `name`, which picks up when it is called."""
        if isinstance(message, protocol.Invited):
            self.call_ids.add(message.call_id)
            self._phones[name].tell(protocol.Answer(call_id=message.call_id))
        elif isinstance(message, protocol.Confirmed):
            self._talking[name] = message.call_id
        elif isinstance(message, protocol.Ended):
            self._talking.pop(name, None)
        elif isinstance(message, protocol.Refused) and message.because:
            at, who = moment(self._context.clock.at_stamp(message.at_ns)), far_end(name)
            refused = TalkRefused(at=at, phone=who, code=message.code, because=message.because)
            self._context.fail(TalkRefusedError(refused))
        self._context.notify()


def is_far_end(name: str) -> bool:
    """Return True for the name of the far end of such a call."""
    return name.startswith(OUTSIDE)


def far_end(name: str) -> str:
    """Return how messages name a far end."""
    return f"the other end of {name.removeprefix(OUTSIDE)}'s call"


def file_name(name: str) -> str:
    """Return a name for files: `101/desk` -> `101-desk`. No other phone has it, since no extension contains a `-`."""
    return name.replace("/", "-")
