"""Makes phones send sound in time to a PBX that ends calls without it (`rtp_timeout`), on a clock that races.

Asterisk compares the present second with that of the last RTP packet (res_pjsip_session, chan_sip), and phones send
one every 20 ms of real time. While nothing is to be done the clock jumps from one deadline to the next, and ten minutes
of a talk pass between two packets. So after every third of the smallest timeout the clock is held, until each phone
that is in a call has sent a packet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ringproof.clock.clock import PbxEpoch
from ringproof.containers.errors import BrokenError
from ringproof.core.duration import PbxSeconds
from ringproof.phones import protocol
from ringproof.phones.handle import Phone
from ringproof.playing.context import PlayContext

_TIMEOUT = re.compile(r"^\s*(?:rtp_timeout(?:_hold)?|rtptimeout|rtpholdtimeout)\s*=>?\s*(?P<seconds>\d+)", re.MULTILINE)
PARTS = 3
"""Sound is sent this often in one timeout, so that one packet that is late does no harm."""
SENT_WITHIN = PbxSeconds(10.0)
"""Seconds of real time, since the clock is held. If a phone takes longer, its process stands still."""


def shortest_rtp_timeout(configuration: Path) -> PbxSeconds | None:
    """Return the shortest time after which a configuration ends a call without RTP, in seconds; None: it never does."""
    found: list[int] = []
    for file in sorted(configuration.rglob("*.conf")):
        text = file.read_text(encoding="utf-8", errors="replace")
        found += [int(match["seconds"]) for match in _TIMEOUT.finditer(text)]
    shortest = min((seconds for seconds in found if seconds), default=None)
    return None if shortest is None else PbxSeconds(shortest)


class MediaWatch:
    """Holds the clock at regular intervals, until every phone in an answered call has sent sound."""

    def __init__(self, context: PlayContext, calls: Callable[[], Iterable[tuple[str, Phone, str]]]) -> None:
        """`calls`: returns each phone that is in an answered call: name, phone, Call-ID."""
        self._context = context
        self._calls = calls
        self._waiting: set[tuple[str, str]] = set()

    def begin(self, timeout: PbxSeconds) -> None:
        """Watch to the end of the play, for a PBX that ends a call after `timeout` seconds without RTP."""
        self._context.begin(self._watch(PbxSeconds(timeout / PARTS)), "having sound sent")

    def take(self, name: str, message: protocol.SoundSent) -> None:
        """Note that a phone has sent sound."""
        self._waiting.discard((name, message.call_id))
        self._context.notify()

    async def _watch(self, every: PbxSeconds) -> None:
        clock = self._context.clock
        while True:
            await self._context.wait_until(PbxEpoch(clock.now() + every))
            with clock.hold():
                for name, phone, call_id in self._calls():
                    self._waiting.add((name, call_id))
                    phone.tell(protocol.SendSound(call_id=call_id))
                sent = await self._context.until(lambda: not self._waiting, PbxEpoch(clock.now() + SENT_WITHIN))
            if not sent:
                silent = ", ".join(sorted(name for name, _ in self._waiting))
                raise BrokenError(f"{silent} sent no sound for {SENT_WITHIN:.0f} s, as a phone in a call does")
