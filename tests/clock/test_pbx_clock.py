"""The conductor's side of the clock, on a page that no PBX has mapped: pure, in milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from ringproof.clock.clock import PbxClock, PbxEpoch, PlayLoop
from ringproof.clock.page import PEERS, Page, PageError, Peer, PeerWord, Word
from ringproof.clock.report import Listener
from ringproof.containers.errors import BrokenError
from ringproof.playing.clock_setup import prove_steps_take_time
from ringproof.scenario.reading import read_scenarios

SECOND = 1_000_000_000
Written = list[tuple[Word | PeerWord, int]]


def on_a_clock(page: Page, act: Callable[[PbxClock], Coroutine[None, None, None]], speed: float = 500) -> None:
    """Run `act` with a clock on a loop of its own."""

    async def run() -> None:
        clock = PbxClock(page, speed=speed)
        try:
            await act(clock)
        finally:
            clock.close()

    with asyncio.Runner(loop_factory=PlayLoop) as runner:
        runner.run(run())


async def published(clock: PbxClock) -> None:
    """Return once the loop has had nothing to do, and the clock has published what is awaited."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    publish = clock._publish  # noqa: SLF001 - as below

    def note(next_alarm: int) -> None:
        publish(next_alarm)
        del clock._publish  # noqa: SLF001 - no event of the clock reports it
        loop.call_soon_threadsafe(done.set_result, None)  # the loop is about to wait

    clock._publish = note  # type: ignore[method-assign]  # noqa: SLF001
    await done


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """A fresh page, taken for one that a PBX uses."""
    made = Page.make(tmp_path / "page")
    made[Word.OWNER] = 1
    return made


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """What is written to the page, in its order."""
    seen: Written = []
    for kind in (Page, Peer):

        def write(
            self: Page | Peer, word: Word | PeerWord, value: int, store: Callable[..., None] = kind.__setitem__
        ) -> None:
            seen.append((word, value))
            store(self, word, value)

        monkeypatch.setattr(kind, "__setitem__", write)
    return seen


def test_the_cap_is_written_before_that_a_message_was_taken(page: Page, written: Written) -> None:
    """Else the PBX's clock would race on in between, past the moment to which the message leads."""

    async def act(clock: PbxClock) -> None:
        line = clock.new_line()
        due = PbxEpoch(clock.now() + 0.1)
        waiting = asyncio.ensure_future(clock.wait_until(due))
        line.take()
        clock.take_manager(10)
        await waiting

    on_a_clock(page, act)
    words = [word for word, _ in written]
    first = words.index(Word.CAP)
    assert first < words.index(PeerWord.TAKEN)
    assert first < words.index(Word.MANAGER_TAKEN)


def test_a_phone_is_behind_with_a_verb_or_a_datagram(page: Page) -> None:
    """Until it has done the one, and dealt with the other."""

    async def act(clock: PbxClock) -> None:
        line, peer = clock.new_line(), page.peer(0)
        assert not line.behind
        line.ask()
        assert line.behind
        peer[PeerWord.DONE] = 1
        assert not line.behind
        peer[PeerWord.PBX_SENT] = 2
        peer[PeerWord.HANDLED] = 1
        assert line.behind
        peer[PeerWord.HANDLED] = 2
        assert not line.behind

    on_a_clock(page, act)


def test_the_cap_is_the_next_moment_awaited(page: Page) -> None:
    """The nearest of several, and none while the clock is held or does not race."""
    caps: list[int] = []

    async def act(clock: PbxClock) -> None:
        now = clock.page.now()
        begin = clock.at_stamp(now)
        for seconds in (20, 10, 30):
            asyncio.ensure_future(clock.wait_until(PbxEpoch(begin + seconds)))  # noqa: RUF006 - ended with the loop
        for hold in (False, True):
            if hold:
                with clock.hold():
                    assert clock.page[Word.CAP] == 0
                    await published(clock)
                    caps.append(clock.page[Word.CAP])
            else:
                await published(clock)
                caps.append(clock.page[Word.CAP] - now)

    on_a_clock(page, act)
    assert caps[0] == pytest.approx(10 * SECOND, abs=1000)
    assert caps[1] == 0


def test_at_speed_1_nothing_is_raced(page: Page) -> None:
    """Whatever is awaited."""

    async def act(clock: PbxClock) -> None:
        asyncio.ensure_future(clock.wait_until(PbxEpoch(clock.now() + 100)))  # noqa: RUF006 - ended with the loop
        await published(clock)
        assert clock.page[Word.CAP] == 0

    on_a_clock(page, act, speed=1)


@pytest.mark.parametrize("speed", [500, 1])
def test_what_listens_is_in_the_report_with_its_seconds(page: Page, speed: float) -> None:
    """Calls that are at one place at once count once, what still listens counts too; at speed 1 nothing is held up."""
    support, mailbox = Listener("MixMonitor", "s@support:2"), Listener("VoiceMail", "s@mailbox:1")

    async def act(clock: PbxClock) -> None:
        async def passes(seconds: float) -> None:
            await clock.wait_until(PbxEpoch(clock.now() + seconds))

        with clock.hold(by=support):
            await passes(0.02)
        clock.begin_story()
        begun = clock.now()
        with clock.hold(by=mailbox):
            with clock.hold(by=support):
                with clock.hold(by=support):
                    await passes(0.02)
                await passes(0.02)
            lasted = clock.now() - begun
            await passes(0.02)
            with clock.hold(by=support):
                held = clock.report().held
        if speed == 1:
            assert held == ()
            return
        assert [(each.application, each.place) for each in held] == [
            ("VoiceMail", mailbox.place),
            ("MixMonitor", support.place),
        ]
        assert held[1].seconds == pytest.approx(lasted, abs=0.005)
        assert held[0].seconds >= lasted + 0.019  # whole milliseconds

    on_a_clock(page, act, speed)


def test_calls_are_gathered_where_steps_take_time(page: Page) -> None:
    """No step ends before the calls of one moment have come; where steps take no time, nothing waits."""

    async def act(clock: PbxClock) -> None:
        clock.begin_story()
        clock.gather(0.2)
        assert (clock.page[Word.STEP], clock.page[Word.STEP_FROM]) == (0, 0)
        clock.begin_story(dialplan_step=0.01)
        before = clock.page.now()
        clock.gather(0.2)
        assert clock.page[Word.STEP] == SECOND // 100
        assert 0 <= clock.page[Word.STEP_FROM] - before - SECOND // 5 < SECOND // 10

    on_a_clock(page, act)


@pytest.mark.parametrize(
    ("log", "executed", "breaks"),
    [
        ("[1] VERBOSE[2] pbx.c: Executing [s@group:1] NoOp", 0, True),
        ("[1] VERBOSE[2] pbx.c: Executing [s@group:1] NoOp", 1, False),
        ("[1] NOTICE[2] res_pjsip_session.c: no such extension", 0, False),
    ],
)
def test_steps_that_nobody_notices_break_the_play(page: Page, log: str, *, executed: int, breaks: bool) -> None:
    """Where Asterisk executed none, as for a number that nobody has, the play says what it says."""
    story = read_scenarios(Path("scenarios/race-in-steps.ring.yaml")).scenarios[0]
    page[Word.EXECUTED] = executed

    async def act(clock: PbxClock) -> None:
        expected = pytest.raises(BrokenError, match="took its time") if breaks else contextlib.nullcontext()
        with expected:
            prove_steps_take_time(story, clock, log)
        prove_steps_take_time(dataclasses.replace(story, dialplan_step=None), clock, log)

    on_a_clock(page, act)


def test_an_ended_clock_is_held(page: Page) -> None:
    """Whatever was awaited: nobody is there any more for whom to race."""

    async def act(clock: PbxClock) -> None:
        asyncio.ensure_future(clock.wait_until(PbxEpoch(clock.now() + 100)))  # noqa: RUF006 - ended with the loop
        await published(clock)
        assert clock.page[Word.CAP] > 0

    on_a_clock(page, act)
    assert page[Word.CAP] == 0


def test_a_page_has_room_for_so_many_phones(page: Page) -> None:
    """One more is refused in a sentence."""

    async def act(clock: PbxClock) -> None:
        for _ in range(PEERS):
            clock.new_line()
        with pytest.raises(PageError, match="256 phones and callers at most"):
            clock.new_line()

    on_a_clock(page, act)


def test_phones_are_looked_at_as_far_as_there_are_any(page: Page) -> None:
    """What the library copies at every look grows with the play, not with the room that a page has."""

    async def act(clock: PbxClock) -> None:
        assert page[Word.PEERS] == 0
        for count in range(1, 4):
            clock.new_line()
            assert page[Word.PEERS] == count

    on_a_clock(page, act)


def test_a_page_can_be_opened_by_its_descriptor(page: Page) -> None:
    """A phone gets it by SCM_RIGHTS: where it has no such path, and when nobody has."""
    with page.path.open("r+b") as file:
        page.path.unlink()
        same = Page.of(file.fileno())
    page.peer(7)[PeerWord.TOLD] = 3
    same[Word.CAP] = 5
    assert same.peer(7)[PeerWord.TOLD] == 3
    assert page[Word.CAP] == 5


def test_descriptors_that_are_of_no_page(tmp_path: Path) -> None:
    """Of a file that is too short, or one that may not be written."""
    (tmp_path / "short").write_bytes(b"x" * 100)
    Page.make(tmp_path / "page")
    for name, mode in (("short", "r+b"), ("page", "rb")):
        with (
            (tmp_path / name).open(mode) as file,
            pytest.raises(PageError, match=r"^the clock's page cannot be mapped: "),
        ):
            Page.of(file.fileno())


def test_pages_that_are_none(tmp_path: Path) -> None:
    """Missing, too short, or made by another version: one sentence each."""
    with pytest.raises(PageError, match=r"page cannot be mapped: .*No such file"):
        Page(tmp_path / "page")
    (tmp_path / "page").write_bytes(b"x" * 100)
    with pytest.raises(PageError, match=r"page cannot be mapped: "):
        Page(tmp_path / "page")
    other = Page.make(tmp_path / "page")
    other[Word.VERSION] = 99
    with pytest.raises(PageError, match=r"page was made by another version of Ringproof"):
        Page(tmp_path / "page")


def test_time_does_not_go_back_for_a_reader(page: Page) -> None:
    """Also where the timekeeper flips to a record that is a little behind what was read before."""
    before = page.now()
    page.path.write_bytes(page.path.read_bytes()[: 8 * 17] + bytes(48) + page.path.read_bytes()[8 * 23 :])
    page[Word.HIGHEST] = 0
    assert page.now() >= before


SHRINK = """
import mmap, os, sys
from pathlib import Path
from ringproof.clock.page import Page, Word

path = Path(sys.argv[1])
page, other = Page.make(path), Page.make(path.with_name("other"))
before = page.now()
os.truncate(path, 0)
assert page[Word.MAGIC] == 0 and page.now() >= before
page.peer(255)[0] = page[Word.CAP] = 5
page.tell_news()
assert page[Word.CAP] == 5 and not page.is_whole
assert other.is_whole
with path.with_name("file").open("wb+") as file:
    file.truncate(10_000)
    mapped = mmap.mmap(file.fileno(), 10_000)
    file.truncate(0)
print("the page was survived", flush=True)
mapped[1]
"""


def test_a_page_that_is_shrunk_is_survived(tmp_path: Path) -> None:
    """It is read and written as zeros, and is not whole; a SIGBUS of anything else ends the process as before."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SHRINK, tmp_path / "page"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "the page was survived\n", done.stderr
    assert "Fatal Python error: Bus error" in done.stderr, "faulthandler had the signal before"
    assert done.returncode == -signal.SIGBUS
