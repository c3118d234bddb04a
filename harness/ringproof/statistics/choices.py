"""Many choices among the same phones: how often each may be chosen, and which one after which, by exact arithmetic.

Bonferroni: the false-alarm rate is divided evenly among all that is counted, half of it for how often each phone is
chosen and half for what follows what, where all periods together count as one. So a fair PBX is called unfair in no
more than that part of all plays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from ringproof.scenario.model.scenario import Over

CERTAINTY = 0.99
"""What is told of a bias is told of one that is caught in so many of all plays."""
LONGEST_PERIOD = 50
"""A choice is compared with those of so many calls before: an order that repeats sooner or later than that is seen."""
_NEGLIGIBLE = 1e-30
"""Probabilities below this are left out of sums: no false-alarm rate comes near."""
_GRAIN = 1e-5
"""How exactly shares are searched for."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From how often to how often something may happen."""

    least: int
    most: int

    def __contains__(self, times: int) -> bool:
        """True where so many times are nothing to be told."""
        return self.least <= times <= self.most


@dataclass(frozen=True, slots=True)
class Caught:
    """Parts of all calls: whatever happens in less than `below` or more than `above` of them is caught."""

    below: float
    above: float


@dataclass(frozen=True, slots=True)
class Lottery:
    """A number of choices among phones of known shares, each choice without regard to the one before."""

    shares: Mapping[str, float]
    """By phone; they add up to 1."""
    calls: int
    independent: bool
    """What follows what is looked at, too."""
    false_alarm: float

    def chosen(self, phone: str) -> Bounds:
        """How often a phone may be chosen."""
        return _bounds(_binomial(self.calls, self.shares[phone]), self.part_of_shares)

    def twice_running(self) -> Bounds:
        """How often the phone that was chosen may be the one that was chosen the time before."""
        return _bounds(self._repeats(1), self.part_of_order)

    def after(self, first: str, second: str) -> Bounds:
        """How often `second` may be chosen right after `first`."""
        one, other = self.shares[first], self.shares[second]
        if first == second:
            distribution = _steps((one, 1.0 - one), ((0, 0),), self.calls)
        else:
            distribution = _steps((one, other, max(0.0, 1.0 - one - other)), ((0, 1),), self.calls)
        return _bounds(distribution, self.part_of_order)

    @property
    def periods(self) -> range:
        """After how many calls an order may repeat: from 2, since `twice_running` is 1, as far as it comes twice."""
        return range(2, max(2, min(LONGEST_PERIOD, self.calls // 2) + 1))

    def repeated(self, period: int) -> Bounds:
        """How often the phone that was chosen may be the one that was chosen `period` calls before."""
        return _bounds(self._repeats(period), self.part_of_periods)

    def caught_share(self, phone: str) -> Caught:
        """The shares of a phone that are caught with CERTAINTY."""
        return _caught(self.chosen(phone), self.calls)

    def caught_twice_running(self) -> Caught:
        """How often the same phone is chosen twice running where that is caught with CERTAINTY."""
        return _caught(self.twice_running(), self.calls - 1)

    def least_calls(self) -> int:
        """The fewest calls with which a phone that is never chosen, and one after the other in turn, are caught."""
        rarest = min(self.shares.values())
        alive = list(self.shares.values())
        """How likely it is that the last choice is this phone, and that nobody has been chosen twice running."""
        for calls in count(1):
            left_out = (1.0 - rarest) ** calls <= self.part_of_shares
            if left_out and (not self.independent or sum(alive) <= self.part_of_order):
                return calls
            everybody = sum(alive)
            alive = [share * (everybody - before) for share, before in zip(self.shares.values(), alive, strict=True)]
        raise AssertionError  # pragma: no cover - counts without end

    def _repeats(self, period: int) -> Sequence[float]:
        """How likely it is that 0, 1, 2... choices are those of `period` calls before.

        The calls with one period between are a sequence of their own; of all the sequences none depends on another.
        """
        shares = tuple(self.shares.values())
        if max(shares) - min(shares) < _GRAIN:  # then each call repeats another one with the same probability
            return _binomial(self.calls - period, 1.0 / len(shares))
        length, longer = divmod(self.calls, period)
        same = tuple((number, number) for number in range(len(shares)))
        return _sum_of(
            [(_steps(shares, same, length + 1), longer), (_steps(shares, same, length), period - longer)],
            self.calls - period,
        )

    @property
    def part_of_shares(self) -> float:
        """The false-alarm rate of one phone's count, at either of its bounds."""
        return self.false_alarm / (2 if self.independent else 1) / len(self.shares) / 2

    @property
    def part_of_order(self) -> float:
        """The same, of each pair of phones, of the same phone twice running, and of all periods together."""
        return self.false_alarm / 2 / (len(self.shares) ** 2 + 2) / 2

    @property
    def part_of_periods(self) -> float:
        """The same, of each period."""
        return self.part_of_order / max(1, len(self.periods))


def lottery_of(over: Over, calls: int) -> Lottery:
    """Return what so many choices may look like, by what is expected of them."""
    return Lottery(shares=over.shares, calls=calls, independent=over.independent, false_alarm=over.false_alarm)


@lru_cache(maxsize=128)
def _binomial(calls: int, share: float) -> tuple[float, ...]:
    """How likely it is that something of this probability happens 0, 1, 2... times."""
    if not 0.0 < share < 1.0:
        sure = calls if share >= 1.0 else 0
        return tuple(float(times == sure) for times in range(calls + 1))
    happens, not_ = math.log(share), math.log1p(-share)
    ways = math.lgamma(calls + 1)
    return tuple(
        math.exp(
            ways - math.lgamma(times + 1) - math.lgamma(calls - times + 1) + times * happens + (calls - times) * not_
        )
        for times in range(calls + 1)
    )


@lru_cache(maxsize=64)
def _steps(shares: tuple[float, ...], counted: tuple[tuple[int, int], ...], calls: int) -> tuple[float, ...]:
    """How likely it is that 0, 1, 2... of the steps from one choice to the next are among those that are counted.

    Choices are those of the classes with these shares, one after the other without regard to the one before.
    """
    offset = 0
    likely = [[share] for share in shares]
    """For each class: how likely it is that it was chosen last, and that `offset`, `offset` + 1... were counted."""
    for _ in range(calls - 1):
        following = []
        for number, share in enumerate(shares):
            plain = [old for before, old in enumerate(likely) if (before, number) not in counted]
            more = [old for before, old in enumerate(likely) if (before, number) in counted]
            sums = [sum(each) for each in zip(*plain, strict=True)] or [0.0] * len(likely[0])
            sums.append(0.0)
            for old in more:
                for times, probability in enumerate(old, start=1):
                    sums[times] += probability
            following.append([share * each for each in sums])
        first = next(n for n, each in enumerate(zip(*following, strict=True)) if max(each) > _NEGLIGIBLE)
        beyond = len(following[0])
        while max(row[beyond - 1] for row in following) <= _NEGLIGIBLE:
            beyond -= 1
        likely = [row[first:beyond] for row in following]
        offset += first
    return (*[0.0] * offset, *(sum(each) for each in zip(*likely, strict=True)))


def _sum_of(distributions: Iterable[tuple[Sequence[float], int]], most: int) -> Sequence[float]:
    """How likely it is that counts add up to 0, 1... `most`: of each distribution so many, all independent."""
    offset, total = 0, [1.0]
    for distribution, times in distributions:
        first, power = _trimmed(list(distribution))
        for bit in range(times.bit_length()):
            if bit:
                begun, power = _trimmed(_convolved(power, power))
                first = 2 * first + begun
            if times >> bit & 1:
                begun, total = _trimmed(_convolved(total, power))
                offset += first + begun
    return [*[0.0] * offset, *total, *[0.0] * (most + 1 - offset - len(total))]


def _convolved(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """How likely each sum is of two counts that do not depend on each other."""
    sums = [0.0] * (len(one) + len(other) - 1)
    for number, likely in enumerate(one):
        for more, probability in enumerate(other, start=number):
            sums[more] += likely * probability
    return sums


def _trimmed(distribution: list[float]) -> tuple[int, list[float]]:
    """Leave out what is negligible at either end; with how much it is at the lower one."""
    first = next(number for number, likely in enumerate(distribution) if likely > _NEGLIGIBLE)
    beyond = next(number for number in range(len(distribution), 0, -1) if distribution[number - 1] > _NEGLIGIBLE)
    return first, distribution[first:beyond]


def _bounds(distribution: Sequence[float], part: float) -> Bounds:
    """Leave out as many times at either end as together are no more likely than `part`."""
    least, most = 0, len(distribution) - 1
    below = above = 0.0
    while (below := below + distribution[least]) <= part:
        least += 1
    while (above := above + distribution[most]) <= part:
        most -= 1
    return Bounds(least, most)


def _caught(bounds: Bounds, calls: int) -> Caught:
    """Search for the shares with which the count is out of its bounds with CERTAINTY."""

    def too_few(share: float) -> bool:
        return sum(_binomial(calls, share)[: bounds.least]) >= CERTAINTY

    def too_many(share: float) -> bool:
        return sum(_binomial(calls, share)[bounds.most + 1 :]) >= CERTAINTY

    return Caught(below=_farthest(too_few, 0.0, 1.0), above=_farthest(too_many, 1.0, 0.0))


def _farthest(holds: Callable[[float], bool], good: float, bad: float) -> float:
    """Return the share next to where `holds` ends to be true, on the way from `good` to `bad`."""
    while abs(good - bad) > _GRAIN:
        between = (good + bad) / 2
        good, bad = (between, bad) if holds(between) else (good, between)
    return good
