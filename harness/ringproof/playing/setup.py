"""Boots the PBX, starts the phones and verifies both before the first call; hands on what phones and PBX report."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from ringproof.containers.errors import BrokenError, raise_first
from ringproof.containers.evidence import read_evidence
from ringproof.containers.run import RunEnvironment
from ringproof.containers.slots import async_place_in
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import LedElsewhere, NameAsked
from ringproof.pbx.complaints import BootPolicy
from ringproof.pbx.container import LOG, SIP_PORT, ClockMount, Pbx
from ringproof.pbx.manager import Login, ManagerEvent, ManagerLostError
from ringproof.phones import protocol
from ringproof.phones.container import PhonesContainer, begin_phones
from ringproof.phones.handle import CALLS, Crashed, Phone, PhoneStartError
from ringproof.playing.audio_checks import AudioChecks
from ringproof.playing.callers import Callers, CallerSeat
from ringproof.playing.captures import Captures
from ringproof.playing.channel_tracker import ChannelTracker, moment
from ringproof.playing.clock_setup import LIBRARY
from ringproof.playing.context import CallEndlessError, LedElsewhereError, PbxCrashedError, PlayContext
from ringproof.playing.dialplan_loops import place_in
from ringproof.playing.extensions import OFTEN, Extensions, Seat
from ringproof.playing.media_watch import MediaWatch, shortest_rtp_timeout
from ringproof.playing.own_modules import load_own_modules
from ringproof.playing.phones_network import phones_network_of
from ringproof.playing.prompts import files_played
from ringproof.playing.registration import Registration
from ringproof.playing.sound import tones_for
from ringproof.playing.sources import TrunkUnknownError, source_of
from ringproof.playing.standing_calls import StandingCalls, far_end, file_name, is_far_end
from ringproof.scenario.model.scenario import Offline, Scenario, Silent, Talk
from ringproof.scenario.model.story_end import longest_talks

if TYPE_CHECKING:
    from ringproof.pbx.sound_files import SoundFile
    from ringproof.playing.names import NameServer, Question

LOOPBACK = "127.0.0.1"


class PlaySetup:
    """The PBX, the phones and the callers of one play."""

    def __init__(
        self,
        scenario: Scenario,
        environment: RunEnvironment,
        folder: Path,
        context: PlayContext,
        *,
        allow: Sequence[str] = (),
    ) -> None:
        """Write to `folder`, which holds nothing yet but the record of events.

        `allow`: shell patterns of complaints at boot for which the configuration is not refused.
        """
        self._scenario = scenario
        self._environment = environment
        self._folder = folder
        self._context = context
        self._source = source_of(scenario, environment)
        self._policy = BootPolicy(strict=self._source.strict, allow=tuple(allow))
        self.tones = tones_for(self._names())
        self._phones_container: PhonesContainer | None = None
        self._name_server: NameServer | None = None
        self._phones: dict[str, Phone] = {}
        self.lengths: dict[SoundFile, PbxSeconds] = {}
        """The length of each file that the PBX played, once they have been measured."""
        self._pbx: Pbx | None = None
        self.tracker = ChannelTracker(context, lambda: self.pbx.manager)
        self.extensions = Extensions(context, self.tracker, {}, scenario.rung)
        self.extensions.on_called_often = self._end_loop
        self.registration = Registration(context, self.tracker, self.extensions.seats, self._phones, lambda: self.pbx)
        self.standing_calls = StandingCalls(
            context, self.tracker, self._phones, lambda: self.pbx, self.registration, self._start
        )
        self.captures = Captures(context, self.evidence, self._phones, lambda: self.pbx)
        self.callers = Callers(context, self.extensions, scenario, {})
        self.audio_checks = AudioChecks(
            context,
            self.tracker,
            self.callers,
            self.tones,
            folder / "phones",
            lambda: self.phones_container,
            longest_talks(scenario),
        )
        self.media_watch = MediaWatch(context, self._answered_calls)
        if any(isinstance(entry, Talk) for listed in scenario.expect.values() for entry in listed):
            self.extensions.on_picked_up = self.audio_checks.listen

    def _end_loop(self, phone: str) -> None:
        place = f"{place_in(self.evidence / LOG)}, and has called {phone} {OFTEN} times in a row"
        self._context.fail(CallEndlessError(place, self._context.clock.now()))

    def watch_media(self) -> None:
        """Make phones send sound in time if the PBX ends calls without it; a clock that does not race needs no help."""
        timeout = shortest_rtp_timeout(self.evidence / "conf")
        if timeout is not None and self._context.clock.races:
            self.media_watch.begin(timeout)

    def _answered_calls(self) -> Iterator[tuple[str, Phone, str]]:
        """Yield each phone that is in a call that has been answered: name, phone, Call-ID."""
        for name, seat in self.extensions.seats.items():
            yield from ((name, seat.phone, call_id) for call_id in [*seat.talking, *seat.on_call])
        yield from self.standing_calls
        for name, caller in self.callers.seats.items():
            if caller.call_id is not None and caller.answered and caller.ended is None:
                yield name, caller.phone, caller.call_id

    @property
    def pbx(self) -> Pbx:
        """The PBX, once it has been started."""
        if self._pbx is None:
            message = "the PBX has not been started"
            raise BrokenError(message)
        return self._pbx

    @property
    def has_booted(self) -> bool:
        """True once there is a PBX that has booted."""
        return self._pbx is not None

    @property
    def phones_container(self) -> PhonesContainer:
        """The container in which the phones run, once `open` has begun."""
        if self._phones_container is None:
            message = "the container of the phones has not been started"
            raise BrokenError(message)
        return self._phones_container

    @property
    def phones(self) -> Mapping[str, Phone]:
        """The phones and callers that have started, by name; more may be added."""
        return self._phones

    def log_of(self, name: str) -> Path:
        """Return the path of the log of a phone or caller."""
        return self._folder / "phones" / f"{file_name(name)}.log"

    @property
    def evidence(self) -> Path:
        """The folder that the PBX writes to."""
        return self._folder / "pbx"

    async def open(self) -> None:
        """Start PBX and phones at the same time, register the phones and verify all of it.

        Raises BrokenError (EditedConfigurationError for an edited configuration), and RegistrationRefusedError.
        """
        try:
            await self._open()
        except BrokenError as fault:
            explained = self._source.explain(fault)
            if explained is fault:
                raise
            raise explained from fault

    async def _open(self) -> None:
        self._phones_container = begin_phones(self._environment)
        login = Login("ringproof", secrets.token_hex(12))
        configuration = self._folder / "pbx" / "conf"
        configuration.mkdir(parents=True)

        async def configure() -> None:
            await asyncio.to_thread(self.phones_container.await_started)
            self._configure(configuration, login)

        async with async_place_in(Path(self._environment.folder), "ready", os.cpu_count() or 1):
            await self._start_all(configuration, login, configure)
            manager = self.pbx.manager
            await self._source.verify(manager)
            passwords = await self._source.credentials(manager)
            await load_own_modules(manager, configuration)
            await self.captures.begin()
            self._take_seats()
            await self.registration.register(passwords)
            await self._prove_trunk()

    def _configure(self, folder: Path, login: Login) -> None:
        """Write what the PBX reads, now that the phones have addresses."""
        from ringproof.dialplan.render import PlayAddresses, Secrets  # noqa: PLC0415 - see `load_later` in ringproof.playing

        passwords = {number: secrets.token_hex(8) for number in self._scenario.office.extensions}
        known = Secrets(sip_passwords=passwords, manager_user=login.user, manager_secret=login.secret)
        self._source.prepare(folder, PlayAddresses(trunk_provider=self.phones_container.trunk_address), known)

    async def _start_all(self, configuration: Path, login: Login, configure: Callable[[], Awaitable[None]]) -> None:
        """Boot the PBX and start the phones at the same time; a failure of one ends the other."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._boot(configuration, login, configure))
                group.create_task(self._start_phones())
        except BaseExceptionGroup as failures:
            raise _leaves(failures)[0] from failures

    async def _start_phones(self) -> None:
        """Start the phones, the name server and the network's capture as soon as the phones' container is ready."""
        await asyncio.to_thread(self.phones_container.await_ready)
        from ringproof.playing.names import NameServer  # noqa: PLC0415 - as in `_configure`
        from ringproof.playing.network_capture import NetworkCapture  # noqa: PLC0415

        self._name_server = NameServer(self.phones_container.resolver(), self._note_question)
        self.captures.network = NetworkCapture(self.phones_container.tap())
        async with asyncio.TaskGroup() as group:
            for name in self._names():
                group.create_task(self._start(name))

    async def prepare(self) -> bool:
        """Bring the phones into the states in which the story begins; return True if any is on a call.

        Raises BrokenError.
        """
        for seat in self.extensions.seats.values():
            if isinstance(seat.behaviour, Silent):
                await seat.phone.freeze()
        return await self.standing_calls.bring_up(self.extensions.seats)

    async def close(self) -> None:
        """End phones and PBX; nothing of them is left when this returns."""
        ends = [phone.stop() for phone in self._phones.values()]
        if self._pbx is not None:
            ends.append(self._pbx.remove())
        ended = await asyncio.gather(*ends, return_exceptions=True)
        for server in (self._name_server, self.captures.network):
            if server is not None:
                server.close()
        raise_first(fault for fault in ended if fault is not None)

    async def measure_prompts(self) -> None:
        """Ask the PBX how long the files are that it played, as far as their format is known."""
        self.lengths = await self.pbx.sound_lengths(files_played(read_evidence(self.evidence / LOG)))

    def _names(self) -> list[str]:
        """Return the name of every phone process: phones that are not offline, and callers."""
        phones = self._scenario.phones.items()
        return [*(name for name, behaviour in phones if not isinstance(behaviour, Offline)), *self._scenario.callers]

    def _address(self, name: str) -> str:
        """Return the address of a phone; callers and the far ends of calls are in the provider's network."""
        outside = is_far_end(name) or name in self._scenario.callers
        return self.phones_container.trunk_address if outside else self.phones_container.office_address

    async def _boot(self, configuration: Path, login: Login, configure: Callable[[], Awaitable[None]]) -> None:
        clock = self._context.clock
        self._pbx = await Pbx.boot(
            self._environment,
            name=f"ringproof-{self._environment.run}-{self._scenario.id}-{secrets.token_hex(3)}"[:120],
            configuration=configuration,
            evidence=self.evidence,
            phones_network=phones_network_of(self.phones_container),
            login=login,
            on_event=self._on_manager,
            on_lost=self._on_lost,
            clock=ClockMount(
                library=LIBRARY,
                page=clock.page.path,
                on_connected=clock.manager_at,
                on_bytes=clock.take_manager,
                on_write=clock.say_manager,
            ),
            needs=self._scenario.needs,
            policy=self._policy,
            configure=configure,
        )

    async def _start(self, name: str) -> None:
        self.log_of(name).parent.mkdir(exist_ok=True)
        line = self._context.clock.new_line()

        def take(message: protocol.Message | Crashed) -> None:
            if isinstance(message, protocol.Message):  # a message that comes late is acted on late
                clock = self._context.clock
                clock.note_lateness(clock.now() - clock.at_stamp(message.at_ns))
            self._take(name, message)

        try:
            phone = await Phone.start(
                name,
                server=self.phones_container.server,
                address=self._address(name),
                log=self.log_of(name),
                on_message=take,
                line=line,
                tone_hz=self.tones.get(name),
                networks=self._environment.subnets.split(","),
            )
        except PhoneStartError as fault:
            raise BrokenError(str(fault), "a phone is a process made of pjsua2: see its log") from fault
        self._phones[name] = phone

    def _note_question(self, question: Question) -> None:
        by: Literal["pbx", "phone"] = (
            "phone" if question.address in {LOOPBACK, self.phones_container.office_address} else "pbx"
        )
        at = moment(self._context.clock.now())
        self._context.record(NameAsked(at=at, name=question.name, kind=question.kind, by=by))

    def _on_manager(self, event: ManagerEvent) -> None:
        self.tracker.take(event)

    def _on_lost(self, fault: BrokenError) -> None:
        if isinstance(fault, ManagerLostError):
            self._context.begin(self.explain_loss(), "asking why the PBX ended")
        else:
            self._context.fail(fault)

    async def explain_loss(self) -> NoReturn:
        """Raise PbxCrashedError if the PBX crashed, or BrokenError if it was ended from outside."""
        crash = await self.pbx.why_ended()
        if crash is not None:
            raise PbxCrashedError(crash, self._context.clock.now())
        message = "the PBX ended while the story ran: its container was killed or stopped from outside"
        raise BrokenError(message, f"its log is {self.evidence / 'full.log'}")

    def _take(self, name: str, message: protocol.Message | Crashed) -> None:
        """Hand a phone's message to the object that handles it; a phone that failed breaks the play."""
        log = self.log_of(name)
        if isinstance(message, Crashed):
            self._context.fail(BrokenError(f"the phone {name} {message}", f"its log is {log}"))
        elif isinstance(message, protocol.Fault):
            cause = message.traceback.strip().splitlines()[-1]
            self._context.fail(BrokenError(f"the phone {name} failed: {cause}", f"its log is {log}"))
        elif isinstance(message, protocol.CallTableFull):
            self._context.fail(BrokenError(f"the phone {name} is full: it takes {CALLS} calls at once"))
        elif isinstance(message, protocol.LedElsewhere):
            self._take_lead(name, message)
        elif isinstance(message, (protocol.Registered, protocol.RegistrationFailed)):
            self.registration.take(name, message)
        elif isinstance(message, (protocol.Recorded, protocol.SoundSent)):
            self._take_sound(name, message)
        elif is_far_end(name):
            self.standing_calls.take(name, message)
        elif name in self.callers.seats:
            self.callers.take(name, message)
            self.tracker.ask()
        elif name in self.extensions.seats:
            self.extensions.take(name, message)
            self.tracker.ask()

    def _take_sound(self, name: str, message: protocol.Recorded | protocol.SoundSent) -> None:
        if isinstance(message, protocol.Recorded):
            self.audio_checks.take(message)
        else:
            self.media_watch.take(name, message)

    def _take_lead(self, name: str, message: protocol.LedElsewhere) -> None:
        """Record where the PBX sends a phone or caller, and end the story: the answers it waits for will not come."""
        who = far_end(name) if is_far_end(name) else name
        led = LedElsewhere(
            at=moment(self._context.clock.at_stamp(message.at_ns)),
            who=who,
            call_id=message.call_id,
            address=message.address,
            message=message.message,
            line=message.line,
        )
        self._context.record(led)
        self._context.fail(LedElsewhereError(led))

    def _take_seats(self) -> None:
        """Create the seats of callers and phones."""
        self.seat_callers()
        for name in self._phones.keys() - self._scenario.callers.keys():
            seat = Seat(name=name, behaviour=self._scenario.phones[name], phone=self._phones[name])
            self.extensions.seats[name] = seat

    def seat_callers(self) -> None:
        """Give every caller a new seat, in which nothing has happened yet."""
        for name, caller in self._scenario.callers.items():
            target = f"sip:{caller.dials}@{self.pbx.trunk_address}:{SIP_PORT}"
            self.callers.seats[name] = CallerSeat(caller=caller, phone=self._phones[name], target=target)

    async def _prove_trunk(self) -> None:
        """Raise TrunkUnknownError unless the PBX identifies calls from the provider's address as the trunk."""
        details = await self.pbx.manager.endpoint("trunk")
        matches = [entry.get("Match", "") for entry in details if entry.get("Event") == "IdentifyDetail"]
        provider = self.phones_container.trunk_address
        if not any(match.split("/")[0] == provider for match in matches):
            raise TrunkUnknownError(provider, matches)


def _leaves(failures: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for failure in failures.exceptions:
        found += _leaves(failure) if isinstance(failure, BaseExceptionGroup) else [failure]
    return sorted(found, key=lambda failure: not isinstance(failure, BrokenError))
