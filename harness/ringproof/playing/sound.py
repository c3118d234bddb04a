"""Finds whose tone is in a recording: every phone of a play sends a sine tone of its own into each of its calls.

The tones are distinguished by single bins of a Fourier transform, which are 10 Hz wide over blocks of a tenth of a
second. That takes ten lines, and numpy would be the largest package that Ringproof needs.
"""

from __future__ import annotations

import array
import math
import sys
import wave
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import mul
from pathlib import Path

LOWEST_HZ = 1700
HIGHEST_HZ = 3250
"""The tones lie above digits and ringback, and within the band that a telephone carries."""
WIDEST_HZ = 50
BLOCK_S = 0.1
BLOCKS = 3
"""A tone counts as heard if it is in this many blocks. More are not required: packets get lost, and the PBX has to
learn where sound comes from."""
SHARE = 0.3
"""Share of a block's power that must be in the tone: in a bridge of two it is all of it, of three one half."""
QUIETEST = 50.0
"""Mean square of a block of silence with noise of amplitude 7, of 32768. Our tones are a hundred times as loud."""


def tones_for(names: Iterable[str]) -> dict[str, int]:
    """Return a frequency in Hz for each name, at most 50 Hz from the next."""
    names = list(names)
    step = min(WIDEST_HZ, (HIGHEST_HZ - LOWEST_HZ) // max(1, len(names)))
    return {name: LOWEST_HZ + number * step for number, name in enumerate(names)}


def tones_heard(recording: Path, tones: Mapping[str, int]) -> tuple[str, ...]:
    """Return the names in `tones` (Hz) whose tone is in a WAV file of one channel and 16 bit, in their order.

    An empty file, or one without samples, holds none. Raises wave.Error if the file is no WAV file.
    """
    if not recording.stat().st_size:
        return ()
    with wave.open(str(recording), "rb") as file:
        rate = file.getframerate()
        samples = array.array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    length = round(rate * BLOCK_S)
    blocks = [samples[start : start + length] for start in range(0, len(samples) - length + 1, length)]
    loud = [block for block in blocks if power_of(block) > QUIETEST]
    return tuple(name for name, hertz in tones.items() if _blocks_with(hertz, loud, rate) >= BLOCKS)


def voices_in(block: Sequence[int], tones: Mapping[str, int], rate: int) -> tuple[str, ...]:
    """Return the names in `tones` (Hz) whose tone is in one block of samples, in their order."""
    return tuple(name for name, hertz in tones.items() if _blocks_with(hertz, [block], rate))


def _blocks_with(hertz: int, blocks: Sequence[Sequence[int]], rate: int) -> int:
    """Return how many blocks, all of one length, hold this tone."""
    if not blocks:
        return 0
    return sum(power_at(hertz, block, rate) > SHARE * power_of(block) for block in blocks)


def power_at(hertz: int, block: Sequence[int], rate: int) -> float:
    """Return the mean square of one frequency in a block; for a pure sine of that frequency it is all of its power."""
    cosine, sine = _wave(hertz, rate, len(block))
    real, imaginary = float(sum(map(mul, block, cosine))), float(sum(map(mul, block, sine)))
    return 2.0 * (real * real + imaginary * imaginary) / len(block) ** 2


def power_of(block: Sequence[int]) -> float:
    """Return the mean square of a block of samples."""
    return float(sum(map(mul, block, block))) / len(block)


@cache
def _wave(hertz: int, rate: int, length: int) -> tuple[Sequence[float], Sequence[float]]:
    turns = [2.0 * math.pi * hertz / rate * number for number in range(length)]
    return [math.cos(turn) for turn in turns], [math.sin(turn) for turn in turns]
