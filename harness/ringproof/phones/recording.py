"""Writes the sound that a call receives to a WAV file.

pjsua2 completes the file some time after its recorder was deleted (the conference bridge does it in a thread of its
own), and reports this nowhere. A file is complete when the count in its header agrees with its size; the phone looks at
each turn of its loop.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pjsua2 as pj

if TYPE_CHECKING:
    from ringproof.phones import protocol as say
    from ringproof.phones.library import Pj

_HEADER = 44
"""Bytes before the samples, as pjmedia writes them (wav_writer.c); the last four count the bytes that follow."""


class Recording:
    """One file; it ends by itself when its time is over."""

    def __init__(self, verb: say.Record, now_ns: int) -> None:
        """Begin the file; the call connects its sound with `recorder`."""
        self.verb = verb
        self.recorder: Pj = pj.AudioMediaRecorder()
        self.recorder.createRecorder(verb.file)
        self._ends_at_ns = now_ns + verb.milliseconds * 1_000_000

    def end(self) -> None:
        """Write nothing more."""
        self.recorder = None

    def is_complete(self, now_ns: int) -> bool:
        """Return whether the file is complete; end it when its time is over."""
        if self.recorder is not None and now_ns < self._ends_at_ns:
            return False
        self.end()
        with open(self.verb.file, "rb") as file:  # noqa: PTH123  pathlib would be one more import for each phone
            header = file.read(_HEADER)
            size = os.fstat(file.fileno()).st_size
        return len(header) == _HEADER and int.from_bytes(header[-4:], "little") == size - _HEADER
