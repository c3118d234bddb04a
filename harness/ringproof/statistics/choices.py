"""Exact bounds for many choices among the same phones: how often each may be chosen, and how often after which other.

The false-alarm rate is divided among all counts (Bonferroni). One half is shared evenly by the counts of how often each
phone is chosen; it is the whole where order is not checked. The other half is shared evenly by the counts of which
phone follows which; there all periods together are one count. So a fair PBX is called unfair in at most this share of
all plays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from ringproof.scenario.model.scenario import Over

CERTAINTY = 0.99
"""A bias is reported as one that would be caught if it is caught in this share of all plays."""
LONGEST_PERIOD = 50
"""The longest period, in calls, that is looked at: each choice is compared with those of 2 to 50 calls before."""
_NEGLIGIBLE = 1e-30
"""Probabilities up to this are left out of sums; every false-alarm rate is far larger."""
_GRAIN = 1e-5
"""The precision with which shares are searched for; also below which shares count as equal."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest number of times that something may happen, both included."""

    least: int
    most: int

    def __contains__(self, times: int) -> bool:
        """Return True if this number of times is within the bounds."""
        return self.least <= times <= self.most


@dataclass(frozen=True, slots=True)
class Caught:
    """Limits as shares of all calls: what happens in less than `below` or more than `above` of them is caught."""

    below: float
    above: float


@dataclass(frozen=True, slots=True)
class Lottery:
    """A number of choices among phones of known shares; no choice depends on those before it."""

    shares: Mapping[str, float]
    """By phone; they add up to 1."""
    calls: int
    independent: bool
    """True: which phone follows which is checked, too."""
    false_alarm: float

    def chosen(self, phone: str) -> Bounds:
        """Return how often a phone may be chosen."""
        return _bounds(_binomial(self.calls, self.shares[phone]), self.part_of_shares)

    def twice_running(self) -> Bounds:
        """Return how often the chosen phone may be the one that was chosen for the call before."""
        return _bounds(self._repeats(1), self.part_of_order)

    def after(self, first: str, second: str) -> Bounds:
        """Return how often `second` may be chosen right after `first`."""
        one, other = self.shares[first], self.shares[second]
        if first == second:
            distribution = _steps((one, 1.0 - one), ((0, 0),), self.calls)
        else:
            distribution = _steps((one, other, max(0.0, 1.0 - one - other)), ((0, 1),), self.calls)
        return _bounds(distribution, self.part_of_order)

    @property
    def periods(self) -> range:
        """Return the periods checked: from 2 (`twice_running` is period 1) to half of all calls, 50 at most."""
        return range(2, max(2, min(LONGEST_PERIOD, self.calls // 2) + 1))

    def repeated(self, period: int) -> Bounds:
        """Return how often the chosen phone may be the one that was chosen `period` calls before."""
        return _bounds(self._repeats(period), self.part_of_periods)

    def caught_share(self, phone: str) -> Caught:
        """Return the limits beyond which a share of this phone is caught with CERTAINTY."""
        return _caught(self.chosen(phone), self.calls)

    def caught_twice_running(self) -> Caught:
        """Return the limits beyond which choosing the same phone twice running is caught with CERTAINTY."""
        return _caught(self.twice_running(), self.calls - 1)

    def least_calls(self) -> int:
        """Return the fewest calls that catch a phone that is never chosen and, if `independent`, a choice in turn."""
        rarest = min(self.shares.values())
        alive = list(self.shares.values())
        """For each phone: the probability that it was chosen last and that no phone was chosen twice running."""
        for calls in count(1):
            left_out = (1.0 - rarest) ** calls <= self.part_of_shares
            if left_out and (not self.independent or sum(alive) <= self.part_of_order):
                return calls
            everybody = sum(alive)
            alive = [share * (everybody - before) for share, before in zip(self.shares.values(), alive, strict=True)]
        raise AssertionError  # pragma: no cover - counts without end

    def _repeats(self, period: int) -> Sequence[float]:
        """Return the probabilities that 0, 1, 2... choices are the same as `period` calls before.

        Calls that are one period apart form a sequence; the `period` sequences do not depend on each other.
        """
        shares = tuple(self.shares.values())
        if max(shares) - min(shares) < _GRAIN:  # each call then repeats with the same probability
            return _binomial(self.calls - period, 1.0 / len(shares))
        length, longer = divmod(self.calls, period)
        same = tuple((number, number) for number in range(len(shares)))
        return _sum_of(
            [(_steps(shares, same, length + 1), longer), (_steps(shares, same, length), period - longer)],
            self.calls - period,
        )

    @property
    def part_of_shares(self) -> float:
        """The false-alarm rate of each of the two bounds of one phone's count."""
        return self.false_alarm / (2 if self.independent else 1) / len(self.shares) / 2

    @property
    def part_of_order(self) -> float:
        """The same rate for each pair of phones, for the same phone twice running, and for all periods together."""
        return self.false_alarm / 2 / (len(self.shares) ** 2 + 2) / 2

    @property
    def part_of_periods(self) -> float:
        """The same rate for each period."""
        return self.part_of_order / max(1, len(self.periods))


def lottery_of(over: Over, calls: int) -> Lottery:
    """Return the lottery of this number of calls with the shares that `over` expects."""
    return Lottery(shares=over.shares, calls=calls, independent=over.independent, false_alarm=over.false_alarm)


@lru_cache(maxsize=128)
def _binomial(calls: int, share: float) -> tuple[float, ...]:
    """Return the probabilities that something of probability `share` happens 0, 1, 2... times in `calls` calls."""
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
    """Return the probabilities that 0, 1, 2... of the steps from one choice to the next are in `counted`.

    Each choice is one of the classes with these shares and does not depend on the choice before. A step is a pair of
    class numbers.
    """
    offset = 0
    likely = [[share] for share in shares]
    """For each class: the probabilities that it was chosen last and `offset`, `offset` + 1... steps were counted."""
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
    """Return the probabilities that independent counts add up to 0, 1... `most`.

    Each distribution comes with the number of counts that have it.
    """
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
    """Return the probabilities of each sum of two independent counts."""
    sums = [0.0] * (len(one) + len(other) - 1)
    for number, likely in enumerate(one):
        for more, probability in enumerate(other, start=number):
            sums[more] += likely * probability
    return sums


def _trimmed(distribution: list[float]) -> tuple[int, list[float]]:
    """Cut negligible probabilities off both ends; return how many were cut off the lower end, and the rest."""
    first = next(number for number, likely in enumerate(distribution) if likely > _NEGLIGIBLE)
    beyond = next(number for number in range(len(distribution), 0, -1) if distribution[number - 1] > _NEGLIGIBLE)
    return first, distribution[first:beyond]


def _bounds(distribution: Sequence[float], part: float) -> Bounds:
    """Return the bounds that exclude, at each end, as many counts as together have a probability of at most `part`."""
    least, most = 0, len(distribution) - 1
    below = above = 0.0
    while (below := below + distribution[least]) <= part:
        least += 1
    while (above := above + distribution[most]) <= part:
        most -= 1
    return Bounds(least, most)


def _caught(bounds: Bounds, calls: int) -> Caught:
    """Return the limits beyond which a share puts the count out of its bounds with CERTAINTY, found by bisection."""

    def too_few(share: float) -> bool:
        return sum(_binomial(calls, share)[: bounds.least]) >= CERTAINTY

    def too_many(share: float) -> bool:
        return sum(_binomial(calls, share)[bounds.most + 1 :]) >= CERTAINTY

    return Caught(below=_farthest(too_few, 0.0, 1.0), above=_farthest(too_many, 1.0, 0.0))


def _farthest(holds: Callable[[float], bool], good: float, bad: float) -> float:
    """Return the last share on the way from `good` to `bad` for which `holds` is true, to within _GRAIN."""
    while abs(good - bad) > _GRAIN:
        between = (good + bad) / 2
        good, bad = (between, bad) if holds(between) else (good, between)
    return good
