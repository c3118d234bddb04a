"""One PBX in its container: from a folder of configuration to a manager interface that answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from harness.containers.engine import OWNED, OWNER, RUN, engine
from harness.containers.errors import BrokenError, ComplaintError, UnmetNeedsError
from harness.containers.run import RunEnvironment
from harness.pbx.manager import Manager, ManagerError, ManagerEvent
from harness.scenario.needs import Needs

MANAGER_PORT = 5038
SIP_PORT = 5060
BOOT_DEADLINE_S = 30.0
POLL_S = 0.02
LEASE_SECONDS = "RINGPROOF_LEASE_SECONDS"
"""Set for the tests of the lease, which will not wait a minute."""
CLOCK = "/ringproof/clock"
"""Where library and page are mounted."""
INIT = "/ringproof/init"
EX_CONFIG = 78
"""Exit status of an init, or of a clock's library, that did not let Asterisk start."""
NEEDED = "what an image has to have is in asterisk-image/README.md"
LOG = "full.log"
"""Asterisk's log in the evidence folder (logger.conf)."""


@dataclass(frozen=True, slots=True)
class Login:
    """An account of the manager interface."""

    user: str
    secret: str


@dataclass(frozen=True, slots=True)
class ClockMount:
    """What a PBX needs for a clock that is driven: files of the host, and who counts what its manager tells."""

    library: Path
    """The preload library."""
    page: Path
    """The page; its folder, which holds nothing else than a pipe, is mounted."""
    on_connected: Callable[[int], None]
    """Told the TCP port of our end of the manager connection, before anything is asked."""
    on_bytes: Callable[[int], None]
    """Told how many bytes of it are being dealt with."""
    on_write: Callable[[int], None]
    """Told how many bytes are about to be sent."""


class Pbx:
    """A running Asterisk. `boot` makes one, `remove` ends it."""

    def __init__(self, name: str, evidence: Path) -> None:
        """Use `boot`."""
        self.name = name
        self.office_address = ""
        self.trunk_address = ""
        self._evidence = evidence
        self._manager: Manager | None = None
        self._booted = asyncio.Event()
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Asterisk's exit status, once the container has ended (128 + n: by signal n; -1: unknown)."""

    @property
    def manager(self) -> Manager:
        """The manager interface of a booted PBX."""
        if self._manager is None:
            message = f"the PBX {self.name} has not booted"
            raise BrokenError(message)
        return self._manager

    @classmethod
    async def boot(  # noqa: PLR0913 - all that differs from PBX to PBX
        cls,
        environment: RunEnvironment,
        *,
        name: str,
        configuration: Path,
        evidence: Path,
        login: Login,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[], None],
        clock: ClockMount | None = None,
        needs: Needs | None = None,
    ) -> Pbx:
        """Start a container with `configuration` and return once Asterisk is fully booted.

        Raises BrokenError when Asterisk does not boot, with its own error line, or says WARNING or ERROR meanwhile
        (ComplaintError where it said anything); UnmetNeedsError when it is older than `needs` says.
        """
        pbx = cls(name, evidence)
        try:
            await _to_its_end(pbx._start, environment, configuration, asyncio.get_running_loop(), clock)
            await pbx._connect(login, on_event, on_lost, clock)
            if needs is not None:  # first: an Asterisk that is too old may not like the configuration either
                await pbx._prove_new_enough(needs)
            pbx._refuse_complaints()
        except BaseException:
            await pbx.remove()
            raise
        return pbx

    def _start(
        self,
        environment: RunEnvironment,
        configuration: Path,
        loop: asyncio.AbstractEventLoop,
        clock: ClockMount | None,
    ) -> None:
        api = engine().api
        binds: dict[str, Mapping[str, str]] = {
            str(configuration.resolve()): {"bind": "/ringproof/conf", "mode": "ro"},
            str(self._evidence.resolve()): {"bind": "/ringproof/evidence", "mode": "rw"},
            environment.lease: {"bind": "/ringproof/lease", "mode": "ro"},
            environment.init: {"bind": INIT, "mode": "ro"},
        }
        variables = {name: os.environ[name] for name in (LEASE_SECONDS,) if name in os.environ}
        if clock is not None:
            binds[str(clock.library)] = {"bind": f"{CLOCK}/ringproof-clock.so", "mode": "ro"}
            binds[str(clock.page.parent)] = {"bind": f"{CLOCK}/page.d", "mode": "rw"}
            variables["RINGPROOF_PRELOAD"] = f"{CLOCK}/ringproof-clock.so"
            variables["RINGPROOF_CLOCK"] = f"{CLOCK}/page.d/{clock.page.name}"
        labels = {OWNED: "1", RUN: environment.run, OWNER: environment.owner}
        host = api.create_host_config(binds=binds, auto_remove=True, network_mode=environment.office_network)
        try:
            api.create_container(
                environment.image,
                entrypoint=["bash", INIT],
                user="0",
                healthcheck={"test": ["NONE"]},  # whatever the image says about itself
                name=self.name,
                labels=labels,
                host_config=host,
                hostname="pbx",
                environment=variables,
                detach=True,
            )
            api.connect_container_to_network(self.name, environment.trunk_network)
            self._watch(loop)
            api.start(self.name)
            networks = api.inspect_container(self.name)["NetworkSettings"]["Networks"]
        except (APIError, NotFound) as fault:
            if '"bash"' in str(fault.explanation):
                message = f"the image {environment.image} has no bash on its PATH, by which Asterisk is started there"
                raise BrokenError(message, NEEDED) from fault
            message = f"the engine could not start the PBX: {fault.explanation}"
            raise BrokenError(message) from fault
        self.office_address = networks[environment.office_network]["IPAddress"]
        self.trunk_address = networks[environment.trunk_network]["IPAddress"]

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Fulfil `ended` when the container ends; a thread of its own, since the engine answers only then."""
        watching = threading.Event()

        def watch() -> None:
            status = -1
            with contextlib.suppress(Exception):  # whatever the engine's client raises here: the end is what counts
                watching.set()
                status = engine().api.wait(self.name, timeout=24 * 3600, condition="removed")["StatusCode"]
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
                loop.call_soon_threadsafe(self._note_end, status)

        threading.Thread(target=watch, name=f"end of {self.name}", daemon=True).start()
        watching.wait()

    def _note_end(self, status: int) -> None:
        if not self.ended.done():
            self.ended.set_result(status)

    async def _connect(
        self,
        login: Login,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[], None],
        clock: ClockMount | None,
    ) -> None:
        def take(event: ManagerEvent) -> None:
            if event.get("Event") == "FullyBooted":
                self._booted.set()
            on_event(event)

        async def reach() -> Manager:
            while True:
                try:
                    return await Manager.connect(
                        self.office_address,
                        MANAGER_PORT,
                        on_event=take,
                        on_lost=on_lost,
                        on_bytes=clock.on_bytes if clock is not None else lambda _: None,
                        on_write=clock.on_write if clock is not None else lambda _: None,
                    )
                except OSError:  # nobody listens yet
                    await asyncio.sleep(POLL_S)

        try:
            async with asyncio.timeout(BOOT_DEADLINE_S):
                self._manager = await self._unless_ended(reach())
                if clock is not None:
                    clock.on_connected(self._manager.local_port)
                await self._manager.action(
                    "Login", Username=login.user, Secret=login.secret, Events="system,call,dialplan,dtmf,security"
                )
                # of the class `dialplan` only Newexten is wanted
                await self._manager.action("Filter", Operation="Add", Filter="!Event: VarSet")
                self.ended.add_done_callback(lambda _: self._booted.set())  # whichever comes first
                await self._booted.wait()
                self._refuse_end()
        except TimeoutError as fault:
            message = f"Asterisk was not ready {BOOT_DEADLINE_S:.0f} s after its start: {self._own_word()}"
            raise self._complaint(message) from fault
        except ManagerError as fault:
            self._refuse_end()
            raise self._complaint(f"{fault.sentence}; Asterisk's log says: {self._own_word()}") from fault

    async def _prove_new_enough(self, needs: Needs) -> None:
        """The PBX itself says which Asterisk it is; an image may be named as one likes."""
        version = (await self.manager.action("CoreSettings"))["AsteriskVersion"]
        try:
            met = needs.met_by(version)
        except ValueError as fault:
            raise BrokenError(str(fault), f"the scenario says so: {needs.source}") from None
        if not met:
            raise UnmetNeedsError(needs, version)

    async def _unless_ended(self, reaching: Coroutine[Any, Any, Manager]) -> Manager:
        """Return what `reaching` returns; raise what `_refuse_end` raises as soon as the container has ended.

        Looking at `ended` between two attempts is not enough: a SYN to an address that has just gone is answered by
        nobody, and is repeated for minutes.
        """
        attempt = asyncio.ensure_future(reaching)
        try:
            either: set[asyncio.Future[Any]] = {attempt, self.ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                self._refuse_end()
            return await attempt
        finally:
            attempt.cancel()

    def _refuse_end(self) -> None:
        if self.ended.done():
            status = self.ended.result()
            if status == EX_CONFIG and (ours := self._our_word()):
                hint = NEEDED if ours["who"] == "ringproof" else "`make image` makes the clock's library anew"
                raise BrokenError(f"Asterisk could not be started: {ours['sentence']}", hint)
            raise self._complaint(f"Asterisk ended while it booted (exit status {status}): {self._own_word()}")

    def _complaint(self, sentence: str) -> BrokenError:
        """What is to be raised of a boot that failed: what Asterisk said, if it said anything."""
        hint, said = f"its log is {self._evidence / LOG}", self.complaints()
        return ComplaintError(sentence, hint, said) if said else BrokenError(sentence, hint)

    def _refuse_complaints(self) -> None:
        complaints = self.complaints()
        if complaints:
            message = f"Asterisk complained about its configuration while it booted: {complaints[0]}"
            raise ComplaintError(message, f"all of it is in {self._evidence / LOG}", complaints)

    def refuse_missing_sounds(self) -> None:
        """Raise BrokenError where Asterisk was to play a sound that it has not: its caller acts otherwise.

        The log says it (file.c); nothing says beforehand what an image can play.
        """
        found = (re.search(r"file\.c: File (\S+) does not exist in any format", line) for line in self.complaints())
        missing = sorted({match[1] for match in found if match})
        if missing:
            sentence = f"the PBX was to play what its image has no sound for: {', '.join(missing)}"
            raise BrokenError(sentence, f"install the core sounds in the office's language there; {NEEDED}")

    def complaints(self) -> list[str]:
        """Return the WARNING and ERROR lines that Asterisk has logged so far."""
        try:
            lines = (self._evidence / LOG).read_text("utf-8", "replace").splitlines()
        except OSError:
            return []
        return [line for line in lines if "] WARNING[" in line or "] ERROR[" in line]

    def _own_word(self) -> str:
        """Asterisk's own word on why it ended: the first complaint in its log, else the last line of its console.

        The first, because the last one only says that it gives up.
        """
        complaints = self.complaints()
        if complaints:
            return complaints[0]
        return next((line.strip() for line in reversed(self._console()) if line.strip()), "it said nothing")

    def _our_word(self) -> re.Match[str] | None:
        """What init or the clock's library said first."""
        said = (re.fullmatch(r"(?P<who>ringproof(-clock)?): (?P<sentence>.*)", line) for line in self._console())
        return next(filter(None, said), None)

    def _console(self) -> list[str]:
        try:
            return (self._evidence / "console.log").read_text("utf-8", "replace").split("\n")
        except OSError:
            return []

    async def why_ended(self) -> int | None:
        """Return the signal by which Asterisk crashed, None where it was killed or stopped from outside.

        Raises nothing: waits at most 5 s for the engine's word.
        """
        with contextlib.suppress(TimeoutError):
            status = await asyncio.wait_for(asyncio.shield(self.ended), 5.0)
            number = status - 128
            own = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
            return number if number in own else None
        return None

    async def remove(self) -> None:
        """End the PBX and its container; nothing of it is left when this returns."""
        if self._manager is not None:
            await self._manager.close()
        await asyncio.to_thread(self._remove)

    def _remove(self) -> None:
        with contextlib.suppress(NotFound, APIError):  # ended by itself: auto_remove got there first
            engine().api.remove_container(self.name, force=True, v=True)


async def _to_its_end(work: Callable[..., None], *arguments: object) -> None:
    """Do blocking `work` in a thread, and be cancelled only when it is over.

    A thread goes on when who waits for it is cancelled; a container that it made afterwards would be nobody's.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        with contextlib.suppress(BrokenError):
            await working
        raise
