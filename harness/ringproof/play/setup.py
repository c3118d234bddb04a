"""Everything that has to stand before a story starts: the PBX with its configuration, the phones, all of it proven."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError, ComplaintError, LogMissingError, raise_first
from ringproof.containers.evidence import is_evidence, read_evidence
from ringproof.containers.run import RunEnvironment
from ringproof.containers.slots import async_place_in
from ringproof.core.duration import PbxSeconds
from ringproof.events import LedElsewhere, NameAsked, RegistrationLost, RegistrationRefused, TalkRefused
from ringproof.pbx.complaints import BootPolicy
from ringproof.pbx.container import LOG, SIP_PORT, ClockMount, Pbx
from ringproof.pbx.manager import Login, ManagerEvent, ManagerLostError
from ringproof.phones import protocol
from ringproof.phones.container import PhonesContainer, begin_phones
from ringproof.phones.handle import CALLS, Crashed, Phone, PhoneStartError
from ringproof.play.audio_checks import AudioChecks
from ringproof.play.callers import Callers, CallerSeat
from ringproof.play.channel_tracker import ChannelTracker, moment
from ringproof.play.clock_setup import LIBRARY
from ringproof.play.context import CallEndlessError, LedElsewhereError, PbxCrashedError, PlayContext, TalkRefusedError
from ringproof.play.dialplan_loops import place_in
from ringproof.play.extensions import OFTEN, Extensions, Seat
from ringproof.play.failed_registration import why_lost, why_mute, why_refused
from ringproof.play.media_watch import MediaWatch, shortest_rtp_timeout
from ringproof.play.own_modules import load_logger, load_own_modules
from ringproof.play.phones_network import phones_network_of
from ringproof.play.prompts import files_played
from ringproof.play.sound import tones_for
from ringproof.scenario.model.scenario import (
    Behaviour,
    Forwards,
    Offline,
    OnACall,
    Refuses,
    Scenario,
    Silent,
    Talk,
    extension_of,
)
from ringproof.scenario.model.story_end import longest_talks

if TYPE_CHECKING:
    from ringproof.dialplan.render import RenderedOffice
    from ringproof.pbx.capture import Packet, Peer
    from ringproof.pbx.sound_files import SoundFile
    from ringproof.play.edited import EditedConfiguration
    from ringproof.play.names import NameServer, Question
    from ringproof.play.network_capture import NetworkCapture

REGISTERED_WITHIN_S = 20.0
CAPTURE = "sip.pcap"
NEWS_OF_GLOBAL = "sorcery/global-"
"""Name of what hands out, one after the other, that a [global] section was loaded (sorcery.c)."""
LOADED_WITHIN_S = 20.0
FREE = "NOT_INUSE"
IN_USE = "INUSE"
CALLED_UP_WITHIN_S = 10.0
OUTSIDE = "outside~"
"""Before a phone's number: the far end of the call that it is on when the story begins; no caller is called so."""
ASKED_AGAIN_S = 0.02
LOOPBACK = "127.0.0.1"
ONLY_TRYING = 100
"""For a phone that turns a call away at once: it neither rings nor does so before it is told to."""


class RegistrationRefusedError(Exception):
    """The PBX refused a REGISTER that it should accept, or dropped it; recorded, no story is played."""


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
        """Build in `folder`, which is empty but for the record.

        `allow`: shell patterns of complaints at boot that do not refuse it.
        """
        self._scenario = scenario
        self._environment = environment
        self._folder = folder
        self._context = context
        self._edited = self._edited_of(environment)
        self._policy = BootPolicy(strict=self._edited is None, allow=tuple(allow))
        self.tones = tones_for(self._names())
        self._rendered: RenderedOffice | None = None
        self._house: PhonesContainer | None = None
        self._name_server: NameServer | None = None
        self._network_capture: NetworkCapture | None = None
        self._saved: Sequence[Packet] | None = None
        """The PBX's own capture, once it is complete."""
        self._phones: dict[str, Phone] = {}
        self._registered: dict[str, int] = {}
        self._talking: dict[str, str] = {}
        """Far ends of calls that phones are on when the story begins, while they are up, and their Call-IDs."""
        self.prepared: set[str] = set()
        """Call-IDs of calls that are up when the story begins."""
        self.lengths: dict[SoundFile, PbxSeconds] = {}
        """How long the files are that the PBX played, once they have been measured."""
        self.standing: frozenset[str] = frozenset()
        """Channels of those calls."""
        self._pbx: Pbx | None = None
        self.tracker = ChannelTracker(context, lambda: self.pbx.manager)
        self.extensions = Extensions(context, self.tracker, {}, scenario.rung)
        self.extensions.on_called_often = self._end_loop
        self.callers = Callers(context, self.extensions, scenario, {})
        self.audio_checks = AudioChecks(
            context,
            self.tracker,
            self.callers,
            self.tones,
            folder / "phones",
            lambda: self.house,
            longest_talks(scenario),
        )
        self.media_watch = MediaWatch(context, self._answered_calls)
        if any(isinstance(entry, Talk) for listed in scenario.expect.values() for entry in listed):
            self.extensions.on_picked_up = self.audio_checks.listen

    def _end_loop(self, phone: str) -> None:
        place = f"{place_in(self.evidence / LOG)}, and has called {phone} {OFTEN} times in a row"
        self._context.fail(CallEndlessError(place, self._context.clock.now()))

    def watch_media(self) -> None:
        """Have sound sent in time where the PBX ends calls without it; on a clock that does not race it is anyhow."""
        timeout = shortest_rtp_timeout(self.evidence / "conf")
        if timeout is not None and self._context.clock.races:
            self.media_watch.begin(timeout)

    def _answered_calls(self) -> Iterator[tuple[str, Phone, str]]:
        """Who is in a call that has been answered: name, phone, Call-ID."""
        for name, seat in self.extensions.seats.items():
            yield from ((name, seat.phone, call_id) for call_id in [*seat.talking, *seat.on_call])
        yield from ((name, self._phones[name], call_id) for name, call_id in self._talking.items())
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
    def house(self) -> PhonesContainer:
        """The container in which the phones live, once the setup is being opened."""
        if self._house is None:
            message = "the container of the phones has not been started"
            raise BrokenError(message)
        return self._house

    @property
    def phones(self) -> Mapping[str, Phone]:
        """The phones and callers that have started, by name; more may come."""
        return self._phones

    @property
    def peers(self) -> dict[Peer, str]:
        """Who sends and receives SIP at which address."""
        return {(phone.address, phone.port): name for name, phone in self._phones.items()}

    def log_of(self, name: str) -> Path:
        """The log of a phone or caller."""
        return self._folder / "phones" / f"{_file_name(name)}.log"

    @property
    def evidence(self) -> Path:
        """The folder that the PBX writes to."""
        return self._folder / "pbx"

    def _edited_of(self, environment: RunEnvironment) -> EditedConfiguration | None:
        if not environment.rendered:
            return None
        from ringproof.play.edited import EditedConfiguration  # noqa: PLC0415 - as in `_configure`

        return EditedConfiguration(Path(environment.rendered), environment.subnets)

    async def open(self) -> None:
        """Start everything, PBX and phones at the same time, register the phones and prove it all.

        Raises BrokenError (EditedConfigurationError for what somebody edited), and RegistrationRefusedError.
        """
        self._house = begin_phones(self._environment)
        extensions = self._scenario.office.extensions
        login = Login("ringproof", secrets.token_hex(12))
        passwords = {number: secrets.token_hex(8) for number in extensions}
        configuration = self._folder / "pbx" / "conf"
        configuration.mkdir(parents=True)

        async def configure() -> None:
            await asyncio.to_thread(self.house.await_started)
            self._configure(configuration, login, passwords)

        async with async_place_in(Path(self._environment.folder), "ready", os.cpu_count() or 1):
            await self._start_all(configuration, login, configure)
            if self._rendered is not None:
                await self._prove_rendered(self._rendered)
            if self._edited is not None:
                passwords = await self._edited.passwords(self.pbx.manager, extensions)
            await self._load_own_modules(configuration)
            await self._begin_capture()
            await self._register(passwords)
            await self._prove_trunk()

    async def _load_own_modules(self, configuration: Path) -> None:
        use = await load_own_modules(self.pbx.manager, configuration)
        if use is None:
            return
        if self._edited is not None:
            raise self._edited.function_missing(use)
        raise BrokenError(f"{use.file}:{use.line} uses {use.function}(), and modules.conf does not load {use.module}")

    def _configure(self, folder: Path, login: Login, passwords: Mapping[str, str]) -> None:
        """Write what the PBX is to read, now that the phones have addresses. Raises EditedConfigurationError."""
        from ringproof.dialplan.render import (  # noqa: PLC0415 - see `load_later` in ringproof.play
            PlayAddresses,
            Secrets,
            render_office,
        )

        known = Secrets(sip_passwords=passwords, manager_user=login.user, manager_secret=login.secret)
        addresses = PlayAddresses(trunk_provider=self.house.trunk_address)
        if self._edited is not None:
            self._edited.take(folder, self._scenario.office, addresses, known)
        else:
            self._rendered = render_office(
                self._scenario.office,
                folder,
                office_folder=Path(self._scenario.office_file).parent,
                addresses=addresses,
                secrets=known,
            )

    async def _start_all(self, configuration: Path, login: Login, configure: Callable[[], Awaitable[None]]) -> None:
        """Boot the PBX and start the phones at the same time; one failure ends the others."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._boot(configuration, login, configure))
                group.create_task(self._start_phones())
        except BaseExceptionGroup as failures:
            failure = _leaves(failures)[0]
            if self._edited is not None and isinstance(failure, ComplaintError):
                raise self._edited.refused(failure) from failures
            if self._edited is not None and isinstance(failure, LogMissingError):
                raise self._edited.log_missing(failure) from failures
            raise failure from failures

    async def _start_phones(self) -> None:
        """Start the phones of the play, and its name server, as soon as their container is ready."""
        await asyncio.to_thread(self.house.await_ready)
        from ringproof.play.names import NameServer  # noqa: PLC0415 - as in `_configure`
        from ringproof.play.network_capture import NetworkCapture  # noqa: PLC0415

        self._name_server = NameServer(self.house.resolver(), self._note_question)
        self._network_capture = NetworkCapture(self.house.tap())
        async with asyncio.TaskGroup() as group:
            for name in self._names():
                group.create_task(self._start(name))

    async def prepare(self) -> bool:
        """Bring up the calls that phones are on when the story begins; False: there is none. Raises BrokenError.

        The PBX calls the phone, and connects it with one outside: so whatever the dialplan says, it is a real call.
        """
        for seat in self.extensions.seats.values():
            if isinstance(seat.behaviour, Silent):
                await seat.phone.freeze()
        talking = [seat for seat in self.extensions.seats.values() if isinstance(seat.behaviour, OnACall)]
        for seat in talking:
            await self._call_up(seat)
            self.prepared |= seat.on_call
        self.standing = frozenset(self.tracker.channels)
        return bool(talking)

    async def _call_up(self, seat: Seat) -> None:
        outside = f"{OUTSIDE}{seat.name}"
        await self._start(outside)
        phone = self._phones[outside]
        seat.preparing = True
        target = f"PJSIP/trunk/sip:{_file_name(outside)}@{phone.address}:{phone.port}"
        extension = extension_of(seat.name)
        channel = f"PJSIP/{extension}/sip:{extension}@{seat.phone.address}:{seat.phone.port}"
        await self.pbx.manager.action("Originate", Channel=channel, Application="Dial", Data=target, Async="true")
        deadline = PbxEpoch(self._context.clock.now() + CALLED_UP_WITHIN_S)

        def is_up() -> bool:  # also for the PBX: what it tells later would be told of the story
            both = outside in self._talking and bool(seat.on_call)
            return both and all(self.tracker.talks(call_id) for call_id in self.prepared | seat.on_call)

        if not await self._context.until(is_up, deadline):
            raise BrokenError(f"the call that {seat.name} is to be on when the story begins did not come up")
        seat.preparing = False
        await self._prove_state(extension, IN_USE, deadline)
        if _turns_away_at_once(seat.deed):
            seat.phone.tell(protocol.WhenInvited(code=ONLY_TRYING))

    def _take_outside(self, name: str, message: protocol.Message) -> None:
        """Pick up: this is the far end of a call that a phone is on when the story begins."""
        if isinstance(message, protocol.Invited):
            self.prepared.add(message.call_id)
            self._phones[name].tell(protocol.Answer(call_id=message.call_id))
        elif isinstance(message, protocol.Confirmed):
            self._talking[name] = message.call_id
        elif isinstance(message, protocol.Ended):
            self._talking.pop(name, None)
        elif isinstance(message, protocol.Refused) and message.because:
            at, who = moment(self._context.clock.at_stamp(message.at_ns)), _far_end(name)
            refused = TalkRefused(at=at, phone=who, code=message.code, because=message.because)
            self._context.fail(TalkRefusedError(refused))
        self._context.notify()

    async def close(self) -> None:
        """End phones and PBX; nothing of them is left when this returns."""
        ends = [phone.stop() for phone in self._phones.values()]
        if self._pbx is not None:
            ends.append(self._pbx.remove())
        ended = await asyncio.gather(*ends, return_exceptions=True)
        for server in (self._name_server, self._network_capture):
            if server is not None:
                server.close()
        raise_first(fault for fault in ended if fault is not None)

    async def _begin_capture(self) -> None:
        """Have Asterisk write down its SIP, once it has dealt with the news that its configuration was loaded.

        The logger's module listens to that news a moment before it has what it logs with (load_module() in
        res_pjsip_logger.c): news that comes in between spoils its lock, and all later commands to it hang.
        """
        manager, clock = self.pbx.manager, self._context.clock
        deadline = PbxEpoch(clock.now() + LOADED_WITHIN_S)
        while news := waiting_news(await manager.command("core show taskprocessors")):
            if clock.now() >= deadline:
                raise BrokenError(f"Asterisk does not finish loading: {news} of its notices about [global] still wait")
            await self._context.wait_until(PbxEpoch(clock.now() + ASKED_AGAIN_S))
        await load_logger(manager)
        await manager.command(f"pjsip set logger pcap /ringproof/evidence/{CAPTURE}")
        await manager.command("pjsip set logger verbose off")  # it would stand in the log a second time
        await manager.command("pjsip set logger on")

    async def save_capture(self) -> None:
        """Have Asterisk write out the rest of its capture: it buffers, and flushes when its logger is switched off."""
        await self.pbx.manager.command("pjsip set logger off")

    async def prove_capture(self) -> None:
        """Save the PBX's own capture, and compare it with that of the network.

        Raises BrokenError where one has a message of a call that the other has not.
        """
        from ringproof.play.network_capture import disagreement  # noqa: PLC0415 - as in `_configure`

        network, peers = self._network_capture, self.peers
        assert network is not None  # noqa: S101 - the phones have been started
        seen = network.messages(peers)
        await self.save_capture()
        by_end = network.messages(peers)
        if lost := network.lost:
            raise BrokenError(f"the network's capture lost {lost} packets", "this machine has too much to do")
        saved = self.packets()
        if difference := disagreement(saved, seen, by_end):
            hint = f"the PBX's own is {self.evidence / CAPTURE}"
            raise BrokenError(f"the two captures of what was sent differ: {difference}", hint)
        self._saved = saved

    async def measure_prompts(self) -> None:
        """Have the PBX say how long the files are that it played, as far as their format is known."""
        self.lengths = await self.pbx.sound_lengths(files_played(read_evidence(self.evidence / LOG)))

    def packets(self) -> Sequence[Packet]:
        """Return what the PBX's own capture has so far, in order."""
        if self._saved is not None:
            return self._saved
        from ringproof.pbx.capture import read_capture  # noqa: PLC0415 - as in `_configure`

        path = self.evidence / CAPTURE
        return list(read_capture(path, self.peers)) if is_evidence(path) else []

    def _names(self) -> list[str]:
        """Name of every phone process: phones that are not offline, and callers."""
        phones = self._scenario.phones.items()
        return [*(name for name, behaviour in phones if not isinstance(behaviour, Offline)), *self._scenario.callers]

    def _address(self, name: str) -> str:
        """Where a phone lives: callers, and far ends of calls, come from the provider's network."""
        outside = name.startswith(OUTSIDE) or name in self._scenario.callers
        return self.house.trunk_address if outside else self.house.office_address

    async def _boot(self, configuration: Path, login: Login, configure: Callable[[], Awaitable[None]]) -> None:
        clock = self._context.clock
        self._pbx = await Pbx.boot(
            self._environment,
            name=f"ringproof-{self._environment.run}-{self._scenario.id}-{secrets.token_hex(3)}"[:120],
            configuration=configuration,
            evidence=self.evidence,
            phones_network=phones_network_of(self.house),
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
            if isinstance(message, protocol.Message):  # what comes late is acted on late
                clock = self._context.clock
                clock.note_lateness(clock.now() - clock.at_stamp(message.at_ns))
            self._take(name, message)

        try:
            phone = await Phone.start(
                name,
                server=self.house.server,
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
        by: Literal["pbx", "phone"] = "phone" if question.address in {LOOPBACK, self.house.office_address} else "pbx"
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
        """Raise what the end of the PBX means: PbxCrashedError, or BrokenError where it was ended from outside."""
        crash = await self.pbx.why_ended()
        if crash is not None:
            raise PbxCrashedError(crash, self._context.clock.now())
        message = "the PBX ended while the story ran: its container was killed or stopped from outside"
        raise BrokenError(message, f"its log is {self.evidence / 'full.log'}")

    def _take(self, name: str, message: protocol.Message | Crashed) -> None:
        """Hand a phone's message to whom it concerns; a phone that failed breaks the play."""
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
            self._take_registration(name, message)
        elif isinstance(message, (protocol.Recorded, protocol.SoundSent)):
            self._take_sound(name, message)
        elif name.startswith(OUTSIDE):
            self._take_outside(name, message)
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
        """Record where somebody is sent, and end the story: the answers that it waits for will not come."""
        who = _far_end(name) if name.startswith(OUTSIDE) else name
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

    def _take_registration(self, name: str, message: protocol.Registered | protocol.RegistrationFailed) -> None:
        """Note the first answer; from then on the phone renews in PBX time, as its own clock knows nothing of that."""
        renewed = name in self._registered
        self._registered[name] = 200 if isinstance(message, protocol.Registered) else message.code
        at = self._context.clock.at_stamp(message.at_ns)
        if isinstance(message, protocol.Registered):
            due = PbxEpoch(at + message.expires / 2)
            self._context.begin(self._renew(name, due), f"{name} renewing its registration")
        elif renewed:
            self._context.record(RegistrationRefused(at=moment(at), phone=name, code=message.code))
        self._context.notify()

    async def _renew(self, name: str, due: PbxEpoch) -> None:
        await self._context.wait_until(due)
        self._phones[name].tell(protocol.Reregister())

    async def _register(self, passwords: dict[str, str]) -> None:
        """Seat everybody, register the phones, and prove by the PBX's own word who is who."""
        registrar = f"{self.pbx.office_address}:{SIP_PORT}"
        self.seat_callers()
        for name in self._phones.keys() - self._scenario.callers.keys():
            behaviour, phone = self._scenario.phones[name], self._phones[name]
            self.extensions.seats[name] = Seat(name=name, behaviour=behaviour, phone=phone)
            if _turns_away_at_once(behaviour):
                phone.tell(protocol.WhenInvited(code=ONLY_TRYING))
            user = extension_of(name)
            phone.tell(protocol.Register(registrar=registrar, user=user, password=passwords[user]))
        deadline = PbxEpoch(self._context.clock.now() + REGISTERED_WITHIN_S)
        seats = self.extensions.seats
        if not await self._context.until(lambda: seats.keys() <= self._registered.keys(), deadline):
            unanswered = sorted(seats.keys() - self._registered.keys())
            if because := await why_mute(self.pbx.manager, self.pbx.office_address):
                for name in unanswered:
                    at = moment(self._context.clock.now())
                    self._context.record(RegistrationRefused(at=at, phone=name, code=0, because=because))
                raise RegistrationRefusedError
            silent = ", ".join(unanswered)
            message = f"no answer to REGISTER of {silent} within {REGISTERED_WITHIN_S:.0f} s"
            raise BrokenError(message, f"Asterisk's log is {self.evidence / 'full.log'}")
        refused = {name: code for name, code in self._registered.items() if code >= 300}  # noqa: PLR2004 - refusals
        accepted = self._registered.keys() - refused.keys()
        for name, code in refused.items():
            because = await why_refused(self.pbx.manager, name, accepted)
            at = moment(self._context.clock.now())
            self._context.record(RegistrationRefused(at=at, phone=name, code=code, because=because))
        if refused:
            raise RegistrationRefusedError
        await self._prove_registered(deadline, {name for name, password in passwords.items() if password})

    def seat_callers(self) -> None:
        """Give every caller a place in which nothing has happened yet."""
        for name, caller in self._scenario.callers.items():
            target = f"sip:{caller.dials}@{self.pbx.trunk_address}:{SIP_PORT}"
            self.callers.seats[name] = CallerSeat(caller=caller, phone=self._phones[name], target=target)

    async def _prove_registered(self, deadline: PbxEpoch, asked: Collection[str]) -> None:
        """The PBX itself says which endpoint each phone is, and that it has the phone's address.

        `asked`: the extensions whose endpoints ask for a password. Of the others Asterisk reports no authentication,
        and their contact is all the proof that there is.
        """
        wanted = {
            f"IPV4/UDP/{seat.phone.address}/{seat.phone.port}": name
            for name, seat in self.extensions.seats.items()
            if extension_of(name) in asked
        }
        known = self.tracker.authenticated
        if not await self._context.until(lambda: wanted.keys() <= known.keys(), deadline):
            missing = ", ".join(wanted[address] for address in sorted(wanted.keys() - known.keys()))
            message = f"the PBX does not say as which endpoint it identified {missing}"
            raise BrokenError(message, "manager events of class `security` tell it")
        for address, name in wanted.items():
            if known[address] != extension_of(name):
                message = f"the PBX takes the phone {name} for the endpoint {known[address] or '(none)'}"
                raise BrokenError(message, "two phones behind one address need `identify_by=auth_username,username`")
        contacts = [entry.get("Uri", "") for entry in await self.pbx.manager.listing("PJSIPShowContacts")]
        seats = self.extensions.seats
        kept = {
            name
            for name, seat in seats.items()
            if any(f"@{seat.phone.address}:{seat.phone.port}" in uri for uri in contacts)
        }
        for name in sorted(seats.keys() - kept):
            because = await why_lost(self.pbx.manager, name, kept)
            self._context.record(RegistrationLost(at=moment(self._context.clock.now()), phone=name, because=because))
        if kept != seats.keys():
            raise RegistrationRefusedError
        await self.prove_states(deadline)

    async def prove_states(self, deadline: PbxEpoch) -> None:
        """The PBX takes every phone for free, or in use while it is on a call; it learns that a while after the fact.

        Asked again and again, since no event says it: DeviceStateChange can come before DEVICE_STATE() knows of it.
        """
        for extension in dict.fromkeys(map(extension_of, self.extensions.seats)):
            phones = [seat for name, seat in self.extensions.seats.items() if extension_of(name) == extension]
            wanted = IN_USE if any(seat.on_call for seat in phones) else FREE
            await self._prove_state(extension, wanted, deadline)

    async def _prove_state(self, name: str, wanted: str, deadline: PbxEpoch) -> None:
        clock = self._context.clock
        while (state := await self.pbx.manager.value(f"DEVICE_STATE(PJSIP/{name})")) != wanted:
            if clock.now() >= deadline:
                message = f"the PBX takes the phone {name} for {state}, where it is {wanted}"
                raise BrokenError(message, f"Asterisk's log is {self.evidence / 'full.log'}")
            await self._context.wait_until(PbxEpoch(clock.now() + ASKED_AGAIN_S))

    async def _prove_trunk(self) -> None:
        """Whoever calls from the provider's address is the trunk, and nobody else is."""
        details = await self.pbx.manager.endpoint("trunk")
        matches = [entry.get("Match", "") for entry in details if entry.get("Event") == "IdentifyDetail"]
        provider = self.house.trunk_address
        if not any(match.split("/")[0] == provider for match in matches):
            if self._edited is not None:
                raise self._edited.trunk_unknown()
            message = f"the PBX does not identify {provider} as the trunk, but {matches or 'nothing'}"
            raise BrokenError(message)

    async def _prove_rendered(self, rendered: RenderedOffice) -> None:
        """What we rendered is what runs."""
        manager = self.pbx.manager
        endpoints = {entry.get("ObjectName", "") for entry in await manager.listing("PJSIPShowEndpoints")}
        printed = "\n".join(await manager.command("dialplan show"))
        missing = [f"endpoint {name}" for name in sorted(set(rendered.endpoints) - endpoints)]
        missing += [f"context {name}" for name in rendered.contexts if f"[ Context '{name}' created by" not in printed]
        running = "\n".join(await manager.command("module show"))
        missing += [
            f"module {name}" for name in rendered.modules if not re.search(rf"^{name} .*Running", running, re.MULTILINE)
        ]
        if missing:
            message = f"the running PBX lacks what was rendered for it: {', '.join(missing)}"
            raise BrokenError(message, f"the configuration is in {self.evidence / 'conf'}")


def waiting_news(printed: Sequence[str]) -> int:
    """Return how many times Asterisk has yet to say that [global] was loaded, by `core show taskprocessors`.

    Its lines: name, tasks done, tasks that wait, and more.
    """
    lines = (line.split() for line in printed)
    return sum(int(words[2]) for words in lines if len(words) > 2 and words[0].startswith(NEWS_OF_GLOBAL))  # noqa: PLR2004


def _far_end(name: str) -> str:
    return f"the other end of {name.removeprefix(OUTSIDE)}'s call"


def _turns_away_at_once(behaviour: Behaviour) -> bool:
    return isinstance(behaviour, Refuses | Forwards) and behaviour.at_once


def _file_name(name: str) -> str:
    """`101/desk` -> `101-desk`: nothing else is called so, for no extension has a -."""
    return name.replace("/", "-")


def _leaves(failures: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for failure in failures.exceptions:
        found += _leaves(failure) if isinstance(failure, BaseExceptionGroup) else [failure]
    return sorted(found, key=lambda failure: not isinstance(failure, BrokenError))
