"""Draw ring charts as text: one row for each phone, with blocks over a time axis.

A dark block is a fresh ring. It turns light where the same unbroken ring goes on into the next wave. So a chart always
shows a fresh INVITE, and the moment at which another phone joins or leaves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FRESH = "█"
AGAIN = "▐"
"""The first column of a fresh ring that follows another one at the same phone without a gap: it is a new INVITE."""
GOES_ON = "░"
ANY_TIME = "▒"
"""An expected wave without `for:`, which may last any time."""

_STEPS = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_TICKS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0)
_TICK_ROOM = 4
_MARGIN = 1e-6


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a ring that is drawn with one kind of block."""

    start: float
    end: float
    block: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One unbroken ring at one phone: its parts in order, and the word after them (`answered`, `✗486`)."""

    phone: str
    parts: tuple[Part, ...]
    word: str = ""

    @property
    def start(self) -> float:
        """When it began to ring."""
        return self.parts[0].start

    @property
    def end(self) -> float:
        """When it stopped ringing."""
        return self.parts[-1].end


@dataclass(frozen=True, slots=True)
class Axis:
    """The columns of story time: column 0 is `start`, each column is `step` seconds."""

    start: float
    step: float
    columns: int

    def column(self, moment: float) -> int:
        """Return the column of a moment."""
        return math.floor((moment - self.start) / self.step + 0.5)

    def ticks(self) -> str:
        """Return the line of numbers under the charts."""
        spacing = next((tick for tick in _TICKS if tick / self.step >= _TICK_ROOM), _TICKS[-1])
        first = math.ceil(self.start / spacing - _MARGIN) * spacing
        line = ""
        number = 0
        while (column := self.column(moment := first + number * spacing)) <= self.columns:
            line = line.ljust(column) + f"{moment:g}"
            number += 1
        return f"{line} s"


def axis_over(bars: Iterable[Bar], moments: Iterable[float], step: float) -> Axis:
    """Return the axis that shows all `bars` and `moments`, beginning at a whole step."""
    bars = list(bars)
    points = [*(bar.start for bar in bars), *(bar.end for bar in bars), *moments]
    if not points:
        return Axis(0.0, step, 0)
    start = math.floor(max(0.0, min(points)) / step + _MARGIN) * step
    return Axis(start, step, max(1, math.ceil((max(points) - start) / step - _MARGIN)))


def steps_for(bars: Sequence[Bar], moments: Iterable[float], room: int) -> Iterable[float]:
    """Yield the steps, in seconds and finest first, with which `bars` and `moments` need at most `room` columns."""
    moments = list(moments)
    for step in _STEPS:
        if axis_over(bars, moments, step).columns <= room or step == _STEPS[-1]:
            yield step


def finest_detail(bars: Iterable[Bar], least: float) -> float:
    """Return the shortest time between two change points that is longer than `least`; infinity: there is none."""
    points = sorted({point for bar in bars for part in bar.parts for point in (part.start, part.end)})
    gaps = [later - earlier for earlier, later in itertools.pairwise(points)]
    return min((gap for gap in gaps if gap > least), default=math.inf)


def draw_rows(phones: Sequence[str], bars: Iterable[Bar], axis: Axis) -> list[str]:
    """Return one line for each of `phones`, without a label; trailing blanks are cut off."""
    bars = list(bars)
    return [_draw_row([bar for bar in bars if bar.phone == phone], axis) for phone in phones]


def _draw_row(bars: Sequence[Bar], axis: Axis) -> str:
    cells: dict[int, str] = {}
    for bar in sorted(bars, key=lambda bar: bar.start):
        first = axis.column(bar.start)
        follows = first - 1 in cells or first in cells
        for part in bar.parts:
            first, beyond = axis.column(part.start), axis.column(part.end)
            if part.end > part.start:
                beyond = max(beyond, first + 1)  # even the shortest part is drawn
            cells.update(dict.fromkeys(range(first, beyond), part.block))
        if follows and bar.end > bar.start:
            cells[axis.column(bar.start)] = AGAIN
    for bar in bars:
        if bar.word:
            _write_word(bar, axis, cells)
    return "".join(cells.get(column, " ") for column in range(max(cells, default=-1) + 1)).rstrip()


def _write_word(bar: Bar, axis: Axis, cells: dict[int, str]) -> None:
    """Put the word after the bar, or directly at its start if the bar has no length."""
    begin = axis.column(bar.end)
    while begin in cells:
        begin += 1
    if bar.end > bar.start:
        begin += 1
    letters = dict(enumerate(bar.word, start=begin))
    if not letters.keys() & cells.keys():  # else the next ring begins here, and its block is worth more than the word
        cells.update(letters)


def in_order(phones: Iterable[str]) -> list[str]:
    """Return phones in the order of a person's list: 99 before 101."""
    return sorted(set(phones), key=lambda phone: (len(phone), phone))
