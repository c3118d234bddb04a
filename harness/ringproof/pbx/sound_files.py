"""How long the sound files of a PBX are: where Asterisk finds them (file.c), and their formats' bytes per second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ringproof.core.duration import PbxSeconds


@dataclass(frozen=True, slots=True)
class _Format:
    """How a sound file is stored: its extension, the bytes before the sound, and the bytes of one second."""

    extension: str
    header: int
    rate: int


_FORMATS = {
    "gsm": (_Format("gsm", 0, 1650), _Format("WAV", 60, 1625), _Format("wav49", 60, 1625)),
    "slin": (_Format("wav", 44, 16000), *(_Format(name, 0, 16000) for name in ("sln", "slin", "raw"))),
    "slin16": (_Format("wav16", 44, 32000), _Format("sln16", 0, 32000)),
    "slin48": (_Format("sln48", 0, 96000),),
    "ulaw": tuple(_Format(name, 0, 8000) for name in ("ulaw", "pcm", "ul", "mu", "ulw")),
    "alaw": tuple(_Format(name, 0, 8000) for name in ("alaw", "al", "alw")),
    "g722": (_Format("g722", 0, 8000),),
    "g729": (_Format("g729", 0, 1000),),
}
"""The formats of files, by the name that Asterisk's log gives the format (formats/format_*.c)."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A file that the PBX played, as its log names it."""

    name: str
    format: str
    language: str

    def places(self, sounds: str) -> Iterator[tuple[str, _Format]]:
        """Yield the paths where it may be, with formats, in Asterisk's order; `sounds` is the folder of all sounds."""
        path = PurePosixPath(sounds) / self.name  # an absolute name replaces the folder
        folders = [self.language, self.language.partition("_")[0]]
        found = [PurePosixPath(sounds) / folder / self.name for folder in folders if not self.name.startswith("/")]
        found += [path.parent / folder / path.name for folder in folders]
        for place in dict.fromkeys([*found, path]):
            for form in _FORMATS.get(self.format, ()):
                yield f"{place}.{form.extension}", form


def length(size: int, form: _Format) -> PbxSeconds:
    """Return how long a file of `size` bytes lasts."""
    return PbxSeconds(max(0, size - form.header) / form.rate)
