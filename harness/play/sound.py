"""Whose tone is in a recording: every phone of a play sends a sine of its own into each of its calls.

The tones are told apart by single bins of a Fourier transform over blocks of a tenth of a second, which are 10 Hz wide.
That is ten lines, and numpy would be the largest package that Ringproof needs.
"""

from __future__ import annotations

import array
import math
import sys
import wave
from collections.abc import Iterable, Mapping, Sequence
from operator import mul
from pathlib import Path

LOWEST_HZ = 1700
HIGHEST_HZ = 3250
"""Above digits and ringback, inside what a telephone carries."""
WIDEST_HZ = 50
BLOCK_S = 0.1
BLOCKS = 3
"""A tone that is in so many blocks was heard; with packets lost and a PBX that just learns where sound comes from."""
SHARE = 0.3
"""Of a block's power that must be in the tone: in a bridge of two it is all of it, of three one half."""
QUIETEST = 50.0
"""Mean square of a block of silence with noise on the line: 7 of 32768. Our tones are a hundred times as loud."""


def tones_for(names: Iterable[str]) -> dict[str, int]:
    """Return a frequency in Hz for each name, at most 50 Hz from the next."""
    names = list(names)
    step = min(WIDEST_HZ, (HIGHEST_HZ - LOWEST_HZ) // max(1, len(names)))
    return {name: LOWEST_HZ + number * step for number, name in enumerate(names)}


def tones_heard(recording: Path, tones: Mapping[str, int]) -> tuple[str, ...]:
    """Return whose tones of `tones` (Hz) are in a WAV file of one channel and 16 bit, in their order.

    An empty file, or one without samples, holds none. Raises wave.Error for what is no WAV file.
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
    loud = [block for block in blocks if _power(block) > QUIETEST]
    return tuple(name for name, hertz in tones.items() if _blocks_with(hertz, loud, rate) >= BLOCKS)


def _blocks_with(hertz: int, blocks: Sequence[array.array[int]], rate: int) -> int:
    """Return how many blocks, all of one length, hold this tone."""
    if not blocks:
        return 0
    turns = [2.0 * math.pi * hertz / rate * number for number in range(len(blocks[0]))]
    cosine, sine = [math.cos(turn) for turn in turns], [math.sin(turn) for turn in turns]
    found = 0
    for block in blocks:
        real, imaginary = sum(map(mul, block, cosine)), sum(map(mul, block, sine))
        in_tone = 2.0 * (real * real + imaginary * imaginary) / len(block) ** 2  # of a pure sine, all of its power
        found += in_tone > SHARE * _power(block)
    return found


def _power(block: array.array[int]) -> float:
    return float(sum(map(mul, block, block))) / len(block)
