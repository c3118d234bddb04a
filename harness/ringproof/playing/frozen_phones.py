"""Detects phones, and a PBX, that stand still because this machine does not let them run, and breaks the play.

Such a phone neither rings nor does what it is told. By the events alone that could be a defect of the PBX, too. So a
phone that leaves something undone is asked for a sign of life, and at the end of a play all phones are asked.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.phones.handle import Phone
from ringproof.playing.clock_setup import prove_page_whole
from ringproof.playing.context import PlayContext
from ringproof.playing.setup import PlaySetup

LOOK_EVERY_S = 1.0
"""Real seconds, as all times here: a process that stands still reports nothing, so it has to be polled."""
PINGED_EVERY_LOOKS = 5
LOOKS = 5
"""A phone that gives no sign in this many looks in a row stands still: a healthy one answers within milliseconds. Looks
are counted, not seconds, since a machine that stood still as a whole has stopped this process, too."""


@contextlib.contextmanager
def watched_phones(phones: Mapping[str, Phone], context: PlayContext) -> Iterator[None]:
    """Fail `context` as soon as one of `phones` no longer answers. More phones may join `phones` meanwhile."""
    watch = _Watch(phones, context)
    try:
        yield
    finally:
        watch.end()


class _Watch:
    """Looks once a second for phones that have left something undone."""

    def __init__(self, phones: Mapping[str, Phone], context: PlayContext) -> None:
        self._phones = phones
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._looks: dict[str, int] = {}
        """In how many looks in a row each phone owed a sign."""
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)

    def end(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)
        for phone in self._phones.values():
            silence = phone.unanswered_for
            self._looks[phone.name] = 0 if silence is None else self._looks.get(phone.name, 0) + 1
            if silence is not None and self._looks[phone.name] >= LOOKS:
                self._context.fail(_stands_still(phone, silence))
            elif phone.leaves_something:
                phone.ask_for_a_sign()


NETWORK_ENDED = "the container that holds the PBX's network ended while the story ran"


@contextlib.contextmanager
def watched_pbx(setup: PlaySetup, context: PlayContext) -> Iterator[None]:
    """Fail `context` as soon as the PBX has not answered for some time, its network is gone, or the page is damaged.

    All times here are real: if the PBX stands still its clock may, too, and no deadline of the story would come.
    """

    async def watch() -> None:
        while True:
            for _ in range(PINGED_EVERY_LOOKS):
                await asyncio.sleep(LOOK_EVERY_S)
                prove_page_whole(context.clock.page)
            if not setup.has_booted:
                continue
            if not setup.pbx.has_network:
                raise BrokenError(NETWORK_ENDED, "it was killed or removed from outside: `docker events` shows by whom")
            if not setup.pbx.manager.has_ended:
                await setup.pbx.manager.ping()

    watching = context.begin(watch(), "watching the PBX")
    try:
        yield
    finally:
        watching.cancel()


async def prove_awake(phones: Mapping[str, Phone], context: PlayContext) -> None:
    """Ask every phone for a sign of life. Raises BrokenError for one that gives none."""
    for phone in phones.values():
        phone.ask_for_a_sign()
    with context.clock.hold():
        for _ in range(LOOKS):
            deadline = PbxEpoch(context.clock.now() + LOOK_EVERY_S)
            if await context.until(lambda: all(phone.unanswered_for is None for phone in phones.values()), deadline):
                return
    for phone in phones.values():
        if (silence := phone.unanswered_for) is not None:
            raise _stands_still(phone, silence)


def _stands_still(phone: Phone, silence: float) -> BrokenError:
    sentence = f"the process of phone {phone.name} did not answer for {silence:.0f} s: this machine stopped it"
    return BrokenError(sentence, f"SIGSTOP, a paused container, no memory or no time to run; its log is {phone.log}")
