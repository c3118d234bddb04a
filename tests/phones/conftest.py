"""Phones for tests: real processes, told and heard in straight lines of code."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import pytest
from ringproof.containers.run import open_run
from ringproof.phones.container import PhonesContainer, phones_of
from ringproof.phones.handle import CALLS, Crashed, Phone
from ringproof.phones.protocol import Message
from testcontainers.core.container import ExecConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ringproof.phones.protocol import Verb

_M = TypeVar("_M", bound=Message | Crashed)
Told = list[Message | Crashed]

WITHIN = 10.0
"""Seconds that a test waits for a message before it fails: long, for machines that are busy elsewhere."""


class DeskPhone:
    """A phone on the desk of a test: `tell` it something, then wait `until` it says something."""

    def __init__(self, runner: asyncio.Runner, phones: PhonesContainer, name: str, log: Path) -> None:
        """Made by the fixture `desk`."""
        self.phones = phones
        self.name = name
        self.log = log
        self.handle: Phone
        self._runner = runner
        self._queue: asyncio.Queue[Message | Crashed] = asyncio.Queue()

    def start(self, address: str, *, tone_hz: int | None, calls: int, networks: Sequence[str]) -> None:
        """Start the process."""
        self.handle = self._runner.run(
            Phone.start(
                self.name,
                server=self.phones.server,
                address=address,
                log=self.log,
                on_message=self._queue.put_nowait,
                tone_hz=tone_hz,
                calls=calls,
                networks=networks,
            )
        )

    @property
    def uri(self) -> str:
        """Where it can be called without a registrar."""
        return f"sip:{self.name}@{self.handle.address}:{self.handle.port}"

    def tell(self, verb: Verb) -> None:
        """Tell it to do something."""

        async def tell() -> None:
            self.handle.tell(verb)

        self._runner.run(tell())

    def until(self, kind: type[_M], where: Callable[[_M], bool] = lambda _: True) -> _M:
        """Return its next message of this kind, and forget those before it."""
        found = self.told_until(kind, where)[-1]
        assert isinstance(found, kind)
        return found

    def told_until(self, kind: type[_M], where: Callable[[_M], bool] = lambda _: True) -> Told:
        """Return its messages up to the next of this kind."""
        told: Told = []

        async def listen() -> None:
            async with asyncio.timeout(WITHIN):
                while True:
                    told.append(await self._queue.get())
                    last = told[-1]
                    if isinstance(last, kind) and where(last):
                        return

        try:
            self._runner.run(listen())
        except TimeoutError:
            pytest.fail(f"{self.name} never said {kind.__name__}; it said {told}")
        return told


class Desk:
    """All phones of a test."""

    def __init__(self, runner: asyncio.Runner, phones: PhonesContainer, logs: Path) -> None:
        """Made by the fixture `desk`."""
        self.runner = runner
        self.phones = phones
        self._logs = logs
        self._phones: list[DeskPhone] = []

    def phone(
        self,
        name: str,
        address: str = "127.0.0.1",
        *,
        tone_hz: int | None = None,
        calls: int = CALLS,
        networks: Sequence[str] = (),
    ) -> DeskPhone:
        """Start a phone."""
        phone = DeskPhone(self.runner, self.phones, name, self._logs / f"{name}.log")
        phone.start(address, tone_hz=tone_hz, calls=calls, networks=networks)
        self._phones.append(phone)
        return phone

    def signal(self, phone: DeskPhone, name: str) -> None:
        """Send a signal to a phone's process: `KILL`, `STOP`."""
        self.run_inside("sh", "-c", f"kill -{name} {phone.handle.pid}")

    def run_inside(self, *command: str) -> str:
        """Run a program in the container of the phones, as who phones are; return what it prints."""
        done = self.phones.exec(ExecConfig([*command], user=self.phones.user))
        assert done.exit_code == 0, done.output
        return done.output.decode()

    def clear(self) -> None:
        """End all phones."""

        async def stop() -> None:
            await asyncio.gather(*(phone.handle.stop() for phone in self._phones))

        self.runner.run(stop())


@pytest.fixture(scope="session")
def phones() -> Iterator[PhonesContainer]:
    """The container in which all phones of these tests live; fails where there is no engine or image."""
    with open_run("ringproof-asterisk:22") as run:
        phones = phones_of(run)
        phones.await_ready()
        yield phones


@pytest.fixture
def desk(phones: PhonesContainer, tmp_path: Path) -> Iterator[Desk]:
    """A desk to put phones on; it is cleared at the end."""
    with asyncio.Runner() as runner:
        desk = Desk(runner, phones, tmp_path)
        yield desk
        desk.clear()
