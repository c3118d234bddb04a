"""Let a test operate a PBX and its phones step by step, for what a story cannot say.

A step returns when what it waits for has happened in PBX time: `asterisk.clock.advance(15)` takes a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from ringproof.api.errors import HIDDEN, InvalidStoryError, RingproofError, ScenarioFailedError
from ringproof.api.open_pbx import Opened, OpenPbx
from ringproof.api.python_source import calling_place
from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.core.duration import HOW_TO_WRITE, PbxSeconds, format_duration, parse_duration
from ringproof.core.source import Source
from ringproof.core.spelling import suggest_name
from ringproof.events.model import NotDone
from ringproof.pbx.container import SIP_PORT
from ringproof.phones import protocol
from ringproof.playing.callers import CallerSeat
from ringproof.playing.extensions import Seat
from ringproof.scenario.model.scenario import Call, HangUp, Offline, Press, Step
from ringproof.scenario.parse.behaviour import DIALS
from ringproof.scenario.parse.steps import DIGITS

__tracebackhide__ = HIDDEN

T = TypeVar("T")
Span = str | float | timedelta
"""A time: seconds as a number, `20s` as in a scenario file, or a timedelta."""
SETTLES = PbxSeconds(0.1)
"""The last part of `advance` passes at the pace of real time, so that all that happened is reported by its end."""
ACTS_WITHIN = PbxSeconds(20.0)
"""Limit for the real work of a phone: if it takes longer, Ringproof or this machine is broken."""
CONNECTS_WITHIN = PbxSeconds(2.0)
"""The PBX connects a phone that has picked up at once; only an announcement that it hears first may last longer."""
RINGS_WITHIN = 5.0
REFUSAL = range(400, 700)
_BECAUSE: Mapping[NotDone, str] = {
    "not heard": "it heard nothing from the PBX for 10 s",
    "call over": "it has no call, or its call is over",
    "moment never came": "the moment never came",
    "no telephone-event": "the PBX did not offer RFC 4733 telephone-event",
    "no sound": "the PBX agreed on no sound with it",
}


class Asterisk:
    """An open PBX with an office, as a test uses it."""

    def __init__(self, pbx: OpenPbx) -> None:
        """Use `pbx`."""
        self._pbx = pbx
        story = pbx.story
        self.clock = Clock(pbx)
        """PBX time."""
        self.phones: Mapping[str, Phone] = _ByName(
            "phone", {name: Phone(pbx, name) for name in story.phones}, story.callers
        )
        """The phones of the office, by extension."""
        self.callers: Mapping[str, Caller] = _ByName(
            "caller", {name: Caller(pbx, name) for name in story.callers}, story.phones
        )
        """The outside callers, by name."""

    @property
    def evidence(self) -> Path:
        """The folder with the configuration, the logs and the capture."""
        return self._pbx.folder

    def command(self, command: str) -> list[str]:
        """Run a command of Asterisk's command line, such as `core show channels`, and return the lines it prints."""
        return self._pbx.ask(lambda open_: open_.setup.pbx.manager.command(command))

    def value(self, expression: str) -> str:
        """Return the value of a global variable or function of the dialplan, such as `DEVICE_STATE(PJSIP/101)`."""
        return self._pbx.ask(lambda open_: open_.setup.pbx.manager.value(expression))

    def __str__(self) -> str:
        """Return the time, and what each caller and phone does now, one line each."""
        states = [caller.state for caller in self.callers.values()] + [phone.state for phone in self.phones.values()]
        return "\n".join([repr(self.clock), *(f"   {state}" for state in states)])

    def __repr__(self) -> str:
        """Name the office."""
        return f"<Asterisk with {self._pbx.story.office_file}>"


class Clock:
    """PBX time, in seconds since the test got the PBX."""

    def __init__(self, pbx: OpenPbx) -> None:
        """Belong to one PBX."""
        self._pbx = pbx

    @property
    def now(self) -> float:
        """Seconds of PBX time so far."""
        return self._pbx.look(_since)

    def advance(self, time: Span) -> None:
        """Let PBX time pass. What phones and PBX do in this time has been done when this returns."""
        seconds = span(time)

        async def advance(open_: Opened) -> None:
            due = PbxEpoch(open_.clock.now() + seconds)
            await open_.context.wait_until(PbxEpoch(due - SETTLES))
            with open_.clock.hold():
                await open_.context.wait_until(due)

        self._pbx.do(advance)

    def __repr__(self) -> str:
        """Write the time."""
        open_ = self._pbx.opened
        return f"<Clock at {format_duration(_since(open_))} of PBX time>" if open_ is not None else "<Clock, closed>"


class Phone:
    """A phone of the office."""

    def __init__(self, pbx: OpenPbx, name: str) -> None:
        """Belong to one PBX."""
        self._pbx = pbx
        self.name = name

    @property
    def is_ringing(self) -> bool:
        """True if it rings now."""
        return self._look(lambda seat: bool(seat.ringing))

    @property
    def is_talking(self) -> bool:
        """True if it has picked up and its call goes on."""
        return self._look(lambda seat: bool(seat.talking))

    @property
    def times_rung(self) -> int:
        """How often it has rung so far: the number of INVITEs, however short."""
        return self._look(lambda seat: len(seat.rang))

    @property
    def state(self) -> str:
        """What it does now, in words, even if the PBX has failed."""
        open_ = self._pbx.opened
        if open_ is None:
            return self.name
        seat = open_.setup.extensions.seats.get(self.name)
        if seat is None:
            return f"{self.name} is offline"
        does = "rings" if seat.ringing else "talks" if seat.talking else "is idle"
        times = len(seat.rang)
        return f"{self.name} {does}; it has rung {times} time{'s' * (times != 1)}"

    def rings(self, within: Span = RINGS_WITHIN) -> bool:
        """Wait until it rings, for `within` of PBX time at most; return whether it does. `is_ringing` never waits."""
        self._place()
        seconds = span(within)

        async def rings(open_: Opened) -> bool:
            seat = self._seat(open_)
            return await open_.context.until(lambda: bool(seat.ringing), PbxEpoch(open_.clock.now() + seconds))

        return self._pbx.do(rings)

    def answer(self) -> None:
        """Pick up, and wait until the PBX has connected it. Raises ScenarioFailedError where it does not ring."""
        place = self._place()

        async def answer(open_: Opened) -> None:
            seat = self._seat(open_)
            call_id = self._ringing(seat, place, "answer")
            seat.phone.tell(protocol.Answer(call_id=call_id))
            await acts(open_, self.name, "pick up", lambda: call_id not in seat.ringing)
            if call_id not in seat.answered:
                raise ScenarioFailedError(f"{place}: {self.name} picked up, but its call was over")
            connected = PbxEpoch(open_.clock.now() + CONNECTS_WITHIN)
            talks = open_.setup.tracker.talks
            await open_.context.until(lambda: talks(call_id) or call_id not in seat.talking, connected)

        self._pbx.do(answer)

    def refuse(self, code: int = 486) -> None:
        """Refuse its call with a SIP code: 486 busy, 603 declined. Raises ScenarioFailedError if it does not ring."""
        place = self._place()
        if code not in REFUSAL:
            raise InvalidStoryError(f"{place}: {code} is no code of a refusal\n   hint: write 486, 480 or 603, say")

        async def refuse(open_: Opened) -> None:
            seat = self._seat(open_)
            call_id = self._ringing(seat, place, "refuse")
            knows = open_.setup.tracker.knows  # afterwards the PBX cannot be asked whose call it was
            await acts(open_, "the PBX", "say whose call it is", lambda: knows(call_id) or call_id not in seat.ringing)
            seat.phone.tell(protocol.Refuse(call_id=call_id, code=code))
            await acts(open_, self.name, "refuse", lambda: call_id not in seat.ringing)

        self._pbx.do(refuse)

    def hang_up(self) -> None:
        """End its call. Raises ScenarioFailedError where it has none."""
        place = self._place()

        async def hang_up(open_: Opened) -> None:
            seat = self._seat(open_)
            if not seat.talking:
                raise ScenarioFailedError(f"{place}: {self.name} cannot hang up: it has no call")
            for call_id in list(seat.talking):
                seat.own_hang_ups.add(call_id)
                seat.phone.tell(protocol.HangUp(call_id=call_id))
            await acts(open_, self.name, "hang up", lambda: not seat.talking)

        self._pbx.do(hang_up)

    def _place(self) -> str:
        """Return the place in the test that uses the phone. Raises RingproofError for a phone that is offline."""
        place = str(calling_place())
        if isinstance(self._pbx.story.phones[self.name], Offline):
            raise RingproofError(f"{place}: {self.name} is offline in this office, so it can do nothing")
        return place

    def _seat(self, open_: Opened) -> Seat:
        return open_.setup.extensions.seats[self.name]

    def _ringing(self, seat: Seat, place: str, verb: str) -> str:
        if not seat.ringing:
            sentence = f"{self.name} cannot {verb}: it does not ring"
            hint = f'`phones["{self.name}"].rings()` waits for its ring'
            raise ScenarioFailedError(f"{place}: {sentence}\n   hint: {hint}")
        return next(iter(seat.ringing))

    def _look(self, at: Callable[[Seat], T]) -> T:
        self._place()
        return self._pbx.look(lambda open_: at(self._seat(open_)))

    def __repr__(self) -> str:
        """Write what it does now, as a failed assert shows it."""
        return f"<Phone {self.state}>"


class Caller:
    """A caller from outside, over the trunk."""

    def __init__(self, pbx: OpenPbx, name: str) -> None:
        """Belong to one PBX."""
        self._pbx = pbx
        self.name = name

    @property
    def is_connected(self) -> bool:
        """True if the call was answered, by a phone or by the PBX, and goes on."""
        return self._pbx.look(lambda open_: self._seat(open_).answered and self._seat(open_).ended is None)

    @property
    def has_call(self) -> bool:
        """True if a call was placed and has not ended."""
        return self._pbx.look(lambda open_: _goes_on(self._seat(open_)))

    @property
    def talks_with(self) -> list[str]:
        """The phones that the caller is connected with now, through any chain of bridges."""
        return self._pbx.look(self._connected)

    @property
    def state(self) -> str:
        """What the caller does now, in words, even if the PBX has failed."""
        open_ = self._pbx.opened
        if open_ is None:
            return self.name
        if not _goes_on(self._seat(open_)):
            return f"{self.name} has no call"
        talks_with = " and ".join(self._connected(open_))
        if talks_with:
            return f"{self.name} talks with {talks_with}"
        answered = self._seat(open_).answered
        return f"{self.name} is connected with the PBX" if answered else f"{self.name} waits for an answer"

    def _connected(self, open_: Opened) -> list[str]:
        call_id, extensions = self._seat(open_).call_id, open_.setup.extensions
        return [name for name in extensions.seats if call_id and extensions.connected_since(name, call_id) is not None]

    def dial(self, number: str | None = None) -> None:
        """Call a number, by default the one in the office's `callers`. Returns when the call has been placed."""
        place = calling_place()
        if number is not None and not DIALS.fullmatch(number):
            raise InvalidStoryError(f'{place}: {number!r} is no number\n   hint: write digits, such as "84950000001"')

        async def dial(open_: Opened) -> None:
            seat = self._seat(open_)
            if _goes_on(seat):
                raise ScenarioFailedError(f"{place}: {self.name} cannot dial: its call goes on")
            target = f"sip:{number or seat.caller.dials}@{open_.setup.pbx.trunk_address}:{SIP_PORT}"
            open_.setup.callers.seats[self.name] = CallerSeat(caller=seat.caller, phone=seat.phone, target=target)
            await self._step(open_, Call(caller=self.name, source=_source(place.file, place.line)), str(place))

        self._pbx.do(dial)

    def press(self, keys: str) -> None:
        """Press keys, once the caller has heard 300 ms of sound since the last step."""
        place = calling_place()
        if not DIGITS.fullmatch(keys):
            raise InvalidStoryError(
                f"{place}: {keys!r} are no keys\n   hint: the keys are 0 to 9, * and # (and A to D)"
            )
        step = Press(caller=self.name, source=_source(place.file, place.line), digits=keys)
        self._pbx.do(lambda open_: self._step(open_, step, str(place)))

    def hang_up(self) -> None:
        """End the call."""
        place = calling_place()
        step = HangUp(caller=self.name, source=_source(place.file, place.line))
        self._pbx.do(lambda open_: self._step(open_, step, str(place)))

    async def _step(self, open_: Opened, step: Step, place: str) -> None:
        """Do a step as a story does it. Raises ScenarioFailedError where it could not be done."""
        reason = await open_.setup.callers.do(step)
        if reason is not None:
            does = {Call: "dial", Press: "press a key", HangUp: "hang up"}[type(step)]
            raise ScenarioFailedError(f"{place}: {self.name} could not {does}: {_BECAUSE[reason]}")

    def _seat(self, open_: Opened) -> CallerSeat:
        return open_.setup.callers.seats[self.name]

    def __repr__(self) -> str:
        """Write what the caller does now, as a failed assert shows it."""
        return f"<Caller {self.state}>"


class _ByName(Mapping[str, T]):
    """Phones or callers by name; the key 101 is taken for "101"."""

    def __init__(self, what: str, entries: Mapping[str, T], others: Mapping[str, object]) -> None:
        self._what = what
        self._entries = entries
        self._others = others

    def __getitem__(self, name: str | int) -> T:
        found = self._entries.get(str(name))
        if found is not None:
            return found
        if str(name) in self._others:
            other = "callers" if self._what == "phone" else "phones"
            raise RingproofError(f'{calling_place()}: {name} is no {self._what}: write `{other}["{name}"]`')
        hint = suggest_name(str(name), self._entries, f"the {self._what}s are")
        raise RingproofError(f"{calling_place()}: there is no {self._what} {str(name)!r}\n   hint: {hint}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<{self._what}s {', '.join(self._entries)}>"


def span(time: Span) -> PbxSeconds:
    """Return a time as seconds of PBX time. Raises InvalidStoryError for what is no time, and for a negative time."""
    if isinstance(time, timedelta):
        time = time.total_seconds()
    if isinstance(time, str):
        try:
            return parse_duration(time)
        except ValueError as fault:
            raise InvalidStoryError(f"{calling_place()}: {fault}\n   hint: {HOW_TO_WRITE}") from None
    if not isinstance(time, int | float) or time < 0:
        raise InvalidStoryError(f"{calling_place()}: {time!r} is no time\n   hint: write seconds, or `20s`")
    return PbxSeconds(float(time))


async def acts(open_: Opened, who: str, what: str, done: Callable[[], bool]) -> None:
    """Wait until a phone has done what it was told. Raises BrokenError after ACTS_WITHIN."""
    if not await open_.context.until(done, PbxEpoch(open_.clock.now() + ACTS_WITHIN)):
        raise BrokenError(f"{who} did not {what} within {ACTS_WITHIN:.0f} s")


def _since(open_: Opened) -> float:
    return round(open_.clock.now() - open_.began, 3)


def _goes_on(seat: CallerSeat) -> bool:
    return seat.call_id is not None and seat.ended is None


def _source(file: str, line: int) -> Source:
    return Source(file, line, 1)
