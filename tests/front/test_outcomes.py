"""Every outcome has its exit code; `ringproof run` as a user starts it, on the rehearsal's play."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from front_project import NEEDS, Project, scenario, steady

WRONG = scenario("the wrong one rings", rings="102", answers="102")
Golden = Callable[[str, str], None]


def test_passed_is_0(project: Project, golden: Golden) -> None:
    """Everything green: a line for each scenario, the table, the totals."""
    project.write("sales.ring.yaml", scenario("the first answers"), scenario("ответ первого. да"))
    done = project.ringproof("run", "-n", "1")
    assert done.returncode == 0
    golden("front/passed.txt", steady(done.stdout))
    assert done.stderr == ""
    assert project.results["exit"] == 0
    assert project.outcomes == {"the first answers": "passed", "ответ первого. да": "passed"}


def test_failed_is_1(project: Project, golden: Golden) -> None:
    """A red: the house form with charts, then the table."""
    project.write("sales.ring.yaml", scenario("the first answers"), WRONG)
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert done.returncode == 1
    golden("front/failed.txt", steady(done.stdout))
    assert project.outcomes["the wrong one rings"] == "failed"
    kinds = [found["kind"] for found in project.results["scenarios"][1]["findings"]]
    assert kinds == ["ring-instead", "answer-instead"]


def test_invalid_is_2_and_nothing_is_played(project: Project, golden: Golden) -> None:
    """All problems of all files, one that two files share only once; no run is opened."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    project.write("menu.ring.yaml", "  key 1:\n    wehn: []\n")
    done = project.ringproof("run")
    assert done.returncode == 2
    golden("front/invalid.txt", steady(done.stdout))
    assert project.notes == []
    assert project.results["not_played"] == 1
    assert project.outcomes == {"menu.ring.yaml": "invalid"}


def test_problems_of_a_shared_office_are_told_once(project: Project) -> None:
    """Two scenario files name the same broken office."""
    office = project.folder / "scenarios" / "office.yaml"
    office.write_text(office.read_text().replace("extension_ring_time", "extention_ring_time"))
    project.write("sales.ring.yaml", scenario("the first answers"))
    project.write("menu.ring.yaml", scenario("the first answers"))
    done = project.ringproof("run")
    assert done.returncode == 2
    assert done.stdout.count("did you mean `extension_ring_time`?") == 1
    assert "2 invalid files" in done.stdout


def test_keep_going_plays_the_other_files(project: Project) -> None:
    """The exit code still says that a file is invalid."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    project.write("menu.ring.yaml", "  key 1:\n    wehn: []\n")
    done = project.ringproof("run", "--keep-going")
    assert done.returncode == 2
    assert project.outcomes == {"menu.ring.yaml": "invalid", "the first answers": "passed"}


def test_invalid_counts_more_than_failed(project: Project) -> None:
    """2 before 1."""
    project.write("sales.ring.yaml", WRONG)
    project.write("menu.ring.yaml", "  key 1:\n    wehn: []\n")
    assert project.ringproof("run", "--keep-going").returncode == 2


def test_broken_is_3(project: Project, golden: Golden) -> None:
    """A phone crashed: nothing is said about the routing, and 3 counts more than the red beside it."""
    project.write("sales.ring.yaml", scenario("a phone breaks"), WRONG)
    done = project.ringproof("run", "-n", "1", "--speed", "300")
    assert done.returncode == 3
    golden("front/broken.txt", steady(done.stdout))
    verdict = project.folder / "out" / project.results["scenarios"][0]["id"] / "verdict.txt"
    assert "the phone 101 ended by signal 11" in verdict.read_text()


def test_engine_not_running_is_3_and_told_once(project: Project, golden: Golden) -> None:
    """Every scenario is broken for the same reason: one message; no evidence folder is named, for there is none."""
    project.write("sales.ring.yaml", scenario("the first answers"), scenario("the second answers"))
    done = project.ringproof("run", "--image", "down")
    assert done.returncode == 3
    golden("front/engine-down.txt", _sorted_lines(steady(done.stdout)))
    assert set(project.outcomes.values()) == {"broken"}


def _sorted_lines(text: str) -> str:
    """The order in which two workers are ready is theirs."""
    lines = text.splitlines(keepends=True)
    return "".join([*sorted(line[4:] for line in lines[:2]), *lines[2:]])


def test_unforeseen_exception_is_3_with_its_traceback(project: Project) -> None:
    """A defect of ours is not hidden behind a sentence."""
    project.write("sales.ring.yaml", scenario("this puzzles"))
    done = project.ringproof("run")
    assert done.returncode == 3
    assert "ZeroDivisionError: nobody thought of this" in done.stdout
    assert "raise ZeroDivisionError(message)" in done.stdout
    assert project.results["scenarios"][0]["findings"][0]["kind"] == "defect"


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_file_whose_reading_raises_is_3_with_its_traceback(project: Project, workers: str) -> None:
    """It has a result of its own, on the terminal and in results.json; the other files are played."""
    project.write("a.ring.yaml", scenario("the first answers"), scenario("the second answers"))
    project.write("b-unreadable.ring.yaml", scenario("nobody reads this"))
    project.write("c.ring.yaml", scenario("the third answers"))
    done = project.ringproof("run", "-n", workers)
    assert done.returncode == project.results["exit"] == 3
    assert project.outcomes == {
        "b-unreadable.ring.yaml": "broken",
        "the first answers": "passed",
        "the second answers": "passed",
        "the third answers": "passed",
    }
    sentence = "this file could not be read: ZeroDivisionError: nobody thought of this file"
    assert f"scenarios/b-unreadable.ring.yaml:1:1: not judged: {sentence}" in done.stdout
    assert "raise ZeroDivisionError(message)" in done.stdout
    assert "4 scenarios: 3 passed, 1 broken" in done.stdout
    junit = ET.parse(project.folder / "out" / "junit.xml")  # noqa: S314 - our own
    assert len(list(junit.iter("error"))) == 1


def test_a_run_in_which_no_file_can_be_read_is_3(project: Project) -> None:
    """Nothing is opened, and -k does not hide the file: nobody knows what stands in it."""
    project.write("unreadable.ring.yaml", scenario("nobody reads this"))
    done = project.ringproof("run", "-k", "somebody")
    assert done.returncode == project.results["exit"] == 3
    assert project.outcomes == {"unreadable.ring.yaml": "broken"}


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_scenario_that_was_selected_and_never_collected_is_3(project: Project, workers: str) -> None:
    """The command line has read two scenarios, pytest one: the other is told as not played, everywhere alike."""
    project.write("a.ring.yaml", scenario("the first answers"))
    project.write("b-forgotten.ring.yaml", scenario("the second answers"))
    done = project.ringproof("run", "-n", workers)
    assert done.returncode == project.results["exit"] == 3
    assert project.results["not_played"] == 1
    assert "2 scenarios: 1 passed, 1 not played" in done.stdout


def test_an_expectation_that_no_judge_knows_is_3(project: Project) -> None:
    """All that is judged holds; it is broken all the same."""
    project.write("sales.ring.yaml", scenario("what nobody judges"))
    done = project.ringproof("run", "-n", "1")
    assert done.returncode == project.results["exit"] == 3
    assert project.outcomes == {"what nobody judges": "broken"}
    assert "UnjudgedError: no judge looks at `_Displays` on line 5" in done.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_red_that_cannot_be_told_is_3(project: Project, workers: str) -> None:
    """It has a result all the same, which says what failed; it was no more than one that is missing."""
    red = scenario("this red leaves it speechless", rings="102", answers="102")
    project.write("sales.ring.yaml", red, scenario("the first answers"))
    done = project.ringproof("run", "-n", workers)
    assert done.returncode == project.results["exit"] == 3
    assert project.outcomes == {"the first answers": "passed", "this red leaves it speechless": "broken"}
    assert "ZeroDivisionError: nobody thought of this red" in done.stdout


def test_a_file_that_is_named_twice_is_one(project: Project) -> None:
    """Once as it is, once by its absolute path."""
    file = project.write("sales.ring.yaml", scenario("the first answers"))
    done = project.ringproof("run", "scenarios", str(file), "scenarios/sales.ring.yaml")
    assert done.returncode == 0
    assert project.outcomes == {"the first answers": "passed"}


def test_validate_of_a_file_whose_reading_raises_is_3(project: Project) -> None:
    """Python's own exit code of an exception, 1, would mean that the routing differs."""
    project.write("unreadable.ring.yaml", scenario("nobody reads this"))
    done = project.ringproof("validate")
    assert done.returncode == 3
    assert "ZeroDivisionError: nobody thought of this file" in done.stderr
    assert "hint: a defect of Ringproof: please report it" in done.stderr


def test_a_worker_that_dies_is_3(project: Project) -> None:
    """The scenario that it played is broken; the others are played."""
    project.write("sales.ring.yaml", scenario("this dies"), *[scenario(f"answer {n}") for n in range(4)])
    done = project.ringproof("run", "-n", "2")
    assert done.returncode == 3
    assert "the process that played this scenario ended without a word" in done.stdout
    assert project.outcomes == {"this dies": "broken"} | {f"answer {n}": "passed" for n in range(4)}


def test_skipped_is_told_and_not_counted_as_passed(project: Project, golden: Golden) -> None:
    """The PBX is too old for one of two: its reason stands in the table, in results.json and in the evidence folder."""
    project.write("sales.ring.yaml", scenario("the first answers"), scenario("legs that signal") + NEEDS)
    done = project.ringproof("run", "-n", "1")
    assert done.returncode == 0
    golden("front/skipped.txt", steady(done.stdout))
    assert project.outcomes == {"the first answers": "passed", "legs that signal": "skipped"}
    entry = project.results["scenarios"][1]
    why = "needs Asterisk 22, and this PBX is 16.28.0~dfsg-0+deb11u4: an older one has no signals"
    assert entry["findings"] == [{"kind": "needs", "sentence": why, "line": 14, "follows": False}]
    assert (entry["plays"], entry["observation"]) == ([], None)
    verdict = project.folder / "out" / entry["id"] / "verdict.txt"
    assert f"not played: {why}" in verdict.read_text()


def test_a_run_in_which_all_is_skipped_is_2(project: Project, golden: Golden) -> None:
    """Nothing was played, which is no success; several plays and several workers tell the same."""
    project.write("sales.ring.yaml", scenario("legs that signal") + NEEDS)
    done = project.ringproof("run", "-n", "1")
    assert done.returncode == 2
    golden("front/all-skipped.txt", steady(done.stdout))
    assert project.results["exit"] == 2
    again = project.ringproof("run", "-n", "2", "--repeat", "3")
    assert again.returncode == 2
    assert "3 SKIPPED" in again.stdout
    assert "3 scenarios: 3 skipped; exit 2" in again.stdout


def test_plain_pytest_agrees_when_all_is_skipped(project: Project) -> None:
    """The same exit code and sentence, unless another test of the session has passed."""
    project.write("sales.ring.yaml", scenario("legs that signal") + NEEDS)
    for workers in ((), ("-n", "2")):
        done = project.pytest(*workers, "scenarios")
        assert done.returncode == 2
        assert "nothing was played: all that was selected needs a newer Asterisk" in done.stdout
    (project.folder / "test_other.py").write_text("def test_other():\n    pass\n")
    assert project.pytest(".").returncode == 0


def _mounted(project: Project, options: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `ringproof run` with a small file system of its own at out/."""
    (project.folder / "out").mkdir(exist_ok=True)
    namespace = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-Urm"]
    script = f'mount -t tmpfs -o {options} none out && "$@"'
    command = [*namespace, "sh", "-c", script, "sh", *project.command("run", *arguments)]
    return project._run(command, project.environment)  # noqa: SLF001 - another command than the usual ones


def test_a_folder_for_results_that_is_a_file_is_3(project: Project) -> None:
    """Before anything is played, in one sentence."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    (project.folder / "out").write_text("")
    done = project.ringproof("run", "-n", "1")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "ringproof: --out out: File exists; name a folder that can be written to\n"


@pytest.mark.parametrize(
    ("options", "sentence"), [("ro", "Read-only file system"), ("size=256k", "No space left on device")]
)
def test_a_folder_for_results_that_cannot_be_written_to_is_3(project: Project, options: str, sentence: str) -> None:
    """Before anything is played, in one sentence; a full disk, too, where empty files can still be made."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    done = _mounted(project, options, "-n", "1")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"ringproof: --out out: {sentence}; name a folder that can be written to\n"


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("inodes", [3, 8, 13])
def test_a_disk_that_gets_full_is_3(project: Project, workers: str, inodes: int) -> None:
    """At whatever moment: without a traceback, with what was told before, and the sentence."""
    project.write("sales.ring.yaml", scenario("the first answers"), scenario("the second answers"))
    done = _mounted(project, f"size=4m,nr_inodes={inodes}", "-n", workers)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "No space left on device" in done.stdout + done.stderr
    assert "1/2" in done.stdout
    assert "exit 3" in done.stdout


def test_what_needs_nothing_newer_is_played(project: Project) -> None:
    """The same line with an older version."""
    project.write("sales.ring.yaml", scenario("the first answers") + NEEDS.replace("22", "16.20"))
    assert project.ringproof("run").returncode == 0
    assert project.outcomes == {"the first answers": "passed"}


def test_nothing_selected_is_2(project: Project, golden: Golden) -> None:
    """A name that no scenario has."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    done = project.ringproof("run", "-k", "nobody", "-k", "second")
    assert (done.returncode, done.stdout) == (2, "")
    golden("front/nothing-selected.txt", done.stderr)
    assert project.results["exit"] == 2


def test_workers_play_and_one_process_tells(project: Project) -> None:
    """With -n every scenario is played once, the run is opened once and closed after the workers."""
    project.write("sales.ring.yaml", *[scenario(f"answer {n}") for n in range(9)], WRONG)
    done = project.ringproof("run", "-n", "3")
    assert done.returncode == 1
    assert project.notes == ["opened", "closed"]
    assert len(project.outcomes) == len(project.results["scenarios"]) == 10
    assert (project.folder / "out" / "junit.xml").read_text().count("<testcase ") == 10


def test_what_asterisk_complains_of_is_told_with_a_green(project: Project, golden: Golden) -> None:
    """Of the story below the scenario, of the boot and what was allowed there once for the run; from workers, too."""
    project.write("sales.ring.yaml", scenario("complains"), scenario("complains, too"), scenario("does not"))
    done = project.ringproof("run", "-n", "2", "--allow", "*declined to load*", "--allow", "*of nobody*")
    assert done.returncode == 0
    told = steady(done.stdout)
    golden("front/complaints.txt", told[told.index("\nscenario") :])
    entries = {entry["name"]: entry["complaints"] for entry in project.results["scenarios"]}
    assert [(each["when"], each["count"], each["allowed"]) for each in entries["complains"]] == [
        ("boot", 1, ["*declined to load*"]),
        ("boot", 1, []),
        ("story", 2, []),
    ]
    assert entries["complains, too"] == entries["complains"]
    assert entries["does not"] == []


def test_plain_pytest_tells_the_same(project: Project) -> None:
    """Under the name that the option has there."""
    project.write("sales.ring.yaml", scenario("complains"))
    done = project.pytest("--ringproof-allow=*declined to load*", "scenarios")
    assert done.returncode == 0, done.stdout
    assert "\n    Asterisk says: pbx_functions.c: Function CALLERID not registered" in done.stdout
    assert "\nallowed at boot: loader.c: cdr_csv declined to load.\n" in done.stdout
    assert "\nAsterisk says at boot: loader.c: Module 'res_adsi' has been loaded but" in done.stdout
