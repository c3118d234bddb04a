"""The sounds that Asterisk can play: its core sounds by name, and the user's WAV files of 8 kHz, mono, 16 bit."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

_RATE = 8000
_CONVERT = "convert it: sox in.wav -r 8000 -c 1 -b 16 out.wav"


_CORE = Path(__file__).with_name("core-sounds.txt")
"""The names in Debian's packages asterisk-core-sounds-en and -ru, from which the image is built."""


@cache
def core_sounds() -> frozenset[str]:
    """Return the names of the sounds in an image, in at least one of the two languages of offices."""
    return frozenset(_CORE.read_text(encoding="ascii").split())


class Unplayable(NamedTuple):
    """Why a sound cannot be played, and what to do."""

    sentence: str
    fix: str


def why_unplayable(path: Path) -> Unplayable | None:
    """Return what is wrong with a WAV file, or None if Asterisk can play it."""
    import wave  # noqa: PLC0415 - most offices have no sound of their own, and reading must start fast

    if not path.is_file():
        return Unplayable("there is no such sound file", "check the path; it counts from the office file's folder")
    try:
        with wave.open(str(path), "rb") as sound:
            rate, channels, width, frames = (
                sound.getframerate(),
                sound.getnchannels(),
                sound.getsampwidth(),
                sound.getnframes(),
            )
    except OSError as fault:
        reason = (fault.strerror or "it cannot be opened").lower()
        return Unplayable(f"this sound cannot be read: {reason}", "check its permissions")
    except Exception as fault:  # noqa: BLE001 - the wave module raises whatever a broken header provokes
        reason = str(fault) or type(fault).__name__
        return Unplayable(f"this sound is no PCM WAV file ({reason})", _CONVERT)
    if (rate, channels, width) != (_RATE, 1, 2):
        return Unplayable(
            f"this sound has {rate} Hz, {channels} channel{'s' if channels > 1 else ''} and {8 * width} bit, "
            "and Asterisk plays 8000 Hz, 1 channel and 16 bit",
            _CONVERT,
        )
    if not frames:
        return Unplayable("this sound is empty", "record at least a second")
    return None
