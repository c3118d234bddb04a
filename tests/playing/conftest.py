"""One run for all tests that play: networks and lease are made once."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from ringproof.clock.clock import PlayLoop
from ringproof.containers.engine import RUN, engine
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.core.speed import FASTEST
from ringproof.dialplan import render as rendering
from ringproof.events.model import Event
from ringproof.events.record import read_record
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing.conductor import conduct
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios
from ringproof.setup import image

T = TypeVar("T")
IMAGE = "ringproof-asterisk:22"


@pytest.fixture(scope="session")
def environment() -> Iterator[RunEnvironment]:
    """A run of its own; fails where there is no engine or image."""
    with open_run(IMAGE) as run:
        yield run


@pytest.fixture(scope="session")
def sixteen() -> Iterator[RunEnvironment]:
    """The same with Asterisk 16."""
    with open_run(image.ensure(image.recipe_of("16"))) as run:
        yield run


@pytest.fixture
def told(tmp_path: Path) -> Callable[[object], str]:
    """Return a fault's text with what differs from run to run replaced."""

    def normalise(fault: object) -> str:
        text = str(fault).replace(str(tmp_path), "OUT")
        text = re.sub(r"\[\d{4}-\d\d-\d\d [\d:.]+\]", "[TIME]", text)
        text = re.sub(r"(ERROR|WARNING)\[\d+\]", r"\1[n]", text)
        return re.sub(r"\b\d+\.\d+\.\d+\.\d+:\d+\b", "ADDRESS", text) + "\n"

    return normalise


def story(text: str, folder: Path) -> Scenario:
    """Read the one scenario of a text written as users write it, played in the bundled office."""
    office = Path("scenarios/offices/trading-company.yaml").resolve()
    file = folder / "test.ring.yaml"
    file.write_text(f"pbx: {office}\n{text}", encoding="utf-8")
    read = read_scenarios(file)
    assert read.problems == ()
    (scenario,) = read.scenarios
    return scenario


def events_of(folder: Path) -> list[Event]:
    """Read back the record of a play."""
    return read_record((folder / "events.ndjson").read_text("utf-8"))


def kinds_found(scenario: Scenario, environment: RunEnvironment, folder: Path) -> list[str]:
    """Play a scenario as fast as may be, below `folder`; the kinds of what is found."""
    play = folder / "play"
    play.mkdir()
    on_a_clock(conduct(scenario, environment, play, FASTEST))
    findings = judge(scenario, observe(scenario, events_of(play)))
    for finding in findings:
        print(f"{finding.kind}: {finding.sentence}")  # noqa: T201 - pytest shows it of a test that fails
    return [finding.kind for finding in findings]


def on_a_clock(play: Coroutine[Any, Any, T]) -> T:
    """Run what drives clocks of PBXes."""
    with asyncio.Runner(loop_factory=PlayLoop) as runner:
        return runner.run(play)


def containers(environment: RunEnvironment) -> list[str]:
    """Names of the run's PBXes that exist now."""
    found = engine().api.containers(all=True, filters={"label": f"{RUN}={environment.run}"})
    names = (container["Names"][0] for container in found)
    return [name for name in names if "-phones-" not in name and "-network-" not in name]


def left_behind(environment: RunEnvironment) -> list[str]:
    """Names of the run's PBXes that the engine has not removed within 5 s; each has been told to end."""
    deadline = time.monotonic() + 5
    while (names := containers(environment)) and time.monotonic() < deadline:
        time.sleep(0.02)  # no event of ours says it
    return names


def rendered_otherwise(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]) -> None:
    """Have `change` edit the folder of each configuration that is rendered from now on, before its PBX boots."""
    render = rendering.render_office

    def changed(*args: Any, **kwargs: Any) -> rendering.RenderedOffice:  # noqa: ANN401 - handed on
        made = render(*args, **kwargs)
        change(made.folder)
        return made

    monkeypatch.setattr(rendering, "render_office", changed)


def with_setting(monkeypatch: pytest.MonkeyPatch, file: str, *changes: tuple[str, str]) -> None:
    """Have every PBX that boots from now on read `file` with each of `changes` (what stands there, what instead)."""

    def change(folder: Path) -> None:
        path = folder / file
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text, "utf-8")

    rendered_otherwise(monkeypatch, change)
