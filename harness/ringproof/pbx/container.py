"""Boots one PBX in its container, from a folder of configuration to a manager interface that answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from ringproof.containers.engine import is_remapped
from ringproof.containers.errors import BrokenError, ComplaintError, LogMissingError, UnmetNeedsError
from ringproof.containers.evidence import LONGEST, is_evidence, read_evidence
from ringproof.containers.run import RunEnvironment
from ringproof.containers.run_container import UNKNOWN
from ringproof.containers.seal import SEAL_INSIDE, seal
from ringproof.core.duration import PbxSeconds
from ringproof.core.needs import Needs
from ringproof.pbx.asterisk_container import (
    BOOT_DEADLINE_S,
    ENDS_WITHIN_S,
    NEEDED,
    AbandonedError,
    AsteriskContainer,
)
from ringproof.pbx.complaints import BootPolicy, Complaint, missing_sounds, read_complaints
from ringproof.pbx.ended import READY, AsteriskEndedError
from ringproof.pbx.gate import GATE_INSIDE, Gate
from ringproof.pbx.manager import Login, Manager, ManagerError, ManagerEvent, ManagerLostError
from ringproof.pbx.namespace import NamespaceContainer, give_back, take_namespace
from ringproof.pbx.sound_files import SoundFile, length

SIP_PORT = 5060
LEASE_SECONDS = "RINGPROOF_LEASE_SECONDS"
"""Environment variable that tests of the lease set, so that they need not wait a minute."""
CLOCK = "/ringproof/clock"
"""Where the library and the page are mounted."""
INIT = "/ringproof/init"
END_AT_ONCE = "USR1"
"""The signal on which init kills Asterisk and ends."""
DROPPED = "manager.conf enables it, and no firewall drops what one container sends to another: `iptables -L FORWARD`"
EX_CONFIG = 78
"""Exit status of an init, or of a clock's library, that refused to start Asterisk."""
RTP_CAPTURE = "rtp.pcap"
"""The file with the sound that the PBX sends, in the evidence folder; see `rtp_capture.py`."""
LOG = "full.log"
"""Asterisk's log in the evidence folder (logger.conf)."""
EVIDENCE = "/ringproof/evidence"
"""Where that folder is mounted."""
LOGGED_WITHIN_S = 20.0
"""Seconds for the log to contain what Asterisk logged before it was ready; a busy machine may be slow."""
LOOKED_AT_EVERY_S = 0.01
_FOLDER = re.compile(r"\s*(?P<which>Configuration|Data|Log) directory:\s+(?P<path>\S.*?)\s*")
"""A line of the output of `core show settings`."""


@dataclass(frozen=True, slots=True)
class PhonesNetwork:
    """What a PBX needs of the container of the phones."""

    new_socket: Callable[[], socket.socket]
    """Makes a TCP socket that can reach the PBX; a socket of this machine itself cannot."""
    resolv_conf: Path
    """A file that names the run's own name server, as soon as that has an address."""


@dataclass(frozen=True, slots=True)
class ClockMount:
    """What a PBX with a driven clock needs: files of the host, and what counts its manager connection."""

    library: Path
    """The preload library."""
    page: Path
    """The page. Its folder is mounted, which contains nothing else but a pipe."""
    on_connected: Callable[[int], None]
    """Called with the TCP port of our end of the manager connection, before the first action."""
    on_bytes: Callable[[int], None]
    """Called with the number of bytes from the connection that are being dealt with."""
    on_write: Callable[[int], None]
    """Called with the number of bytes that are about to be sent."""


class Pbx:
    """A running Asterisk. `boot` makes one, `remove` ends it."""

    def __init__(self, name: str, evidence: Path) -> None:
        """Private: use `boot`."""
        self.name = name
        self.office_address = ""
        self.trunk_address = ""
        self._evidence = evidence
        self._container: AsteriskContainer | None = None
        self._namespace: NamespaceContainer | None = None
        self._manager: Manager | None = None
        self._policy = BootPolicy()
        self._booted = asyncio.Event()
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Asterisk's exit status, once the container has ended (128 + n: by signal n; -1: unknown)."""

    @property
    def manager(self) -> Manager:
        """The manager interface of a booted PBX. Raises BrokenError before that."""
        if self._manager is None:
            message = f"the PBX {self.name} has not booted"
            raise BrokenError(message)
        return self._manager

    @property
    def log(self) -> Path:
        """The file of Asterisk's log."""
        return self._evidence / LOG

    @property
    def has_network(self) -> bool:
        """False once the container that holds its network has ended, so that the PBX can no longer be reached."""
        return self._namespace is None or self._namespace.lives

    @classmethod
    async def boot(  # noqa: PLR0913 - all that differs from PBX to PBX
        cls,
        environment: RunEnvironment,
        *,
        name: str,
        configuration: Path,
        evidence: Path,
        phones_network: PhonesNetwork,
        login: Login,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[BrokenError], None],
        clock: ClockMount | None = None,
        needs: Needs | None = None,
        policy: BootPolicy | None = None,
        configure: Callable[[], Awaitable[None]] | None = None,
    ) -> Pbx:
        """Start a container with the folder `configuration` and return once Asterisk is fully booted.

        While the container is being started, `configure` writes into that folder, and the files that `phones_network`
        names. Asterisk starts once `configure` has returned. An exception of `configure` is raised here.

        `policy` says which complaints refuse the boot; the default is the policy of a configuration that Ringproof
        rendered.

        Raises BrokenError, with Asterisk's own error line, when Asterisk does not boot, or complains meanwhile of what
        the policy refuses (ComplaintError where it said anything), or logs elsewhere (LogMissingError); UnmetNeedsError
        when it is older than `needs` says.
        """
        pbx = cls(name, evidence)
        pbx._policy = policy or pbx._policy
        try:
            with Gate(Path(environment.folder)) as gate:
                container = pbx._make(environment, configuration, phones_network, clock, gate)
                await pbx._start(container, gate, configure)
            await pbx._connect(login, on_event, on_lost, clock)
            if needs is not None:  # first: an Asterisk that is too old may reject the configuration, too
                await pbx._prove_new_enough(needs)
            await pbx._await_log()
            pbx._refuse_complaints()
        except BaseException:
            await pbx.remove()
            raise
        return pbx

    def _make(
        self,
        environment: RunEnvironment,
        configuration: Path,
        phones_network: PhonesNetwork,
        clock: ClockMount | None,
        gate: Gate,
    ) -> AsteriskContainer:
        loop = asyncio.get_running_loop()

        namespace = self._namespace = take_namespace(environment)

        def on_end(status: int) -> None:
            if status != UNKNOWN:  # else the engine did not report its end
                give_back(namespace)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing awaits the end any more
                loop.call_soon_threadsafe(self._note_end, status)

        container = AsteriskContainer(
            environment.image,
            environment,
            new_socket=phones_network.new_socket,
            on_end=on_end,
            entrypoint=["bash", INIT],
        ).with_name(self.name)
        container.live_in(namespace)
        container.bind(configuration, "/ringproof/conf")
        if is_remapped():  # no user of the container, not even its root, owns the runner's files
            self._evidence.chmod(0o777)
        container.bind(self._evidence, EVIDENCE, writable=True)
        container.bind(environment.lease, "/ringproof/lease")
        container.bind(Path(environment.init), INIT)
        container.bind(seal(), SEAL_INSIDE)
        container.bind(phones_network.resolv_conf, "/etc/resolv.conf")
        container.bind(gate.path, GATE_INSIDE, writable=True)
        if configuration.is_relative_to(self._evidence):
            # the configuration is evidence, too: what writes the rest must not change it
            container.bind(configuration, f"{EVIDENCE}/{configuration.relative_to(self._evidence)}")
        container.with_envs(
            RINGPROOF_GATE=GATE_INSIDE, RINGPROOF_SEALED="yes", RINGPROOF_REFUSED=environment.gateways.replace(",", " ")
        )
        if LEASE_SECONDS in os.environ:
            container.with_env(LEASE_SECONDS, os.environ[LEASE_SECONDS])
        if clock is not None:
            container.bind(clock.library, f"{CLOCK}/ringproof-clock.so")
            container.bind(clock.page.parent, f"{CLOCK}/page.d", writable=True)
            container.with_envs(
                RINGPROOF_PRELOAD=f"{CLOCK}/ringproof-clock.so",
                RINGPROOF_CLOCK=f"{CLOCK}/page.d/{clock.page.name}",
                RINGPROOF_RTP=f"{EVIDENCE}/{RTP_CAPTURE}",
            )
        return container

    async def _start(
        self, container: AsteriskContainer, gate: Gate, configure: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Start the container, configure it meanwhile, and return once its manager interface has answered."""
        self._container = container
        starting = asyncio.create_task(_to_its_end(container.start, on_cancel=container.abandon))
        try:
            if configure is not None:
                await configure()
            gate.open()
            await starting
        except AsteriskEndedError:
            self._note_end(container.exit_status)
            self._refuse_end()
        except TimeoutError as fault:
            raise self._not_reached() from fault
        finally:
            starting.cancel()  # no effect where it is over
            await asyncio.wait([starting])
        environment = container.run
        assert environment is not None  # noqa: S101 - `_make` gave it one
        self.office_address = container.addresses[environment.office_network]
        self.trunk_address = container.addresses[environment.trunk_network]

    def _note_end(self, status: int) -> None:
        if not self.ended.done():
            self.ended.set_result(status)

    async def _connect(
        self,
        login: Login,
        on_event: Callable[[ManagerEvent], None],
        on_lost: Callable[[BrokenError], None],
        clock: ClockMount | None,
    ) -> None:
        def take(event: ManagerEvent) -> None:
            if event.get("Event") == "FullyBooted":
                self._booted.set()
            on_event(event)

        def lose(fault: BrokenError) -> None:
            self._booted.set()
            on_lost(fault)

        link = self._container.manager if self._container is not None else None
        assert link is not None  # noqa: S101 - it has answered
        try:
            async with asyncio.timeout(BOOT_DEADLINE_S):
                self._manager = await Manager.over(
                    link,
                    on_event=take,
                    on_lost=lose,
                    on_bytes=clock.on_bytes if clock is not None else lambda _: None,
                    on_write=clock.on_write if clock is not None else lambda _: None,
                )
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
                if self._manager.has_ended:
                    raise ManagerLostError("the PBX closed its manager interface")
        except TimeoutError as fault:
            raise self._not_ready() from fault
        except ManagerError as fault:
            if isinstance(fault, ManagerLostError):  # the engine's report of an Asterisk that ended comes later
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(self.ended), ENDS_WITHIN_S)
            self._refuse_end()
            raise self._complaint(f"{fault.sentence}; Asterisk's log says: {self._own_word()}") from fault

    async def _prove_new_enough(self, needs: Needs) -> None:
        """Raise UnmetNeedsError where the PBX is too old, by its own version; an image may have any name."""
        version = (await self.manager.action("CoreSettings"))["AsteriskVersion"]
        try:
            met = needs.met_by(version)
        except ValueError as fault:
            raise BrokenError(str(fault), f"the scenario says so: {needs.source}") from None
        if not met:
            raise UnmetNeedsError(needs, version)

    def _not_reached(self) -> BrokenError:
        """Return the error to raise where nothing came from its manager interface."""
        if any(READY in line for line in self._console()):
            sentence = f"Asterisk is ready, but was not reached at its manager port within {BOOT_DEADLINE_S:.0f} s"
            return BrokenError(sentence, DROPPED)
        return self._not_ready()

    def _not_ready(self) -> BrokenError:
        return self._complaint(f"Asterisk was not ready {BOOT_DEADLINE_S:.0f} s after its start: {self._own_word()}")

    def _refuse_end(self) -> None:
        if self.ended.done():
            status = self.ended.result()
            if status == EX_CONFIG and (ours := self._our_word()):
                hint = NEEDED if ours["who"] == "ringproof" else "`make image` makes the clock's library anew"
                raise BrokenError(f"Asterisk could not be started: {ours['sentence']}", hint)
            raise self._complaint(f"Asterisk ended while it booted (exit status {status}): {self._own_word()}")

    def _complaint(self, sentence: str) -> BrokenError:
        """Return the error to raise for a boot that failed, with what Asterisk said, if it said anything."""
        hint, said = f"its log is {self.log}", self._refused() or self.complaints()
        return ComplaintError(sentence, hint, said) if said else BrokenError(sentence, hint)

    async def _await_log(self) -> None:
        """Return once the log has the whole boot: without it, what Asterisk complained of is unknown.

        A thread of Asterisk writes the log in order, but later, and nothing reports when. Raises LogMissingError.
        """
        folders: dict[str, str] = {}
        waited = 0.0
        while not self._logged_boot():
            try:  # Asterisk answers logins before it knows this command
                printed = map(_FOLDER.fullmatch, await self.manager.command("core show settings"))
            except ManagerError as fault:
                self._refuse_end()
                raise self._complaint(f"{fault.sentence}; Asterisk's log says: {self._own_word()}") from fault
            folders = {found["which"]: found["path"] for found in printed if found}
            elsewhere = folders.get("Log", EVIDENCE) != EVIDENCE
            if elsewhere or waited >= LOGGED_WITHIN_S:
                raise LogMissingError(LOG, folders.get("Log", ""), folders.get("Configuration", ""), here=not elsewhere)
            await asyncio.sleep(LOOKED_AT_EVERY_S)
            waited += LOOKED_AT_EVERY_S

    def _logged_boot(self) -> bool:
        try:
            return READY in read_evidence(self.log)
        except OSError:
            return False

    def _refuse_complaints(self) -> None:
        refused = self._refused()
        if refused:
            message = f"Asterisk complained about its configuration while it booted: {refused[0]}"
            raise ComplaintError(message, f"all of it is in {self.log}", refused, booted=True)

    def _refused(self) -> list[str]:
        """Return the lines of the log so far that refuse the boot."""
        return [complaint.line for complaint in self._complaints() if self._policy.refuses(complaint)]

    def refuse_log(self) -> None:
        """Raise BrokenError where Asterisk was to play a sound that does not exist or that it cannot open.

        Callers would act otherwise without it. Only the log reports it (file.c); nothing reports beforehand what an
        image can play.

        Raise it also where the log is longer than what is read of it, since then this is unknown.
        """
        log = self.log
        if is_evidence(log) and log.stat().st_size > LONGEST:
            sentence = f"the PBX wrote more than {LONGEST // 1_000_000} MB of log, which is more than is read"
            raise BrokenError(sentence, f"its log is {log}")
        missing, unopened = missing_sounds(self._complaints())
        if missing:
            sentence = f"the PBX was to play what its image has no sound for: {', '.join(missing)}"
            raise BrokenError(sentence, f"install the core sounds in the office's language there; {NEEDED}")
        if unopened:
            sentence = f"the PBX was to play what it cannot open: {', '.join(unopened)}"
            raise BrokenError(sentence, "is each a sound of the format that its name says, and may Asterisk read it?")

    def complaints(self) -> list[str]:
        """Return the WARNING and ERROR lines that Asterisk has logged so far."""
        return [complaint.line for complaint in self._complaints()]

    def _complaints(self) -> list[Complaint]:
        try:
            boot, since = read_complaints(read_evidence(self.log))
        except OSError:
            return []
        return boot + since

    def _own_word(self) -> str:
        """Return why Asterisk ended, in its own words: the first complaint in its log, else its console's last line.

        The first one, because the last one only says that it gives up.
        """
        complaints = self.complaints()
        if complaints:
            return complaints[0]
        return next((line.strip() for line in reversed(self._console()) if line.strip()), "it said nothing")

    def _our_word(self) -> re.Match[str] | None:
        """Return the first line of init or of the clock's library on the console."""
        said = (re.fullmatch(r"(?P<who>ringproof(-clock)?): (?P<sentence>.*)", line) for line in self._console())
        return next(filter(None, said), None)

    def _console(self) -> list[str]:
        try:
            return read_evidence(self._evidence / "console.log").split("\n")
        except OSError:
            return []

    async def sound_lengths(self, files: Collection[SoundFile]) -> dict[SoundFile, PbxSeconds]:
        """Return the lengths of files that it played, as far as their formats are known here. Raises BrokenError."""
        printed = map(_FOLDER.fullmatch, await self.manager.command("core show settings"))
        data = next((found["path"] for found in printed if found and found["which"] == "Data"), None)
        if data is None or self._container is None:
            return {}
        places = {file: dict(file.places(f"{data}/sounds")) for file in files}
        asked = [place for found in places.values() for place in found]
        sizes = await asyncio.to_thread(self._container.sizes_of, asked) if asked else {}
        first = {file: next((place for place in found if place in sizes), None) for file, found in places.items()}
        return {file: length(sizes[place], places[file][place]) for file, place in first.items() if place is not None}

    async def why_ended(self) -> int | None:
        """Return the signal by which Asterisk crashed; None where it was killed or stopped from outside.

        Raises nothing: it waits at most 5 s for the engine's report.
        """
        with contextlib.suppress(TimeoutError):
            status = await asyncio.wait_for(asyncio.shield(self.ended), 5.0)
            number = status - 128
            own = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
            return number if number in own else None
        return None

    async def remove(self) -> None:
        """End the PBX. When this returns, it writes nothing any more, and the engine is removing its container.

        What the engine has not removed by the end of the run is waited for there (`sweep_run`).
        """
        if self._container is None:
            return
        await self._end(self._container)
        if is_remapped():
            self._evidence.chmod(0o755)

    async def _end(self, container: AsteriskContainer) -> None:
        if (
            self._manager is not None and not self._manager.has_ended
        ):  # else its end would prove nothing about Asterisk's
            ended = self._manager.expect_end()
            await asyncio.to_thread(container.signal, END_AT_ONCE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended, ENDS_WITHIN_S)
                await self._manager.close()
                container.let_go()
                return
        if self._manager is not None:
            await self._manager.close()
        elif container.manager is not None:
            container.manager.close()
        await asyncio.to_thread(container.stop)


async def _to_its_end(work: Callable[[], object], on_cancel: Callable[[], None]) -> None:
    """Do blocking `work` in a thread; a cancellation waits until the work is over, which `on_cancel` hastens.

    A thread goes on when the task that waits for it is cancelled. A container that it made after that would belong to
    nothing.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        on_cancel()
        with contextlib.suppress(BrokenError, AbandonedError, AsteriskEndedError, TimeoutError):
            await working
        raise
