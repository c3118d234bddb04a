"""A scenario at several dates is as many plays on real PBXes: each shows its own date, and is judged by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.scenario.reading import read_scenarios

from playing.conftest import kinds_found, with_setting

pytestmark = [pytest.mark.pbx, pytest.mark.alone]
OFFICE = Path("scenarios/offices/office-hours.yaml").resolve()
OPEN = """\
callers: {anna: {from: "+74951234567", to: "84950000001"}}
scenarios:
  it is open:
    when: [{call: anna}, {hang up: anna, at: {after: 2s, of: {ring: any}}}]
    expect:
      - ring: [101, 102]
        for: 2s
      - missed: [101, 102]
      - caller gets: {ended by: caller}
"""
CLOSED = ["missed-missing", "missed-unexpected", "ring-instead"]


def kinds_at_each_date(clock: str, environment: RunEnvironment, folder: Path) -> dict[str, list[str]]:
    """Play OPEN at each date; the kinds of what is found, by time and zone."""
    file = folder / "open.ring.yaml"
    file.write_text(f"pbx: {OFFICE}\nclock: {clock}\n{OPEN}", encoding="utf-8")
    read = read_scenarios(file)
    assert read.problems == ()
    found = {}
    for scenario in read.scenarios:
        (folder / scenario.id).mkdir()
        kinds = kinds_found(scenario, environment, folder / scenario.id)
        found[scenario.name.partition(", ")[2]] = sorted(set(kinds))
    return found


def test_only_the_dates_at_which_it_is_closed_are_red(environment: RunEnvironment, tmp_path: Path) -> None:
    """Of a list: before it opens, after that, and at another time of the same moment elsewhere."""
    clock = '{starts: ["2026-11-24 08:30 Europe/Berlin", "2026-11-24 09:00 Europe/Berlin", "2026-11-24 17:59 UTC"]}'
    assert kinds_at_each_date(clock, environment, tmp_path) == {
        "Tue 2026-11-24 08:30:00 Europe/Berlin": CLOSED,
        "Tue 2026-11-24 09:00:00 Europe/Berlin": [],
        "Tue 2026-11-24 17:59:00 UTC": CLOSED,
    }


def test_the_hour_that_is_there_twice_is_played_twice(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PBX that goes by the clocks of Moscow, which are not put back, closes in between."""
    with_setting(
        monkeypatch, "extensions.conf", ("00:00-05:59,sun,*,*,Europe/Berlin", "00:00-03:59,sun,*,*,Europe/Moscow")
    )
    clock = '{starts: "2026-10-25 01:30 Europe/Berlin", every: 1h, for: 4h}'
    assert kinds_at_each_date(clock, environment, tmp_path) == {
        "Sun 2026-10-25 01:30:00 Europe/Berlin": [],
        "Sun 2026-10-25 02:30:00 +02:00": [],
        "Sun 2026-10-25 02:30:00 +01:00": CLOSED,
        "Sun 2026-10-25 03:30:00 Europe/Berlin": CLOSED,
    }
