"""`make bench`: the figures that Ringproof promises, measured on this machine. Prints a table; asserts nothing.

`python -m tests.bench STORIES`: so many plays of the long story instead of 20.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from ringproof.clock.clock import PbxClock, PlayLoop
from ringproof.clock.page import Page
from ringproof.containers.engine import engine
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.core.speed import FASTEST, SLOWEST
from ringproof.dialplan.render import Secrets, render_office
from ringproof.events.model import ChannelGone, ChannelMade, LegCancelled, LegInvited, PhoneInvited, PhonePickedUp
from ringproof.events.record import read_record
from ringproof.observe import observe
from ringproof.pbx.container import ClockMount
from ringproof.pbx.manager import Login
from ringproof.phones.container import phones_of
from ringproof.phones.handle import Phone
from ringproof.playing import play
from ringproof.playing.clock_setup import LIBRARY
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios

from .booting import boot_in

ROOT = Path(__file__).parents[1]
IMAGE = "ringproof-asterisk:22"
RUNS = 5
STORIES = 20
"""Plays of the long story, unless the command line says otherwise."""
AT_ONCE = 6
NANO = 1e9
IDLE_S = 10.0
ANSWERS_AFTER = 7.0
LONG_STORIES = """
pbx: office.yaml
quiet: 1s
callers:
  anna: {from: "+74951234567", to: "84950000001"}
scenarios:
  nobody answers for three steps of 20 s:
    when: [{call: anna}, {press: "2"}]
    expect:
      - {ring: [101], for: 20s}
      - {ring: [101, 102], for: 20s}
      - {ring: [101, 102, 103], for: 20s}
      - {ring: [100], for: 8s}
      - nobody: answers
      - missed: [101, 102, 103, 100]
      - caller gets: {code: 200, ended by: pbx}
  the third one answers:
    phones:
      103: {answers: 7s}
    when: [{call: anna}, {press: "2"}]
    expect:
      - {ring: [101], for: 20s}
      - {ring: [101, 102], for: 20s}
      - {ring: [101, 102, 103], for: 7s}
      - answer: 103
"""
"""A key by RFC 4733, then three steps; 69 s with the prompt."""


def scenario(file: str, name: str) -> Scenario:
    """Return a bundled scenario by its name."""
    return next(entry for entry in read_scenarios(ROOT / "scenarios" / file).scenarios if entry.name == name)


async def boot(environment: RunEnvironment, folder: Path) -> tuple[float, float, float]:
    """Boot the bundled office once: wall seconds from the engine's start to FullyBooted, Asterisk's own, CPU-s."""
    office = scenario("first-free.ring.yaml", "the first answers").office
    login = Login("ringproof", secrets.token_hex(8))
    render_office(
        office, folder / "conf", office_folder=ROOT / "scenarios/offices", secrets=Secrets(manager_secret=login.secret)
    )
    began = time.perf_counter()
    pbx = await boot_in(folder, environment, login)
    wall = time.perf_counter() - began
    used = _processor_seconds(pbx.name)
    await pbx.remove()
    return wall, _log_span(folder / "full.log"), used


def _log_span(log: Path) -> float:
    """Seconds from Asterisk's first log line to "Asterisk Ready"."""
    stamps = [
        datetime.fromisoformat(found[1])
        for line in log.read_text("utf-8").splitlines()
        if (found := re.match(r"\[([^\]]+)\]", line))
    ]
    return (stamps[-1] - stamps[0]).total_seconds()


async def phone(environment: RunEnvironment, folder: Path) -> tuple[float, float, float]:
    """Start one phone in the container of the phones: wall seconds, CPU seconds, resident MB."""
    container = phones_of(environment)
    container.await_ready()
    began = time.perf_counter()
    started = await Phone.start(
        "101",
        server=container.server,
        address=container.office_address,
        log=folder / "phone.log",
        on_message=lambda _: None,
    )
    wall = time.perf_counter() - began
    process = _outside(started.pid or 0)
    cpu = int((process / "schedstat").read_text().split()[0]) / NANO
    resident = re.search(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())
    await started.stop()
    return wall, cpu, int(resident[1]) / 1024 if resident else 0.0


def _outside(inner: int) -> Path:
    """Return the folder in /proc of a phone, which has the number `inner` in its container."""
    numbers = re.compile(rf"^NSpid:\s+\d+.*\t{inner}$", re.MULTILINE)
    for status in Path("/proc").glob("[0-9]*/status"):
        command = status.with_name("cmdline")
        with contextlib.suppress(OSError):  # a process that ends meanwhile
            if numbers.search(status.read_text()) and b"ringproof.phones.server" in command.read_bytes():
                return status.parent
    message = f"no process has the number {inner} in its container"
    raise ProcessLookupError(message)


def overhead(environment: RunEnvironment, folder: Path) -> float:
    """Play a short story at speed 1: wall clock less the story's own time and the silence watched after it."""
    story = scenario("first-free.ring.yaml", "the first answers")
    began = time.perf_counter()
    play(story, environment, folder, speed=SLOWEST)
    wall = time.perf_counter() - began
    seen = observe(story, read_record((folder / "events.ndjson").read_text("utf-8")))
    return wall - seen.over - seen.watched


def wave_error(environment: RunEnvironment, folder: Path) -> float:
    """Play four steps of 15 s: the largest distance of an INVITE from the step's start in the dialplan, in seconds."""
    story = scenario("progressive.ring.yaml", "nobody answers to the end")
    play(story, environment, folder, speed=FASTEST)
    events = read_record((folder / "events.ndjson").read_text("utf-8"))
    starts = sorted(event.at for event in events if isinstance(event, LegInvited))
    return max(abs(start - starts[0] - 15.0 * step) for step, start in enumerate(starts))


def long_stories(folder: Path) -> Path:
    """Write the long stories and their office into `folder`; return the scenario file."""
    office = (ROOT / "scenarios/offices/trading-company.yaml").read_text("utf-8")
    begin, progressive, end = office.partition("strategy: progressive")
    end = end.replace("ring_time: 15s", "ring_time: 20s", 1)
    end = end.replace("extension_ring_time: 15s", "extension_ring_time: 8s", 1)
    (folder / "office.yaml").write_text(begin + progressive + end.replace("wav: sounds/after-sales.wav", "sound: beep"))
    file = folder / "long.ring.yaml"
    file.write_text(LONG_STORIES, "utf-8")
    return file


@dataclass
class Suite:
    """What `ringproof run` left of many plays of the long stories."""

    right: int
    plays: int
    walls: list[float]
    """From the first REGISTER to the last SIP message of each play, by the phones' logs: real seconds."""
    stamps: dict[tuple[str, str], list[float]]
    """The PBX's own stamps, from the first INVITE to a phone on: story and event -> PBX seconds of every play."""
    lateness: list[float]
    """By how much phones answered too late: PBX seconds."""
    speed: float
    """PBX seconds per real second of the whole command."""


def long_suite(folder: Path, copies: int, at_once: int, *options: str) -> Suite:
    """Play both long stories `copies` times through the command, so many at once."""
    long_stories(folder)
    head, stories = LONG_STORIES.split("scenarios:\n")
    for number in range(copies):
        (folder / f"{number}.ring.yaml").write_text(f"{head}scenarios:\n{stories}", "utf-8")
    (folder / "long.ring.yaml").unlink()
    command = [Path(sys.executable).with_name("ringproof"), "run", folder, "--out", folder / "out"]
    began = time.perf_counter()
    subprocess.run([*command, "-n", str(at_once), "--confirm", "never", *options], check=False, capture_output=True)
    wall = time.perf_counter() - began
    results = json.loads((folder / "out" / "results.json").read_text("utf-8"))["scenarios"]
    suite = Suite(
        right=sum(entry["outcome"] == "passed" for entry in results),
        plays=len(results),
        walls=[],
        stamps={},
        lateness=[],
        speed=sum(entry["seconds"]["pbx"] for entry in results) / wall,
    )
    for entry in results:
        _read_play(folder / "out" / entry["id"], entry["name"], suite)
    return suite


def _read_play(folder: Path, name: str, suite: Suite) -> None:
    events = read_record((folder / "events.ndjson").read_text("utf-8"))
    legs = {event.call_id: event for event in events if isinstance(event, LegInvited)}
    first = min(leg.at for leg in legs.values())
    marks = [(f"{leg.target} invited", leg.at) for leg in legs.values()]
    marks += [
        (f"{legs[event.call_id].target} cancelled", event.at) for event in events if isinstance(event, LegCancelled)
    ]
    for kind in (ChannelMade, ChannelGone):
        marks += [(f"{event.channel} {kind.__name__}", event.at) for event in events if isinstance(event, kind)]
    for mark, at in marks:
        if at >= first:
            suite.stamps.setdefault((name, mark), []).append(at - first)
    rang = {event.call_id: event.at for event in events if isinstance(event, PhoneInvited)}
    suite.lateness += [
        event.at - rang[event.call_id] - ANSWERS_AFTER for event in events if isinstance(event, PhonePickedUp)
    ]
    if name.startswith("nobody"):
        moments = [
            datetime.strptime(found[1], "%H:%M:%S.%f").replace(tzinfo=UTC).timestamp()
            for log in (folder / "phones").glob("*.log")
            for line in log.read_text("utf-8", "replace").splitlines()
            if (found := re.match(r"(\d\d:\d\d:\d\d\.\d{3}) .*(?:setting registration|[RT]X \d+ bytes)", line))
        ]
        suite.walls.append(max(moments) - min(moments))


def clock_errors(suite: Suite, truth: Suite) -> list[float]:
    """Distance of every stamp from the same stamp at speed 1, in PBX seconds."""
    return [
        abs(stamp - statistics.median(truth.stamps[event]))
        for event, stamps in suite.stamps.items()
        for stamp in stamps
        if event in truth.stamps
    ]


def idle(environment: RunEnvironment, folder: Path) -> float:
    """Processor seconds per second of a PBX without calls whose clock is held at 1."""

    async def measure() -> float:
        office = scenario("first-free.ring.yaml", "the first answers").office
        login = Login("ringproof", secrets.token_hex(8))
        known = Secrets(manager_secret=login.secret)
        render_office(office, folder / "conf", office_folder=ROOT / "scenarios/offices", secrets=known)
        (folder / "clock").mkdir()
        page = Page.make(folder / "clock" / "page")
        page.path.chmod(0o666)
        clock = PbxClock(page, speed=SLOWEST)
        pbx = await boot_in(
            folder,
            environment,
            login,
            clock=ClockMount(
                library=LIBRARY,
                page=page.path,
                on_connected=clock.manager_at,
                on_bytes=clock.take_manager,
                on_write=clock.say_manager,
            ),
        )
        before = _processor_seconds(pbx.name)
        await asyncio.sleep(IDLE_S)
        used = _processor_seconds(pbx.name) - before
        await pbx.remove()
        clock.close()
        return used / IDLE_S

    with asyncio.Runner(loop_factory=PlayLoop) as runner:
        return runner.run(measure())


def _processor_seconds(container: str) -> float:
    stats = engine().api.stats(container, stream=False, one_shot=True)
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / NANO


def share(values: list[float], of: float) -> float:
    """Return the value that this share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, round(of * len(values)))]


def validate(folder: Path) -> float:
    """`ringproof validate` of 1,000 scenarios in 50 files, the process included: wall seconds."""
    head, stories = (ROOT / "scenarios/progressive.ring.yaml").read_text("utf-8").split("scenarios:\n", 1)
    head = head.replace("offices/", f"{ROOT}/scenarios/offices/")
    story = stories.split("\n\n")[6]
    name = story.split(":", 1)[0]
    for number in range(50):
        text = "\n".join(story.replace(name, f"  story {entry}", 1) for entry in range(20))
        (folder / f"{number}.ring.yaml").write_text(f"{head}scenarios:\n{text}\n", "utf-8")
    began = time.perf_counter()
    subprocess.run([Path(sys.executable).with_name("ringproof"), "validate", folder], check=True, capture_output=True)
    return time.perf_counter() - began


def first_call(*options: str) -> float:
    """`ringproof run` of all bundled scenarios until the first call is placed: wall seconds; the run is then ended."""
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        command = [Path(sys.executable).with_name("ringproof"), "run", "scenarios", *options, "--out", out]
        runner = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        records = Path(out).glob
        while not any("CallerPlaced" in record.read_text("utf-8") for record in records("*/events.ndjson")):
            if runner.poll() is not None:
                message = f"`ringproof run` ended with {runner.returncode} before any call"
                raise RuntimeError(message)
            time.sleep(0.01)
        passed = time.perf_counter() - began
        runner.terminate()
        runner.wait()
        return passed


def main() -> None:
    """Measure everything and print the table."""
    table = Table("figure", "target", "median", "min", "max", box=None)

    def row(figure: str, target: str, values: list[float], unit: str) -> None:
        numbers = (statistics.median(values), min(values), max(values))
        table.add_row(figure, target, *(f"{number:.3f} {unit}" for number in numbers))

    with tempfile.TemporaryDirectory(prefix="ringproof-bench-") as scratch, open_run(IMAGE) as environment:
        here = _folders(Path(scratch))
        boots = [asyncio.run(boot(environment, here())) for _ in range(RUNS)]
        row("boot, from the engine's start to FullyBooted", "", [entry[0] for entry in boots], "s")
        row("boot, from Asterisk's first log line to Ready", "<= 0.7 s", [entry[1] for entry in boots], "s")
        row("boot, CPU", "<= 0.3 s", [entry[2] for entry in boots], "s")
        phones = [asyncio.run(phone(environment, here())) for _ in range(RUNS)]
        row("phone, start", "", [entry[0] for entry in phones], "s")
        row("phone, CPU to start", "<= 0.1 s", [entry[1] for entry in phones], "s")
        row("phone, resident", "<= 50 MB", [entry[2] for entry in phones], "MB")
        row("overhead of a scenario", "<= 1.5 s", [overhead(environment, here()) for _ in range(RUNS)], "s")
        row("INVITE from its step's start (4 steps of 15 s)", "<= 0.05 s", [wave_error(environment, here())], "s")
        row("validate of 1,000 scenarios", "<= 2 s", [validate(here()) for _ in range(RUNS)], "s")
        row("`ringproof run scenarios` to the first call", "<= 3 s", [first_call() for _ in range(RUNS)], "s")
        stories = int(sys.argv[1]) if len(sys.argv) > 1 else STORIES
        truth = long_suite(here(), 1, 2, "--speed", "1")
        alone, many = long_suite(here(), (stories + 1) // 2, 1), long_suite(here(), stories, AT_ONCE)
        for what, suite in (("-n 1", alone), (f"-n {AT_ONCE}", many)):
            errors = clock_errors(suite, truth)
            row(f"the 69 s story, {what}: REGISTER to the end", "<= 1.2 s", suite.walls, "s")
            row(f"... plays that were right, of {suite.plays}", "all", [float(suite.right)], "")
            row("... clock error, p99 and max", "<= 0.1, 0.25 s", [share(errors, 0.99), max(errors)], "s")
            late = suite.lateness
            row("... lateness of own actions, p99 and max", "<= 0.1 s", [share(late, 0.99), max(late)], "s")
            row("... PBX seconds per real second, PBX boots included", "", [suite.speed], "")
        row("idle PBX, clock held: share of a core", "<= 0.02", [idle(environment, here())], "")
    Console().print(table)


def _folders(scratch: Path) -> Callable[[], Path]:
    """Return a maker of fresh folders; Asterisk, which is not root, must be able to enter them."""
    scratch.chmod(0o755)
    numbers = iter(range(1000))

    def fresh() -> Path:
        folder = scratch / f"bench-{next(numbers)}"
        folder.mkdir()
        return folder

    return fresh


if __name__ == "__main__":
    main()
