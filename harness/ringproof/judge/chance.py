"""Judge a story that is played many times: each call by itself, then what must hold over all calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ringproof.judge.choice import chosen
from ringproof.judge.finding import Finding
from ringproof.observe.model import Observation
from ringproof.scenario.model.scenario import Over, Scenario
from ringproof.statistics.choices import Bounds, Lottery, lottery_of

JudgeCall = Callable[[Scenario, Observation], tuple[Finding, ...]]


def judge_calls(scenario: Scenario, observation: Observation, judge_call: JudgeCall) -> tuple[Finding, ...]:
    """Return the findings of the first red call, with the number of red calls; if none is red, those over all calls."""
    red = [
        (number, findings)
        for number, call in enumerate(observation.calls, start=1)
        if (findings := judge_call(scenario, call))
    ]
    if red:
        number, findings = red[0]
        more = f", the first of {len(red)} red ones" if len(red) > 1 else ""
        which = f"call {number} of {scenario.calls}"
        told = [f"{which}{more}", *[which] * (len(findings) - 1)]
        return tuple(
            replace(finding, sentence=f"{words}: {finding.sentence}", call=number)
            for words, finding in zip(told, findings, strict=True)
        )
    return tuple(finding for over in scenario.over for finding in _judge_over(scenario, observation, over))


def count_choices(scenario: Scenario, observation: Observation, over: Over) -> tuple[str, ...]:
    """Return the phone that the PBX chose in each call, in the order of the calls."""
    return tuple(chosen(scenario, call)[over.choice] for call in observation.calls)


def _judge_over(scenario: Scenario, observation: Observation, over: Over) -> Iterator[Finding]:
    """Report each phone that was chosen too often or too seldom; if there is none, an order in the choices.

    Wrong shares also change how often one phone follows another, so an order is looked for only in right shares.
    """
    choices = count_choices(scenario, observation, over)
    lottery = lottery_of(over, scenario.calls)
    counted = Counter(choices)
    equal = len(set(over.shares.values())) == 1
    fair = True
    for phone, share in over.shares.items():
        bounds = lottery.chosen(phone)
        if counted[phone] not in bounds:
            fair = False
            of_it = "equal shares" if equal else f"a share of {share:.3g}"
            yield Finding(
                kind="choice-share",
                source=over.source,
                sentence=f"{phone} was chosen {counted[phone]} of {len(choices)} times; with {of_it} "
                f"{_to_be_expected(bounds, over)}",
            )
    if over.independent and fair:
        yield from _judge_order(choices, lottery, over)


def _judge_order(choices: Sequence[str], lottery: Lottery, over: Over) -> Iterator[Finding]:
    """Report at most one finding: an order shows in many pairs of phones, and one sentence is enough."""
    running = sum(before == after for before, after in pairwise(choices))
    bounds = lottery.twice_running()
    if running not in bounds:
        sentence = f"the same phone was chosen twice running {running} of {len(choices) - 1} times"
        yield _order(sentence, bounds, over)
        return
    pairs = Counter(pairwise(choices))
    for first in lottery.shares:
        for second in lottery.shares:
            bounds, times = lottery.after(first, second), pairs[first, second]
            if times not in bounds:
                yield _order(
                    f"{second} was chosen right after {first} {times} times in {len(choices)} calls", bounds, over
                )
                return
    yield from _judge_periods(choices, lottery, over)


def _judge_periods(choices: Sequence[str], lottery: Lottery, over: Over) -> Iterator[Finding]:
    """Report a period, in calls, after which choices repeat too often or too seldom.

    Of several wrong periods it is the one with the highest rate of repeats; of equal ones the shortest.
    """
    wrong: list[tuple[float, int, Bounds]] = []
    for period in lottery.periods:
        repeated, bounds = _repeated(choices, period), lottery.repeated(period)
        if repeated not in bounds:
            wrong.append((repeated / (len(choices) - period), period, bounds))
    if wrong:
        _, period, bounds = max(wrong, key=lambda each: (each[0], -each[1]))
        sentence = (
            f"the phone chosen {period} calls before was chosen again {_repeated(choices, period)} of "
            f"{len(choices) - period} times"
        )
        yield _order(sentence, bounds, over, "ones")


def _repeated(choices: Sequence[str], period: int) -> int:
    return sum(before == after for before, after in zip(choices, choices[period:], strict=False))


def _order(sentence: str, bounds: Bounds, over: Over, which: str = "one") -> Finding:
    sentence = f"{sentence}; where no choice depends on the {which} before {_to_be_expected(bounds, over)}"
    return Finding(kind="choice-order", source=over.source, sentence=sentence)


def _to_be_expected(bounds: Bounds, over: Over) -> str:
    rate = f"{1 / over.false_alarm:,.0f}"
    return f"from {bounds.least} to {bounds.most} are to be expected (false alarm 1 in {rate})"
