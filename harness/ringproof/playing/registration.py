"""The phones of a play register, renew in PBX time, and the PBX itself proves that it knows each of them."""

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
"""For a phone that turns a call away at once: it neither rings nor does so before it is told to."""


class RegistrationRefusedError(Exception):
    """The PBX refused a REGISTER that it should accept, or dropped it; recorded, no story is played."""


class Registration:
    """Registers the phones of a play, and asks the PBX about them."""

    def __init__(
        self,
        context: PlayContext,
        tracker: ChannelTracker,
        seats: Mapping[str, Seat],
        phones: Mapping[str, Phone],
        pbx: Callable[[], Pbx],
    ) -> None:
        """Register the phones of `seats`, by name. `phones`: all that have started; `pbx`: once it has booted."""
        self._context = context
        self._tracker = tracker
        self._seats = seats
        self._phones = phones
        self._pbx = pbx
        self._answered: dict[str, int] = {}
        """The code of the PBX's first answer, by phone."""

    def take(self, name: str, message: protocol.Registered | protocol.RegistrationFailed) -> None:
        """Note the first answer; from then on the phone renews in PBX time, as its own clock knows nothing of that."""
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
        """Register everybody, and prove by the PBX's own word who is who.

        Raises BrokenError, and RegistrationRefusedError once it is recorded why.
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
        """The PBX itself says which endpoint each phone is, and that it has the phone's address.

        `asked`: the extensions whose endpoints ask for a password. Of the others Asterisk reports no authentication,
        and their contact is all the proof that there is.
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
        """The PBX takes every phone for free, or in use while it is on a call; it learns that a while after the fact.

        Asked again and again, since no event says it: DeviceStateChange can come before DEVICE_STATE() knows of it.
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
    """True for a phone that refuses a call or sends it on as soon as it comes."""
    return isinstance(behaviour, Refuses | Forwards) and behaviour.at_once
