"""What a phone writes into the clock's page: counts of verbs done, messages reported, and SIP sent and handled.

The PBX's clock races only while nothing is on its way to or from a phone (asterisk-image/clock/page.h).
"""

from __future__ import annotations

import re
import time

from ringproof.clock.page import Page, PeerWord

_MESSAGE = re.compile(r"[^\n]*\b(RX|TX) \d+ bytes Re(?:quest|sponse) msg ")
"""The log line of each SIP message that pjsip received or is about to send; RFC 5626's keep-alives have none."""


class Counters:
    """The counts of one phone, and the clock with which it stamps its messages."""

    def __init__(self, page: int | None, number: int) -> None:
        """Write to the words of the phone `number` in the page of this descriptor; None: the PBX is on real time."""
        self._page = Page.of(page) if page is not None else None
        self._peer = self._page.peer(number) if self._page is not None else None
        self._counts = dict.fromkeys((PeerWord.SENT, PeerWord.HANDLED, PeerWord.DONE), 0)
        self._published = dict(self._counts)
        self._told = 0

    def stamp(self) -> int:
        """Return the present time: PBX time in ns, or CLOCK_MONOTONIC in ns where the PBX is on real time."""
        return time.monotonic_ns() if self._page is None else self._page.now()

    def note_log(self, entry: str) -> None:
        """Count the SIP message, if this entry of pjsip's log is about one."""
        found = _MESSAGE.match(entry)
        if found is not None:
            self._counts[PeerWord.HANDLED if found[1] == "RX" else PeerWord.SENT] += 1

    def note_done(self) -> None:
        """Count a verb that was done."""
        self._counts[PeerWord.DONE] += 1

    def note_told(self) -> int:
        """Count a message to the conductor, before it is sent, and return its number."""
        self._told += 1
        if self._peer is not None:
            self._peer[PeerWord.TOLD] = self._told
        return self._told

    def settle(self) -> None:
        """Publish the counts; called when there is nothing left to do."""
        if self._peer is None or self._page is None or self._counts == self._published:
            return
        for word, count in self._counts.items():
            self._peer[word] = count
        self._published = dict(self._counts)
        self._page.tell_news()
