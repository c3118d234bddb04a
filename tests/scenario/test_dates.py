"""`clock:` as a list or a sweep: which scenarios are made of it, at which dates when the clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.core.dates import after, shown_at, write_date
from ringproof.core.duration import Span
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_scenarios

SMALL = Path(__file__).parent / "small-office.yaml"
BERLIN = ZoneInfo("Europe/Berlin")
HEAD = f"""\
pbx: {SMALL}
callers:
  anna: {{from: "+74951234567", to: "84950000001"}}
when: [call: anna]
expect: [ring: [101, 102]]
"""


def read(folder: Path, text: str) -> tuple[Scenario, ...]:
    """Return the scenarios of a file."""
    file = folder / "story.ring.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    found = read_scenarios(file)
    assert [problem.sentence for problem in found.problems] == []
    return found.scenarios


def at(folder: Path, clock: str) -> tuple[Scenario, ...]:
    """Return what is made of one scenario with this clock."""
    return read(folder, f"scenarios:\n  it rings:\n    clock: {clock}\n")


def refused(folder: Path, clock: str) -> str:
    """Return the only problem of such a file."""
    file = folder / "story.ring.yaml"
    file.write_text(f"{HEAD}scenarios:\n  it rings:\n    clock: {clock}\n", encoding="utf-8")
    (problem,) = read_scenarios(file).problems
    return problem.sentence


def swept(folder: Path, starts: str, every: str, lasts: str) -> list[str]:
    """Return the dates of a sweep, as they stand in the names of its scenarios."""
    made = at(folder, f'{{starts: "{starts}", every: {every}, for: {lasts}}}')
    assert [f"it rings, {write_date(each.starts)}" for each in made if each.starts] == [each.name for each in made]
    return [each.name.removeprefix("it rings, ") for each in made]


def test_a_list_is_a_scenario_for_each_date(tmp_path: Path) -> None:
    """In the order written; all but id, name and date is the same."""
    listed = '["2026-11-24 10:00 Europe/Berlin", "2026-11-23 23:59:30 Asia/Omsk", "2026-11-25 10:00:00 -03:30"]'
    first, second, third = at(tmp_path, f"{{starts: {listed}}}")
    assert [each.name for each in (first, second, third)] == [
        "it rings, Tue 2026-11-24 10:00:00 Europe/Berlin",
        "it rings, Mon 2026-11-23 23:59:30 Asia/Omsk",
        "it rings, Wed 2026-11-25 10:00:00 -03:30",
    ]
    assert first.starts == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert second.starts == datetime(2026, 11, 23, 17, 59, 30, tzinfo=UTC)
    assert (first.source, first.when, first.expect) == (second.source, third.when, third.expect)
    assert [each.id.rpartition("-")[0] for each in (first, second, third)] == [
        "story-it-rings-2026-11-24-100000",
        "story-it-rings-2026-11-23-235930",
        "story-it-rings-2026-11-25-100000",
    ]


def test_one_date_changes_neither_name_nor_id(tmp_path: Path) -> None:
    """As ever; a list of one date has it in the name, so that a second one can be added."""
    (alone,) = at(tmp_path, '{starts: "2026-11-24 10:00 Europe/Berlin"}')
    (without,) = read(tmp_path, "scenarios: {it rings: {}}")
    assert (alone.name, alone.id) == (without.name, without.id)
    assert (alone.starts, without.starts) == (datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN), None)
    (listed,) = at(tmp_path, '{starts: ["2026-11-24 10:00 Europe/Berlin"]}')
    assert listed.name == "it rings, Tue 2026-11-24 10:00:00 Europe/Berlin"


def test_an_id_depends_on_file_name_and_date_alone(tmp_path: Path) -> None:
    """Not on the other dates, nor on how they are written; ids are unique also where a name is long."""
    (second,) = at(tmp_path, '{starts: ["2026-11-25 10:00:00 Europe/Berlin"]}')
    both = at(tmp_path, '{starts: ["2026-11-24 10:00 Europe/Berlin", "2026-11-25 10:00 Europe/Berlin"]}')
    sweep = at(tmp_path, '{starts: "2026-11-24 10:00 Europe/Berlin", every: 12h, for: 7d}')
    assert [both[1].id, sweep[2].id] == [second.id, second.id]
    long = "as long as a name may be " * 4
    made = read(
        tmp_path, f'scenarios:\n  {long.strip()}:\n    clock: {{starts: "2026-11-24 10:00 +01:00", every: 1h, for: 2d}}'
    )
    assert len({each.id for each in made}) == 48
    assert all(len(each.id) <= 70 and "2026-11-2" in each.id for each in made)


def test_what_a_file_says_goes_for_each_of_its_scenarios(tmp_path: Path) -> None:
    """A clock of a scenario's own takes its place, whole."""
    made = read(
        tmp_path,
        'clock: {starts: "2026-11-24 10:00 +00:00", every: 1d, for: 2d}\n'
        'scenarios: {first: {}, second: {}, third: {clock: {starts: "2026-12-01 10:00 +00:00"}}}\n',
    )
    assert [each.name for each in made] == [
        "first, Tue 2026-11-24 10:00:00 +00:00",
        "first, Wed 2026-11-25 10:00:00 +00:00",
        "second, Tue 2026-11-24 10:00:00 +00:00",
        "second, Wed 2026-11-25 10:00:00 +00:00",
        "third",
    ]


def test_the_end_of_a_sweep_is_no_date_of_it(tmp_path: Path) -> None:
    """From the first one on, as long as less than `for` has passed."""
    assert swept(tmp_path, "2026-11-24 10:00 +00:00", "30m", "2h") == [
        "Tue 2026-11-24 10:00:00 +00:00",
        "Tue 2026-11-24 10:30:00 +00:00",
        "Tue 2026-11-24 11:00:00 +00:00",
        "Tue 2026-11-24 11:30:00 +00:00",
    ]
    assert len(swept(tmp_path, "2026-11-24 10:00 +00:00", "30m", "7201s")) == 5
    assert len(swept(tmp_path, "2026-11-23 00:00 Europe/Berlin", "30m", "7d")) == 7 * 48


def test_hours_are_hours_when_the_clocks_are_put_back(tmp_path: Path) -> None:
    """What the clocks show twice is played twice, with the offset in the name."""
    assert swept(tmp_path, "2026-10-25 01:30 Europe/Berlin", "30m", "3h") == [
        "Sun 2026-10-25 01:30:00 Europe/Berlin",
        "Sun 2026-10-25 02:00:00 +02:00",
        "Sun 2026-10-25 02:30:00 +02:00",
        "Sun 2026-10-25 02:00:00 +01:00",
        "Sun 2026-10-25 02:30:00 +01:00",
        "Sun 2026-10-25 03:00:00 Europe/Berlin",
    ]
    assert swept(tmp_path, "2026-10-24 09:00 Europe/Berlin", "24h", "48h")[1] == "Sun 2026-10-25 08:00:00 Europe/Berlin"


def test_hours_are_hours_when_the_clocks_are_put_forward(tmp_path: Path) -> None:
    """What the clocks never show is not played."""
    assert swept(tmp_path, "2027-03-28 01:30 Europe/Berlin", "30m", "90m") == [
        "Sun 2027-03-28 01:30:00 Europe/Berlin",
        "Sun 2027-03-28 03:00:00 Europe/Berlin",
        "Sun 2027-03-28 03:30:00 Europe/Berlin",
    ]
    assert swept(tmp_path, "2027-03-27 09:00 Europe/Berlin", "24h", "48h")[1] == "Sun 2027-03-28 10:00:00 Europe/Berlin"


@pytest.mark.parametrize(("starts", "last"), [("2026-10-22", "Wed 2026-10-28"), ("2027-03-25", "Wed 2027-03-31")])
def test_days_are_the_same_time_of_each_day(tmp_path: Path, starts: str, last: str) -> None:
    """Whatever is done to the clocks in between."""
    dates = swept(tmp_path, f"{starts} 09:00 Europe/Berlin", "1d", "7d")
    assert len(dates) == 7
    assert all(date.endswith(" 09:00:00 Europe/Berlin") for date in dates)
    assert dates[-1].startswith(last)


@pytest.mark.parametrize(("starts", "hours"), [("2026-10-25", 25), ("2027-03-28", 23), ("2027-03-29", 24)])
def test_a_sweep_of_a_day_ends_when_the_clocks_show_the_same_time(tmp_path: Path, starts: str, hours: int) -> None:
    """`for: 1d` of the longest day is 25 hours; `for: 24h` never is."""
    assert len(swept(tmp_path, f"{starts} 00:00 Europe/Berlin", "1h", "1d")) == hours
    assert len(swept(tmp_path, f"{starts} 00:00 Europe/Berlin", "1h", "24h")) == 24


def test_a_sweep_may_end_at_a_time_that_the_clocks_skip(tmp_path: Path) -> None:
    """Or show twice: only its dates have to exist once."""
    dates = swept(tmp_path, "2027-03-27 02:30 Europe/Berlin", "8h", "1d")
    assert dates[-1] == "Sat 2027-03-27 18:30:00 Europe/Berlin"
    assert len(swept(tmp_path, "2026-10-24 02:30 Europe/Berlin", "8h", "1d")) == 3


def test_two_thousand_dates_and_no_more(tmp_path: Path) -> None:
    """Of a sweep as of a list."""
    assert len(swept(tmp_path, "2026-11-24 10:00 Europe/Berlin", "1m", "2000m")) == 2000
    sentence = refused(tmp_path, '{starts: "2026-11-24 10:00 Europe/Berlin", every: 1m, for: 120001s}')
    assert sentence == "this sweep has more than 2,000 dates, and a scenario has no more"
    dates = [
        f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour):%Y-%m-%d %H:%M} +00:00" for hour in range(2001)
    ]
    assert len(at(tmp_path, f"{{starts: {dates[1:]}}}")) == 2000
    assert refused(tmp_path, f"{{starts: {dates}}}") == "`starts` has 2,001 dates, and a scenario has 2,000 at most"


def test_the_last_year_is_the_same_for_a_sweep(tmp_path: Path) -> None:
    """To its last hour."""
    dates = swept(tmp_path, "2037-12-31 20:00 Europe/Berlin", "1h", "4h")
    assert dates[-1] == "Thu 2037-12-31 23:00:00 Europe/Berlin"
    assert refused(tmp_path, '{starts: "2037-12-31 20:00 Europe/Berlin", every: 1h, for: 5h}').startswith(
        "`for`: the dates go on into 2038"
    )


FIRST = datetime.fromisoformat("2002-01-01")
MOMENTS = st.integers(0, 35 * 365 * 86400).map(lambda seconds: FIRST + timedelta(seconds=seconds))
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]).map(
    ZoneInfo
)


@given(MOMENTS, ZONES, st.integers(1, 3 * 86400), st.integers(2, 40))
def test_seconds_are_exact(local: datetime, zone: ZoneInfo, seconds: int, times: int) -> None:
    """At any date in any zone: the same number of seconds from one date to the next."""
    start = local.replace(tzinfo=UTC).astimezone(zone)
    dates = [after(start, Span(seconds=number * seconds)).timestamp() for number in range(times)]
    assert {later - earlier for earlier, later in pairwise(dates)} == {seconds}


@given(MOMENTS, ZONES, st.integers(1, 400))
def test_days_keep_the_time_of_day(local: datetime, zone: ZoneInfo, days: int) -> None:
    """At any date in any zone."""
    start = local.replace(tzinfo=zone)
    assert after(start, Span(days=days)).replace(tzinfo=None) == local + timedelta(days=days)


@given(MOMENTS, ZONES)
def test_a_date_in_writing_means_one_moment(local: datetime, zone: ZoneInfo) -> None:
    """A file that says it again gets the same moment."""
    moment = local.replace(tzinfo=UTC).astimezone(zone)
    _, day, time, name = write_date(moment).split()
    said = datetime.fromisoformat(f"{day} {time}")
    if name[0] in "+-":
        assert datetime.fromisoformat(f"{day} {time}{name}") == moment
        assert len(shown_at(said, zone)) == 2
    else:
        assert [each.timestamp() for each in shown_at(said, ZoneInfo(name))] == [moment.timestamp()]
