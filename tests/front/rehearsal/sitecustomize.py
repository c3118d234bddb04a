"""A rehearsal: `ringproof.playing` is replaced in every process that has this folder on its PYTHONPATH.

It stands in for neither PBX nor phones: nothing about calls is tested with it. What is tested is the plumbing of the
front ends (selection, exit codes, reports, signals, workers), in real processes, with a play that writes the events of
one hand-written call: 101 rings for 5 s and answers. A scenario's name says what else is to happen.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from ringproof.clock.report import NO_CLOCK, ClockReport
from ringproof.containers.errors import BrokenError, EditedConfigurationError, UnmetNeedsError
from ringproof.core.duration import PbxSeconds
from ringproof.core.speed import SLOWEST
from ringproof.events.model import (
    Bridged,
    CallerEnded,
    CallerGot,
    CallerPlaced,
    Event,
    LegAlerting,
    LegBelongs,
    LegCame,
    LegFinal,
    LegInvited,
    PhoneHungUp,
    PhoneInvited,
    PhonePickedUp,
    QuietOver,
    StepDone,
    StoryOver,
)
from ringproof.events.record import HEADER, to_json
from ringproof.report import finding_text
from ringproof.scenario import reading
from ringproof.scenario.model.scenario import BaseExpectation, Expectation, Scenario
from ringproof.scenario.reading import ReadFile

STAGE = Path(os.environ["RINGPROOF_REHEARSAL"])
"""The folder that tests look into: who has done what."""
AT_ONCE = 6
SATURDAY = 5
VERSION = "16.28.0~dfsg-0+deb11u4"
"""Of the Asterisk that the rehearsal says it is."""
LOG = """\
[2026-11-28 02:34:26.073] ERROR[22] loader.c: cdr_csv declined to load.
[2026-11-28 02:34:26.073] WARNING[2] loader.c: Module 'res_adsi' has been loaded but may be removed in a future release.
[2026-11-28 02:34:26.076] VERBOSE[22] asterisk.c: Asterisk Ready.
[2026-11-28 02:34:27.001] ERROR[62][C-00000001] pbx_functions.c: Function CALLERID not registered
[2026-11-28 02:34:27.001] ERROR[62][C-00000001] pbx_functions.c: Function CALLERID not registered
"""
"""Of a scenario whose PBX complains."""


@dataclasses.dataclass(frozen=True)
class RunEnvironment:
    """What travels to the workers."""

    run: str
    folder: str

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, str]) -> RunEnvironment:
        """Read them back."""
        return cls(**fields)


def _wait_for(file: Path) -> None:
    _wait_until(file.exists)


def _wait_for_lines(file: Path, count: int) -> None:
    _wait_until(lambda: len(file.read_text().splitlines()) >= count)


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # a file appears: there is no event to wait for between two processes


def _note(word: str) -> None:
    with (STAGE / "notes").open("a") as notes:
        notes.write(f"{word}\n")


@contextlib.contextmanager
def open_run(image: str, rendered: str = "") -> Iterator[RunEnvironment]:
    """Note that a run is opened and closed; files that were edited are not read.

    The engine `down` does not answer, the engine `slow` waits for the file `go on`.
    """
    del rendered
    if image == "down":
        raise BrokenError("no Docker engine answers at /var/run/docker.sock", "`make setup` installs and starts one")
    _note("opened")
    if image == "slow":  # an engine that takes its time for the networks
        _wait_for(STAGE / "go on")
    try:
        yield RunEnvironment("rehearsal", str(STAGE))
    finally:
        _note("closed")


def load() -> None:
    """Everything is here."""


def load_later(environment: RunEnvironment) -> None:
    """Everything is here."""
    assert environment.run == "rehearsal"


def start_phones(environment: RunEnvironment) -> None:
    """Nobody plays with phones here."""
    assert environment.run == "rehearsal"


def play(
    scenario: Scenario, environment: RunEnvironment, folder: Path, *, speed: float, allow: Sequence[str]
) -> ClockReport:
    """Write the events of the one call, or do what the scenario's name says."""
    del allow  # no Asterisk boots: only what the reports tell of its log is tested
    assert environment.run == "rehearsal"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (STAGE / "plays").open("a") as plays:
        plays.write(f"{scenario.name} at {speed:g}\n")
    if scenario.needs is not None and not scenario.needs.met_by(VERSION):
        raise UnmetNeedsError(scenario.needs, VERSION)
    stalls = "stalls" in scenario.name and (speed > SLOWEST or "always" in scenario.name)
    report = ClockReport(speed=speed, longest_stall=0.4 if stalls else 0.0)
    if _breaks(scenario, speed, stalls=stalls):
        number = round(speed) % 10 if "differently" in scenario.name else 11
        fault = BrokenError(f"the phone 101 ended by signal {number}", "its log is phones/101.log")
        fault.report = report
        raise fault
    if speed == SLOWEST:
        _dawdle(scenario)
    if "puzzles" in scenario.name:
        message = "nobody thought of this"
        raise ZeroDivisionError(message)
    if "drops a signal" in scenario.name:
        with contextlib.suppress(KeyboardInterrupt):
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)  # handled before it returns
    if "dies" in scenario.name:
        os._exit(9)
    if "complains" in scenario.name:
        (folder / "pbx").mkdir()
        (folder / "pbx" / "full.log").write_text(LOG, encoding="utf-8")
    if "waits" in scenario.name:
        _wait(scenario)
    late = 1.0 if _is_late(scenario, speed) else 0.0
    text = (
        HEADER
        + "\n"
        + "\n".join(to_json(event) for event in one_call(late, 400.0 if "for long" in scenario.name else 0.0))
    )
    (folder / "events.ndjson").write_text(text + "\n", encoding="utf-8")
    if "no clock" in scenario.name:
        return ClockReport(speed=SLOWEST, why_not=NO_CLOCK)
    return report


def _is_late(scenario: Scenario, speed: float) -> bool:
    if "late on Saturdays" in scenario.name:
        return scenario.starts is not None and scenario.starts.weekday() == SATURDAY
    return "late on the fast clock" in scenario.name and speed > SLOWEST


def _breaks(scenario: Scenario, speed: float, *, stalls: bool) -> bool:
    if "at speed 1" in scenario.name:
        return speed == SLOWEST
    return "breaks" in scenario.name and (stalls or "as it stalls" not in scenario.name)


def _dawdle(scenario: Scenario) -> None:
    if "slow to confirm" in scenario.name:
        _wait_for_lines(STAGE / "plays", 4)  # itself twice; the last other one has begun, and is reported first
    if "one of six at once" in scenario.name:
        (STAGE / f"at-once-{scenario.id}").touch()
        _wait_until(lambda: len(list(STAGE.glob("at-once-*"))) == AT_ONCE)


def _wait(scenario: Scenario) -> None:
    (STAGE / f"waiting-{os.getpid()}").write_text(scenario.name)
    try:
        while True:
            time.sleep(0.05)  # it is ended by a signal, which is what the test is about
    finally:
        _note("tidied up")


def one_call(late: float = 0.0, longer: float = 0.0) -> list[Event]:
    """101 rings from 0.1 s to 5.1 s and answers; the harness ends the call at 6 s and watches for 5 s.

    All that PBX and phone do after the call comes so much later; the end of the story comes so much later still.
    """

    def moment(seconds: float) -> PbxSeconds:
        return PbxSeconds(seconds + (late if seconds else 0.0) + (longer if seconds >= 6.0 else 0.0))

    return [
        StepDone(at=moment(0.0), step=0, verb="call", caller="anna"),
        CallerPlaced(at=moment(0.0), caller="anna", call_id="a"),
        LegCame(at=moment(0.0), call_id="a"),
        LegBelongs(at=moment(0.0), call_id="a", channel="PJSIP/trunk-1", endpoint="trunk", linked="1"),
        LegInvited(at=moment(0.1), call_id="b", target="101"),
        PhoneInvited(at=moment(0.1), phone="101", call_id="b", shows="+74951234567"),
        LegAlerting(at=moment(0.1), call_id="b"),
        LegBelongs(at=moment(0.1), call_id="b", channel="PJSIP/101-2", endpoint="101", linked="1"),
        PhonePickedUp(at=moment(5.1), phone="101", call_id="b"),
        LegFinal(at=moment(5.1), call_id="b", code=200),
        CallerGot(at=moment(5.1), caller="anna", code=200),
        Bridged(at=moment(5.2), channel="PJSIP/trunk-1", bridge="x"),
        Bridged(at=moment(5.2), channel="PJSIP/101-2", bridge="x"),
        StoryOver(at=moment(6.0), deadline=False),
        PhoneHungUp(at=moment(6.1), phone="101", call_id="b", by="pbx"),
        CallerEnded(at=moment(6.0), caller="anna", by="harness", code=200),
        QuietOver(at=moment(11.0), watched=PbxSeconds(5.0)),
    ]


_stand_in = ModuleType("ringproof.playing")
_stand_in.__dict__.update(
    BrokenError=BrokenError,
    EditedConfigurationError=EditedConfigurationError,
    UnmetNeedsError=UnmetNeedsError,
    RunEnvironment=RunEnvironment,
    load=load,
    load_later=load_later,
    open_run=open_run,
    play=play,
    start_phones=start_phones,
)
sys.modules["ringproof.playing"] = _stand_in


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Displays(BaseExpectation):
    """An expectation that somebody added to the language and to no judge."""


def _with_a_defect(read: Callable[[Path], ReadFile]) -> Callable[[Path], ReadFile]:
    """Return a reader with three defects.

    It raises for a file called `unreadable`, finds nothing in `forgotten` when it is read again, and expects of a
    scenario that nobody judges what no judge knows.
    """
    seen: set[Path] = set()

    def read_scenarios(path: Path) -> ReadFile:
        if "unreadable" in path.name:
            message = "nobody thought of this file"
            raise ZeroDivisionError(message)
        again = "forgotten" in path.name and path.absolute() in seen
        seen.add(path.absolute())
        found = read(path)
        scenarios = () if again else tuple(map(_expecting, found.scenarios))
        return dataclasses.replace(found, scenarios=scenarios)

    return read_scenarios


def _expecting(scenario: Scenario) -> Scenario:
    if "nobody judges" not in scenario.name:
        return scenario
    displays = cast("Expectation", _Displays(source=scenario.source))
    expect = {caller: (*listed, displays) for caller, listed in scenario.expect.items()}
    return dataclasses.replace(scenario, expect=expect)


def _speechless(tell: Callable[..., str]) -> Callable[..., str]:
    """Return what tells of a red, with a defect: of a scenario that leaves it speechless it raises."""

    def failure_text(scenario: Scenario, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - handed on
        if "speechless" in scenario.name:
            message = "nobody thought of this red"
            raise ZeroDivisionError(message)
        return tell(scenario, *args, **kwargs)

    return failure_text


finding_text.failure_text = _speechless(finding_text.failure_text)
reading.read_scenarios = _with_a_defect(reading.read_scenarios)  # type: ignore[assignment]
