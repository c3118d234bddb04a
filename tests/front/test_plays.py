"""How often a scenario is played until it is told, and what is told of that; on the rehearsal's play."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from front_project import WEEKEND, Project, scenario, steady
from ringproof.clock import jitter

WRONG = "the wrong one rings"
LATE = "late on the fast clock"
Golden = Callable[[str, str], None]


def wrong(name: str = WRONG) -> str:
    """A scenario that is red in every play."""
    return scenario(name, rings="102", answers="102")


def test_a_red_is_confirmed_on_the_slow_clock(project: Project) -> None:
    """Played again at 1, and that play is the one that is told; what the racing clock saw is kept beside it."""
    project.write("sales.ring.yaml", wrong())
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert (done.returncode, project.plays) == (1, [f"{WRONG} at 300", f"{WRONG} at 1"])
    (told,) = project.results["scenarios"]
    assert (told["outcome"], told["speed"], [play["speed"] for play in told["plays"]]) == ("failed", 1, [300, 1])
    assert told["fast"]["over"] == 6.0
    assert (project.folder / "out" / told["id"] / "fast" / "observation.json").exists()


def test_a_green_is_played_once(project: Project) -> None:
    """There is nothing to confirm."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    assert project.ringproof("run", "-n", "1", "--speed", "300").returncode == 0
    assert project.plays == ["the first answers at 300"]


def test_what_the_slow_clock_does_not_confirm_is_unsteady(project: Project, golden: Golden) -> None:
    """Both plays are shown, and the run fails."""
    project.write("sales.ring.yaml", scenario(LATE))
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert done.returncode == 1
    golden("front/unsteady.txt", steady(done.stdout))
    (told,) = project.results["scenarios"]
    assert told["outcome"] == "unsteady"
    assert told["observation"] != told["fast"]
    assert told["findings"][0]["kind"] == "ring-late"


def test_a_red_of_both_clocks_is_red_whatever_each_saw(project: Project) -> None:
    """What was seen on real time is reported, and the run cannot be allowed to pass."""
    project.write("sales.ring.yaml", wrong(f"{WRONG}, and {LATE}"))
    assert project.ringproof("run", "-n", "1", "--speed", "300", "--allow-unsteady", CI="").returncode == 1
    (told,) = project.results["scenarios"]
    assert told["outcome"] == "failed"
    assert told["observation"] != told["fast"]


def test_unsteady_may_be_allowed(project: Project) -> None:
    """By hand; the outcome is told all the same."""
    project.write("sales.ring.yaml", scenario(LATE))
    assert project.ringproof("run", "-n", "1", "--allow-unsteady", CI="").returncode == 0
    assert set(project.outcomes.values()) == {"unsteady"}


def test_plugin_and_command_agree_on_what_is_unsteady(project: Project) -> None:
    """A failure of both, and of neither where it is allowed; the outcome is told all the same."""
    project.write("sales.ring.yaml", scenario(LATE))
    speed = "--ringproof-speed=300"
    assert project.pytest(speed, "scenarios").returncode == 1
    done = project._run(  # noqa: SLF001 - with CI of its own
        project.pytest_command(speed, "--ringproof-allow-unsteady", "scenarios"),
        project.environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": ""},
    )
    assert done.returncode == 0
    assert "UNSTEADY" in done.stdout
    assert set(project.outcomes.values()) == {"unsteady"}
    assert project.results["exit"] == 0


def test_unsteady_is_not_allowed_in_ci(project: Project, golden: Golden) -> None:
    """Nobody would look there."""
    project.write("sales.ring.yaml", scenario(LATE))
    done = project.ringproof("run", "--allow-unsteady", CI="true")
    assert (done.returncode, done.stdout) == (2, "")
    golden("front/unsteady-in-ci.txt", done.stderr)


def test_a_long_red_is_not_confirmed(project: Project) -> None:
    """More than five minutes of PBX time; the failure says so, and how to play it at speed 1."""
    project.write("sales.ring.yaml", wrong("wrong for long"))
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert (done.returncode, project.plays) == (1, ["wrong for long at 300"])
    assert "not confirmed, since the story takes 406 s: `--speed 1` plays it so" in done.stdout


def test_a_red_is_shown_at_once_and_confirmed_beside_the_rest(project: Project) -> None:
    """What is green is told meanwhile; that nothing else is waited for, at the end."""
    project.write("sales.ring.yaml", wrong("wrong, and slow to confirm"), scenario("right"), scenario("right, too"))
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    red = "    red, confirming sales: wrong, and slow to confirm: expected 102 to ring; 101 rang instead (+"
    assert lines[0].startswith(red)
    assert lines[1].startswith("1/3 passed   sales: right ")
    assert lines[2].startswith("2/3 passed   sales: right, too ")
    assert lines[3] == "all has been played; waiting for 1 red to be confirmed at speed 1"
    assert lines[4].startswith("3/3 FAILED   sales: wrong, and slow to confirm ")
    assert "    played 2 times: red at speed 300; red at speed 1\n" in done.stdout
    assert project.plays[0] == "wrong, and slow to confirm at 300"
    assert sorted(project.plays[1:]) == ["right at 300", "right, too at 300", "wrong, and slow to confirm at 1"]


def test_reds_are_confirmed_side_by_side(project: Project) -> None:
    """Each waits here until all of them are being confirmed, in one process and in several."""
    for number, workers in enumerate(("1", "2")):
        project.write("sales.ring.yaml", *(wrong(f"wrong, one of six at once {each}") for each in range(6)))
        done = project.ringproof("run", "-n", workers, "--speed", "300")
        assert (done.returncode, len(project.plays)) == (1, 12 * (number + 1)), done.stdout
        assert set(project.outcomes.values()) == {"failed"}
        for file in project.stage.glob("at-once-*"):
            file.unlink()


def test_what_breaks_while_it_is_being_confirmed_is_broken(project: Project) -> None:
    """By the play that broke, with the plays before it."""
    project.write("sales.ring.yaml", wrong("wrong, and breaks at speed 1"), scenario("right"))
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert done.returncode == 3
    assert project.outcomes == {"wrong, and breaks at speed 1": "broken", "right": "passed"}
    broken = next(each for each in project.results["scenarios"] if each["outcome"] == "broken")
    assert [play["became"] for play in broken["plays"]] == ["red", "broken"]


def test_the_first_red_ends_a_run_that_is_to_stop(project: Project) -> None:
    """`-x` of pytest: it is confirmed before anything else is played."""
    project.write("sales.ring.yaml", wrong(), scenario("right"))
    done = project.pytest("scenarios", "-x", "--ringproof-speed=300")
    assert done.returncode == 1
    assert project.plays == [f"{WRONG} at 300", f"{WRONG} at 1"]


def test_plain_pytest_reports_what_was_confirmed(project: Project) -> None:
    """One failed and one passed, as its own terminal and JUnit count them, with workers and without."""
    project.write("sales.ring.yaml", wrong(), scenario("right"))
    for workers in ([], ["-n", "2"]):
        done = project.pytest("scenarios", *workers, "--ringproof-speed=300", "--junitxml=junit.xml")
        assert done.returncode == 1
        assert "1 failed, 1 passed" in done.stdout
        junit = (project.folder / "junit.xml").read_text("utf-8")
        assert 'errors="0" failures="1" skipped="0" tests="2"' in junit


def test_never_means_never(project: Project) -> None:
    """A red is told as the racing clock saw it, and with its speed."""
    project.write("sales.ring.yaml", wrong())
    assert project.ringproof("run", "-n", "1", "--speed", "300", "--confirm", "never").returncode == 1
    assert project.plays == [f"{WRONG} at 300"]
    assert project.results["scenarios"][0]["speed"] == 300


def test_a_scenario_bounds_the_speed(project: Project) -> None:
    """Its own `speed:` is an upper limit, the run's is one, too."""
    slow = scenario("slow").replace("    phones:", "    speed: 20\n    phones:")
    project.write("sales.ring.yaml", slow, scenario("quick"))
    assert project.ringproof("run", "-n", "1", "--speed", "300").returncode == 0
    assert project.ringproof("run", "-n", "1", "--speed", "10").returncode == 0
    assert project.plays == ["slow at 20", "quick at 300", "slow at 10", "quick at 10"]


def test_a_play_in_which_the_machine_stalled_is_made_again(project: Project) -> None:
    """At half the speed, then at 1; how often, and for how long it stalled, is told."""
    project.write("sales.ring.yaml", scenario("stalls"))
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert (done.returncode, project.plays) == (0, ["stalls at 300", "stalls at 150", "stalls at 1"])
    assert "2 plays were made again: this machine stalled for up to 0.4 s" in done.stdout
    assert [play["stall"] for play in project.results["scenarios"][0]["plays"]] == [0.4, 0.4, 0]


def test_a_long_story_on_a_machine_that_stalls_is_not_played_at_speed_1(project: Project) -> None:
    """An hour's wait would take an hour: the last play is as slow as five minutes allow."""
    waits = "      - call: anna\n      - wait: 1h\n"
    project.write("sales.ring.yaml", scenario("always stalls").replace("      - call: anna\n", waits))
    done = project.ringproof("run", "--speed", "300")
    assert done.returncode == 0, done.stdout
    assert project.plays == ["always stalls at 300", "always stalls at 150", "always stalls at 12.0343"]


def test_a_play_that_breaks_while_the_machine_stalls_is_made_again(project: Project) -> None:
    """What a late machine breaks says nothing about the harness; what breaks without a stall is told at once."""
    late = "breaks differently as it stalls"
    project.write("sales.ring.yaml", scenario(late), scenario("breaks"))
    done = project.ringproof("run", "-n", "1", "--speed", "304")
    assert done.returncode == 3
    assert project.plays == [*(f"{late} at {speed}" for speed in (304, 152, 1)), "breaks at 304"]
    assert project.outcomes == {late: "passed", "breaks": "broken"}
    assert [len(told["plays"]) for told in project.results["scenarios"]] == [3, 1]


def test_a_play_that_breaks_on_a_machine_that_always_stalls(project: Project) -> None:
    """Told is both: that it stalled, and what broke; what breaks in the same way twice is no fault of the machine."""
    project.write(
        "sales.ring.yaml", scenario("breaks differently, and always stalls"), scenario("breaks, and always stalls")
    )
    done = project.ringproof("run", "-n", "1", "--speed", "304")
    assert (done.returncode, len(project.plays)) == (3, 3 + 2)
    machine, harness = project.results["scenarios"]
    assert machine["findings"][0]["kind"] == "stalled"
    assert machine["findings"][0]["sentence"] == (
        "this machine stalled for 0.4 s in every play, and the last one broke: the phone 101 ended by signal 1"
    )
    assert [play["stall"] for play in machine["plays"]] == [0.4, 0.4, 0.4]
    assert harness["findings"][0]["kind"] == "broken"
    assert harness["findings"][0]["sentence"] == "the phone 101 ended by signal 11"
    assert [play["stall"] for play in harness["plays"]] == [0.4, 0.4]


def test_a_red_on_a_machine_that_always_stalls_is_broken(project: Project, golden: Golden) -> None:
    """It says more about the machine than about the PBX; a green is a green."""
    project.write("sales.ring.yaml", wrong("wrong, and always stalls"), scenario("right, and always stalls"))
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert done.returncode == 3
    golden("front/stalled.txt", steady(done.stdout))
    assert project.outcomes == {"wrong, and always stalls": "broken", "right, and always stalls": "passed"}


def test_a_clock_that_cannot_race_is_told_once(project: Project) -> None:
    """One line for all scenarios."""
    project.write("sales.ring.yaml", scenario("no clock"), scenario("no clock either"))
    done = project.ringproof("run", "-n", "1")
    assert done.returncode == 0
    assert done.stdout.count("played at speed 1: the image's Asterisk takes no library from outside") == 1


@pytest.mark.parametrize("speed", ["0", "-5", "1000", "fast", "nan"])
def test_a_speed_that_is_none_is_refused(project: Project, golden: Golden, speed: str) -> None:
    """Before anything is played; plain pytest says the same."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    done = project.ringproof("run", f"--speed={speed}")
    assert (done.returncode, done.stdout, project.notes) == (2, "", [])
    golden(f"front/speed-{speed.strip('-')}.txt", done.stderr)
    plain = project.pytest("scenarios", f"--ringproof-speed={speed}")
    assert plain.returncode == 2
    assert f"`{speed}`" in plain.stderr + plain.stdout


def test_a_late_machine_gets_a_slower_clock() -> None:
    """Never faster for being later."""
    speeds = [jitter.speed_for(late) for late in (0.0, 0.005, 0.01, 0.03, 0.1, 1.0)]
    assert speeds == [500, 500, 200, 100, 25, 10]
    assert jitter.lateness() > 0


def test_repeat_tells_how_often_a_scenario_passed(project: Project) -> None:
    """Each play has its result and its evidence; the table has a line for each scenario."""
    project.write(
        "sales.ring.yaml", scenario("the first answers"), scenario("another rings", rings="102", answers="102")
    )
    done = project.ringproof("run", "--repeat", "3", "--confirm", "never")
    assert done.returncode == 1
    assert project.outcomes == {
        **{f"the first answers ({number} of 3)": "passed" for number in (1, 2, 3)},
        **{f"another rings ({number} of 3)": "failed" for number in (1, 2, 3)},
    }
    assert re.search(r"^  the first answers +3 passed ", done.stdout, re.MULTILINE)
    assert re.search(r"^  another rings +3 FAILED ", done.stdout, re.MULTILINE)
    assert len({entry["id"] for entry in project.results["scenarios"]}) == 6


def test_each_date_of_a_sweep_is_a_scenario_of_its_own(project: Project, golden: Golden) -> None:
    """Its line, its row, its result and its evidence; red is the one at which the PBX does something else."""
    project.write("sales.ring.yaml", scenario("the first answers"), WEEKEND)
    done = project.ringproof("run", "-n", "1", "--confirm", "never", "--speed", "300")
    assert done.returncode == 1
    golden("front/dates.txt", steady(done.stdout))
    entries = [entry for entry in project.results["scenarios"] if entry["starts"]]
    assert {(entry["name"], entry["starts"], entry["outcome"]) for entry in entries} == {
        (f"late on Saturdays, {day} 10:00:00 Europe/Berlin", f"{day[4:]}T10:00:00+01:00", outcome)
        for day, outcome in (("Fri 2026-11-27", "passed"), ("Sat 2026-11-28", "failed"), ("Sun 2026-11-29", "passed"))
    }
    for entry in entries:
        assert entry["id"].startswith(f"sales-late-on-saturdays-{entry['starts'][:10]}-100000-")
        assert (project.folder / "out" / entry["id"] / "verdict.txt").is_file()


def test_dates_are_repeated_each(project: Project) -> None:
    """The table has a row for each date, in their order, however their plays mix."""
    project.write("sales.ring.yaml", WEEKEND)
    done = project.ringproof("run", "-n", "2", "--repeat", "2", "--confirm", "never")
    rows = re.findall(
        r"^  late on Saturdays, (\w+) 2026-11-\d\d 10:00:00 Europe/Berlin +(2 \w+) ", done.stdout, re.MULTILINE
    )
    assert rows == [("Fri", "2 passed"), ("Sat", "2 FAILED"), ("Sun", "2 passed")]
    assert len({entry["id"] for entry in project.results["scenarios"]}) == 6


def test_a_date_can_be_selected(project: Project) -> None:
    """By plain text, as any other part of a name."""
    project.write("sales.ring.yaml", WEEKEND)
    assert project.ringproof("run", "-k", "2026-11-29", "-k", "fri 2026").returncode == 0
    assert {name.split()[3] for name in project.outcomes} == {"Fri", "Sun"}


@pytest.mark.parametrize("times", ["0", "-1", "often", "1000"])
def test_a_repeat_that_is_none_is_refused(project: Project, times: str) -> None:
    """A number from 1 to 999."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    assert project.ringproof("run", "--repeat", times).returncode == 2
