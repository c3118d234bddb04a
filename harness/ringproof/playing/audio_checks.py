"""Checks who hears whom: records what comes in at both ends of a talk, and looks in it for the other end's own tone."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import SoundHeard
from ringproof.phones import protocol
from ringproof.phones.container import PhonesContainer
from ringproof.phones.handle import Phone
from ringproof.playing.callers import Callers, CallerSeat
from ringproof.playing.channel_tracker import ChannelTracker, moment
from ringproof.playing.context import PlayContext
from ringproof.playing.extensions import Seat
from ringproof.playing.sound import tones_heard

RECORDED_MS = 1000
"""The beginning of it may be missing: the PBX learns where sound comes from only when it comes."""
A_DAY = PbxSeconds(86_400.0)
"""Longer than any call: a phone may be connected at any time in a call."""
WRITTEN_WITHIN_S = 10.0


class AudioChecks:
    """Listens at both ends of every call that a phone picks up. Sound is real, so the clock does not race meanwhile."""

    def __init__(
        self,
        context: PlayContext,
        tracker: ChannelTracker,
        callers: Callers,
        tones: Mapping[str, int],
        folder: Path,
        house: Callable[[], PhonesContainer],
        lasts: Mapping[str, PbxSeconds],
    ) -> None:
        """`tones`: the tone of each phone and caller in Hz. The container `house()` records; `folder` keeps the files.

        `lasts`: by caller, how long a talk is expected to last; after that time it is listened to again.
        """
        self._context = context
        self._tracker = tracker
        self._callers = callers
        self._tones = tones
        self._folder = folder
        self._house = house
        self._lasts = lasts
        self._mark = secrets.token_hex(4)
        self._written: set[str] = set()
        self._open = 0

    @property
    def over(self) -> bool:
        """True while nothing is being recorded."""
        return self._open == 0

    def take(self, message: protocol.Recorded) -> None:
        """Note that a recording is complete."""
        self._written.add(message.file)
        self._context.notify()

    def listen(self, seat: Seat, call_id: str) -> None:
        """Listen to the talk for which this phone picked up the leg `call_id`, as soon as both ends are connected."""
        self._context.begin(self._await_connection(seat, call_id), f"listening to {seat.name}")

    async def _await_connection(self, seat: Seat, call_id: str) -> None:
        """Listen as soon as the phone is connected with its caller; before that it hears only announcements, if any.

        If the talk is expected to last for some time, listen again after that time.
        """

        def partner() -> CallerSeat | None:
            caller = self._caller_of(call_id)
            connected = caller is not None and self._tracker.connected_since(call_id, caller.call_id) is not None
            return caller if connected else None

        deadline = PbxEpoch(self._context.clock.now() + A_DAY)
        await self._context.until(lambda: partner() is not None or call_id not in seat.talking, deadline)
        if (caller := partner()) is None or call_id not in seat.talking:
            return
        begun = self._context.clock.now()
        await self._listen(seat, call_id, caller)
        lasts = self._lasts.get(caller.caller.name)
        if lasts is None:
            return
        over = PbxEpoch(begun + lasts)
        if not await self._context.until(lambda: partner() is None or call_id not in seat.talking, over):
            await self._listen(seat, call_id, caller, again=True)

    async def _listen(self, seat: Seat, call_id: str, caller: CallerSeat, *, again: bool = False) -> None:
        self._open += 1
        with self._context.clock.hold():
            files = {seat.name: self._record(seat.name, seat.phone, call_id)}
            if caller.call_id is not None:
                name = caller.caller.name
                files[name] = self._record(name, caller.phone, caller.call_id)
            for who, file in files.items():
                tones = await self._heard(file, who)
                at = moment(self._context.clock.now())
                self._context.record(SoundHeard(at=at, who=who, call_id=call_id, tones=tones, again=again))
        self._open -= 1
        self._context.notify()

    def _caller_of(self, call_id: str) -> CallerSeat | None:
        seats = self._callers.seats.values()
        return next((seat for seat in seats if self._tracker.same_call(call_id, seat.call_id)), None)

    def _record(self, who: str, phone: Phone, call_id: str) -> Path:
        known = len(list(self._folder.glob("*.wav")))
        file = self._folder / f"{known + 1:02}-{who.replace('/', '-')}-hears.wav"
        file.touch()
        phone.tell(protocol.Record(call_id=call_id, file=self._inside(file), milliseconds=RECORDED_MS))
        return file

    def _inside(self, file: Path) -> str:
        """Return where a phone records it, with a mark: another play of this process may use the same file name."""
        return self._house().recording(f"{self._mark}-{file.name}")

    async def _heard(self, file: Path, who: str) -> tuple[str, ...]:
        deadline = PbxEpoch(self._context.clock.now() + RECORDED_MS / 1000 + WRITTEN_WITHIN_S)
        inside = self._inside(file)
        if not await self._context.until(lambda: inside in self._written, deadline):
            raise BrokenError(f"the phone of {who} did not record what it hears", f"its file would be {file}")
        self._house().keep_recording(Path(inside).name, file)
        return tones_heard(file, self._tones)
