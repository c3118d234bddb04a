"""Whether a phone may make one more call: pjlib takes a while to let go of the sockets of calls that are over.

A call has two of its 64 (PJ_IOQUEUE_MAX_HANDLES), and a closed one is free again 500 ms of real time later
(PJ_IOQUEUE_KEY_FREE_DELAY); nothing tells when. The process would be aborted at the 33rd call of half a second.
"""

from __future__ import annotations

import time
from collections import deque

_FREE_AFTER_S = 0.55
_AT_MOST = 24
"""Calls that ended so shortly ago, beside the four that may be up."""


class Room:
    """Counts the calls that ended a moment ago."""

    def __init__(self) -> None:
        """No call has ended yet."""
        self._ended: deque[float] = deque()

    def note_end(self) -> None:
        """A call is over: its sockets are closed."""
        self._ended.append(time.monotonic())

    def waits_s(self) -> float:
        """Return for how many seconds no further call may be placed."""
        now = time.monotonic()
        while self._ended and now - self._ended[0] >= _FREE_AFTER_S:
            self._ended.popleft()
        return 0.0 if len(self._ended) < _AT_MOST else _FREE_AFTER_S - (now - self._ended[0])
