"""`make bench`: the figures that Ringproof promises, measured on this machine. Prints a table; asserts nothing."""

from __future__ import annotations

import asyncio
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.dialplan.render import Secrets, render_office
from harness.events import LegInvited, from_json
from harness.observe import observe
from harness.pbx.container import Login, Pbx
from harness.pbx.engine import engine
from harness.pbx.run import RunEnvironment, open_run
from harness.phones.handle import Phone
from harness.play import play
from harness.scenario.reading import read_scenarios
from harness.scenario.story import Scenario

ROOT = Path(__file__).parents[1]
IMAGE = "ringproof-asterisk:22"
RUNS = 5
NANO = 1e9


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
    pbx = await Pbx.boot(
        environment,
        name=f"ringproof-{environment.run}-{folder.name}",
        configuration=folder / "conf",
        evidence=folder,
        login=login,
        on_event=lambda _: None,
        on_lost=lambda: None,
    )
    wall = time.perf_counter() - began
    usage = engine().api.stats(pbx.name, stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"]
    await pbx.remove()
    return wall, _log_span(folder / "full.log"), usage / NANO


def _log_span(log: Path) -> float:
    """Seconds from Asterisk's first log line to "Asterisk Ready"."""
    stamps = [
        datetime.fromisoformat(found[1])
        for line in log.read_text("utf-8").splitlines()
        if (found := re.match(r"\[([^\]]+)\]", line))
    ]
    return (stamps[-1] - stamps[0]).total_seconds()


async def phone(folder: Path) -> tuple[float, float, float]:
    """Start one phone: wall seconds, CPU seconds, resident MB."""
    began = time.perf_counter()
    started = await Phone.start("101", address="127.0.0.1", log=folder / "phone.log", on_message=lambda _: None)
    wall = time.perf_counter() - began
    process = Path(f"/proc/{started.pid}")
    cpu = int((process / "schedstat").read_text().split()[0]) / NANO
    resident = re.search(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())
    await started.stop()
    return wall, cpu, int(resident[1]) / 1024 if resident else 0.0


def overhead(environment: RunEnvironment, folder: Path) -> float:
    """Play a short story: wall clock less the story's own time and the silence watched after it."""
    story = scenario("first-free.ring.yaml", "the first answers")
    began = time.perf_counter()
    play(story, environment, folder)
    wall = time.perf_counter() - began
    seen = observe(story, [from_json(line) for line in (folder / "events.ndjson").read_text("utf-8").splitlines()])
    return wall - seen.over - seen.watched


def wave_error(environment: RunEnvironment, folder: Path) -> float:
    """Play four steps of 15 s: the largest distance of an INVITE from the step's start in the dialplan, in seconds."""
    story = scenario("progressive.ring.yaml", "nobody answers to the end")
    play(story, environment, folder)
    events = [from_json(line) for line in (folder / "events.ndjson").read_text("utf-8").splitlines()]
    starts = sorted(event.at for event in events if isinstance(event, LegInvited))
    return max(abs(start - starts[0] - 15.0 * step) for step, start in enumerate(starts))


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
        phones = [asyncio.run(phone(here())) for _ in range(RUNS)]
        row("phone, start", "", [entry[0] for entry in phones], "s")
        row("phone, CPU to start", "<= 0.1 s", [entry[1] for entry in phones], "s")
        row("phone, resident", "<= 50 MB", [entry[2] for entry in phones], "MB")
        row("overhead of a scenario", "<= 1.5 s", [overhead(environment, here()) for _ in range(RUNS)], "s")
        row("INVITE from its step's start (4 steps of 15 s)", "<= 0.05 s", [wave_error(environment, here())], "s")
        row("validate of 1,000 scenarios", "<= 2 s", [validate(here()) for _ in range(RUNS)], "s")
        row("`ringproof run scenarios` to the first call", "<= 3 s", [first_call() for _ in range(RUNS)], "s")
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
