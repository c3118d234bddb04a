"""Steps by hand: what is asked wrongly is one sentence at the test's line, before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import ringproof
from mistakes import sentence_of
from ringproof.api.by_hand import Asterisk, Clock, Phone, span
from ringproof.api.open_pbx import OpenPbx

OFFICE = ringproof.Scenario(
    pbx=Path("scenarios/offices/trading-company.yaml").resolve(),
    callers={"anna": {"from": "+74951234567", "to": "84950000001"}},
    phones={"103": "offline"},
)
PBX = OpenPbx(ringproof.Run(out="nowhere"), OFFICE.office(), Path("nowhere"), "here")
"""It is not open: nothing can be done in it."""
ASTERISK = Asterisk(PBX)
PHONES, CALLERS, CLOCK = ASTERISK.phones, ASTERISK.callers, ASTERISK.clock


def time_without_a_unit() -> None:
    """As in a scenario file."""
    CLOCK.advance("15")


def time_that_is_negative() -> None:
    """PBX time does not go back."""
    CLOCK.advance(-1)


def no_number() -> None:
    """What nobody can dial."""
    CALLERS["anna"].dial("sales")


def no_key() -> None:
    """What no phone has."""
    CALLERS["anna"].press("Z")


def no_refusal() -> None:
    """An answer is none."""
    PHONES["101"].refuse(200)


def phone_that_is_not_there() -> None:
    """In no office."""
    PHONES["104"].answer()


def caller_among_the_phones() -> None:
    """Each has its place."""
    PHONES["anna"].answer()


def phone_among_the_callers() -> None:
    """The other way round."""
    CALLERS["101"].dial()


def phone_that_is_offline() -> None:
    """It was never registered."""
    PHONES["103"].rings()


def pbx_that_is_not_open() -> None:
    """Outside the test that has it."""
    CLOCK.advance(15)


MISTAKES = [
    time_without_a_unit,
    time_that_is_negative,
    no_number,
    no_key,
    no_refusal,
    phone_that_is_not_there,
    caller_among_the_phones,
    phone_among_the_callers,
    phone_that_is_offline,
    pbx_that_is_not_open,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_is_one_sentence_at_its_line(mistake: Callable[[], None], golden: Callable[[str, str], None]) -> None:
    """The place in this file, what is wrong, and what to do."""
    golden(f"api/by-hand/{mistake.__name__}.txt", sentence_of(mistake))


def test_times_are_seconds_texts_or_timedeltas() -> None:
    """Of PBX time."""
    assert [span(15), span(0.5), span("2m"), span(timedelta(milliseconds=200))] == [15.0, 0.5, 120.0, 0.2]


def test_what_is_not_open_can_be_shown() -> None:
    """A failed assert must not fail itself."""
    assert repr(PHONES["101"]) == "<Phone 101>"
    assert repr(CALLERS["anna"]) == "<Caller anna>"
    assert (repr(PHONES), repr(CLOCK)) == ("<phones 100, 101, 102, 103>", "<Clock, closed>")
    assert isinstance(PHONES[101], Phone)  # type: ignore[index]
    assert isinstance(CLOCK, Clock)
    assert "trading-company" in repr(ASTERISK)
