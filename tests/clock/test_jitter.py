"""How fast a clock may race on a machine that wakes sleepers late."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ringproof.clock import jitter
from ringproof.clock.jitter import SLOWEST_RACE, auto, lateness, speed_for
from ringproof.core.speed import FASTEST


@pytest.mark.parametrize(
    ("late", "speed"),
    [
        (0.0, FASTEST),
        (0.005, FASTEST),
        (0.0051, 200.0),
        (0.02, 200.0),
        (0.021, 100.0),
        (0.05, 100.0),
        (0.051, 25.0),
        (0.2, 25.0),
        (0.21, SLOWEST_RACE),
        (60.0, SLOWEST_RACE),
    ],
)
def test_the_later_the_slower(late: float, speed: float) -> None:
    """Up to each limit, that one included."""
    assert speed_for(late) == speed


@pytest.mark.parametrize(("worst", "speed"), [(0.0, FASTEST), (0.03, 100.0)])
def test_the_worst_of_several_naps_counts(monkeypatch: pytest.MonkeyPatch, worst: float, speed: float) -> None:
    """It is measured beyond what was to be slept; `auto` measures, and goes by that."""
    naps: list[float] = []
    now = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now
        naps.append(seconds)
        now += seconds + (worst if len(naps) % 7 == 3 else worst / 3)

    monkeypatch.setattr(jitter, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: now))
    assert lateness() == pytest.approx(worst, abs=1e-9)
    assert sum(naps) == pytest.approx(0.02)
    assert auto() == speed
