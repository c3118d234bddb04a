"""Play stories: one by `play`, several in one `Run`. They are judged and confirmed as by the command."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from ringproof.api.errors import (
    HIDDEN,
    InvalidStoryError,
    PlayBrokenError,
    RingproofError,
    ScenarioFailedError,
    ScenarioSkippedError,
    ScenarioUnsteadyError,
)
from ringproof.api.observation import Observation
from ringproof.api.python_source import CallPlace, calling_place
from ringproof.api.scenario import Scenario, StoryText, read_story
from ringproof.core.defaults import DEFAULT_IMAGE, DEFAULT_OUT
from ringproof.core.speed import SpeedError, read_speed
from ringproof.report.finding_text import WIDTH
from ringproof.report.out import OutError, claimed, is_unwritable
from ringproof.run.attempts import NotJudgedError, Plays, Table, play_scenario
from ringproof.run.signals import Interruption
from ringproof.run.verdicts import not_judged, result_of

if TYPE_CHECKING:
    from ringproof.playing import RunEnvironment
    from ringproof.report.result import Outcome, Result
    from ringproof.scenario.model.scenario import Scenario as Story

Confirm = Literal["auto", "never"]
ERRORS: dict[Outcome, type[RingproofError]] = {
    "failed": ScenarioFailedError,
    "unsteady": ScenarioUnsteadyError,
    "skipped": ScenarioSkippedError,
    "invalid": InvalidStoryError,
    "broken": PlayBrokenError,
}

__tracebackhide__ = HIDDEN


def play(
    story: StoryText | Scenario,
    *,
    name: str | None = None,
    image: str = DEFAULT_IMAGE,
    rendered: str | os.PathLike[str] | None = None,
    speed: float | Literal["auto"] = "auto",
    confirm: Confirm = "auto",
    allow: Sequence[str] = (),
    out: str | os.PathLike[str] = DEFAULT_OUT,
) -> Observation:
    """Play one story on a real PBX, and return what was observed.

    `story`: YAML text, a dict of the same words, the path of a scenario file, or a `Scenario`; `name` says which of its
    scenarios. The other arguments are the options of `ringproof run`; the evidence is kept in a folder of `out`.
    Networks and phones are made for this one story: several are played faster in one `Run`.

    Raises ScenarioFailedError where something else is observed than the story expects; for a story without
    expectations, only where it could not be played to its end. InvalidStoryError, PlayBrokenError,
    ScenarioUnsteadyError and ScenarioSkippedError are the other outcomes of the command.
    """
    place = calling_place()
    try:
        refuse_running_loop(place)
        read = read_story(story, name, place)
        with Run(image, rendered=rendered, speed=speed, confirm=confirm, allow=allow, out=out) as run:
            return run.play_read(read)
    except RingproofError as fault:
        raise fault.with_traceback(None) from None  # the error is about the user's line


class Run:
    """A run: two networks and a container of phones, in which one story after the other is played.

    A context manager: `with ringproof.Run() as run: run.play(...)`. While it is open in the main thread, SIGTERM and
    SIGHUP end what runs as Ctrl-C does, so that nothing is left in the engine.
    """

    def __init__(
        self,
        image: str = DEFAULT_IMAGE,
        *,
        rendered: str | os.PathLike[str] | None = None,
        speed: float | Literal["auto"] = "auto",
        confirm: Confirm = "auto",
        allow: Sequence[str] = (),
        out: str | os.PathLike[str] = DEFAULT_OUT,
        allow_unsteady: bool = False,
    ) -> None:
        """Keep the options, which are those of `ringproof run`. Raises RingproofError for one that is invalid."""
        self._place = calling_place()
        self.image = image
        self.out = Path(os.path.abspath(out))  # noqa: PTH100 - resolve() would follow links
        self.allow_unsteady = allow_unsteady
        self.rendered = self._folder(rendered)
        try:
            self.speed = read_speed(str(speed))
        except SpeedError as fault:
            raise self._refused(f"speed: {fault}") from None
        self.confirm: Confirm = confirm
        self.allow = tuple(allow)
        self._environment: RunEnvironment | None = None
        self._stack = contextlib.ExitStack()
        self._played: Counter[tuple[Path, str]] = Counter()

    def _folder(self, rendered: str | os.PathLike[str] | None) -> str:
        from ringproof.dialplan.edited import EditedError, require_rendered  # noqa: PLC0415 - brings Jinja2

        if rendered is None:
            return ""
        folder = Path(os.path.abspath(rendered))  # noqa: PTH100 - as above
        try:
            require_rendered(folder)
        except EditedError as fault:
            raise self._refused(f"rendered: {fault}") from fault
        return str(folder)

    def _refused(self, sentence: str) -> RingproofError:
        return RingproofError(f"{self._place}: {sentence}")

    def __enter__(self) -> Self:
        """Open the run. Raises PlayBrokenError, for example where there is no engine or no such image."""
        place = calling_place()
        try:
            refuse_running_loop(place)
            self.open(str(place))
        except RingproofError as fault:
            raise fault.with_traceback(None) from None
        return self

    def open(self, place: str) -> None:
        """Open the run. Raises PlayBrokenError, whose text begins with `place`."""
        from ringproof.playing import BrokenError, load, open_run, start_phones  # noqa: PLC0415 - docker when it is needed

        with contextlib.ExitStack() as stack:
            if threading.current_thread() is threading.main_thread():
                stack.enter_context(Interruption())
            try:
                stack.enter_context(claimed(self.out))
                self._environment = stack.enter_context(open_run(self.image, self.rendered))
                stack.callback(self._forget)
                start_phones(self._environment)
            except OutError as fault:
                raise PlayBrokenError(f"{place}: not judged: {self.out}: {fault}") from fault
            except BrokenError as fault:
                raise PlayBrokenError(f"{place}: not judged: {fault}") from fault
            load()
            self._stack = stack.pop_all()

    def _forget(self) -> None:
        self._environment = None

    def __exit__(self, *_: object) -> None:
        """Remove what the run made in the engine; the evidence stays."""
        self.close()

    def close(self) -> None:
        """Remove what the run made in the engine; the evidence stays."""
        self._stack.close()

    def require_open(self) -> RunEnvironment:
        """Return what the plays of this run share. Raises RingproofError where the run is not open."""
        if self._environment is None:
            sentence = "this run is not open: nothing can be played in it"
            raise RingproofError(f"{calling_place()}: {sentence}\n   hint: write `with ringproof.Run() as run:` around")
        return self._environment

    def play(
        self, story: StoryText | Scenario, *, name: str | None = None, out: str | os.PathLike[str] | None = None
    ) -> Observation:
        """Play one story in this run; see `ringproof.play`. `out` is for its evidence; default: the run's folder."""
        place = calling_place()
        try:
            refuse_running_loop(place)
            self.require_open()
            return self.play_read(read_story(story, name, place), None if out is None else Path(out))
        except RingproofError as fault:
            raise fault.with_traceback(None) from None

    def play_read(self, story: Story, out: Path | None = None) -> Observation:
        """Play a story that has been read. Raises the error of its outcome unless it passed.

        With `allow_unsteady` the outcome `unsteady` raises nothing, too.
        """
        table = Table(
            environment=self.require_open(),
            out=self.out if out is None else out.absolute(),
            width=WIDTH,
            speed=self.speed,
            confirm=self.confirm,
            allow=self.allow,
        )
        story = self._with_own_folder(story, table.out)
        folder = table.out / story.id
        result, plays = _result_of(story, table)
        seen = Observation(story, plays.told.observation, folder) if plays is not None else None
        if seen is not None and (result.outcome == "passed" or (result.outcome == "unsteady" and self.allow_unsteady)):
            return seen
        raise ERRORS[result.outcome](result.text, evidence=folder if folder.is_dir() else None, seen=seen)

    def _with_own_folder(self, story: Story, out: Path) -> Story:
        """Return the story with an id of its own, so that a second play keeps the evidence of the first."""
        self._played[out, story.id] += 1
        times = self._played[out, story.id]
        return story if times == 1 else dataclasses.replace(story, id=f"{story.id}-{times}")


def _result_of(story: Story, table: Table) -> tuple[Result, Plays | None]:
    """Play and judge a story; a play that is not judged gives a result, too."""
    begun = time.monotonic()
    try:
        plays = play_scenario(story, table)
        return result_of(story, plays, table), plays
    except NotJudgedError as fault:
        return not_judged(story, fault, table, time.monotonic() - begun, table.width), None
    except OSError as fault:
        if not is_unwritable(fault):
            raise
        sentence = f"nothing can be written to {table.out}: {fault.strerror}"
        broken = NotJudgedError(sentence, "make room there, or name another folder with `out`")
        return not_judged(story, broken, table, time.monotonic() - begun, table.width), None


def refuse_running_loop(place: CallPlace) -> None:
    """Raise RingproofError in a thread with a running event loop: a play has a loop of its own, on the PBX's clock."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RingproofError(
        f"{place}: a play has an event loop of its own, and one runs in this thread already\n"
        "   hint: write `await asyncio.to_thread(ringproof.play, ...)`, or call it where no loop runs"
    )
