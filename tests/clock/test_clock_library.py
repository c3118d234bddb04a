"""The library by itself: small C programs on a driven clock, in the image that it is compiled in."""

from __future__ import annotations

import os
import random
import secrets
import select
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from ringproof.clock.page import PEERS, Obstacle, Page, PeerWord, Word
from ringproof.pbx.rtp_capture import read_rtp
from ringproof.setup import image, library

HERE = Path(__file__).parent
SECOND = 1_000_000_000
FAR = 10_000 * SECOND
COMPILE = (
    "gcc -std=gnu11 -O1 -g -Wall -Wextra -pthread -o /made/programs /tests/programs.c && "
    "sh /clock/build /made/plain.so && "
    "sh /clock/build /made/undefined.so -fsanitize=undefined -fno-sanitize-recover=all -static-libubsan"
)
pytestmark = [pytest.mark.pbx, pytest.mark.alone]


@dataclass
class Laboratory:
    """A folder with the programs and a page, and the container in which they run."""

    folder: Path
    page: Page
    library: str
    container: str = ""
    """In which the last program runs."""

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start a program on the page's clock."""
        variables = {"LD_PRELOAD": f"/made/{self.library}", "RINGPROOF_CLOCK": "/made/page", **environment}
        self.container = f"ringproof-test-{secrets.token_hex(6)}"
        command = ["docker", "run", "--rm", "--name", self.container, "--network", "none", "-v", f"{self.folder}:/made"]
        command += [f"--env={name}={value}" for name, value in variables.items()]
        command += ["--entrypoint", "/made/programs", library.BUILDER.name, *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str, races: bool = True, **environment: str) -> dict[str, float]:
        """Run a program to its end on a clock that races, or does not; return what it told, by name."""
        if races:
            self.race(FAR)
        done = self.start(*words, **environment)
        try:
            out, err = done.communicate(timeout=60)
        except subprocess.TimeoutExpired:  # the client ends with us, what it started in the engine would not
            subprocess.run(["docker", "rm", "--force", self.container], check=True, capture_output=True)
            raise
        assert (done.returncode, err) == (0, ""), out
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in out.splitlines())}

    def race(self, ahead: int, speed: int = 500) -> None:
        """Let the clock race so many nanoseconds on from now."""
        self.page[Word.SPEED] = speed
        self.page[Word.CAP] = self.page.now() + ahead
        self.page.tell_news()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the programs, and the library once more with the sanitizer that works in a preload (undefined)."""
    image.ensure(library.BUILDER)
    folder = tmp_path_factory.mktemp("made")
    mounts = [f"--volume={HERE}:/tests:ro", f"--volume={folder}:/made"]
    subprocess.run(
        ["docker", "run", "--rm", "--network", "none", *mounts, library.BUILDER.name, "sh", "-c", COMPILE],
        check=True,
        timeout=120,
    )
    return folder


@pytest.fixture(params=["plain.so", "undefined.so"])
def laboratory(request: pytest.FixtureRequest, made: Path) -> Laboratory:
    """A fresh page for each test."""
    page = made / "page"
    page.unlink(missing_ok=True)
    return Laboratory(made, Page.make(page), request.param)


@pytest.mark.parametrize("seconds", ["0.3", "20"])
def test_each_wait_lasts_as_long_as_it_should(laboratory: Laboratory, seconds: str) -> None:
    """To the millisecond, on a racing clock: the clock does not pass a deadline before its owner runs."""
    told = laboratory.run("waits", seconds)
    assert len(told) == (13 if seconds == "20" else 12)
    for name, lasted in told.items():
        assert 0 <= lasted - float(seconds) < 0.005, name


def test_a_poll_is_stepped_over_once(laboratory: Laboratory) -> None:
    """Waits of up to 50 ms may end late, by less than that, from the 21st of a thread on; a longer one counts anew."""
    told = laboratory.run("naps")
    assert 0.001 <= told["first"] < 0.005
    assert 0.02 < told["more"] < 0.055
    assert 0.001 <= told["again"] < 0.005


def test_a_wait_of_thirty_milliseconds_lasts_as_long(laboratory: Laboratory) -> None:
    """A brief one, too: a thread that has another one's turn to wait for does not lose 50 ms each time."""
    for name, lasted in laboratory.run("waits", "0.03").items():
        assert 0 <= lasted - 0.03 < 0.005, name


def test_waits_are_right_while_the_rate_changes(laboratory: Laboratory) -> None:
    """Held and let go at random every few milliseconds."""
    over = threading.Event()

    def disturb() -> None:
        dice = random.Random(5038)  # noqa: S311 - the same every time
        while not over.is_set():
            if dice.random() < 0.5:
                laboratory.race(round(dice.uniform(0.01, 5) * SECOND), speed=dice.choice([2, 50, 500]))
            else:
                laboratory.page[Word.CAP] = 0
                laboratory.page.tell_news()
            time.sleep(dice.uniform(0, 0.005))

    disturber = threading.Thread(target=disturb)
    disturber.start()
    told = laboratory.run("waits", "3", races=False)
    over.set()
    disturber.join()
    for name, lasted in told.items():
        assert 0 <= lasted - 3 < 0.03, name


def test_time_stands_while_work_is_handed_over(laboratory: Laboratory) -> None:
    """3,000 times from thread to thread and back, with a deadline nearby that the clock could step to: it does not."""
    told = laboratory.run("handovers")
    assert told.keys() == {"semaphores", "conditions", "pipes"}
    for name, passed in told.items():
        assert passed < 0.5, name


def test_a_condition_variable_returns_for_a_signal_only(laboratory: Laboratory) -> None:
    """Asterisk's LOCK() takes a spurious return for the lock (func_lock.c)."""
    told = laboratory.run("signals")
    assert told == {"before": 0, "signalled": 3, "all": 8}


def test_no_signal_to_a_thread_is_lost(laboratory: Laboratory) -> None:
    """Asterisk tells its manager sessions of events that way; one that is on its way into poll() must hear it, too."""
    told = laboratory.run("pokes")
    assert told.keys() == {"passed", "slept"}
    assert told["passed"] < 0.5
    assert told["slept"] == pytest.approx(5, abs=0.005)


def test_a_signal_to_a_thread_that_leaves_a_condition_variable_is_not_lost(laboratory: Laboratory) -> None:
    """Asterisk gets its autoservice thread out of a poll that way; lost, each hunt's turn took 50 ms longer."""
    told = laboratory.run("rousings")
    assert told.keys() == {"passed"}
    assert told["passed"] < 0.5


def test_threads_come_go_and_are_cancelled(laboratory: Laboratory) -> None:
    """And the clock races afterwards: nobody is counted who is gone."""
    told = laboratory.run("lives")
    assert {told[f"cancelled {how}"] for how in "cspz"} == {1}
    assert told["mutex free"] == 1
    assert told["afterwards"] == pytest.approx(100, abs=0.005)
    assert told["really"] < 20


def test_the_answer_of_a_name_server_is_waited_for(laboratory: Laboratory) -> None:
    """5 ms of real time, in which a clock that does not know of it would get past the resolver's deadline of 2 s."""
    laboratory.race(FAR, speed=1_000_000)
    told = laboratory.run("questions", races=False)
    ways = ["sendto", "send", "write", "writev", "sendmsg", "sendmsg to", "first of two", "second of two"]
    for way in [*ways, "nobody there"]:
        assert told[way] < 0.1, way
    for way in ["never", "elsewhere", "connected elsewhere"]:
        assert told[way] == pytest.approx(2, abs=0.01), way
    assert 0.2 < told["never, really"] < 1, "it is not waited for ever"
    for way in ["nobody there", "elsewhere", "connected elsewhere"]:
        assert told[f"{way}, really"] < 0.2, way


def test_a_child_works_in_real_time(laboratory: Laboratory) -> None:
    """A wait of 60 s beside a child of 0.4 s: the clock races only when the child has ended."""
    told = laboratory.run("children")
    assert told["waited"] == pytest.approx(60, abs=0.01)
    assert told["forked"] == pytest.approx(0.2, abs=0.15)
    assert told["childs own"] == pytest.approx(0.2, abs=0.05)
    assert told["afterwards"] == pytest.approx(50, abs=0.005)


def test_time_never_goes_back(laboratory: Laboratory) -> None:
    """16 threads read it while it races, is held and let go; this process reads it, too."""
    over = threading.Event()
    backwards = []

    def disturb() -> None:
        last = 0
        while not over.is_set():
            laboratory.race(SECOND // 2)
            for _ in range(50):
                now = laboratory.page.now()
                if now < last:
                    backwards.append(last - now)
                last = now
            laboratory.page[Word.CAP] = 0
            laboratory.page.tell_news()

    disturber = threading.Thread(target=disturb)
    disturber.start()
    told = laboratory.run("reads", "2", races=False)
    over.set()
    disturber.join()
    assert told == {"backwards": 0}
    assert backwards == []


def test_a_dead_conductor_leaves_a_clock_at_1(laboratory: Laboratory) -> None:
    """`cap` bounds every race: 60 s of a nap are raced; then it is waited for the conductor, but not for ever."""
    laboratory.race(60 * SECOND)
    told = laboratory.run("nap", "61", races=False)
    assert told["slept"] == pytest.approx(61, abs=0.01)
    assert 5 < told["really"] < 9


@pytest.mark.parametrize("number", [0, 199, PEERS - 1])
def test_each_phone_in_use_is_waited_for(laboratory: Laboratory, number: int) -> None:
    """The last of 200, too: it has told something that the conductor has not taken yet."""
    phone = laboratory.page.peer(number)
    phone.lives_at("10.0.0.1", 5060)
    phone[PeerWord.TOLD] = 1
    laboratory.page[Word.PEERS] = number + 1
    laboratory.race(FAR)
    program = laboratory.start("nap", "20")
    until = time.monotonic() + 10
    while laboratory.page.obstacle != (Obstacle.PEER, number):
        assert time.monotonic() < until, laboratory.page.obstacle
        time.sleep(0.001)
    passed = laboratory.page[Word.RACED]
    phone[PeerWord.TAKEN] = 1
    laboratory.page.tell_news()
    out, _ = program.communicate(timeout=10)
    assert passed < SECOND
    assert float(out.split()[1]) == pytest.approx(20, abs=0.01)


def test_a_phone_that_is_not_in_use_is_not_looked_at(laboratory: Laboratory) -> None:
    """What makes a small play as quick as before: its page has room for 256 phones, and it has five."""
    phone = laboratory.page.peer(5)
    phone.lives_at("10.0.0.1", 5060)
    phone[PeerWord.TOLD] = 1
    laboratory.page[Word.PEERS] = 5
    assert laboratory.run("nap", "20")["really"] < 5


def test_the_bell_rings_at_a_cap_that_is_crept_past(laboratory: Laboratory) -> None:
    """The clock steps to just before the cap, and comes to it while a thread works: who waits there is called."""
    bell = Path(f"{laboratory.page.path}.bell")
    bell.unlink(missing_ok=True)
    os.mkfifo(bell)
    bell.chmod(0o666)
    hears = os.open(bell, os.O_RDWR | os.O_NONBLOCK)
    program = laboratory.start("works", "20")
    assert program.stdout is not None
    works = float(program.stdout.readline().split()[1])
    laboratory.race(round((works + 0.002) * SECOND) - laboratory.page.now())
    assert select.select([hears], [], [], 2)[0], "nobody rang"
    assert laboratory.page.now() / SECOND - works < 0.1
    os.close(hears)
    laboratory.race(FAR)
    assert program.wait(timeout=10) == 0
    bell.unlink()


def test_a_speed_is_a_limit(laboratory: Laboratory) -> None:
    """20 s at 10 take 2 s; at 500 they do not."""
    laboratory.race(FAR, speed=10)
    assert 1.9 < laboratory.run("nap", "20", races=False)["really"] < 4
    laboratory.page[Word.OWNER] = 0
    laboratory.race(FAR, speed=500)
    assert laboratory.run("nap", "20", races=False)["really"] < 1.5


@pytest.mark.parametrize("year", [2002, 2037])
def test_another_date(made: Path, year: int) -> None:
    """All clocks agree on it; what was written today is of that day, and what the program puts off stays put off."""
    page = made / "page"
    page.unlink(missing_ok=True)
    starts = int(time.mktime((year, 6, 1, 12, 0, 0, 0, 0, 0)))
    laboratory = Laboratory(made, Page.make(page, starts_ns=starts * SECOND), "plain.so")
    (made / "fresh").write_text("x")
    os.utime(made / "fresh")
    told = laboratory.run("dates", "/made/fresh", races=False)
    assert told["now"] == pytest.approx(starts, abs=10)
    assert 0 <= told["old"] <= 10
    assert told["put off"] == pytest.approx(300, abs=1)
    assert told["agree 1"] == 1
    assert told["timerfd"] == -1


def test_steps_of_the_dialplan_end_side_by_side(laboratory: Laboratory) -> None:
    """Of two threads, although one begins later; none ends before `step_from`, and other lines take no time."""
    step = SECOND // 20
    laboratory.page[Word.STEP] = step
    laboratory.page[Word.STEP_FROM] = (laboratory.page.now() // step + 200) * step
    told = laboratory.run("steps")
    assert laboratory.page[Word.EXECUTED] == 2 * 30
    assert told["first"] > 5
    assert told["rest"] == pytest.approx(29 * 0.05, abs=0.01)
    assert told["apart"] < 0.01


def test_steps_of_the_dialplan_take_as_long_at_1(laboratory: Laboratory) -> None:
    """A thread that gets no processor misses the end of a step, and waits for the next one."""
    laboratory.page[Word.STEP] = SECOND // 20
    told = laboratory.run("steps", races=False)
    assert told["rest"] > 29 * 0.05 - 0.01


def test_steps_of_the_dialplan_are_counted_where_they_take_no_time(laboratory: Laboratory) -> None:
    """By that the conductor knows that the library notices them."""
    told = laboratory.run("steps")
    assert laboratory.page[Word.EXECUTED] == 2 * 30
    assert told["rest"] < 0.01


def test_idle_at_1_costs_next_to_nothing(laboratory: Laboratory) -> None:
    """A fiftieth of a core is the bound that we set ourselves; ten times that says that something spins."""
    assert laboratory.run("idle", "3", races=False)["share"] < 0.2


def test_sound_is_kept_with_its_pbx_time(laboratory: Laboratory) -> None:
    """Packets of RTP alone; a capture that was begun is added to, as by a PBX that starts itself anew."""
    capture = laboratory.folder / "rtp.pcap"
    capture.unlink(missing_ok=True)
    sent: list[float] = []
    for _ in range(2):
        laboratory.page[Word.OWNER] = 0
        told = laboratory.run("sounds", "60", RINGPROOF_RTP="/made/rtp.pcap")
        sent += [told["sent 0"], told["sent 1"]]
    packets = list(read_rtp(capture))
    assert [packet.at for packet in packets] == pytest.approx(sent, abs=0.005)
    assert [packet.payload for packet in packets] == [b"\1" * 160, b"\2" * 160] * 2
    assert {(packet.target, packet.payload_type) for packet in packets} == {(("127.0.0.1", 4000), 8)}
    assert sent[1] - sent[0] == pytest.approx(60, abs=0.005)


def test_sound_that_cannot_be_kept_starts_nothing(made: Path) -> None:
    """Nobody would know what callers hear."""
    page = made / "page"
    page.unlink(missing_ok=True)
    done = Laboratory(made, Page.make(page), "plain.so").start("nap", "1", RINGPROOF_RTP="/not/there/rtp.pcap")
    out, err = done.communicate(timeout=30)
    assert (done.returncode, out) == (78, "")
    assert (
        err == "ringproof-clock: the capture of sound /not/there/rtp.pcap cannot be opened: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda page: page.unlink(), "cannot be opened: No such file or directory"),
        (lambda page: page.write_bytes(b"x" * 100), "is too short: it was made by another version of Ringproof"),
        (lambda page: page.write_bytes(bytes(512 + 128 * PEERS)), "was made by another version of Ringproof"),
    ],
)
def test_a_page_that_is_none_starts_nothing(made: Path, spoil: Callable[[Path], object], sentence: str) -> None:
    """A PBX on real time would be taken for one that is driven."""
    page = made / "page"
    page.unlink(missing_ok=True)
    laboratory = Laboratory(made, Page.make(page), "plain.so")
    spoil(page)
    done = laboratory.start("nap", "1")
    out, err = done.communicate(timeout=30)
    assert (done.returncode, out) == (78, "")
    assert err == f"ringproof-clock: the page /made/page {sentence}\n"
