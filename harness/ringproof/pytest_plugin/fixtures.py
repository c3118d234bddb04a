"""Fixtures for tests written in Python: stories are played in one run for each process, which is opened when needed.

The options of the plugin (`--ringproof-image`, `--ringproof-speed` and so on) hold for them, too. Each worker of
pytest-xdist has a run of its own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringproof.pytest_plugin.settings import image_of, out_of, rendered_of, speed_of

if TYPE_CHECKING:
    from ringproof.api.by_hand import Asterisk, Caller, Phone
    from ringproof.api.observation import Observation
    from ringproof.api.run import Run
    from ringproof.api.scenario import Scenario, StoryText

SEEN: pytest.StashKey[list[Observation | Asterisk]] = pytest.StashKey()
"""In the stash of a test: the observations of its plays, and the PBX that it controls."""
NO_OFFICE = """\
the fixture `asterisk` opens the office that the fixture `ringproof_office` returns, and there is none
   hint: write in this module or in conftest.py:
       @pytest.fixture
       def ringproof_office():
           callers = {"anna": {"from": "+74951234567", "to": "84950000001"}}
           return ringproof.Scenario(pbx="office.yaml", callers=callers)"""


@pytest.fixture(scope="session")
def ringproof_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The run of this process: networks and a container of phones, made once and removed at the end."""
    from ringproof.api.errors import RingproofError  # noqa: PLC0415 - others' pytest loads this module
    from ringproof.api.run import Run  # noqa: PLC0415 - as above

    config = request.config
    run = Run(
        image_of(config),
        rendered=rendered_of(config) or None,
        speed=speed_of(config),
        confirm=config.getoption("ringproof_confirm"),
        allow=config.getoption("ringproof_allow"),
        out=tmp_path_factory.mktemp("ringproof"),
        allow_unsteady=config.getoption("ringproof_allow_unsteady"),
    )
    with contextlib.ExitStack() as stack:
        try:
            run.open(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])
        except RingproofError as fault:
            pytest.fail(str(fault), pytrace=False)
        stack.callback(run.close)
        yield run


@pytest.fixture
def play(
    request: pytest.FixtureRequest, ringproof_run: Run, tmp_path: Path
) -> Callable[[StoryText | Scenario], Observation]:
    """Return a function that plays a story in the run, with the arguments `story` and `name` of `ringproof.play`.

    The evidence is in the test's `tmp_path`, or in a folder of `--ringproof-out` if that is given. What is played in
    a test that fails is shown below it. If the PBX is too old for the story, the test is skipped.
    """
    from ringproof.api.errors import ScenarioSkippedError  # noqa: PLC0415 - as above

    seen = request.node.stash.setdefault(SEEN, [])
    out = evidence_of(request, tmp_path)

    def play(story: StoryText | Scenario, *, name: str | None = None) -> Observation:
        __tracebackhide__ = True
        try:
            observation = ringproof_run.play(story, name=name, out=out)
        except ScenarioSkippedError as fault:
            pytest.skip(fault.text.partition("\n")[0])
        seen.append(observation)
        return observation

    return play


@pytest.fixture
def ringproof_office(request: pytest.FixtureRequest) -> Scenario | Mapping[str, Any]:
    """The office of `asterisk`: override it, in a module or in conftest.py.

    It is a fixture, not a marker, as is usual with pytest for such things (`django_db_setup`): there may be one for all
    tests and another one in a module, and it may depend on other fixtures or be parametrised over offices. It returns a
    `ringproof.Scenario`, or a dict of the same words, with `pbx`, `callers` and, if they do something by themselves,
    `phones`.
    """
    file, line, _ = request.node.location
    pytest.fail(f"{file}:{(line or 0) + 1}: {NO_OFFICE}", pytrace=False)


@pytest.fixture
def asterisk(
    request: pytest.FixtureRequest,
    ringproof_run: Run,
    ringproof_office: Scenario | Mapping[str, Any],
    tmp_path: Path,
) -> Iterator[Asterisk]:
    """A PBX with the office of `ringproof_office`, which the test itself controls: `asterisk.clock.advance(15)`."""
    from ringproof.api.errors import RingproofError, ScenarioSkippedError  # noqa: PLC0415 - as above
    from ringproof.api.python_source import place_of_function  # noqa: PLC0415
    from ringproof.api.scenario import read_office_story  # noqa: PLC0415

    _, line, name = request.node.location
    place = place_of_function(request.node.path, (line or 0) + 1, name)
    with contextlib.ExitStack() as stack:
        try:
            story = read_office_story(ringproof_office, place)
            from ringproof.api.by_hand import Asterisk  # noqa: PLC0415 - a mistake in the office needs none of it
            from ringproof.api.open_pbx import OpenPbx  # noqa: PLC0415

            pbx = stack.enter_context(
                OpenPbx(ringproof_run, story, evidence_of(request, tmp_path) / "asterisk", str(place))
            )
        except ScenarioSkippedError as fault:
            pytest.skip(fault.text.partition("\n")[0])
        except RingproofError as fault:
            pytest.fail(str(fault), pytrace=False)
        opened = Asterisk(pbx)
        request.node.stash.setdefault(SEEN, []).append(opened)
        yield opened


@pytest.fixture
def phones(asterisk: Asterisk) -> Mapping[str, Phone]:
    """The phones of the office of `asterisk`, by extension: `phones["102"].answer()`."""
    return asterisk.phones


@pytest.fixture
def callers(asterisk: Asterisk) -> Mapping[str, Caller]:
    """The callers from outside, by name: `callers["anna"].dial("84950000002")`."""
    return asterisk.callers


def evidence_of(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder for the evidence of a test."""
    if request.config.getoption("ringproof_out") is None:
        return tmp_path / "ringproof"
    from ringproof.scenario.model.identity import scenario_id  # noqa: PLC0415 - as above

    return out_of(request.config) / "python" / scenario_id(request.node.location[0], request.node.name)


def sections(item: pytest.Item) -> list[tuple[str, str]]:
    """Return what is shown below a test that failed: its observations, and the state of the PBX that it controls."""
    return [(f"Ringproof, evidence: {each.evidence}", str(each)) for each in item.stash.get(SEEN, [])]
