"""A PBX with phones and a dialplan of one's own, and the clock in one's hand: for what no scenario can say."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from ringproof.clock.clock import PbxClock, PbxEpoch
from ringproof.containers.run import RunEnvironment
from ringproof.core.duration import PbxSeconds
from ringproof.pbx.container import SIP_PORT
from ringproof.phones import protocol
from ringproof.playing import setup as play_setup
from ringproof.playing.callers import CallerSeat
from ringproof.playing.clock_setup import open_page, prove_clock
from ringproof.playing.context import PlayContext
from ringproof.playing.extensions import Seat
from ringproof.playing.recorder import Recorder

from playing.conftest import rendered_otherwise, story

LONG = PbxSeconds(600.0)
CAST = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
  boris: {from: "+74957654321", to: "84950000005"}
  carla: {from: "+74950000000", to: "84950000005"}
scenarios:
  a story that is told by hand:
    phones:
      101: {answers: 0s}
      102: {answers: 0s}
    when: [{call: anna}, {call: boris}, {call: carla}]
    expect:
      anna: [{nobody: answers}]
      boris: [{nobody: answers}]
      carla: [{nobody: answers}]
"""


@dataclass
class Laboratory:
    """An open setup: nothing happens in it but what the test does."""

    context: PlayContext
    setup: play_setup.PlaySetup

    @property
    def clock(self) -> PbxClock:
        """The PBX's clock."""
        return self.context.clock

    def caller(self, name: str) -> CallerSeat:
        """Return a caller's seat."""
        return self.setup.callers.seats[name]

    def phone(self, name: str) -> Seat:
        """Return an extension's seat."""
        return self.setup.extensions.seats[name]

    def call(self, name: str, number: str) -> None:
        """Let a caller dial a number."""
        target = f"sip:{number}@{self.setup.pbx.trunk_address}:{SIP_PORT}"
        self.caller(name).phone.tell(protocol.Call(target=target))

    async def happens(self, holds: Callable[[], object], what: str, within: PbxSeconds = LONG) -> PbxEpoch:
        """Wait until something holds; return when it was seen."""
        assert await self.context.until(lambda: bool(holds()), PbxEpoch(self.clock.now() + within)), f"never: {what}"
        return self.clock.now()

    async def passes(self, seconds: float) -> None:
        """Let PBX time pass."""
        await self.context.wait_until(PbxEpoch(self.clock.now() + seconds))

    async def rings(self, name: str) -> PbxEpoch:
        """Wait for a phone's first ring; return its moment."""
        seat = self.phone(name)
        await self.happens(lambda: seat.rang, f"{name} rings")
        return min(seat.rang.values())

    async def says(self, function: str) -> str:
        """Ask the PBX for a global variable or function."""
        return await self.setup.pbx.manager.value(function)


@contextlib.asynccontextmanager
async def laboratory(
    environment: RunEnvironment, folder: Path, speed: float, *, starts: datetime | None = None
) -> AsyncIterator[Laboratory]:
    """Boot the bundled office in a folder that there is; open until the end of the block."""
    scenario = dataclasses.replace(story(CAST, folder), starts=starts)
    clock = PbxClock(open_page(scenario, environment), speed=speed)
    recorder = Recorder(folder / "events.ndjson")
    context = PlayContext(clock, recorder)
    opened = play_setup.PlaySetup(scenario, environment, folder, context)
    try:
        with clock.hold():
            await opened.open()
        await prove_clock(scenario, clock, opened.pbx)
        recorder.begin(clock.now())
        yield Laboratory(context, opened)
    finally:
        context.end_tasks()
        await opened.close()
        recorder.close()
        clock.close()


def with_dialplan(
    monkeypatch: pytest.MonkeyPatch, numbers: str, *modules: str, files: Mapping[str, tuple[str, str]] | None = None
) -> None:
    """Have every PBX that boots from now on answer the trunk by these lines, too, with more modules.

    `files`: name of a file, a line that stands in it, and what is inserted after it; without a line the file is new.
    """
    inserts = {
        "extensions.conf": ("[from-trunk]\n", numbers),
        "modules.conf": ("autoload=no\n", "".join(f"load={module}.so\n" for module in modules)),
        **(files or {}),
    }

    def insert(folder: Path) -> None:
        for name, (line, inserted) in inserts.items():
            file = folder / name
            before = file.read_text("utf-8") if line else ""
            assert line in before
            file.write_text(before.replace(line, line + inserted, 1), "utf-8")
            file.chmod(0o644)

    rendered_otherwise(monkeypatch, insert)
