"""Where Asterisk finds a sound file, and how long it is by its size."""

from __future__ import annotations

import pytest
from ringproof.pbx.sound_files import SoundFile, length


@pytest.mark.parametrize(
    ("file", "size", "place", "lasts"),
    [
        (SoundFile("hello", "gsm", "en"), 3366, "/s/en/hello.gsm", 2.04),
        (SoundFile("hello", "gsm", "en"), 3310, "/s/en/hello.WAV", 2.0),
        (SoundFile("letters/at", "ulaw", "en_US"), 8000, "/s/en/letters/at.ulaw", 1.0),
        (SoundFile("letters/at", "ulaw", "ru"), 8000, "/s/letters/ru/at.ulaw", 1.0),
        (SoundFile("/conf/own", "slin", "en"), 16044, "/conf/own.wav", 1.0),
        (SoundFile("/conf/own", "slin", "en"), 10, "/conf/en/own.wav", 0.0),
        (SoundFile("hello", "slin16", "en"), 32000, "/s/hello.sln16", 1.0),
    ],
)
def test_places_and_lengths(file: SoundFile, size: int, place: str, lasts: float) -> None:
    """In the folder of its language or of all, by the extension of its format."""
    assert length(size, dict(file.places("/s"))[place]) == pytest.approx(lasts)


def test_the_folder_of_the_language_comes_first() -> None:
    """As Asterisk looks for it; a format that is not known has no place."""
    places = [place for place, _ in SoundFile("hello", "g722", "en_US").places("/s")]
    assert places == ["/s/en_US/hello.g722", "/s/en/hello.g722", "/s/hello.g722"]
    assert not list(SoundFile("hello", "siren7", "en").places("/s"))
