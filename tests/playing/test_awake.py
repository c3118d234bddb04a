"""Who does not answer is told; a machine that stood still as a whole has stopped nobody in particular. Pure."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import cast

import pytest
from ringproof.containers.errors import BrokenError
from ringproof.phones.handle import Phone
from ringproof.playing import frozen_phones
from ringproof.playing.context import PlayContext

LOOK_S = 0.02


@dataclass
class Lazy:
    """A phone that has left something lie, and was asked for a sign of life `asked` times."""

    name: str = "101"
    log: str = "101.log"
    answers: bool = False
    asked: int = 0
    since: float | None = None

    @property
    def leaves_something(self) -> bool:
        """Always."""
        return True

    @property
    def unanswered_for(self) -> float | None:
        """Since it was asked."""
        return None if self.since is None or self.answers else time.monotonic() - self.since

    def ask_for_a_sign(self) -> None:
        """Take the question."""
        self.asked += 1
        self.since = self.since or time.monotonic()


@dataclass
class Failures:
    """A context that keeps what failed it."""

    told: list[BrokenError] = field(default_factory=list)
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self, failure: BrokenError) -> None:
        """Keep it."""
        self.told.append(failure)
        self.failed.set()


def watch(phone: Lazy, *, looks: float, pause: float = 0.0) -> list[BrokenError]:
    """Watch a phone for so many looks, with a loop that stands still for `pause` seconds in between."""
    context = Failures()

    async def wait() -> None:
        with frozen_phones.watched_phones({phone.name: cast("Phone", phone)}, cast("PlayContext", context)):
            await asyncio.sleep(1.5 * LOOK_S)
            time.sleep(pause)  # noqa: ASYNC251 - it is the loop that is to stand still
            await asyncio.sleep((looks - 1.5) * LOOK_S)

    asyncio.run(wait())
    return context.told


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than once a second."""
    monkeypatch.setattr(frozen_phones, "LOOK_EVERY_S", LOOK_S)


def test_who_does_not_answer_is_told() -> None:
    """With where its log is."""
    context = Failures()

    async def wait() -> None:
        async with asyncio.timeout(20):
            with frozen_phones.watched_phones({"101": cast("Phone", Lazy())}, cast("PlayContext", context)):
                await context.failed.wait()

    asyncio.run(wait())
    said = re.sub(r"for \d+ s", "for N s", context.told[0].sentence)
    assert said == "the process of phone 101 did not answer for N s: this machine stopped it"
    assert context.told[0].hint.endswith("its log is 101.log")


def test_who_answers_is_asked_again_and_not_told() -> None:
    """As often as something lies there."""
    phone = Lazy(answers=True)
    assert watch(phone, looks=3 * frozen_phones.LOOKS) == []
    assert phone.asked > 1


def test_a_machine_that_stood_still_has_stopped_nobody_in_particular() -> None:
    """However long: whoever looks stood still, too, and the phone has had no time to answer since."""
    assert watch(Lazy(), looks=2, pause=LOOK_S * 3 * frozen_phones.LOOKS) == []
