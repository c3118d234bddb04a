"""The PBX's clock as the conductor reads and drives it. Every wait of a play goes through it."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import os
import selectors
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NewType

from ringproof.clock.page import PEERS, Page, PageError, PeerWord, Word
from ringproof.clock.report import NO_CLOCK, ClockReport, Held, Listener
from ringproof.core.speed import SLOWEST

PbxEpoch = NewType("PbxEpoch", float)
"""A moment on the PBX's clock: seconds since 1970, as the PBX itself would stamp it."""
HEARTBEAT_S = 0.05
"""While time is held, the loop wakes this often to see how late this machine is."""


class PhoneLine:
    """Counts the verbs to a phone and the messages from it, so that the clock does not race past one on its way."""

    def __init__(self, page: Page, number: int) -> None:
        """Use the words of the phone `number` in the page."""
        self.page = page
        self.number = number
        self._peer = page.peer(number)
        self._taken = self._settled = 0
        self._asked = 0

    def lives_at(self, address: str, port: int) -> None:
        """Record where the phone sends and receives SIP."""
        self._peer.lives_at(address, port)

    def take(self) -> None:
        """Count a message from the phone that is being dealt with."""
        self._taken += 1

    def ask(self) -> None:
        """Count a verb, before it is sent."""
        self._asked += 1
        self._peer[PeerWord.ASKED] = self._asked

    @property
    def behind(self) -> bool:
        """True while the phone has a verb to do, or a datagram of the PBX to deal with, as far as these are counted."""
        done, handled = self._peer[PeerWord.DONE], self._peer[PeerWord.HANDLED]
        return done < self._asked or handled < self._peer[PeerWord.PBX_SENT]

    def end(self) -> None:
        """Record that the phone is gone: the clock no longer waits for it."""
        self._peer[PeerWord.MUTED] = 1

    def settle(self) -> bool:
        """Publish the count of messages dealt with; return True when it has changed."""
        if self._settled == self._taken:
            return False
        self._peer[PeerWord.TAKEN] = self._settled = self._taken
        return True


class PbxClock:
    """Drives the clock of one PBX. It races while the loop has nothing to do, up to the next moment awaited here.

    It needs a PlayLoop, which reports when there is nothing to do.
    """

    def __init__(self, page: Page, *, speed: float) -> None:
        """Attach to the running loop. Raises TypeError where that is no PlayLoop.

        `speed` is the highest rate, in PBX seconds per real second; 1: the clock never races.
        """
        self.page = page
        self.speed = speed
        self._loop = loop = asyncio.get_running_loop()
        self._epoch_ns = page[Word.EPOCH]
        self._alarms: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._holds = 0
        self._held_until = PbxEpoch(0.0)
        self._held: dict[Listener, float] = {}
        """PBX seconds for which each listener has held the clock, without a hold that still goes on."""
        self._listening: dict[Listener, tuple[int, PbxEpoch]] = {}
        """The listeners that hold the clock now: for how many calls at once, and since when."""
        self._lines: list[PhoneLine] = []
        self._manager_taken = self._manager_said = 0
        self._longest_stall = 0.0
        self._why_not = ""
        page[Word.SPEED] = round(speed)
        bell = Path(f"{page.path}.bell")
        os.mkfifo(bell)
        bell.chmod(0o666)
        self._bell = os.open(bell, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._loop.add_reader(self._bell, self._hear_bell)
        if not isinstance(loop, PlayLoop):
            raise TypeError("a PbxClock lives on a PlayLoop")
        self._selector = loop.selector
        self._selector.clocks.append(self)

    def now(self) -> PbxEpoch:
        """Return the present moment."""
        return self.at_stamp(self.page.now())

    def at_stamp(self, nanoseconds: int) -> PbxEpoch:
        """Return the moment of a stamp, in nanoseconds, that was read from this clock's page."""
        return PbxEpoch((nanoseconds + self._epoch_ns) / 1e9)

    async def wait_until(self, moment: PbxEpoch) -> None:
        """Return once `moment` has come; at once when it is past."""
        due = round(moment * 1e9) - self._epoch_ns
        if due <= self.page.now():
            return
        alarm: asyncio.Future[None] = self._loop.create_future()
        heapq.heappush(self._alarms, (due, next(self._numbers), alarm))
        await alarm

    @contextlib.contextmanager
    def hold(self, by: Listener | None = None) -> Iterator[None]:
        """Keep the clock at the pace of real time while something acts or listens.

        `by` is what listens in the PBX; the report names it.
        """
        self._holds += 1
        if by is not None:
            calls, since = self._listening.get(by, (0, self.now()))
            self._listening[by] = calls + 1, since
        if self._holds == 1 and self.page[Word.CAP]:
            self.page[Word.CAP] = 0
            self.page.tell_news()
        try:
            yield
        finally:
            self._holds -= 1
            if by is not None:
                calls, since = self._listening.pop(by)
                if calls > 1:
                    self._listening[by] = calls - 1, since
                else:
                    self._held[by] = self._held.get(by, 0.0) + self.now() - since
            if not self._holds:
                self._held_until = self.now()

    def new_line(self) -> PhoneLine:
        """Return the counters of one more phone. Raises PageError when the page has no room for more."""
        if len(self._lines) == PEERS:
            raise PageError(f"a play has {PEERS} phones and callers at most: the clock's page has no room for more")
        line = PhoneLine(self.page, len(self._lines))
        self._lines.append(line)
        self.page[Word.PEERS] = len(self._lines)  # before anything is counted for it
        return line

    def manager_at(self, port: int) -> None:
        """Record the TCP port of our end of the manager connection; all that comes from now on is counted."""
        self._manager_taken = self._manager_said = 0
        self.page[Word.MANAGER_PORT] = port

    def take_manager(self, count: int) -> None:
        """Count bytes from the manager interface that are being dealt with."""
        self._manager_taken += count

    @property
    def manager_taken(self) -> int:
        """Bytes from the manager interface that were dealt with."""
        return self._manager_taken

    @property
    def manager_missing(self) -> int:
        """Bytes that the PBX sent by its manager interface and that have not come; negative: more came than it sent."""
        return self.page[Word.MANAGER_SENT] - self._manager_taken

    def say_manager(self, count: int) -> None:
        """Count bytes to the manager interface, before they are sent."""
        self._manager_said += count
        self.page[Word.MANAGER_SAID] = self._manager_said

    def report(self) -> ClockReport:
        """Report how fast the clock might race, and what kept it from racing."""
        stall = max(self._longest_stall, self.page[Word.STALL] / 1e9)
        why_not = NO_CLOCK if self.speed > SLOWEST and not self.drives else self._why_not
        return ClockReport(
            speed=self.speed if self.races else SLOWEST,
            why_not=why_not,
            longest_stall=stall,
            held=self._held_by() if self.races else (),
        )

    def _held_by(self) -> tuple[Held, ...]:
        held = dict(self._held)
        for by, (_, since) in self._listening.items():
            held[by] = held.get(by, 0.0) + self.now() - since
        longest_first = sorted(held.items(), key=lambda entry: -entry[1])
        return tuple(Held(by.application, by.place, round(seconds, 3)) for by, seconds in longest_first)

    def give_up(self, why_not: str) -> None:
        """Stop racing, for a reason that the report gives."""
        self._why_not = why_not
        self.speed = SLOWEST
        self.page[Word.SPEED] = round(SLOWEST)
        self.page.tell_news()

    def begin_story(self, *, dialplan_step: float = 0.0) -> None:
        """Reset the lateness of this machine and the holds so far: getting ready is no part of the story.

        `dialplan_step` is in PBX seconds: from now on steps of the dialplan end at multiples of it. 0: they end when
        they are done.
        """
        self._longest_stall = 0.0
        self._held.clear()
        self.page[Word.STALL] = 0
        self.page[Word.STEP] = round(dialplan_step * 1e9)

    def gather(self, within: float) -> None:
        """Let no step of the dialplan end for `within` PBX seconds, where steps take time.

        By then the calls of this moment, and keys pressed one right after the other, have reached the PBX.
        """
        if self.page[Word.STEP]:
            self.page[Word.STEP_FROM] = self.page.now() + round(within * 1e9)

    def note_lateness(self, seconds: float) -> None:
        """Note that something was dealt with `seconds` later than it happened or was due.

        It counts only where the clock kept the pace of real time for some of these seconds: while the clock races, they
        are no measure of the machine.
        """
        if self._holds or not self.races or self.now() - seconds < self._held_until:
            self._longest_stall = max(self._longest_stall, seconds)

    @property
    def drives(self) -> bool:
        """True when the PBX takes its time from this page."""
        return self.page[Word.OWNER] != 0

    @property
    def is_in_pbx(self) -> bool:
        """True when the library runs in Asterisk itself, and not only in another program of the image."""
        return self.page[Word.MANAGER_SENT] != 0

    @property
    def races(self) -> bool:
        """True when the clock may race at all."""
        return self.drives and self.speed > SLOWEST

    def close(self) -> None:
        """Let time flow at 1, and detach from the loop."""
        self.page[Word.CAP] = 0
        self.page.tell_news()
        self._loop.remove_reader(self._bell)
        os.close(self._bell)
        self._selector.clocks.remove(self)

    def before_select(self, timeout: float | None) -> float | None:
        """Return how long the loop may wait for events, in real seconds; None: without limit.

        The loop calls this before it waits.
        """
        now = self.page.now()
        alarms = self._alarms
        while alarms and (alarms[0][0] <= now or alarms[0][2].done()):
            _, _, alarm = heapq.heappop(alarms)
            if not alarm.done():
                alarm.set_result(None)
                timeout = 0.0
        if timeout is not None and timeout <= 0.0:
            return 0.0
        self._publish(alarms[0][0] if alarms else 0)
        waits = [] if timeout is None else [timeout]
        if alarms:
            waits.append((alarms[0][0] - now) / 1e9)
        if self._holds:
            waits.append(HEARTBEAT_S)
        return min(waits, default=None)

    def _publish(self, next_alarm: int) -> None:
        """Publish that nothing is left to do: the clock may race to the next moment that is awaited."""
        changed = False
        cap = 0 if self._holds or self.speed <= SLOWEST else next_alarm
        if self.page[Word.CAP] != cap:
            self.page[Word.CAP] = cap
            changed = True
        for line in self._lines:  # after the cap: a reader that sees a message as taken has to see the cap it led to
            changed |= line.settle()
        if self.page[Word.MANAGER_TAKEN] != self._manager_taken:
            self.page[Word.MANAGER_TAKEN] = self._manager_taken
            changed = True
        if changed:
            self.page.tell_news()

    def _hear_bell(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, 4096)


class _Selector(selectors.DefaultSelector):
    """Asks the clocks how long the loop may wait, because the loop's own timers do not know PBX time."""

    def __init__(self) -> None:
        super().__init__()
        self.clocks: list[PbxClock] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events, at most until the next moment that is awaited."""
        for clock in self.clocks:
            timeout = clock.before_select(timeout)
        begun = time.monotonic()
        events = super().select(timeout)
        if timeout and not events:
            late = time.monotonic() - begun - timeout
            for clock in self.clocks:
                clock.note_lateness(late)
        return events


class PlayLoop(asyncio.SelectorEventLoop):
    """An event loop for clocks, one for each PBX that is played on."""

    def __init__(self) -> None:
        """Use a selector that asks the clocks before it waits."""
        self.selector = _Selector()
        super().__init__(self.selector)
