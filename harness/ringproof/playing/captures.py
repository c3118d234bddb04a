"""The two captures of a play's SIP: the PBX's own and the network's, which must agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.containers.evidence import is_evidence
from ringproof.pbx.container import Pbx
from ringproof.phones.handle import Phone
from ringproof.playing.context import PlayContext
from ringproof.playing.own_modules import load_logger

if TYPE_CHECKING:
    from ringproof.pbx.capture import Packet, Peer
    from ringproof.playing.network_capture import NetworkCapture

CAPTURE = "sip.pcap"
NEWS_OF_GLOBAL = "sorcery/global-"
"""How the name of the task processor begins that delivers the notices that [global] was loaded (sorcery.c)."""
LOADED_WITHIN_S = 20.0
ASKED_AGAIN_S = 0.02


class Captures:
    """Both captures of one play."""

    def __init__(
        self, context: PlayContext, evidence: Path, phones: Mapping[str, Phone], pbx: Callable[[], Pbx]
    ) -> None:
        """`evidence`: the PBX's folder. `phones`: all that have started. `pbx`: returns the booted PBX."""
        self._context = context
        self._path = evidence / CAPTURE
        self._phones = phones
        self._pbx = pbx
        self.network: NetworkCapture | None = None
        """The network's, once the container of the phones is ready."""
        self._saved: Sequence[Packet] | None = None
        """The PBX's own, once it is complete."""

    @property
    def peers(self) -> dict[Peer, str]:
        """The name of each phone and caller, by the address at which it sends and receives SIP."""
        return {(phone.address, phone.port): name for name, phone in self._phones.items()}

    async def begin(self) -> None:
        """Make Asterisk capture its SIP, once it has handled all notices that its configuration was loaded.

        The logger's module subscribes to these notices a moment before its logger exists (load_module() in
        res_pjsip_logger.c). A notice that comes in between damages its lock, and all later commands to it hang.

        Raises BrokenError if notices still wait after LOADED_WITHIN_S.
        """
        manager, clock = self._pbx().manager, self._context.clock
        deadline = PbxEpoch(clock.now() + LOADED_WITHIN_S)
        while news := waiting_news(await manager.command("core show taskprocessors")):
            if clock.now() >= deadline:
                raise BrokenError(f"Asterisk does not finish loading: {news} of its notices about [global] still wait")
            await self._context.wait_until(PbxEpoch(clock.now() + ASKED_AGAIN_S))
        await load_logger(manager)
        await manager.command(f"pjsip set logger pcap /ringproof/evidence/{CAPTURE}")
        await manager.command("pjsip set logger verbose off")  # otherwise the log has all SIP, too
        await manager.command("pjsip set logger on")

    async def save(self) -> None:
        """Make Asterisk write the rest of its capture: it buffers, and flushes when its logger is switched off."""
        await self._pbx().manager.command("pjsip set logger off")

    async def compare(self) -> None:
        """Save the PBX's own capture, and compare it with that of the network.

        Raises BrokenError if one has a message of a call that the other has not, or if the network's lost packets.
        """
        from ringproof.playing.network_capture import disagreement  # noqa: PLC0415 - see `load_later` in ringproof.playing

        network, peers = self.network, self.peers
        assert network is not None  # noqa: S101 - the phones have been started
        seen = network.messages(peers)
        await self.save()
        by_end = network.messages(peers)
        if lost := network.lost:
            raise BrokenError(f"the network's capture lost {lost} packets", "this machine has too much to do")
        saved = self.packets()
        if difference := disagreement(saved, seen, by_end):
            hint = f"the PBX's own is {self._path}"
            raise BrokenError(f"the two captures of what was sent differ: {difference}", hint)
        self._saved = saved

    def packets(self) -> Sequence[Packet]:
        """Return what the PBX's own capture has so far, in order."""
        if self._saved is not None:
            return self._saved
        from ringproof.pbx.capture import read_capture  # noqa: PLC0415 - see `load_later` in ringproof.playing

        return list(read_capture(self._path, self.peers)) if is_evidence(self._path) else []


def waiting_news(printed: Sequence[str]) -> int:
    """Return how many notices that [global] was loaded still wait, by the output of `core show taskprocessors`.

    Its lines have: name, tasks done, tasks that wait, and more.
    """
    lines = (line.split() for line in printed)
    return sum(int(words[2]) for words in lines if len(words) > 2 and words[0].startswith(NEWS_OF_GLOBAL))  # noqa: PLR2004
