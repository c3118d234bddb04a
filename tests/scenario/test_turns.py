"""A wave in two parts, with somebody's turn between them, is one wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ringproof.core.duration import PbxSeconds
from ringproof.scenario.model.scenario import Answer, Expectation, Refused, Ring, Unseen
from ringproof.scenario.model.split_waves import one_wave_each
from story_book import at

REFUSED = Refused(source=at(12), codes={"102": (486,)})
SILENT = Unseen(source=at(13), phones=("103",))


def wave(line: int, *phones: str, lasts: float | None = 15.0) -> Ring:
    """A wave."""
    return Ring(source=at(line), phones=phones, lasts=None if lasts is None else PbxSeconds(lasts))


def test_what_stands_between_two_parts_of_a_wave_happens_within_it() -> None:
    """So far into it as the parts before it last, however many there are; silence is a wave, too."""
    parts: list[Expectation] = [wave(11, "101"), REFUSED, wave(14, "101"), SILENT, wave(15, "101", lasts=5.0)]
    whole = one_wave_each([*parts, wave(16, "101", "103")])
    assert whole == (
        wave(11, "101", lasts=35.0),
        replace(REFUSED, into=PbxSeconds(15.0)),
        replace(SILENT, into=PbxSeconds(30.0)),
        wave(16, "101", "103"),
    )
    assert one_wave_each([wave(11), REFUSED, wave(14)])[0] == wave(11, lasts=30.0)
    assert one_wave_each([wave(11, "101"), REFUSED, wave(14, "101", lasts=None)])[0] == wave(11, "101", lasts=None)


def test_waves_that_are_two_stay_two() -> None:
    """Other phones, a fresh INVITE, a choice, an answer between them, nothing between them."""
    stories: tuple[Sequence[Expectation], ...] = (
        [wave(11, "101"), REFUSED, wave(14, "101", "103")],
        [wave(11, "101"), REFUSED, replace(wave(14, "101"), again=("101",))],
        [replace(wave(11), one_of=("101", "103")), REFUSED, replace(wave(14), one_of=("101", "103"))],
        [wave(11, "101"), Answer(source=at(12), phone="101"), wave(14, "101")],
        [wave(11, "101"), wave(14, "101")],
    )
    for listed in stories:
        assert one_wave_each(listed) == tuple(listed)
