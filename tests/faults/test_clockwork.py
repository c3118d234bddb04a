"""What a play proves of its clock before the story and at its end, on a page that only the test drives."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest
from ringproof.clock.clock import PbxClock, PbxEpoch
from ringproof.clock.page import Obstacle, Page, Word
from ringproof.clock.report import NO_CLOCK
from ringproof.containers.errors import BrokenError
from ringproof.core.duration import PbxSeconds
from ringproof.core.speed import FASTEST, SLOWEST
from ringproof.playing import clock_setup
from ringproof.playing.clock_setup import (
    GETS_READY_S,
    HEARD_WITHIN_S,
    LEAP_S,
    REAL_TIME,
    WHY_NOT,
    open_page,
    prove_all_heard,
    prove_clock,
    prove_page_whole,
)
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios

from faults.virtual import VirtualLoop

STARTS = datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC)
Act = Callable[[PbxClock], Coroutine[None, None, None]]


@functools.cache
def story() -> Scenario:
    """A story without a date, whose steps take no time."""
    first = read_scenarios(Path("scenarios/race-in-steps.ring.yaml")).scenarios[0]
    return dataclasses.replace(first, starts=None, dialplan_step=None)


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library has been made."""
    monkeypatch.setattr(clock_setup, "LIBRARY", Path(__file__))


def pbx(told: Callable[[], str]) -> mock.Mock:
    """Return a PBX that says so of its time."""
    return mock.Mock(manager=mock.Mock(value=mock.AsyncMock(side_effect=lambda _: told())))


def on_page(page: Page, act: Act, *, speed: float = FASTEST, drives: bool = True, counts: bool = True) -> VirtualLoop:
    """Have `act` done on a clock whose time passes when nobody has anything to do; return its loop."""
    loop = VirtualLoop()

    async def run() -> None:
        if drives:
            loop.drive(page)
        page[Word.MANAGER_SENT] = int(counts)
        clock = PbxClock(page, speed=speed)
        try:
            await act(clock)
        finally:
            clock.close()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run())
    return loop


def opened(folder: Path, scenario: Scenario) -> Page:
    """Make the page of a play."""
    return open_page(scenario, mock.Mock(folder=str(folder)))


def as_shown(clock: PbxClock) -> Callable[[], str]:
    """Tell the time that the clock shows."""
    return lambda: str(int(clock.now()))


def test_the_page_of_a_play(tmp_path: Path) -> None:
    """Another user may write to it; it shows the present, or a while before the date of the scenario."""
    page = opened(tmp_path, story())
    assert (page.path.stat().st_mode & 0o777, page.path.parent.stat().st_mode & 0o777) == (0o666, 0o755)
    assert page.path.parent.parent == tmp_path
    epoch = (page.now() + page[Word.EPOCH]) / 1e9
    assert abs(epoch - datetime.now(UTC).timestamp()) < 60
    dated = opened(tmp_path, dataclasses.replace(story(), starts=STARTS))
    shows = (dated.now() + dated[Word.EPOCH]) / 1e9
    assert 0 <= shows - (STARTS.timestamp() - GETS_READY_S) < 5


def test_a_library_that_nobody_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made then: the engine would mount an empty folder in its place."""
    monkeypatch.setattr(clock_setup, "LIBRARY", tmp_path / "ringproof-clock.so")
    with pytest.raises(BrokenError) as failed:
        opened(tmp_path, story())
    assert failed.value.sentence == "the clock's library has not been made: there is no ringproof-clock.so"
    assert failed.value.hint == "`make image` makes it"
    assert list(tmp_path.iterdir()) == []


def test_a_clock_that_races_is_proven(tmp_path: Path) -> None:
    """It races for some seconds, and the PBX says the same time."""

    async def act(clock: PbxClock) -> None:
        begun = clock.now()
        await prove_clock(story(), clock, pbx(as_shown(clock)))
        assert clock.now() - begun >= LEAP_S
        assert clock.races
        assert clock.report().why_not == ""

    on_page(opened(tmp_path, story()), act)


def test_a_clock_that_does_not_race_is_not_raced(tmp_path: Path) -> None:
    """At speed 1 the PBX is asked all the same."""

    async def act(clock: PbxClock) -> None:
        begun, asked = clock.now(), pbx(as_shown(clock))
        await prove_clock(story(), clock, asked)
        assert clock.now() - begun < LEAP_S
        asked.manager.value.assert_awaited_once_with("EPOCH")

    on_page(opened(tmp_path, story()), act, speed=SLOWEST)


@pytest.mark.parametrize("obstacle", [Obstacle.CHILD, Obstacle.THREADS, Obstacle.PACE])
def test_a_clock_that_cannot_race_gives_up(tmp_path: Path, obstacle: Obstacle) -> None:
    """What stood in its way is in the report; the play goes on at speed 1."""
    page = opened(tmp_path, story())

    async def act(clock: PbxClock) -> None:
        loop = asyncio.get_running_loop()
        write = loop._write  # type: ignore[attr-defined]  # noqa: SLF001

        def held() -> None:
            write()
            page[Word.RACED], page[Word.OBSTACLE] = 0, obstacle

        loop._write = held  # type: ignore[attr-defined]  # noqa: SLF001
        await prove_clock(story(), clock, pbx(as_shown(clock)))
        assert not clock.races
        assert clock.report().why_not == WHY_NOT[obstacle]

    on_page(page, act)


@pytest.mark.parametrize("told", ["", "yesterday", "1000000000", "2 s late", "2 s early"])
def test_a_pbx_on_another_clock(tmp_path: Path, told: str) -> None:
    """It says another time, or none."""

    async def act(clock: PbxClock) -> None:
        def says() -> str:
            apart = {"2 s late": -2, "2 s early": 3}.get(told)
            return told if apart is None else str(int(clock.now()) + apart)

        with pytest.raises(
            BrokenError, match=r"^the PBX ignores the clock: it says .* where the clock shows \d+ "
        ) as failed:
            await prove_clock(story(), clock, pbx(says))
        assert failed.value.hint == REAL_TIME
        assert ("it says nothing where" in failed.value.sentence) is (told == "")

    on_page(opened(tmp_path, story()), act)


def test_a_library_in_another_program(tmp_path: Path) -> None:
    """It drives a clock, and counts nothing of what Asterisk sends: told where the clock is to race or has a date."""
    dated = dataclasses.replace(story(), starts=STARTS)

    async def act(clock: PbxClock) -> None:
        for scenario in (dated, *([story()] if clock.races else [])):
            with pytest.raises(BrokenError, match="the library that drives it is in another program of the image"):
                await prove_clock(scenario, clock, pbx(as_shown(clock)))
        if not clock.races:
            await prove_clock(story(), clock, pbx(as_shown(clock)))

    for speed in (SLOWEST, FASTEST):
        on_page(opened(tmp_path, dated), act, speed=speed, counts=False)


def test_a_clock_that_nobody_drives(tmp_path: Path) -> None:
    """A plain story is played on it; steps that take time and dates are refused, with the line to change."""

    async def act(clock: PbxClock) -> None:
        silent = pbx(lambda: "")
        await prove_clock(story(), clock, silent)
        silent.manager.value.assert_not_awaited()
        with pytest.raises(BrokenError) as steps:
            await prove_clock(dataclasses.replace(story(), dialplan_step=PbxSeconds(0.01)), clock, silent)
        assert steps.value.sentence == f"steps of the dialplan cannot take time: {NO_CLOCK}"
        assert steps.value.hint == "leave out `dialplan step:`"
        with pytest.raises(BrokenError) as date:
            await prove_clock(dataclasses.replace(story(), starts=STARTS), clock, silent)
        assert date.value.sentence == f"the PBX cannot be given a date: {NO_CLOCK}"
        assert date.value.hint == "leave out `clock: {starts: ...}`"

    on_page(opened(tmp_path, story()), act, drives=False)


@pytest.mark.parametrize("speed", [SLOWEST, FASTEST])
def test_a_date_is_waited_for(tmp_path: Path, speed: float) -> None:
    """The story begins on the second."""
    dated = dataclasses.replace(story(), starts=STARTS)

    async def act(clock: PbxClock) -> None:
        assert clock.now() < STARTS.timestamp()
        await prove_clock(dated, clock, pbx(as_shown(clock)))
        assert 0 <= clock.now() - STARTS.timestamp() < 0.01

    on_page(opened(tmp_path, dated), act, speed=speed)


def test_a_date_that_is_near_says_nothing_of_racing(tmp_path: Path) -> None:
    """In less than a second a clock need not have raced; it is kept."""
    dated = dataclasses.replace(story(), starts=STARTS)
    page = opened(tmp_path, dated)

    async def act(clock: PbxClock) -> None:
        await clock.wait_until(PbxEpoch(STARTS.timestamp() - 0.5))
        loop = asyncio.get_running_loop()
        write = loop._write  # type: ignore[attr-defined]  # noqa: SLF001
        loop._write = lambda: (write(), page.__setitem__(Word.RACED, 0))  # type: ignore[attr-defined, func-returns-value]  # noqa: SLF001
        await prove_clock(dated, clock, pbx(as_shown(clock)))
        assert clock.races

    on_page(page, act)


def test_a_date_that_has_passed(tmp_path: Path) -> None:
    """The PBX took too long to get ready: the hour that the story is about may have struck."""
    dated = dataclasses.replace(story(), starts=STARTS)

    async def act(clock: PbxClock) -> None:
        await clock.wait_until(PbxEpoch(STARTS.timestamp() + 2.5))
        with pytest.raises(BrokenError) as failed:
            await prove_clock(dated, clock, pbx(as_shown(clock)))
        assert failed.value.sentence == "the PBX took 17.5 s to get ready, which is 2.5 s too late for its date"
        assert "fewer plays at once (`-n`)" in failed.value.hint

    on_page(opened(tmp_path, dated), act)


@pytest.mark.parametrize("missing", [5, -5])
def test_bytes_that_are_missing_or_came_twice(tmp_path: Path, missing: int) -> None:
    """They are waited for, and then the play is broken: nobody knows what was in them."""
    page = opened(tmp_path, story())

    async def act(clock: PbxClock) -> None:
        clock.take_manager(100 - missing)
        page[Word.MANAGER_SENT] = 100
        begun = clock.now()
        with pytest.raises(BrokenError) as failed:
            await prove_all_heard(clock)
        assert failed.value.sentence == (
            f"the PBX sent 100 bytes by its manager interface, and {100 - missing} came: events were lost or came twice"
        )
        assert clock.now() - begun >= HEARD_WITHIN_S

    on_page(page, act)


def test_bytes_that_come_late_enough(tmp_path: Path) -> None:
    """Nothing is said of them; nor of those of a PBX that counts none."""
    page = opened(tmp_path, story())

    async def act(clock: PbxClock) -> None:
        page[Word.MANAGER_SENT] = 100
        asyncio.get_running_loop().later(1.0, lambda: clock.take_manager(100))  # type: ignore[attr-defined]
        begun = clock.now()
        await prove_all_heard(clock)
        assert 1.0 <= clock.now() - begun < HEARD_WITHIN_S
        page[Word.MANAGER_SENT] = 0
        await prove_all_heard(clock)

    on_page(page, act)


@pytest.mark.parametrize("damage", [None, "cut", "grown", "overwritten", "gone"])
def test_a_page_that_is_damaged(tmp_path: Path, damage: str | None) -> None:
    """In whatever way; one that is whole is no fault."""
    page = opened(tmp_path, story())
    size = page.path.stat().st_size
    if damage == "overwritten":
        with page.path.open("r+b") as file:
            file.write(bytes(8))
    elif damage == "gone":
        page.path.unlink()
    elif damage:
        with page.path.open("r+b") as file:
            file.truncate(size - 1 if damage == "cut" else size + 1)
    if damage is None:
        prove_page_whole(page)
        return
    with pytest.raises(BrokenError, match="the clock's page was overwritten or cut while the story ran"):
        prove_page_whole(page)
