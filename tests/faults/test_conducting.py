"""A scripted play from its conductor's side: what the PBX wrote down, what ends it from outside, what fails in it."""

from __future__ import annotations

import functools
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ringproof.clock.page import PageError
from ringproof.containers.errors import BrokenError
from ringproof.core.speed import FASTEST
from ringproof.events.model import DialFailed, Event, LegCommanded, PromptPlayed
from ringproof.events.record import read_record
from ringproof.playing import conductor, play
from ringproof.scenario.model.scenario import Scenario

from faults.rehearsal import ScriptedRun, found_in, read_stories, scripted_run
from faults.scripted import Fault

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class HandedOnError(Exception):
    """A signal came to the handler of this test."""


@functools.cache
def story() -> Scenario:
    """A story that the scripted PBX plays green."""
    with tempfile.TemporaryDirectory() as folder:
        return read_stories(Path(folder))["answered"]


def played(run: ScriptedRun) -> list[Event]:
    """Play the story; return the record."""
    play(story(), run.environment, run.folder, speed=FASTEST)
    return read_record((run.folder / "events.ndjson").read_text("utf-8"))


def log(run: ScriptedRun, *lines: str) -> None:
    """Have Asterisk log these lines when the caller calls."""

    def write() -> None:
        with (run.world.evidence / "full.log").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    run.world.on_call = write


def test_what_the_log_says_of_the_story() -> None:
    """Prompts by name and language, Dials towards nothing, each at its own moment; other lines are no events."""
    with scripted_run(Fault()) as run:
        log(
            run,
            "[2026-01-01 10:00:01.500] VERBOSE[9][C-00000001] file.c: <PJSIP/trunk-00000000> Playing 'letters/at.ulaw' "
            "(language 'en')",
            "[2026-01-01 12:00:02.000+0200] WARNING[9][C-00000001] app_dial.c: Unable to create channel of type "
            "'PJSIP' (cause 20 - Subscriber absent)",
            "[2026-01-01 10:00:03.000] NOTICE[9][C-00000001] core_local.c: No such extension/context x@y while calling "
            "Local channel",
            "[2026-01-01 10:00:04.000] VERBOSE[9][C-00000001] file.c: no file 'x.ulaw' (language 'en')",
        )
        events = played(run)
    prompts = [event for event in events if isinstance(event, PromptPlayed)]
    assert [(event.channel, event.name, event.language) for event in prompts] == [
        ("PJSIP/trunk-00000000", "letters/at", "en")
    ]
    failed = [event for event in events if isinstance(event, DialFailed)]
    assert [event.sentence for event in failed] == [
        "Unable to create channel of type 'PJSIP' (cause 20 - Subscriber absent)",
        "No such extension/context x@y while calling Local channel",
    ]
    first, second = (event.at - prompts[0].at for event in failed)
    assert (first, second) == (0.5, 1.5)


def test_what_phones_are_commanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each call and header, whichever phone it is; found in the PBX's own capture."""
    with scripted_run(Fault()) as run:
        run.world.headers = "Alert-Info: <x>;info=alert-autoanswer\r\n"
        once = run.world.packet

        def twice(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
            once(*args, **kwargs)
            once(*args, **kwargs)

        monkeypatch.setattr(run.world, "packet", twice)  # retransmissions are no commands of their own
        events = played(run)
        assert "command-unexpected" in found_in(story(), run.folder)
    commands = [event for event in events if isinstance(event, LegCommanded)]
    assert sorted(event.target for event in commands) == ["101", "102", "103"]
    assert {(event.message, event.header, event.does) for event in commands} == {
        ("INVITE", "Alert-Info: <x>;info=alert-autoanswer", "pick up")
    }


def test_a_sound_that_was_not_played() -> None:
    """The log is looked at when the story is over."""
    with scripted_run(Fault()) as run:
        log(run, "[2026-01-01 10:00:01.500] WARNING[9] file.c: File hello does not exist in any format")
        with pytest.raises(BrokenError, match="the PBX was to play what its image has no sound for: hello"):
            played(run)


@pytest.mark.parametrize("who", ["the PBX", "a phone"])
def test_what_a_page_that_is_shrunk_leads_to(who: str) -> None:
    """PBX and phones end by SIGBUS, which would be red, or the end of a phone: the page is what is named."""
    with scripted_run(Fault()) as run:
        world = run.world

        def shrink() -> None:
            os.truncate(world.page.path, 0)
            if who == "a phone":
                world.phones[0].end(-signal.SIGBUS)
                return
            assert world.container is not None
            world.pbx.close()
            world.container.end(128 + signal.SIGBUS)

        world.on_call = shrink
        with pytest.raises(BrokenError) as failed:
            played(run)
    assert failed.value.sentence == "the clock's page was overwritten or cut while the story ran"


@pytest.fixture
def handlers() -> Iterator[list[int]]:
    """The signals that came to handlers which raise HandedOnError."""
    came: list[int] = []

    def take(number: int, _frame: object) -> None:
        came.append(number)
        raise HandedOnError

    before = {number: signal.signal(number, take) for number in INTERRUPTS}
    yield came
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", INTERRUPTS)
def test_a_signal_ends_the_play_in_order(handlers: list[int], number: signal.Signals) -> None:
    """Phones and PBX are gone when the program's own handler has it, which is in its place again."""
    with scripted_run(Fault()) as run:
        present = signal.getsignal(number)
        run.world.on_call = lambda: os.kill(os.getpid(), number)
        with pytest.raises(HandedOnError):
            played(run)
        assert handlers == [number]
        assert signal.getsignal(number) is present
        assert run.world.phones
        assert not any(phone.alive for phone in run.world.phones)
        assert run.world.pbx.link is None


def test_a_signal_that_is_ignored_ends_nothing(handlers: list[int]) -> None:
    """As with nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with scripted_run(Fault()) as run:
        run.world.on_call = lambda: os.kill(os.getpid(), signal.SIGHUP)
        played(run)
        assert found_in(story(), run.folder) == ()
    assert handlers == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (PageError("the clock's page x cannot be mapped: no"), "the clock's page x cannot be mapped: no"),
        (OSError(28, "No space left on device"), "the harness failed: [Errno 28] No space left on device"),
    ],
)
def test_what_fails_before_the_play(fault: Exception, sentence: str) -> None:
    """No page, no room: broken, in a sentence."""
    with scripted_run(Fault()) as run, pytest.MonkeyPatch.context() as patch:  # undone before what the run replaces
        patch.setattr(conductor, "open_page", Mock(side_effect=fault))
        with pytest.raises(BrokenError) as failed:
            played(run)
    assert failed.value.sentence == sentence
    assert failed.value.__cause__ is fault
