"""Plays on edited folders, several at once: each in a process of its own, on the machinery of `ringproof run`."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ringproof.containers.run import RunEnvironment
from ringproof.dialplan.render import render_office
from ringproof.run.attempts import Confirm, NotJudgedError, Table, play_scenario
from ringproof.scenario.model.scenario import Scenario

AT_ONCE = 4
IMAGE = "ringproof-asterisk:22"
LOG = Path("pbx") / "full.log"
BROKEN = "broken"
INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a play on an edited folder came to."""

    kinds: frozenset[str]
    """Of its findings; none: green. Or BROKEN, or INVALID: Asterisk refused the folder."""
    said: tuple[str, ...]
    """A sentence each."""
    wall: float

    @property
    def green(self) -> bool:
        """True where nothing was found."""
        return not self.kinds


def render(story: Scenario, folder: Path) -> Path:
    """Render the office of `story` into `folder`, as `ringproof render` does, and return the folder."""
    render_office(story.office, folder, office_folder=Path(story.office_file).parent)
    return folder


def play(story: Scenario, environment: RunEnvironment, rendered: Path, out: Path, confirm: Confirm) -> Seen:
    """Play `story` on the folder `rendered`; its evidence is then in `out`."""
    edited = dataclasses.replace(environment, rendered=str(rendered))
    story = dataclasses.replace(story, id=out.name)
    try:
        plays = play_scenario(story, Table(environment=edited, out=out.parent, width=100, confirm=confirm))
    except NotJudgedError as fault:
        return Seen(frozenset({INVALID if fault.problems else BROKEN}), (fault.sentence,), 0.0)
    findings = plays.told.findings
    return Seen(
        frozenset(finding.kind for finding in findings), tuple(finding.sentence for finding in findings), plays.wall
    )


class Players:
    """So many processes that play."""

    def __init__(self, environment: RunEnvironment, folder: Path, at_once: int = AT_ONCE) -> None:
        """Play in `environment`; the evidence of each play is a folder in `folder`."""
        self._environment = environment
        self._folder = folder
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["ringproof.playing", "ringproof.judge", "ringproof.scenario.reading"])
        self._pool = ProcessPoolExecutor(at_once, mp_context=context)

    def play(self, story: Scenario, rendered: Path, name: str, *, confirm: Confirm = "never") -> Future[Seen]:
        """Begin to play, with the evidence in a folder of this name."""
        return self._pool.submit(play, story, self._environment, rendered, self._folder / name, confirm)

    def forget(self, name: str) -> None:
        """Remove a play's evidence."""
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def log(self, name: str) -> str:
        """Return Asterisk's log of a play."""
        return (self._folder / name / LOG).read_text("utf-8", "replace")

    def close(self) -> None:
        """Wait for what is played, and end the processes; what waits is not played any more."""
        self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def players(environment: RunEnvironment, folder: Path, at_once: int = AT_ONCE) -> Iterator[Players]:
    """Open them, and close them at the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = Players(environment, folder, at_once)
    try:
        yield opened
    finally:
        opened.close()
