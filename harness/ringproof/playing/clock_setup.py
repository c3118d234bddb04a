"""Sets up the clock of one play: its page, the library that reads it, and the check that the PBX follows it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ringproof.clock
from ringproof.clock.clock import PbxClock, PbxEpoch
from ringproof.clock.page import Obstacle, Page, Word
from ringproof.clock.report import NO_CLOCK
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.pbx.container import Pbx
from ringproof.scenario.model.scenario import Scenario

LIBRARY = Path(ringproof.clock.__file__).with_name("ringproof-clock.so")
"""Made by `make image`; one file for every image with glibc."""
GETS_READY_S = 15
"""A PBX whose date is set boots this many seconds before that date; the story starts exactly at the date."""
IN_TIME_S = 0.1
"""A story may start at most this long after its date: later, the opening hours may have changed over already."""
HEARD_WITHIN_S = 5.0
LOOKED_AT_EVERY_S = 0.02
LEAP_S = 4.0
"""PBX seconds that the clock races to check that the PBX follows it."""
TELLS_SECONDS_S = 1.5
"""Largest accepted difference of the PBX's time from the clock: the PBX reports its time in whole seconds."""
EXECUTING = "pbx.c: Executing ["
"""Stands in Asterisk's log where a step of the dialplan begins."""
PAGE_WRITERS = "the PBX's container and the phones map it to write: is something else there that does?"
REAL_TIME = "`--speed 1` plays on real time; a date cannot be set there"
WHY_NOT = dict.fromkeys(Obstacle, "the machine has no time for the PBX") | {
    Obstacle.THREADS: "a thread of the PBX works on and on, or waits in a call that the clock does not know",
    Obstacle.CHILD: "a child process of the PBX lives on and on, and what it does takes real time",
}
"""Why a clock that drives its PBX did not race before the story."""


def open_page(scenario: Scenario, environment: RunEnvironment) -> Page:
    """Make the page of one play in the run's folder, which the run removes.

    Raises BrokenError if there is no library to read it: Docker would mount a new, empty folder in its place.
    """
    if not LIBRARY.is_file():
        raise BrokenError(f"the clock's library has not been made: there is no {LIBRARY.name}", "`make image` makes it")
    folder = Path(tempfile.mkdtemp(prefix="clock-", dir=environment.folder))
    folder.chmod(0o755)
    starts = scenario.starts
    page = Page.make(
        folder / "page", starts_ns=None if starts is None else round((starts.timestamp() - GETS_READY_S) * 1e9)
    )
    page.path.chmod(0o666)  # Asterisk is another user
    return page


def prove_page_whole(page: Page) -> None:
    """Raise BrokenError if the page was overwritten or cut: the PBX and the phones do not cause what follows then."""
    if not page.is_whole:
        raise BrokenError("the clock's page was overwritten or cut while the story ran", PAGE_WRITERS)


async def prove_all_heard(clock: PbxClock) -> None:
    """Raise BrokenError unless as many bytes came by the manager interface as the PBX counted when it sent them.

    No verdict can be based on events that are missing or came twice. A PBX that counts nothing is not checked: the
    clock's library is then in another program of its image.
    """
    if not (clock.drives and clock.is_in_pbx):
        return
    with clock.hold():
        deadline = clock.now() + HEARD_WITHIN_S
        while clock.manager_missing:
            if clock.now() >= deadline:
                sentence = f"the PBX sent {clock.page[Word.MANAGER_SENT]} bytes by its manager interface"
                raise BrokenError(f"{sentence}, and {clock.manager_taken} came: events were lost or came twice")
            await clock.wait_until(PbxEpoch(clock.now() + LOOKED_AT_EVERY_S))


def prove_steps_take_time(scenario: Scenario, clock: PbxClock, log: str) -> None:
    """Raise BrokenError if steps were to take time, and the library noticed none of those in Asterisk's `log`."""
    if scenario.dialplan_step is not None and not clock.page[Word.EXECUTED] and EXECUTING in log:
        sentence = (
            "no step of the dialplan took its time: this Asterisk logs them in a way that the clock does not know"
        )
        raise BrokenError(sentence, "leave out `dialplan step:`")


async def prove_clock(scenario: Scenario, clock: PbxClock, pbx: Pbx) -> None:
    """Let the clock race, and check that the PBX's time followed it; with a date set, race until that date.

    Raises BrokenError if it did not follow, if the PBX got ready after that date, and if a date or `dialplan step:`
    needs a clock that drives the PBX and there is none.
    """
    starts = scenario.starts
    if not clock.drives:
        if scenario.dialplan_step is not None:
            raise BrokenError(f"steps of the dialplan cannot take time: {NO_CLOCK}", "leave out `dialplan step:`")
        if starts is None:
            return
        raise BrokenError(f"the PBX cannot be given a date: {NO_CLOCK}", "leave out `clock: {starts: ...}`")
    if (starts is not None or clock.races) and not clock.page[Word.MANAGER_SENT]:  # it sent a lot, and counted nothing
        sentence = "the PBX ignores the clock: the library that drives it is in another program of the image"
        raise BrokenError(sentence, REAL_TIME)
    begun, raced = clock.now(), clock.page[Word.RACED]
    if starts is not None:
        late = clock.now() - starts.timestamp()
        if late > IN_TIME_S:
            sentence = (
                f"the PBX took {GETS_READY_S + late:.1f} s to get ready, which is {late:.1f} s too late for its date"
            )
            raise BrokenError(sentence, "the machine has too much to do; fewer plays at once (`-n`) leave more to each")
        await clock.wait_until(PbxEpoch(starts.timestamp()))
    elif clock.races:
        await clock.wait_until(PbxEpoch(begun + LEAP_S))
    leapt = clock.now() - begun
    if clock.races and leapt > LEAP_S / 4 and (clock.page[Word.RACED] - raced) / 1e9 < leapt / 2:
        clock.give_up(WHY_NOT[clock.page.obstacle[0]])
    told = await pbx.manager.value("EPOCH")
    now = clock.now()
    if not told.isdigit() or abs(int(told) - now) > TELLS_SECONDS_S:
        sentence = f"the PBX ignores the clock: it says {told or 'nothing'} where the clock shows {now:.0f} (EPOCH)"
        raise BrokenError(sentence, REAL_TIME)
