"""What no judge looks at is never green: neither a kind of expectation that nobody knows nor one that is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

import pytest
from ringproof.judge import judge, judged_as
from ringproof.judge.expected import Expected, UnjudgedError
from ringproof.scenario.model.scenario import (
    Answer,
    BaseExpectation,
    Expectation,
    Missed,
    Nobody,
    Over,
    Ring,
    Step,
    verb_of,
)
from ringproof.scenario.parse.expectations import EXPECTATION
from ringproof.scenario.parse.steps import STEP
from story_book import at, rang, scenario, seen

RING = Ring(source=at(11), phones=("101",))
GREEN = seen(rang("101", 0.1, 15.1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Displays(BaseExpectation):
    """An expectation that somebody added to the language and to no judge."""


def test_an_unknown_expectation_cannot_pass() -> None:
    """The play is green in all that is judged; the exception makes the scenario broken, exit 3."""
    unknown = cast("Expectation", Displays(source=at(12)))
    assert judge(scenario(RING), GREEN) == ()
    with pytest.raises(UnjudgedError, match=r"^no judge looks at `Displays` on line 12$"):
        judge(scenario(RING, unknown), GREEN)


def test_an_expectation_that_is_judged_elsewhere_cannot_pass_here() -> None:
    """`over` is for many calls; of a single one nobody judges it."""
    over = Over(source=at(13), choice="first", shares={"101": 1.0})
    with pytest.raises(UnjudgedError, match=r"^no judge looks at `over` on line 13$"):
        judge(scenario(RING, over), GREEN)
    with pytest.raises(UnjudgedError):
        judged_as(scenario(RING, over), GREEN)


def test_what_no_judge_has_taken_is_named() -> None:
    """Each with its verb and its line; what is taken is handed out in the order written."""
    nobody, missed = Nobody(source=at(12), does="answers"), Missed(source=at(13), phones=("101",))
    expected = Expected((RING, nobody, missed))
    assert expected.take(Ring) == [RING]
    assert expected.take(Answer) == []
    with pytest.raises(UnjudgedError, match=r"^no judge looks at `nobody` on line 12 and `missed` on line 13$"):
        expected.require_all_taken()
    expected.take(Nobody)
    expected.take(Missed)
    expected.require_all_taken()


def test_every_verb_is_one_of_the_closed_unions() -> None:
    """The grammar that readers and schema are made of, and the unions that mypy checks, have the same verbs."""
    expectations = {verb_of(kind.__new__(kind)) for kind in get_args(Expectation)}
    assert expectations == EXPECTATION.verbs.keys() - {"either"}  # which stands for several
    assert {verb_of(kind.__new__(kind)) for kind in get_args(Step)} == STEP.verbs.keys()
    assert {kind.__name__ for kind in get_args(Expectation)} | {"BaseTurn", "Displays"} >= {
        kind.__name__ for kind in BaseExpectation.__subclasses__()
    }
