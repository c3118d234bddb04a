"""Whose tone is in a recording: sines, mixtures, noise and music, written by hand."""

from __future__ import annotations

import array
import math
import random
import wave
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from ringproof.playing.sound import HIGHEST_HZ, LOWEST_HZ, tones_for, tones_heard

RATE = 8000
TONES = tones_for(["anna", "100", "101", "102", "103"])
Sound = Callable[[float], float]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the recording goes."""
    return tmp_path / "recording.wav"


def record(file: Path, sound: Sound, seconds: float = 1.0) -> Path:
    """Write a sound, a function of seconds to -1...1."""
    samples = array.array("h", (round(32767 * sound(number / RATE)) for number in range(round(RATE * seconds))))
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file


def sine(hertz: float, loudness: float = 0.1) -> Sound:
    """A pure tone."""
    return lambda moment: loudness * math.sin(2 * math.pi * hertz * moment)


def mixed(*sounds: Sound) -> Sound:
    """All at once."""
    return lambda moment: sum(sound(moment) for sound in sounds)


@pytest.mark.parametrize("name", TONES)
def test_each_tone_is_that_of_one(file: Path, name: str) -> None:
    """And of nobody else."""
    assert tones_heard(record(file, sine(TONES[name])), TONES) == (name,)


def test_two_in_a_conference(file: Path) -> None:
    """Half the power is each one's."""
    both = mixed(sine(TONES["101"]), sine(TONES["103"]))
    assert tones_heard(record(file, both), TONES) == ("101", "103")


@pytest.mark.parametrize(
    "sound",
    [
        sine(425),
        mixed(sine(440), sine(480)),
        mixed(sine(697), sine(1633)),
        sine(TONES["101"] + 25),
        sine(TONES["101"], 0.0001),
        lambda moment: random.Random(moment).uniform(-0.3, 0.3),  # noqa: S311 - noise, the same each time
    ],
    ids=["ringback", "American ringback", "a digit", "between two tones", "next to silence", "noise"],
)
def test_what_is_nobodys_tone(file: Path, sound: Sound) -> None:
    """Whatever else comes out of a PBX."""
    assert tones_heard(record(file, sound), TONES) == ()


def test_a_tone_must_be_heard_for_three_tenths_of_a_second(file: Path) -> None:
    """The first of a talk may be lost; a click is no voice."""

    def from_on(begin: float) -> Sound:
        return lambda moment: sine(TONES["102"])(moment) if moment >= begin else 0.0

    assert tones_heard(record(file, from_on(0.7)), TONES) == ("102",)
    assert tones_heard(record(file, from_on(0.8)), TONES) == ()


def test_nothing_was_recorded(file: Path) -> None:
    """A call that was over before anything came in, or just after."""
    file.touch()
    assert tones_heard(file, TONES) == ()
    assert tones_heard(record(file, sine(TONES["101"]), seconds=0.05), TONES) == ()
    with pytest.raises(wave.Error):
        tones_heard(Path(__file__), TONES)


@pytest.mark.parametrize("many", [1, 2, 31, 40, 60])
def test_nobody_shares_a_tone(many: int) -> None:
    """However many take part; further apart than a bin is wide."""
    tones = sorted(tones_for(str(number) for number in range(many)).values())
    assert tones[0] >= LOWEST_HZ
    assert tones[-1] <= HIGHEST_HZ
    assert all(later - earlier >= 20 for earlier, later in pairwise(tones))
