"""Registers the phones of a play, renews the registrations in PBX time, and checks that the PBX knows each phone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.events.model import RegistrationLost, RegistrationRefused
from ringproof.pbx.container import SIP_PORT, Pbx
from ringproof.phones import protocol
from ringproof.phones.handle import Phone
from ringproof.playing.channel_tracker import ChannelTracker, moment
from ringproof.playing.context import PlayContext
from ringproof.playing.extensions import Seat
from ringproof.playing.failed_registration import why_lost, why_mute, why_refused
from ringproof.scenario.model.scenario import Behaviour, Forwards, Refuses, extension_of

REGISTERED_WITHIN_S = 20.0
FREE = "NOT_INUSE"
IN_USE = "INUSE"
ASKED_AGAIN_S = 0.02
ONLY_TRYING = 100
"""First response of a phone that turns calls away at once: it must not ring before it refuses or forwards the call."""


class RegistrationRefusedError(Exception):
    """The PBX refused a REGISTER that it should accept, or dropped the contact. It is recorded; no story is played."""


class Registration:
    """Registers the phones of a play, and checks with the PBX how it knows them."""

    def __init__(
        self,
        context: PlayContext,
        tracker: ChannelTracker,
        seats: Mapping[str, Seat],
        phones: Mapping[str, Phone],
        pbx: Callable[[], Pbx],
    ) -> None:
        """`seats`: the phones to register, by name. `phones`: all that have started. `pbx`: returns the booted PBX."""
        self._context = context
        self._tracker = tracker
        self._seats = seats
        self._phones = phones
        self._pbx = pbx
        self._answered: dict[str, int] = {}
        """The code of the PBX's latest answer to a REGISTER, by phone."""

    def take(self, name: str, message: protocol.Registered | protocol.RegistrationFailed) -> None:
        """Note the PBX's answer to a REGISTER, and record a renewal that it refuses.

        After an acceptance the renewal is scheduled in PBX time, which the phone's own clock does not follow.
        """
        renewed = name in self._answered
        self._answered[name] = 200 if isinstance(message, protocol.Registered) else message.code
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

    async def register(self, passwords: Mapping[str, str]) -> None:
        """Register all phones, and check with the PBX as which endpoint it knows each.

        Raises BrokenError, and RegistrationRefusedError after its reason has been recorded.
        """
        pbx = self._pbx()
        registrar = f"{pbx.office_address}:{SIP_PORT}"
        for name, seat in self._seats.items():
            if turns_away_at_once(seat.behaviour):
                seat.phone.tell(protocol.WhenInvited(code=ONLY_TRYING))
            user = extension_of(name)
            seat.phone.tell(protocol.Register(registrar=registrar, user=user, password=passwords[user]))
        deadline = PbxEpoch(self._context.clock.now() + REGISTERED_WITHIN_S)
        if not await self._context.until(lambda: self._seats.keys() <= self._answered.keys(), deadline):
            await self._raise_unanswered(pbx, sorted(self._seats.keys() - self._answered.keys()))
        refused = {name: code for name, code in self._answered.items() if code >= 300}  # noqa: PLR2004 - refusals
        accepted = self._answered.keys() - refused.keys()
        for name, code in refused.items():
            because = await why_refused(pbx.manager, name, accepted)
            at = moment(self._context.clock.now())
            self._context.record(RegistrationRefused(at=at, phone=name, code=code, because=because))
        if refused:
            raise RegistrationRefusedError
        await self._prove(deadline, {name for name, password in passwords.items() if password})

    async def _raise_unanswered(self, pbx: Pbx, unanswered: list[str]) -> None:
        if because := await why_mute(pbx.manager, pbx.office_address):
            for name in unanswered:
                at = moment(self._context.clock.now())
                self._context.record(RegistrationRefused(at=at, phone=name, code=0, because=because))
            raise RegistrationRefusedError
        message = f"no answer to REGISTER of {', '.join(unanswered)} within {REGISTERED_WITHIN_S:.0f} s"
        raise BrokenError(message, f"Asterisk's log is {pbx.log}")

    async def _prove(self, deadline: PbxEpoch, asked: Collection[str]) -> None:
        """Check that the PBX identifies each phone as its own endpoint, and has a contact with the phone's address.

        `asked`: the extensions whose endpoints ask for a password. For the others Asterisk reports no authentication,
        so only their contacts are checked.
        """
        wanted = {
            f"IPV4/UDP/{seat.phone.address}/{seat.phone.port}": name
            for name, seat in self._seats.items()
            if extension_of(name) in asked
        }
        known = self._tracker.authenticated
        if not await self._context.until(lambda: wanted.keys() <= known.keys(), deadline):
            missing = ", ".join(wanted[address] for address in sorted(wanted.keys() - known.keys()))
            message = f"the PBX does not say as which endpoint it identified {missing}"
            raise BrokenError(message, "manager events of class `security` tell it")
        for address, name in wanted.items():
            if known[address] != extension_of(name):
                message = f"the PBX takes the phone {name} for the endpoint {known[address] or '(none)'}"
                raise BrokenError(message, "two phones behind one address need `identify_by=auth_username,username`")
        manager = self._pbx().manager
        contacts = [entry.get("Uri", "") for entry in await manager.listing("PJSIPShowContacts")]
        kept = {
            name
            for name, seat in self._seats.items()
            if any(f"@{seat.phone.address}:{seat.phone.port}" in uri for uri in contacts)
        }
        for name in sorted(self._seats.keys() - kept):
            because = await why_lost(manager, name, kept)
            self._context.record(RegistrationLost(at=moment(self._context.clock.now()), phone=name, because=because))
        if kept != self._seats.keys():
            raise RegistrationRefusedError
        await self.prove_states(deadline)

    async def prove_states(self, deadline: PbxEpoch) -> None:
        """Wait until the PBX takes every phone as free, or as in use while it is on a call. Raises BrokenError.

        The PBX learns this a while after the fact. DEVICE_STATE() is polled, since no event reports it:
        DeviceStateChange can come before DEVICE_STATE() returns the new state.
        """
        for extension in dict.fromkeys(map(extension_of, self._seats)):
            phones = [seat for name, seat in self._seats.items() if extension_of(name) == extension]
            wanted = IN_USE if any(seat.on_call for seat in phones) else FREE
            await self.prove_state(extension, wanted, deadline)

    async def prove_state(self, extension: str, wanted: str, deadline: PbxEpoch) -> None:
        """Wait until the PBX takes an extension for `wanted`, a device state. Raises BrokenError at the deadline."""
        clock, pbx = self._context.clock, self._pbx()
        while (state := await pbx.manager.value(f"DEVICE_STATE(PJSIP/{extension})")) != wanted:
            if clock.now() >= deadline:
                message = f"the PBX takes the phone {extension} for {state}, where it is {wanted}"
                raise BrokenError(message, f"Asterisk's log is {pbx.log}")
            await self._context.wait_until(PbxEpoch(clock.now() + ASKED_AGAIN_S))


def turns_away_at_once(behaviour: Behaviour) -> bool:
    """Return True for a phone that refuses or forwards a call as soon as it comes."""
    return isinstance(behaviour, Refuses | Forwards) and behaviour.at_once
