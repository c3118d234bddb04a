"""The end of a play: each step is done whatever another one raises, and nothing that was raised is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from ringproof.containers.errors import BrokenError, broken_by, note_later, raise_first
from ringproof.playing.closing import close_all

Step = Callable[[], Awaitable[None] | None]


class Steps:
    """Two that succeed, around two that fail."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def first(self) -> None:
        self.done.append("first")
        raise BrokenError("the folder is full", "make room")

    async def second(self) -> None:
        await asyncio.sleep(0)
        self.done.append("second")

    async def third(self) -> None:
        await asyncio.sleep(0)
        self.done.append("third")
        raise OSError("cannot be removed")

    def last(self) -> None:
        self.done.append("last")

    @property
    def all(self) -> list[Step]:
        return [self.first, self.second, self.third, self.last]


def test_nothing_fails() -> None:
    """Then nothing is raised, with a failure or without one."""
    steps = Steps()
    failure = BrokenError("the play", "hint")
    asyncio.run(close_all([steps.last, steps.second], None))
    asyncio.run(close_all([steps.last], failure))
    assert steps.done == ["last", "second", "last"]
    assert failure.hint == "hint"


def test_steps_fail_after_a_play_that_has_not() -> None:
    """The first is raised when all have been done, and the second is noted with it."""
    steps = Steps()
    with pytest.raises(BrokenError) as failed:
        asyncio.run(close_all(steps.all, None))
    assert steps.done == ["first", "second", "third", "last"]
    assert failed.value.sentence == "the folder is full"
    assert failed.value.hint == "make room; then this failed, too: OSError: cannot be removed"


def test_steps_fail_after_a_play_that_failed() -> None:
    """Nothing is raised here: the play's own failure leaves, with theirs as notes."""
    steps = Steps()
    failure = BrokenError("the PBX ended")
    asyncio.run(close_all(steps.all, failure))
    assert steps.done == ["first", "second", "third", "last"]
    assert (
        failure.hint == "then this failed, too: the folder is full; then this failed, too: OSError: cannot be removed"
    )
    assert str(failure) == f"the PBX ended\n   hint: {failure.hint}"


def test_a_failure_that_nobody_foresaw_has_notes() -> None:
    """As Python shows them under a traceback."""
    steps = Steps()
    failure = ValueError("of this test")
    asyncio.run(close_all([steps.third], failure))
    assert failure.__notes__ == ["then this failed, too: OSError: cannot be removed"]


def test_an_interrupt_is_no_failure_of_a_step() -> None:
    """It leaves at once: whoever presses Ctrl-C twice means it."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    steps = Steps()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(close_all([interrupt, steps.last], None))
    assert steps.done == []


def test_errors_of_others_become_broken_plays() -> None:
    """A broken play stays what it is; of others the class and the words are kept."""
    own = BrokenError("x")
    assert broken_by(own, "while it read") is own
    fault = KeyError("Linkedid")
    broken = broken_by(fault, "while it read")
    assert broken.sentence == "the harness failed while it read: KeyError: 'Linkedid'"
    assert broken.__cause__ is fault
    raise_first([])
    note_later(own, broken)
    assert own.hint == "then this failed, too: the harness failed while it read: KeyError: 'Linkedid'"
