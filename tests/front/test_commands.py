"""The commands around `run`: what they say and their exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
from front_project import WEEKEND, Project, scenario
from ringproof import __version__
from ringproof.report.out import claimed
from ringproof.scenario.schema import office_schema, scenario_schema

Golden = Callable[[str, str], None]


def test_version(project: Project) -> None:
    """The package's own."""
    done = project.ringproof("--version")
    assert (done.returncode, done.stdout) == (0, f"ringproof {__version__}\n")


@pytest.mark.parametrize("command", ["", "init", "run", "validate", "render", "schema", "image", "doctor", "clean"])
def test_help(project: Project, golden: Golden, command: str) -> None:
    """Every option has a line."""
    done = project.ringproof(*command.split(), "--help")
    assert done.returncode == 0
    golden(f"front/help-{command or 'all'}.txt", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["run", "nowhere"], "no-such-path"),
        (["validate", "nowhere"], "no-such-path"),
        (["render", "nowhere", "--out", "x"], "no-such-path"),
        (["run", "scenarios/office.yaml"], "no-scenario-file"),
        (["run", "scenarios", "-n", "many"], "bad-number"),
        (["run", "empty"], "empty-folder"),
        (["image", "--load", "nowhere.tar"], "no-such-archive"),
        (["image", "--load", "scenarios/office.yaml"], "no-archive"),
        (["image", "--load", "/dev/zero"], "device-for-archive"),
        (["image", "--load", "pipe"], "pipe-for-archive"),
        (["image", "--load", "zeros"], "zeros-for-archive"),
        (["image", "--load", "images.tar", "--version", "16"], "load-and-version"),
        (["image", "--load", "images.tar", "--save", "images.tar"], "load-and-save"),
        (["image", "--save", "nowhere/images.tar"], "no-folder-to-save"),
        (["image", "--version", "11"], "no-such-asterisk"),
        (["run", ""], "empty-path"),
        (["run", "scenarios", ""], "empty-path"),
        (["validate", ""], "empty-path"),
        (["render", "", "--out", "x"], "empty-office"),
        (["render", "scenarios/office.yaml", "--out", ""], "empty-out"),
        (["run", "--out", ""], "empty-out"),
        (["run", "--rendered", ""], "empty-rendered"),
        (["image", "--save", ""], "empty-save"),
        (["image", "--load", ""], "empty-load"),
        (["init", ""], "empty-folder-name"),
        (["init", "scenarios/office.yaml"], "init-into-a-file"),
        (["init", "scenarios/office.yaml/deep"], "init-below-a-file"),
    ],
)
def test_wrong_arguments_are_2_in_one_sentence(
    project: Project, golden: Golden, arguments: list[str], name: str
) -> None:
    """Nothing is played, nothing is written."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    (project.folder / "empty").mkdir()
    (project.folder / "zeros").write_bytes(bytes(1 << 20))
    os.mkfifo(project.folder / "pipe")
    done = project.ringproof(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    golden(f"front/{name}.txt", done.stderr)
    assert not (project.folder / "out").exists()


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["run", "--frobnicate"], ["run", "-n"], ["render"], ["schema", "phones"]]
)
def test_unknown_commands_and_options_are_2(project: Project, arguments: list[str]) -> None:
    """As every command line does."""
    done = project.ringproof(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_several_k_select_any_of_them(project: Project) -> None:
    """Plain text, two words, any case."""
    names = ("the first answers", "the second answers", "nobody answers")
    project.write("sales.ring.yaml", *map(scenario, names))
    done = project.ringproof("run", "-k", "FIRST answers", "-k", "nobody")
    assert done.returncode == 0
    assert set(project.outcomes) == {"the first answers", "nobody answers"}


def test_scenarios_is_the_default_folder(project: Project) -> None:
    """Without PATHS; known-red stays out until it is named."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    project.write("known-red/ring.ring.yaml", scenario("red on purpose", rings="102", answers="102"))
    assert project.ringproof("run").returncode == 0
    assert set(project.outcomes) == {"the first answers"}
    assert project.ringproof("run", "scenarios/known-red").returncode == 1


def test_settings_for_the_projects_own_pytest_do_not_reach_in(project: Project) -> None:
    """A customer's pytest.ini, conftest.py and PYTEST_ADDOPTS are about his Python tests."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    (project.folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (project.folder / "scenarios" / "conftest.py").write_text("raise SystemExit('reached')\n")
    assert project.ringproof("run").returncode == 0


def test_validate(project: Project, golden: Golden) -> None:
    """Valid: one line. Invalid: all problems, then how many."""
    project.write("sales.ring.yaml", scenario("the first answers"), scenario("the second answers"))
    done = project.ringproof("validate")
    assert (done.returncode, done.stdout) == (0, "2 scenarios in 1 file are valid\n")
    project.write("menu.ring.yaml", "  key 1:\n    wehn: []\n", scenario("x").replace("for:", "fro:"))
    done = project.ringproof("validate")
    assert done.returncode == 2
    golden("front/validate-invalid.txt", done.stdout)
    assert project.notes == []


MANY = """\
  each equally often:
    calls: 300
    when:
      - call: anna
      - hang up: anna
        at: {after: 300ms, of: {ring: any}}
    expect:
      - ring: {one_of: [101, 102], as: first}
      - over: first
"""


def test_validate_says_what_many_calls_would_catch(project: Project) -> None:
    """A line for each `over`, with its place; of too few calls only that."""
    project.write("chance.ring.yaml", MANY)
    done = project.ringproof("validate")
    assert done.stdout == (
        "scenarios/chance.ring.yaml:13: 300 calls would catch, with 99 % certainty, a phone with a share of less than "
        "28 % or more than 72 %; the same phone twice running less than 28 % or more than 72 % of the time\n"
        "1 scenario in 1 file is valid\n"
    )
    project.write("chance.ring.yaml", MANY.replace("300", "20", 1))
    done = project.ringproof("validate")
    assert (done.returncode, "would catch" in done.stdout) == (2, False)
    assert "20 calls are too few: a PBX that never chooses 101 would pass" in done.stdout


HEARS = """\
  the greeting:
    when:
      - call: anna
      - hear: prompt
      - hang up: anna
    expect:
      - nobody: rings
"""


def test_validate_names_the_lines_that_say_something_else_than_before(project: Project) -> None:
    """`hear` excused a PBX that answers; once it is written who answers there is nothing to say."""
    project.write("greeting.ring.yaml", HEARS)
    done = project.ringproof("validate")
    assert done.stdout == (
        "scenarios/greeting.ring.yaml:8:9: `hear` does not say any more that the PBX answers anna: where it does, "
        "before any phone, write `- caller gets: {answered by: pbx}`\n"
        "1 scenario in 1 file is valid\n"
    )
    assert done.returncode == 0
    project.write("greeting.ring.yaml", HEARS + "      - caller gets: {answered by: pbx}\n")
    assert project.ringproof("validate").stdout == "1 scenario in 1 file is valid\n"


def test_validate_says_at_which_dates_a_scenario_is_played(project: Project) -> None:
    """The first and the last of a sweep or list; what many calls would catch once, and not for each date."""
    calls = MANY.replace(
        "    calls", '    clock: {starts: ["2026-12-01 10:00 +00:00", "2026-11-01 10:00 +00:00"]}\n    calls'
    )
    project.write("chance.ring.yaml", calls)
    project.write("sales.ring.yaml", WEEKEND)
    lines = project.ringproof("validate").stdout.splitlines()
    assert lines[0] == (
        "scenarios/chance.ring.yaml:5: 2 dates, from Sun 2026-11-01 10:00:00 +00:00 to Tue 2026-12-01 10:00:00 +00:00"
    )
    assert lines[1].startswith("scenarios/chance.ring.yaml:14: 300 calls would catch")
    weekend = "from Fri 2026-11-27 10:00:00 Europe/Berlin to Sun 2026-11-29 10:00:00 Europe/Berlin"
    assert lines[2:] == [
        f"scenarios/sales.ring.yaml:5: 3 dates, {weekend}",
        "5 scenarios in 2 files are valid",
    ]


def test_render(project: Project) -> None:
    """The files are named; a folder that is not empty is left alone unless forced."""
    done = project.ringproof("render", "scenarios/office.yaml", "--out", "asterisk")
    assert done.returncode == 0, done.stderr
    assert "asterisk/extensions.conf\n" in done.stdout
    extensions = project.folder / "asterisk" / "extensions.conf"
    extensions.write_text("mine\n")
    refused = project.ringproof("render", "scenarios/office.yaml", "--out", "asterisk")
    assert refused.returncode == 2
    assert refused.stderr == "ringproof: the folder asterisk is not empty; --force writes into it all the same\n"
    assert extensions.read_text() == "mine\n"
    assert project.ringproof("render", "scenarios/office.yaml", "--out", "asterisk", "--force").returncode == 0
    assert "Written by ringproof" in extensions.read_text()


def test_render_an_invalid_office_is_2(project: Project) -> None:
    """Its problems are told, nothing is written."""
    office = project.folder / "scenarios" / "office.yaml"
    office.write_text(office.read_text().replace("office:", "ofice:"))
    done = project.ringproof("render", "scenarios/office.yaml", "--out", "asterisk")
    assert done.returncode == 2
    assert "did you mean `office`?" in done.stdout
    assert not (project.folder / "asterisk").exists()


@pytest.mark.parametrize("of", ["", "scenario", "office"])
def test_schema(project: Project, of: str) -> None:
    """What tests/schema looks at, as JSON; of scenario files where nothing is said."""
    done = project.ringproof("schema", *of.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == (office_schema() if of == "office" else scenario_schema())


def test_doctor_without_an_engine_is_3(project: Project) -> None:
    """It says so, looks at the rest all the same, and what to do is on a line below."""
    done = project.ringproof("doctor", DOCKER_HOST=f"unix://{project.folder}/no.sock")
    assert (done.returncode, done.stderr) == (3, "")
    lines = done.stdout.splitlines()
    place = lines.index(
        f"BROKEN engine     no Docker engine answers at unix://{project.folder}/no.sock (No such file or directory)"
    )
    assert lines[place + 1] == "   hint: start it, or unset DOCKER_HOST to use this machine's own"
    assert lines[-1] == "one thing stands in the way of calls"
    assert any(line.startswith("ok     clock      ringproof-clock.so") for line in lines[place:])
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--save", "images.tar"]])
def test_image_without_an_engine_is_3(project: Project, golden: Golden, arguments: list[str]) -> None:
    """In the words of the set-up, and nothing is written."""
    done = project.ringproof("image", *arguments, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert (done.returncode, done.stdout) == (3, "")
    golden("front/image-without-engine.txt", done.stderr)
    assert not (project.folder / "images.tar").exists()


def test_clean_without_an_engine_is_3(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence and a hint."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{project.folder}/no.sock")
    done = project.ringproof("clean")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("ringproof: no Docker engine answers at unix://")
    assert "hint:" in done.stderr


def test_a_terminal_is_measured_although_pytest_keeps_what_is_written_to_itself(project: Project) -> None:
    """No COLUMNS says how wide it is; the charts fit all the same."""
    project.write("sales.ring.yaml", scenario("the wrong one rings", rings="102", answers="102"))
    for workers in ("1", "2"):
        shown = project.ringproof_in_a_terminal(90, "run", "-n", workers).splitlines()
        assert max(len(line) for line in shown if "██" in line) <= 90
        assert max(len(line) for line in shown if "──" in line) == 90


@pytest.mark.parametrize("columns", [80, 120])
def test_what_a_terminal_shows(project: Project, columns: int) -> None:
    """Charts and table fit the terminal's width."""
    project.write("sales.ring.yaml", scenario("the wrong one rings", rings="102", answers="102"))
    done = project.ringproof("run", "-n", "1", COLUMNS=str(columns))
    drawn = [line for line in done.stdout.splitlines() if "█" in line or "──" in line]
    assert drawn
    assert max(map(len, drawn)) <= columns


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("taken", "File exists"),
        ("taken/below", "Not a directory"),
        ("/proc/ringproof", "No such file or directory"),
    ],
)
def test_a_folder_that_cannot_be_written_to_is_3(project: Project, out: str, told: str) -> None:
    """One sentence, and nothing is played: 1 would say that the routing differs."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    (project.folder / "taken").touch()
    done = project.ringproof("run", "--out", out)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"ringproof: --out {out}: {told}; name a folder that can be written to\n"
    assert project.notes == []


def test_a_folder_that_another_run_writes_to_is_2(project: Project) -> None:
    """Two runs in one would play on each other's configuration; the lock ends with the run."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    with claimed(project.folder / "out"):
        done = project.ringproof("run")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "ringproof: --out out: another run writes there; give each a folder of its own\n"
        assert "another run writes there" in project.pytest().stderr
    assert project.ringproof("run").returncode == 0


def test_what_is_neither_file_nor_folder_is_2(project: Project) -> None:
    """A device is no scenario file."""
    done = project.ringproof("run", "/dev/null")
    assert done.returncode == 2
    assert done.stderr.startswith("ringproof: /dev/null is no scenario file")
