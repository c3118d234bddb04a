"""Phones whose processes stand still because this machine does not let them run: told as such, whatever it looks like.

Such a phone neither rings nor does what it is told, and by the events alone that could be a defect of anybody's. So
whoever leaves something lie is asked for a sign of life, and all are at the end of a play.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from harness.clock.clock import PbxEpoch
from harness.containers.errors import BrokenError
from harness.phones.handle import Phone
from harness.play.stage import Stage

LOOK_EVERY_S = 1.0
"""Real seconds, as all here: a process that stands still reports nothing, so somebody has to look."""
ANSWERS_WITHIN_S = 5.0
"""A phone that is well answers within milliseconds."""


@contextlib.contextmanager
def watched_phones(phones: Mapping[str, Phone], stage: Stage) -> Iterator[None]:
    """Fail `stage` as soon as one of `phones`, which may still become more, does not answer any more."""
    watch = _Watch(phones, stage)
    try:
        yield
    finally:
        watch.end()


class _Watch:
    """Looks once a second at what has been left lying."""

    def __init__(self, phones: Mapping[str, Phone], stage: Stage) -> None:
        self._phones = phones
        self._stage = stage
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)

    def end(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)
        for phone in self._phones.values():
            silence = phone.unanswered_for
            if silence is not None and silence >= ANSWERS_WITHIN_S:
                self._stage.fail(_stands_still(phone, silence))
            elif phone.leaves_something:
                phone.ask_for_a_sign()


async def prove_awake(phones: Mapping[str, Phone], stage: Stage) -> None:
    """Have every phone answer. Raises BrokenError for one that does not."""
    for phone in phones.values():
        phone.ask_for_a_sign()
    with stage.clock.hold():
        deadline = PbxEpoch(stage.clock.now() + ANSWERS_WITHIN_S)
        await stage.until(lambda: all(phone.unanswered_for is None for phone in phones.values()), deadline)
    for phone in phones.values():
        if (silence := phone.unanswered_for) is not None:
            raise _stands_still(phone, silence)


def _stands_still(phone: Phone, silence: float) -> BrokenError:
    sentence = f"the process of phone {phone.name} did not answer for {silence:.0f} s: this machine stopped it"
    return BrokenError(sentence, f"SIGSTOP, a paused container, no memory or no time to run; its log is {phone.log}")
