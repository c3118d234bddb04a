"""One scripted play with a fault, and what came of it."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.events.record import read_record
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.pbx import container
from ringproof.playing import clock_setup, conductor
from ringproof.playing import setup as play_setup
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios

from faults.scripted import Fault, ScriptedContainer, ScriptedHouse, World
from faults.virtual import VirtualLoop

KINDS = ("drop", "delay", "double", "reorder", "cut", "kill")
OFFICE = Path("scenarios/offices/trading-company.yaml").resolve()
PLANS = {
    "84950000002": [["101", "102", "103"], ["100"]],
    "84950000005": [["101"]],
}
STORIES = {
    "answered": """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  answered:
    phones:
      102: {answers: 4s}
    when: [{call: anna}]
    expect:
      - ring: [101, 102, 103]
        for: 4s
      - answer: 102
""",
    "overflow": """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  overflow:
    phones:
      103: {refuses: 486}
      100: {answers: 3s}
    when: [{call: anna}, {wait: 20s}, {hang up: anna}]
    expect:
      - refused: {103: 486}
      - ring: [101, 102]
      - missed: [101, 102]
      - ring: [100]
        for: 3s
      - answer: 100
""",
    "talk in a menu": """
callers:
  anna: {from: "+74951234567", to: "84950000001"}
scenarios:
  talk in a menu:
    phones:
      102: {answers: 4s, hangs up: 5s}
    when: [{call: anna}, {hear: prompt}, {press: "1"}]
    expect:
      - ring: [101, 102, 103]
        for: 4s
      - answer: 102
      - talk: [anna, 102]
      - caller gets: {ended by: 102}
""",
    "everybody does something else": """
callers:
  anna: {from: "+74951234567", to: "84950000002"}
scenarios:
  everybody does something else:
    phones:
      101: on a call
      102: {forwards: "100", after: 3s}
      103: silent
      100: {answers: 2s}
    when: [{call: anna}]
    expect:
      - ring: [102]
      - ring: [100]
      - answer: 100
""",
    "a moment": """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a moment:
    when: [{call: anna}, {hang up: anna, at: {after: 2s, of: {ring: 101}}}]
    expect:
      - ring: [101]
        for: 2s
      - missed: [101]
""",
    "steps that fail": """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  steps that fail:
    phones:
      101: {refuses: 603, after: 3s}
    when: [{call: anna}, {wait: 5s}, {hear: prompt}, {press: "1"}]
    expect:
      - ring: [101]
        for: 3s
      - refused: {101: 603}
""",
    "red": """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  red:
    when: [{call: anna}]
    expect:
      - ring: [102]
        for: 15s
""",
}


@dataclass(frozen=True)
class Outcome:
    """What a play came to."""

    broken: str
    """The sentence; empty: there is a verdict."""
    found: tuple[str, ...]
    """Kinds of the findings."""
    sent: int
    """How many things PBX and phones sent."""


def read_stories(folder: Path) -> Mapping[str, Scenario]:
    """Read the stories, each of which the scripted PBX can play."""
    stories = {}
    for name, text in STORIES.items():
        file = folder / f"{name}.ring.yaml"
        file.write_text(f"pbx: {OFFICE}\n{text}", encoding="utf-8")
        read = read_scenarios(file)
        assert read.problems == (), read.problems
        (stories[name],) = read.scenarios
    return stories


def fault_of(seed: int, sent: int) -> Fault:
    """Return the fault of a seed in a play in which so much is sent."""
    rng = random.Random(seed)  # noqa: S311 - a seed, no secret
    return Fault(rng.choice(KINDS), rng.randint(1, sent), rng.choice([0.02, 0.3, 2.0, 30.0]), rng.randrange(8))


@contextmanager
def _in_place_of_containers(world: World) -> Iterator[None]:
    house = ScriptedHouse(world)
    real_page = conductor.open_page  # type: ignore[attr-defined]

    def container_of(_image: str, run: RunEnvironment, **kwargs: object) -> ScriptedContainer:
        return ScriptedContainer(world, run, kwargs["on_end"])  # type: ignore[arg-type]

    patches = {
        (conductor, "PlayLoop"): lambda: world.loop,
        (conductor, "open_page"): lambda *args: world.take_page(real_page(*args)),
        (clock_setup, "LIBRARY"): Path(__file__),
        (play_setup, "LIBRARY"): Path(__file__),
        (play_setup, "begin_phones"): lambda _: house,
        (play_setup, "phones_network_of"): lambda _: mock.Mock(),
        (container, "AsteriskContainer"): container_of,
        (container, "take_namespace"): lambda _: mock.Mock(),
        (container, "give_back"): lambda _: None,
        (container, "is_remapped"): lambda: False,
        (container, "seal"): lambda: Path(__file__),
    }
    with ExitStack() as stack:
        for (where, name), value in patches.items():
            stack.enter_context(mock.patch.object(where, name, value))
        try:
            yield
        finally:
            house.end()
            world.pbx.close()
            world.end()


@dataclass(frozen=True)
class ScriptedRun:
    """What a play needs, with a scripted world in the place of containers."""

    world: World
    environment: RunEnvironment
    folder: Path
    """Of the play."""


@contextmanager
def scripted_run(fault: Fault, rendered: str = "") -> Iterator[ScriptedRun]:
    """Set a world up for one play, and remove it; `rendered`: the folder of what somebody edited."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    environment = RunEnvironment(
        run="scripted", owner="", image="", phones_image="", office_network="office", trunk_network="trunk",
        subnets="127.0.0.0/8", gateways="", folder=str(folder), init=str(folder / "init"), rendered=rendered,
    )  # fmt: skip
    play = folder / "play"
    play.mkdir()
    (folder / "lease").mkdir()
    try:
        world = World(folder, VirtualLoop(), PLANS, ["100", "101", "102", "103"], fault)
        world.configuration, world.evidence = play / "pbx" / "conf", play / "pbx"
        with _in_place_of_containers(world):
            yield ScriptedRun(world, environment, play)
    finally:
        shutil.rmtree(folder)


def found_in(scenario: Scenario, folder: Path) -> tuple[str, ...]:
    """Judge the play whose evidence is in `folder`; return the kinds of the findings."""
    events = read_record((folder / "events.ndjson").read_text("utf-8"))
    return tuple(sorted(finding.kind for finding in judge(scenario, observe(scenario, events))))


def rehearse(scenario: Scenario, fault: Fault, speed: float = FASTEST) -> Outcome:
    """Play `scenario` on the scripted PBX with `fault` in it. Raises HangError where the play hangs."""
    with scripted_run(fault) as run:
        broken = ""
        try:
            report = conductor.run(scenario, run.environment, run.folder, speed)
            if report.stalled:  # such a play is made again, and never told as it is (ringproof.run.attempts)
                broken = f"this machine stalled for {report.longest_stall:.1f} s"
        except BrokenError as failed:
            broken = failed.sentence
        return Outcome(broken, () if broken else found_in(scenario, run.folder), run.world.sent)
