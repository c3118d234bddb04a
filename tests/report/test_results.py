"""results.json, exit codes, and the form in which results travel."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ringproof.clock.report import Held
from ringproof.core.duration import PbxSeconds
from ringproof.report.plain import plain_observation
from ringproof.report.result import Complaint, Outcome, Result, Told, and_more, exit_code
from ringproof.report.results import ResultsFile
from ringproof.report.sink import RunReport
from ringproof.report.summary import complaint_notes, summary_text, totals_line
from stories import ring, seen

Golden = Callable[[str, str], None]


DEPRECATED = Complaint("loader.c: Module 'res_adsi' has been loaded but ...", "WARNING", "boot", 1)
NO_FUNCTION = Complaint("pbx_functions.c: Function CALLERID not registered", "ERROR", "story", 2)


def result(outcome: Outcome, name: str = "key 1 rings accounting", line: int = 10, *sentences: str) -> Result:
    """A result as a play leaves it."""
    findings = tuple(Told("ring-instead", sentence, line + 8) for sentence in sentences)
    return Result(
        id=f"menu-{line}",
        name=name,
        file="scenarios/menu.ring.yaml",
        line=line,
        outcome=outcome,
        findings=findings,
        wall=12.34,
        pbx=21.5,
        observation=plain_observation(seen([ring("101", 2.1, 7.1)])) if outcome != "broken" else None,
        text="told" if findings else "",
    )


def read(out: Path) -> dict[str, Any]:
    """Return what results.json says."""
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        (["passed"], 0),
        (["passed", "failed"], 1),
        (["unsteady", "passed"], 1),
        (["invalid", "failed"], 2),
        (["failed", "broken", "invalid"], 3),
        (["passed", "skipped"], 0),
        (["skipped", "failed"], 1),
        (["skipped", "skipped"], 2),
        (["skipped", "invalid"], 2),
        (["skipped", "broken"], 3),
    ],
)
def test_exit_code(outcomes: list[Outcome], code: int) -> None:
    """3 before 2 before 1; what is skipped is not counted, but where it is all there is nothing was played."""
    assert exit_code([result(outcome) for outcome in outcomes]) == code


def test_an_interruption_counts_more_than_everything() -> None:
    """130 and 143, even when something was red already."""
    assert exit_code([result("broken")], interrupted="SIGINT") == 130
    assert exit_code([], interrupted="SIGTERM") == 143


def test_a_scenario_without_a_result_is_broken() -> None:
    """What was to be played and of which nothing is known is no pass."""
    assert exit_code([result("passed")], lost=1) == 3


def test_file_at_every_moment(tmp_path: Path, golden: Golden) -> None:
    """From the start to the end it is readable and says whether the run is over; nothing else is left in the folder."""
    out = tmp_path / "out"
    file = ResultsFile(out)
    file.started(3)
    begun = read(out)
    assert (begun["running"], begun["exit"], begun["not_played"], begun["scenarios"]) == (True, None, 3, [])
    file.scenario(result("passed"))
    file.scenario(result("failed", "ключ 2", 20, "expected 102 to ring; 101 rang instead"))
    killed = read(out)
    assert (killed["running"], killed["exit"], killed["not_played"], len(killed["scenarios"])) == (True, None, 1, 2)
    file.finished(
        RunReport(results=(), missing=1, exit_code=143, interrupted="SIGTERM", elapsed=1.0, out=out, notes=())
    )
    golden("report/results.json", (out / "results.json").read_text(encoding="utf-8"))
    assert [path.name for path in out.iterdir()] == ["results.json"]


def test_a_new_run_forgets_the_old_one(tmp_path: Path) -> None:
    """Results of yesterday do not count today."""
    ResultsFile(tmp_path).scenario(result("broken"))
    ResultsFile(tmp_path).started(1)
    assert read(tmp_path)["scenarios"] == []


@pytest.mark.parametrize("outcome", ["passed", "failed", "skipped", "broken"])
def test_results_travel_unchanged(outcome: Outcome) -> None:
    """What a worker sends is what the controlling process gets, by JSON's own values."""
    said = (DEPRECATED, NO_FUNCTION)
    sent = dataclasses.replace(
        result(outcome, "a name", 5, "first", "second"),
        speed=50.0,
        complaints=said,
        held=(Held("MixMonitor", "s@support:2", 61.25),),
        starts="2026-10-25T02:30:00+02:00",
    )
    assert Result.from_message(json.loads(json.dumps(sent.to_message()))) == sent


def test_plain_observation_is_strict_json() -> None:
    """A leg that never ended has no number; `Infinity` is no JSON."""
    observation = dataclasses.replace(seen([]), late_legs=(("101", PbxSeconds(float("inf"))),))
    assert json.loads(json.dumps(plain_observation(observation), allow_nan=False))["late_legs"] == [["101", None]]


MANY = [
    result("passed"),
    result("failed", "key 2 rings the first of support", 20, "expected 102 to ring; 101 rang instead", "two"),
    result("broken", "102 is dialled directly", 30, "the phone 103 ended by signal 11"),
    result("broken", "a name that is so long that it cannot stand on one line of a terminal of eighty columns", 40),
    dataclasses.replace(
        result("invalid", "sales.ring.yaml", 3, "a scenario has no key `wehn`"), file="s/sales.ring.yaml"
    ),
]


@pytest.mark.parametrize("width", [80, 120])
def test_table(golden: Golden, width: int) -> None:
    """Readable without colours at the two usual widths."""
    text = summary_text(MANY, width=width)
    assert all(len(line) <= width for line in text.splitlines())
    golden(f"report/table-{width}.txt", text + "\n")


def test_dates_stand_in_their_order(golden: Golden) -> None:
    """A row for each date, by time and not by text, in whatever order they came; plays of one date share a row."""
    dates: list[tuple[str, str, Outcome]] = [
        ("Sun 2026-10-25 02:30:00 +01:00", "2026-10-25T02:30:00+01:00", "passed"),
        ("Sun 2026-10-25 03:30:00 Europe/Berlin", "2026-10-25T03:30:00+01:00", "failed"),
        ("Sun 2026-10-25 02:30:00 +02:00", "2026-10-25T02:30:00+02:00", "passed"),
    ]
    results = [
        dataclasses.replace(result(outcome, f"at night, {name} ({number} of 2)", 10, "too late"), starts=starts)
        for number in (1, 2)
        for name, starts, outcome in dates
    ]
    golden("report/table-dates.txt", summary_text([*results, result("passed", "by day", 30)], width=100) + "\n")


def test_scenarios_of_one_line_are_not_taken_for_plays_of_one() -> None:
    """As those are whose processes died: nobody knows their lines."""
    died = "the process that played this scenario ended without a word"
    text = summary_text([result("broken", name, 1, died) for name in ("the first", "the second")], width=80)
    assert [line.split("  ")[1] for line in text.splitlines() if "BROKEN" in line] == ["the first", "the second"]


def test_a_skipped_scenario_is_no_passed_one(golden: Golden) -> None:
    """In the table it has its reason, and no times; in the totals a number of its own."""
    why = "needs Asterisk 22, and this PBX is 16.28.0~dfsg-0+deb11u4: an older one has no signals"
    results = [result("passed"), dataclasses.replace(result("skipped", "legs that signal", 20, why), pbx=0.0)]
    golden("report/table-skipped.txt", summary_text(results, width=100) + "\n")
    told = totals_line(results, elapsed=61.24, not_played=0, interrupted=None, exit_code=0)
    assert told == "2 scenarios: 1 passed, 1 skipped; 61.2 s for 22 s of PBX time; exit 0"


def test_table_with_colours_says_the_same() -> None:
    """Colours are added, nothing else."""
    assert "\x1b[" in summary_text(MANY, width=80, colour=True)
    assert "\x1b[" not in summary_text(MANY, width=80)


def test_totals() -> None:
    """One line with everything that decides the exit code."""
    told = totals_line(MANY, elapsed=61.24, not_played=2, interrupted="SIGINT", exit_code=130)
    assert told == (
        "6 scenarios: 1 invalid file, 1 passed, 1 failed, 2 broken, 2 not played; "
        "61.2 s for 108 s of PBX time; interrupted by SIGINT; exit 130"
    )


def test_totals_count_scenarios_that_could_not_be_played() -> None:
    """An edited configuration that Asterisk refuses makes scenarios invalid, not files."""
    refused = result("invalid", "a story", 3)
    refused = dataclasses.replace(refused, findings=(Told("configuration", "Asterisk refuses this configuration", 3),))
    assert totals_line([refused, *MANY], elapsed=1.0, not_played=0, interrupted=None).startswith(
        "5 scenarios: 1 invalid file, 1 passed, 1 failed, 1 invalid, 2 broken; "
    )


def test_what_asterisk_says_at_boot_is_told_once_for_the_run() -> None:
    """However many scenarios hear it; what was allowed has a line of its own, and so has a pattern in vain."""
    allowed = dataclasses.replace(DEPRECATED, text="loader.c: cdr_csv declined to load.", allowed=("*", "*declined*"))
    heard = dataclasses.replace(result("passed"), complaints=(DEPRECATED, allowed, NO_FUNCTION))
    red = dataclasses.replace(result("failed"), complaints=(DEPRECATED, NO_FUNCTION))
    assert complaint_notes([heard, heard, red], ["*declined*", "*", "*nobody*"]) == [
        f"Asterisk says at boot: {DEPRECATED.text}",
        f"allowed at boot: {allowed.text}",
        "--allow '*nobody*' matched nothing in this run",
    ]
    assert complaint_notes([result("broken")], []) == []


def test_a_pattern_that_matched_in_a_boot_that_was_refused_is_not_in_vain() -> None:
    """Something else refused it, which is told as such."""
    allowed = dataclasses.replace(DEPRECATED, allowed=("*adsi*",))
    refused = dataclasses.replace(result("invalid", "a story", 3, "refused"), complaints=(allowed,))
    assert complaint_notes([refused], ["*adsi*"]) == []


def test_one_line_names_a_few() -> None:
    """A large configuration has a hundred."""
    many = [
        Complaint(f"loader.c: module {number} declined to load.", "ERROR", "boot", 1, ("*",)) for number in range(9)
    ]
    (line,) = complaint_notes([dataclasses.replace(result("passed"), complaints=tuple(many))], ["*"])
    assert line.endswith("module 2 declined to load.; and 6 more, in results.json")


def test_repeated_plays_complain_in_one_line() -> None:
    """The numbers of all green ones; a red has its own text."""
    heard = (DEPRECATED, NO_FUNCTION)
    plays = [dataclasses.replace(result("passed", f"a story ({n} of 3)"), complaints=heard) for n in (1, 2)]
    other = Complaint("pbx.c: No application 'Diall'", "WARNING", "story", 1)
    plays.append(dataclasses.replace(result("failed", "a story (3 of 3)", 10, "wrong"), complaints=(other,)))
    text = summary_text(plays, width=120)
    assert text.splitlines()[-1] == f"    Asterisk says: {NO_FUNCTION.text} (4 times)"
    assert "Diall" not in text


@pytest.mark.parametrize(
    ("follow", "said"),
    [
        ([False], ""),
        ([False, False], " (+1 more)"),
        ([False, True, True], " (+2 that may follow)"),
        ([False, True, False, True], " (+1 more, and 2 that may follow)"),
    ],
)
def test_what_may_follow_is_counted_apart(follow: Sequence[bool], said: str) -> None:
    """Whoever reads one line knows how many causes there may be."""
    assert and_more([Told("ring-missing", "nobody rang", 1, follows) for follows in follow]) == said


def test_what_keeps_a_play_at_real_time_is_named() -> None:
    """Where that is long; of a scenario that is played many times it is the sum."""
    long, longer = Held("Record", "7001@office:2", 10.5), Held("MixMonitor", "s@support:2", 61.25)
    held = dataclasses.replace(result("failed"), held=(longer, long, Held("AMD", "s@office:3", 9.5)))
    told = "61 s at real time, since MixMonitor at s@support:2 listens (+1 more)"
    assert summary_text([held], width=120).splitlines()[-1].strip() == told
    plays = [
        dataclasses.replace(result("passed", f"a story ({n} of 2)"), held=(Held("AMD", "", 12.0),)) for n in (1, 2)
    ]
    assert summary_text(plays, width=100).splitlines()[-1].strip() == "24 s at real time, since AMD listens"
    short = dataclasses.replace(result("passed"), held=(Held("Record", "7001@office:2", 10.0),))
    assert "real time" not in summary_text([short], width=100)
