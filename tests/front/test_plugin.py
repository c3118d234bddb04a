"""The pytest front end: selection, pytest's own options, what plain projects notice of it. On the rehearsal's play."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from front_project import NEEDS, WEEKEND, Project, scenario

WRONG = scenario("the wrong one rings", rings="102", answers="102")


@pytest.fixture
def mixed(project: Project) -> Project:
    """One red between two green scenarios in one file, one broken in another."""
    project.write("sales.ring.yaml", scenario("the first answers"), WRONG, scenario("ответ первого. да"))
    project.write("support.ring.yaml", scenario("a phone breaks"))
    return project


def test_outcomes_are_pytests_own(mixed: Project) -> None:
    """Broken is an ERROR, failed a FAILED; pytest keeps its exit code, results.json says ours."""
    done = mixed.pytest("scenarios", "-v")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "scenarios/sales.ring.yaml::the first answers PASSED" in done.stdout
    assert "scenarios/sales.ring.yaml::the wrong one rings FAILED" in done.stdout
    assert "scenarios/support.ring.yaml::a phone breaks ERROR" in done.stdout
    assert "1 failed, 2 passed" in done.stdout
    assert mixed.results["exit"] == 3


def test_no_traceback_and_one_sentence_in_the_summary(mixed: Project) -> None:
    """A red is told in the house form; pytest's short summary has the sentence."""
    done = mixed.pytest("scenarios")
    assert "Traceback" not in done.stdout
    assert ".py:" not in done.stdout
    assert "FAILED scenarios/sales.ring.yaml::the wrong one rings - expected 102 to ring" in done.stdout
    assert "ERROR scenarios/support.ring.yaml::a phone breaks - the phone 101 ended by" in done.stdout
    assert "   20 |       - ring: [102]\n   expected  101" in done.stdout
    assert "4 scenarios: 2 passed, 1 failed, 1 broken" in done.stdout


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_junit(mixed: Project, workers: list[str]) -> None:
    """Names with dots and Cyrillic arrive; `<error>` for broken, `<failure>` for failed, the sentence as message."""
    mixed.pytest("scenarios", "--junitxml=out/junit.xml", *workers)
    cases = {case.get("name"): case for case in ET.parse(mixed.folder / "out" / "junit.xml").iter("testcase")}  # noqa: S314 - our own
    assert set(cases) == {"the first answers", "the wrong one rings", "ответ первого. да", "a phone breaks"}
    assert {case.get("classname") for case in cases.values()} == {
        "scenarios.sales.ring.yaml",
        "scenarios.support.ring.yaml",
    }
    failure = cases["the wrong one rings"].find("failure")
    assert failure is not None
    assert failure.get("message") == "expected 102 to ring; 101 rang instead (+1 that may follow)"
    assert "█" in (failure.text or "")
    error = cases["a phone breaks"].find("error")
    assert error is not None
    assert "the phone 101 ended by signal 11" in (error.get("message") or "")
    assert len(cases["the first answers"]) == 0


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_what_the_pbx_is_too_old_for_is_pytests_skip(mixed: Project, workers: list[str]) -> None:
    """SKIPPED with the reason and the scenario's place; `<skipped>` in JUnit; never among the passed."""
    mixed.write("legs.ring.yaml", scenario("legs that signal") + NEEDS, scenario("the third answers"))
    done = mixed.pytest("scenarios/legs.ring.yaml", "-rs", "--junitxml=out/junit.xml", *workers)
    assert done.returncode == pytest.ExitCode.OK
    assert "1 passed, 1 skipped" in done.stdout
    why = "needs Asterisk 22, and this PBX is 16.28.0~dfsg-0+deb11u4: an older one has no signals"
    assert f"SKIPPED [1] scenarios/legs.ring.yaml:5: {why}" in done.stdout
    assert "2 scenarios: 1 passed, 1 skipped" in done.stdout
    cases = {case.get("name"): case for case in ET.parse(mixed.folder / "out" / "junit.xml").iter("testcase")}  # noqa: S314 - our own
    skipped = cases["legs that signal"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == why
    assert len(cases["the third answers"]) == 0
    assert mixed.results["exit"] == 0


def test_where_all_is_skipped_the_summary_says_so(mixed: Project) -> None:
    """And the exit code is that of the command, which is no success: nothing was played."""
    mixed.write("legs.ring.yaml", scenario("legs that signal") + NEEDS)
    done = mixed.pytest("scenarios/legs.ring.yaml")
    assert done.returncode == 2
    assert "nothing was played: all that was selected needs a newer Asterisk" in done.stdout
    assert mixed.results["exit"] == 2


def test_k_x_and_lf(mixed: Project) -> None:
    """Pytest's own selection works on scenarios."""
    assert "1 passed, 3 deselected" in mixed.pytest("scenarios", "-k", "first").stdout
    stopped = mixed.pytest("scenarios", "-x")
    assert "1 failed, 1 passed" in stopped.stdout
    assert mixed.results["not_played"] == 2
    assert mixed.results["exit"] == 1  # what -x left out is not lost
    mixed.pytest("scenarios")
    again = mixed.pytest("scenarios", "--lf")
    assert "1 failed, 1 error" in again.stdout
    assert set(mixed.outcomes) == {"the wrong one rings", "a phone breaks"}


def test_name_option_takes_plain_text(mixed: Project) -> None:
    """Two words, any of several texts; pytest's -k could not say that."""
    mixed.pytest("scenarios", "--ringproof-name=FIRST answers", "--ringproof-name=breaks")
    assert set(mixed.outcomes) == {"the first answers", "a phone breaks"}


def test_a_node_id_selects_one(mixed: Project) -> None:
    """As pytest prints it."""
    done = mixed.pytest("scenarios/sales.ring.yaml::the first answers")
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_each_date_is_an_item(mixed: Project, workers: list[str]) -> None:
    """With a node id and a JUnit case of its own; what failed last is played again alone."""
    mixed.write("weekend.ring.yaml", WEEKEND)
    done = mixed.pytest("scenarios/weekend.ring.yaml", "--junitxml=out/junit.xml", *workers)
    assert "1 failed, 2 passed" in done.stdout
    names = [f"late on Saturdays, {day} 10:00:00 Europe/Berlin" for day in ("Fri 2026-11-27", "Sun 2026-11-29")]
    cases = ET.parse(mixed.folder / "out" / "junit.xml").iter("testcase")  # noqa: S314 - our own
    assert {case.get("name") for case in cases if not len(case)} == set(names)
    assert "1 failed" in mixed.pytest("scenarios/weekend.ring.yaml", "--lf", *workers).stdout
    assert list(mixed.outcomes) == ["late on Saturdays, Sat 2026-11-28 10:00:00 Europe/Berlin"]
    assert "1 passed" in mixed.pytest(f"scenarios/weekend.ring.yaml::{names[1]}", *workers).stdout
    assert list(mixed.outcomes) == [names[1]]


def test_workers_see_the_same(mixed: Project) -> None:
    """With -n: the same outcomes, one results file, one run."""
    done = mixed.pytest("scenarios", "-n", "2")
    assert "1 failed, 2 passed, 1 error" in done.stdout
    assert mixed.notes == ["opened", "closed"]
    assert sorted(mixed.outcomes.values()) == ["broken", "failed", "passed", "passed"]


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_invalid_file_fails_and_nothing_is_played(mixed: Project, workers: list[str]) -> None:
    """Not even what -k selects elsewhere; Python tests of the same session run all the same."""
    mixed.write("menu.ring.yaml", "  key 1:\n    wehn: []\n")
    (mixed.folder / "scenarios" / "test_first.py").write_text("def test_first(): pass\n")
    done = mixed.pytest("scenarios", "-k", "first", *workers)
    assert "1 failed, 1 passed" in done.stdout
    assert "scenarios/menu.ring.yaml:6:5: a scenario has no key `wehn`" in done.stdout
    assert mixed.outcomes == {"menu.ring.yaml": "invalid"}
    assert mixed.results["not_played"] == 1
    assert mixed.notes == []


@pytest.mark.parametrize("workers", [[], ["-n", "3"]], ids=["one process", "workers"])
def test_a_file_whose_reading_raises_is_an_error(project: Project, workers: list[str]) -> None:
    """Not even -k hides it, nobody knows what stands in it; the others are played."""
    project.write("a.ring.yaml", scenario("the first answers"), scenario("the second answers"))
    project.write("b-unreadable.ring.yaml", scenario("nobody reads this"))
    done = project.pytest("scenarios", "-k", "first", *workers)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 passed" in done.stdout
    assert "1 error" in done.stdout
    assert "ZeroDivisionError: nobody thought of this file" in done.stdout
    assert project.outcomes == {"the first answers": "passed", "b-unreadable.ring.yaml": "broken"}
    assert project.results["exit"] == 3


def test_keep_going(mixed: Project) -> None:
    """The valid ones are played beside the invalid file's failure."""
    mixed.write("menu.ring.yaml", "  key 1:\n    wehn: []\n")
    done = mixed.pytest("scenarios", "--ringproof-keep-going")
    assert "2 failed, 2 passed, 1 error" in done.stdout


def test_collect_only_opens_nothing(mixed: Project) -> None:
    """No run, no results file."""
    done = mixed.pytest("scenarios", "--collect-only", "-q")
    assert "scenarios/sales.ring.yaml::the first answers" in done.stdout
    assert mixed.notes == []
    assert not (mixed.folder / "out").exists()


def test_known_red_is_played_only_when_named(mixed: Project) -> None:
    """By its folder or a file in it; not by a folder above."""
    mixed.write("known-red/ring.ring.yaml", scenario("red on purpose", rings="102", answers="102"))
    mixed.pytest("scenarios")
    assert "red on purpose" not in mixed.outcomes
    for named in ("scenarios/known-red", "scenarios/known-red/ring.ring.yaml"):
        mixed.pytest(named)
        assert mixed.outcomes == {"red on purpose": "failed"}


def test_other_out_folder(mixed: Project) -> None:
    """--ringproof-out counts from the current folder."""
    mixed.pytest("scenarios/sales.ring.yaml", "--ringproof-out", "elsewhere/results")
    assert (mixed.folder / "elsewhere" / "results" / "results.json").exists()
    assert not (mixed.folder / "out").exists()


def test_evidence_folder_of_a_scenario(mixed: Project) -> None:
    """Observation, timeline and verdict stand beside the events."""
    mixed.pytest("scenarios/sales.ring.yaml")
    for entry in mixed.results["scenarios"]:
        folder = mixed.folder / "out" / entry["id"]
        assert {"events.ndjson", "observation.json", "timeline.txt", "verdict.txt"} <= {
            path.name for path in folder.iterdir()
        }
        verdict = (folder / "verdict.txt").read_text(encoding="utf-8")
        assert (verdict == "passed\n") == (entry["outcome"] == "passed")


def test_a_project_without_scenarios_pays_nothing(project: Project) -> None:
    """The plugin imports neither the harness' heavy parts nor third-party packages, and prints nothing."""
    (project.folder / "test_plain.py").write_text(
        "import sys\n"
        "def test_plain():\n"
        "    for heavy in ('pydantic', 'yaml', 'docker', 'rich', 'typer', 'jinja2', 'asyncio', 'ringproof.run'):\n"
        "        assert heavy not in sys.modules, heavy\n"
    )
    environment = {name: value for name, value in project.environment.items() if not name.startswith("RINGPROOF_")}
    environment |= {"PYTHONPATH": environment["PYTHONPATH"].rpartition(":")[2], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "ringproof.pytest_plugin", "test_plain.py"]
    done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout
    assert "ingproof" not in done.stdout.replace("ringproof-", "")
    assert not (project.folder / "out").exists()
