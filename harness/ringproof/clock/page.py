"""The page: a small file that the harness, the phones and the PBX's library map (asterisk-image/clock/page.h).

Every word is written by one store, and all but one (`Word.NEWS`) by one writer. So no reader ever waits, and a process
that is killed at any moment leaves every word whole.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from enum import IntEnum
from pathlib import Path

from ringproof.clock.bus_error import survive_shrinking

MAGIC = 0x52494E4750524F46
VERSION = 5
PEERS = 256
_HEAD_WORDS = 64
_PEER_WORDS = 16
_SIZE = 8 * (_HEAD_WORDS + PEERS * _PEER_WORDS)
_FLOW_ONE = 1000
_RECORD = 17
_RECORD_WORDS = 3
_SYS_FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]
_FUTEX_WAKE = 1
_libc = ctypes.CDLL(None, use_errno=False)


class Word(IntEnum):
    """Index of each word in the page's head."""

    MAGIC = 0
    VERSION = 1
    EPOCH = 2
    MADE = 3
    CAP = 4
    SPEED = 5
    MANAGER_PORT = 6
    MANAGER_TAKEN = 7
    NEWS = 8
    OWNER = 9
    MANAGER_SENT = 10
    STEPS = 11
    RACED = 12
    OBSTACLE = 13
    STALL = 14
    HIGHEST = 15
    INDEX = 16
    MANAGER_SAID = 23
    MANAGER_HEARD = 24
    PEERS = 25
    STEP = 26
    STEP_FROM = 27
    EXECUTED = 28


class PeerWord(IntEnum):
    """Index of each word of one phone, counted from its first."""

    KEY = 0
    MUTED = 1
    PBX_SENT = 2
    PBX_RECEIVED = 3
    HANDLED = 4
    SENT = 5
    TOLD = 6
    DONE = 7
    TAKEN = 8
    ASKED = 9


class Obstacle(IntEnum):
    """Why the clock does not race."""

    FREE = 0
    HELD = 1
    THREADS = 2
    CHILD = 3
    PEER = 4
    MANAGER = 5
    DESCRIPTOR = 6
    PACE = 7
    AWAITED = 8
    ANSWER = 9


class PageError(Exception):
    """The page cannot be mapped, or another version of Ringproof made it; the message is one sentence."""


class Page:
    """A mapped page. Times are nanoseconds; PBX time counts like CLOCK_MONOTONIC and gets ahead by what was raced."""

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        """Map the page at `path`, or the one that `descriptor` is open on. Raises PageError."""
        self.path = path
        page = f"the clock's page {path}" if descriptor is None else "the clock's page"
        try:
            if descriptor is None:
                with path.open("r+b") as file:
                    self._memory = mmap.mmap(file.fileno(), _SIZE)
            else:
                self._memory = mmap.mmap(descriptor, _SIZE)
        except (OSError, ValueError) as fault:
            raise PageError(f"{page} cannot be mapped: {fault}") from fault
        self._words = memoryview(self._memory).cast("q")
        self._last = 0
        self._news = ctypes.c_uint32.from_buffer(self._memory, 8 * Word.NEWS)
        if (self._words[Word.MAGIC], self._words[Word.VERSION]) != (MAGIC, VERSION):
            raise PageError(f"{page} was made by another version of Ringproof")

    @classmethod
    def of(cls, descriptor: int) -> Page:
        """Map the page that `descriptor` is open on, to read and write; it may be closed then. Raises PageError."""
        return cls(Path(f"/proc/self/fd/{descriptor}"), descriptor)

    @classmethod
    def make(cls, path: Path, *, starts_ns: int | None = None) -> Page:
        """Make the page of a PBX that has not booted yet, and map it; time flows at 1.

        Where another process shrinks the file, this process reads zeros from it, and `is_whole` is False.

        `starts_ns`: nanoseconds since 1970 that its clock shows now; None: the present.
        """
        realtime, monotonic = time.time_ns(), time.monotonic_ns()
        path.write_bytes(bytes(_SIZE))
        words = memoryview(bytearray(path.read_bytes())).cast("q")
        words[Word.MAGIC], words[Word.VERSION] = MAGIC, VERSION
        words[Word.EPOCH] = (realtime if starts_ns is None else starts_ns) - monotonic
        words[Word.MADE] = realtime
        words[Word.SPEED] = 1
        words[Word.HIGHEST] = words[_RECORD] = words[_RECORD + 1] = monotonic
        words[_RECORD + 2] = _FLOW_ONE
        path.write_bytes(words.tobytes())
        page = cls(path)
        survive_shrinking(page, ctypes.addressof(page._news) - 8 * Word.NEWS, _SIZE)
        return page

    def __getitem__(self, word: Word) -> int:
        """Return a word of the head."""
        return self._words[word]

    def __setitem__(self, word: Word, value: int) -> None:
        """Write a word of the head."""
        self._words[word] = value

    def now(self) -> int:
        """Return the present PBX time; never less than before."""
        words = self._words
        while True:
            index = words[Word.INDEX]
            at = _RECORD + (index & 1) * _RECORD_WORDS
            value, since, flow = words[at], words[at + 1], words[at + 2]
            now = time.monotonic_ns()
            if words[Word.INDEX] == index:  # else the record was flipped while it was read
                # A time read between the timekeeper's own reading and the flip may be ahead of what comes next.
                self._last = max(value + (now - since) * flow // _FLOW_ONE, words[Word.HIGHEST], self._last)
                return self._last

    @property
    def is_whole(self) -> bool:
        """False where the file has another size than it was made with, or no longer holds a page."""
        try:
            if self.path.stat().st_size != _SIZE:
                return False
        except OSError:
            return False
        return (self._words[Word.MAGIC], self._words[Word.VERSION]) == (MAGIC, VERSION)

    def peer(self, number: int) -> Peer:
        """Return the words of one phone."""
        return Peer(self._words, _HEAD_WORDS + number * _PEER_WORDS)

    def tell_news(self) -> None:
        """Wake the PBX's timekeeper, so that it reads the words again; called after words have changed."""
        self._words[Word.NEWS] = time.monotonic_ns()  # any value that differs from the one before will do
        _libc.syscall(_SYS_FUTEX, ctypes.byref(self._news), _FUTEX_WAKE, 1, None, None, 0)

    @property
    def obstacle(self) -> tuple[Obstacle, int]:
        """Why the clock does not race now, and the number of the phone that prevents it (0 where none does)."""
        word = self._words[Word.OBSTACLE]
        return Obstacle(word & 0xFF), word >> 8


class Peer:
    """The words of one phone; asterisk-image/clock/page.h says which process writes which of them."""

    def __init__(self, words: memoryview, at: int) -> None:
        """Private: use `Page.peer`."""
        self._words = words
        self._at = at

    def __getitem__(self, word: PeerWord) -> int:
        """Return a word."""
        return self._words[self._at + word]

    def __setitem__(self, word: PeerWord, value: int) -> None:
        """Write a word."""
        self._words[self._at + word] = value

    def lives_at(self, address: str, port: int) -> None:
        """Record for the library where this phone sends and receives SIP; from now on the clock waits for the phone."""
        first, second, third, fourth = (int(part) for part in address.split("."))
        self[PeerWord.KEY] = (first << 24 | second << 16 | third << 8 | fourth) << 16 | port
