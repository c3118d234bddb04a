"""The arithmetic of many choices, against every sequence of a few and against what N calls are to catch."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from ringproof.core.source import Source
from ringproof.scenario.model.scenario import Over
from ringproof.statistics import choices as chance
from ringproof.statistics.choices import CERTAINTY, Bounds, Lottery
from ringproof.statistics.power import detection_limits

EQUAL = {"101": 1 / 3, "102": 1 / 3, "103": 1 / 3}
UNEQUAL = {"101": 0.5, "102": 0.3, "103": 0.2}
TWO = {"101": 0.75, "102": 0.25}
FEW = 7


def lottery(calls: int, shares: dict[str, float] | None = None, **more: object) -> Lottery:
    """Three phones of equal shares, where nothing else is said."""
    said = {"independent": True, "false_alarm": 1e-6, **more}
    return Lottery(shares=shares or EQUAL, calls=calls, **said)  # type: ignore[arg-type]


def by_brute_force(shares: dict[str, float], counts: Callable[[Sequence[str]], int]) -> list[float]:
    """How likely each count is: summed over every sequence of FEW choices."""
    likely = [0.0] * (FEW + 1)
    for sequence in itertools.product(shares, repeat=FEW):
        likely[counts(sequence)] += math.prod(shares[phone] for phone in sequence)
    return likely


def repeated(sequence: Sequence[str], period: int) -> int:
    """How many choices are those of so many calls before."""
    return sum(before == after for before, after in zip(sequence, sequence[period:], strict=False))


def bounds_of(likely: list[float], part: float) -> Bounds:
    """Cut off both ends, by their sums."""
    least = next(n for n in range(len(likely)) if sum(likely[: n + 1]) > part)
    most = next(n for n in reversed(range(len(likely))) if sum(likely[n:]) > part)
    return Bounds(least, most)


@pytest.mark.parametrize("shares", [EQUAL, UNEQUAL, TWO], ids=["equal", "unequal", "two"])
@pytest.mark.parametrize("false_alarm", [0.2, 0.05, 1e-3])
def test_bounds_are_those_of_every_sequence(shares: dict[str, float], false_alarm: float) -> None:
    """Shares, the same twice running, each pair: to the last sequence."""
    few = lottery(FEW, shares, false_alarm=false_alarm)
    for phone in shares:
        likely = by_brute_force(shares, lambda sequence, phone=phone: sequence.count(phone))  # type: ignore[misc]
        assert few.chosen(phone) == bounds_of(likely, few.part_of_shares)
    running = by_brute_force(shares, lambda sequence: sum(one == other for one, other in pairwise(sequence)))
    assert few.twice_running() == bounds_of(running, few.part_of_order)
    for pair in itertools.product(shares, repeat=2):
        likely = by_brute_force(shares, lambda sequence, pair=pair: list(pairwise(sequence)).count(pair))  # type: ignore[misc]
        assert few.after(*pair) == bounds_of(likely, few.part_of_order)
    assert list(few.periods) == [2, 3]
    for period in few.periods:
        likely = by_brute_force(shares, lambda sequence, period=period: repeated(sequence, period))  # type: ignore[misc]
        assert few.repeated(period) == bounds_of(likely[: FEW - period + 1], few.part_of_periods)


@pytest.mark.parametrize("independent", [True, False])
def test_all_parts_together_are_the_false_alarm_rate(independent: bool) -> None:  # noqa: FBT001 - a column of a table
    """Bonferroni: so a fair PBX is called unfair no more often than stated."""
    said = lottery(300, independent=independent)
    together = 2 * 3 * said.part_of_shares
    if independent:
        together += 2 * (9 + 1) * said.part_of_order + 2 * len(said.periods) * said.part_of_periods
    assert together == pytest.approx(1e-6)


@pytest.mark.parametrize("shares", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
def test_long_distributions_add_up(shares: dict[str, float]) -> None:
    """What is left out as negligible is."""
    for probabilities, counted in (((0.5, 0.3, 0.2), ((0, 1),)), (tuple(shares.values()), ((0, 0), (1, 1), (2, 2)))):
        assert sum(chance._steps(probabilities, counted, 1000)) == pytest.approx(1.0, abs=1e-9)  # noqa: SLF001
    assert sum(chance._binomial(1000, 1 / 3)) == pytest.approx(1.0, abs=1e-9)  # noqa: SLF001


def seen(said: Lottery, choices: Sequence[str]) -> set[str]:
    """What of a sequence of choices is out of its bounds."""
    counted, pairs = Counter(choices), Counter(pairwise(choices))
    shares = {"share" for phone in said.shares if counted[phone] not in said.chosen(phone)}
    running = sum(one == other for one, other in pairwise(choices))
    order = {"order"} if running not in said.twice_running() else set()
    return (
        shares
        | order
        | {
            "pair"
            for one, two in itertools.product(said.shares, repeat=2)
            if pairs[one, two] not in said.after(one, two)
        }
    )


def test_60_calls_catch_what_is_plain() -> None:
    """Always the same, one after the other, to and fro, and one who is never chosen."""
    sixty = lottery(60)
    assert "share" in seen(sixty, ["101"] * 60)
    assert seen(sixty, ["101", "102", "103"] * 20) == {"order", "pair"}
    assert "order" in seen(lottery(60, {"101": 0.5, "102": 0.5}), ["101", "102"] * 30)
    rest = random.Random(1)  # noqa: S311 - dice
    assert "share" in seen(sixty, [rest.choice(["101", "102"]) for _ in range(60)])


def test_a_walk_in_one_direction_shows_in_its_pairs() -> None:
    """As often twice running as by chance, and from there always on to the next one: only the pairs tell."""
    dice = random.Random(2)  # noqa: S311
    choices = ["101"]
    for _ in range(299):
        stays = dice.random() < 1 / 3
        choices.append(choices[-1] if stays else {"101": "102", "102": "103", "103": "101"}[choices[-1]])
    assert seen(lottery(300), choices) == {"pair"}


def test_a_fair_choice_is_not_called_unfair() -> None:
    """A thousand times 300 calls at a false-alarm rate of 1e-6: none."""
    said = lottery(300)
    dice = random.Random(3)  # noqa: S311
    for _ in range(1000):
        assert seen(said, dice.choices(list(EQUAL), k=300)) == set()


@pytest.mark.parametrize("shares", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
def test_every_period_is_caught_and_a_fair_choice_is_not(shares: dict[str, float]) -> None:
    """300 calls catch each of up to 50 calls, also one of which every tenth call strays; 60 calls those of up to 30."""
    dice = random.Random(5)  # noqa: S311
    for calls, longest in ((300, 50), (60, 30)):
        said = lottery(calls, shares)
        bounds = {period: said.repeated(period) for period in said.periods}
        assert list(bounds) == list(range(2, longest + 1))
        for period, allowed in bounds.items():
            order = dice.choices(list(shares), list(shares.values()), k=period)
            choices = (order * calls)[:calls]
            assert repeated(choices, period) > allowed.most
            strays = [dice.choice(list(shares)) if not number % 10 else each for number, each in enumerate(choices)]
            assert calls == 60 or repeated(strays, period) > allowed.most
        for _ in range(200):
            fair = dice.choices(list(shares), list(shares.values()), k=calls)
            assert all(repeated(fair, period) in allowed for period, allowed in bounds.items())


@pytest.mark.parametrize("calls", [1, 2, 3, 4])
def test_few_calls_have_few_periods(calls: int) -> None:
    """Those that come twice."""
    assert list(lottery(calls).periods) == ([2] if calls == 4 else [])


def test_500_calls_catch_one_who_is_chosen_half_the_time() -> None:
    """50, 25 and 25 of a hundred: with 99 % certainty, by his share alone; 300 calls do not."""
    for calls, certain in ((500, True), (300, False)):
        bounds = lottery(calls).chosen("101")
        likely = chance._binomial(calls, 0.5)  # noqa: SLF001
        out = 1.0 - sum(likely[bounds.least : bounds.most + 1])
        assert (out >= CERTAINTY) == certain
        assert (lottery(calls).caught_share("101").above <= 0.5) == certain


@pytest.mark.parametrize(
    ("shares", "independent", "least"), [(EQUAL, True, 45), (EQUAL, False, 39), (TWO, True, 56), (UNEQUAL, True, 74)]
)
def test_the_fewest_calls(shares: dict[str, float], independent: bool, least: int) -> None:  # noqa: FBT001 - as above
    """With one call less a phone that is never chosen, or taking turns, would pass."""
    assert lottery(1, shares, independent=independent).least_calls() == least
    rarest = min(shares, key=lambda phone: shares[phone])

    def passes(calls: int) -> bool:
        said = lottery(calls, shares, independent=independent)
        return 0 in said.chosen(rarest) or (independent and 0 in said.twice_running())

    assert not passes(least)
    assert passes(least - 1)


def test_what_would_be_caught_is_caught_just_so() -> None:
    """A hair's breadth nearer to the right share, and it is no longer certain."""
    said = lottery(300)
    bounds, caught = said.chosen("101"), said.caught_share("101")

    def out(share: float) -> float:
        likely = chance._binomial(300, share)  # noqa: SLF001
        return 1.0 - sum(likely[bounds.least : bounds.most + 1])

    assert out(caught.below) >= CERTAINTY > out(caught.below + 0.001)
    assert out(caught.above) >= CERTAINTY > out(caught.above - 0.001)


def told(calls: int, shares: dict[str, float], **more: object) -> str:
    """The sentence that validate prints."""
    over = Over(source=Source("story.ring.yaml", 1, 1), choice="first", shares=shares, **more)  # type: ignore[arg-type]
    return detection_limits(over, calls)


def test_what_would_be_caught_in_words() -> None:
    """Equal shares: a phone; others: each by its name. Rounded so that what is told is caught."""
    assert told(300, EQUAL) == (
        "300 calls would catch, with 99 % certainty, a phone with a share of less than 14 % or more than 55 %; "
        "the same phone twice running less than 14 % or more than 56 % of the time"
    )
    assert told(60, EQUAL, independent=False) == (
        "60 calls would catch, with 99 % certainty, a phone with a share of less than 1.3 % or more than 79 %"
    )
    assert told(100, TWO, independent=False) == (
        "100 calls would catch, with 99 % certainty, 101 with a share of less than 39 % or more than 98.2 %; "
        "102 with a share of less than 1.8 % or more than 61 %"
    )
    assert told(45, EQUAL) == (
        "45 calls would catch, with 99 % certainty, a phone that is never chosen or with a share of more than 86 %; "
        "the same phone twice running never or more than 87 % of the time"
    )
