"""The ring chart: hand-written cases and properties that hold for every chart."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from ringproof.observe.chart import brief_rings, waves_of
from ringproof.observe.model import ObservedRing
from ringproof.scenario.model.scenario import SETTLE_WINDOW
from story_book import rang


def shape(*rings: ObservedRing) -> list[tuple[set[str], float, float]]:
    """Reduce waves to what the eye sees."""
    return [(set(wave.phones), wave.start, wave.end) for wave in waves_of(rings)]


def test_growing_group() -> None:
    """Who keeps ringing is in every wave; each joining phone makes a new one."""
    assert shape(rang("101", 0, 30), rang("102", 10, 30)) == [({"101"}, 0, 10), ({"101", "102"}, 10, 30)]


def test_points_within_the_settle_window_are_one_boundary() -> None:
    """Three phones of one Dial ring together, though their INVITEs are milliseconds apart."""
    assert shape(rang("101", 0.00, 9.0), rang("102", 0.02, 9.1), rang("103", 0.19, 9.15)) == [
        ({"101", "102", "103"}, 0, 9.0)
    ]


def test_points_further_apart_are_two_boundaries() -> None:
    """A window, once opened, does not grow with every further point."""
    waves = shape(rang("101", 0.00, 9), rang("102", 0.15, 9), rang("103", 0.30, 9))
    assert waves == [({"101", "102"}, 0, 0.30), ({"101", "102", "103"}, 0.30, 9)]


def test_silence_is_a_wave() -> None:
    """Between two rings nobody rings: that stretch is there to be judged."""
    assert shape(rang("101", 0, 5), rang("102", 7, 9)) == [({"101"}, 0, 5), (set(), 5, 7), ({"102"}, 7, 9)]


def test_a_blink_splits_the_wave() -> None:
    """A phone that is cancelled and invited anew at once makes a second wave with a fresh ring."""
    first, second = waves_of([rang("101", 0, 5), rang("101", 5.05, 9)])
    assert (first.phones, first.fresh) == ({"101"}, {"101"})
    assert (second.phones, second.fresh, second.start) == ({"101"}, {"101"}, 5)


def test_a_ring_within_one_boundary_is_in_no_wave() -> None:
    """A refusal at once cannot hide in the chart: it has to be named."""
    flash, steady = rang("101", 0, 0.03, "refused", code=486), rang("102", 0.01, 9)
    assert shape(flash, steady) == [({"102"}, 0, 9)]
    assert brief_rings([flash, steady]) == (flash,)


def test_an_invite_that_never_rings_aloud_is_in_no_wave() -> None:
    """However long the refusal of a phone that refuses at once takes on a busy machine: nobody hears it ring."""
    refusal, steady = rang("101", 0, 0.6, "refused", code=486, alerted=False), rang("102", 0.01, 9)
    assert shape(refusal, steady) == [({"102"}, 0.01, 9)]
    assert brief_rings([refusal, steady]) == (refusal,)


rings = st.lists(
    st.builds(
        lambda phone, start, length: rang(phone, start, start + length),
        st.sampled_from(["101", "102", "103"]),
        st.floats(0, 60).map(lambda value: round(value, 3)),
        st.floats(0, 20).map(lambda value: round(value, 3)),
    ),
    max_size=8,
)


@given(rings)
def test_waves_tile_the_time(chart: list[ObservedRing]) -> None:
    """Waves follow each other without gap, each at least a settle window long, and neighbours differ."""
    waves = waves_of(chart)
    for before, after in pairwise(waves):
        assert before.end == after.start
        assert before.phones != after.phones or after.fresh
    assert all(wave.end - wave.start >= SETTLE_WINDOW for wave in waves)
    assert all(wave.fresh <= wave.phones for wave in waves)


@given(rings)
def test_every_ring_is_in_a_wave_or_brief(chart: list[ObservedRing]) -> None:
    """No INVITE is lost between the chart and the list of those that must be named."""
    waves, brief = waves_of(chart), brief_rings(chart)
    for ring in chart:
        shown = any(ring.phone in wave.phones and wave.start < ring.end and ring.start < wave.end for wave in waves)
        assert shown or ring in brief
