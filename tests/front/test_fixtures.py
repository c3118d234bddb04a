"""The fixtures for tests in Python: one run for each process, options, evidence. On the rehearsal's play."""

from __future__ import annotations

import re

import pytest
from front_project import Project, scenario

HEAD = """\
import pytest
import ringproof

CALLERS = {"anna": {"from": "+74951234567", "to": "84950000005"}}


def story(name, **more):
    words = {"phones": {101: {"answers": "5s"}}, "when": [{"call": "anna"}], **more}
    return ringproof.Scenario(name=name, pbx="scenarios/office.yaml", callers=CALLERS, **words)


EXPECT = [{"ring": [101], "for": "5s"}, {"answer": 101}]
"""
PARAMETRISED = """

@pytest.mark.parametrize("number", range(4))
def test_it_rings(play, number):
    assert play(story(f"story {number}", expect=EXPECT)).order() == ["101"]
"""
OUTCOMES = """

def test_asked(play):
    play(story("asked"))
    assert play(story("asked again")).order() == ["102"]


def test_red(play):
    play(story("red", expect=[{"ring": [102], "for": "5s"}]))


def test_too_new(play):
    play(story("too new", expect=EXPECT, needs={"asterisk": "22", "because": "an older one has no signals"}))


def test_unsteady(play):
    play(story("late on the fast clock", expect=EXPECT))


def test_wrong(play):
    play(story("wrong", whn=[]))
"""
BY_HAND = """

def test_by_hand(asterisk):
    asterisk.clock.advance(15)
"""
OFFICE = """

@pytest.fixture
def ringproof_office():
    return {office}
"""


def write(project: Project, *parts: str) -> str:
    """Write a test file into the project; return its name."""
    (project.folder / "test_python.py").write_text(HEAD + "".join(parts))
    return "test_python.py"


@pytest.mark.parametrize("workers", [0, 2])
def test_each_process_has_one_run(project: Project, workers: int) -> None:
    """Opened for its first story, closed at its end, with what is parametrised and scenario files beside it."""
    project.write("sales.ring.yaml", scenario("the first answers"))
    done = project.pytest(write(project, PARAMETRISED), "scenarios", *(["-n", str(workers)] if workers else []))
    assert "5 passed" in done.stdout, done.stdout + done.stderr
    notes = (project.stage / "notes").read_text().split()
    assert 2 <= notes.count("opened") <= 1 + max(1, workers), "one of the scenario files, one of each process"
    assert notes.count("closed") == notes.count("opened")
    assert list(project.outcomes) == ["the first answers"], "results.json is about scenario files"


def test_what_a_test_shows(project: Project) -> None:
    """A red in the house form, a failed assert with all that was played, a skip, a mistake: at the test's line."""
    done = project.pytest(write(project, OUTCOMES), "-rs")
    assert "4 failed, 1 skipped" in done.stdout
    assert not (project.folder / "out").exists(), "the evidence is in pytest's folder for temporary files"
    for line in (
        r"E +ringproof\.ScenarioFailedError: test_python\.py:9:12: expect\[0\]\.ring: expected 102 to ring; 101 rang",
        r"E +AssertionError: assert \['101'\] == \['102'\]",
        r"^-+ Ringproof, evidence: .*/ringproof/test-python-py-asked-again-",
        r"^   101 +█+ answered$",
        r"^SKIPPED \[1\] .*not played: needs Asterisk 22, and this PBX is 16.* signals$",
        r"E +ringproof\.ScenarioUnsteadyError: .*unsteady: two plays of this scenario disagree",
        r"E +ringproof\.InvalidStoryError: test_python\.py:9:12: whn: a scenario has no key `whn`",
    ):
        assert re.search(line, done.stdout, re.MULTILINE), f"{line}\n{done.stdout}"
    assert len(re.findall(r"^-+ Ringproof, evidence", done.stdout, re.MULTILINE)) == 2
    assert "/ringproof/api/" not in done.stdout, "a traceback ends at the test's own line"


def test_the_options_hold(project: Project) -> None:
    """The folder, the speed, and what an unsteady one is."""
    options = ["--ringproof-out=kept", "--ringproof-speed=20", "--ringproof-allow-unsteady", "-k", "unsteady"]
    done = project.pytest(write(project, OUTCOMES), *options)
    assert "1 passed" in done.stdout
    assert "late on the fast clock at 20" in (project.stage / "plays").read_text()
    assert len(list(project.folder.glob("kept/python/test-python-py-test-unsteady-*/*/events.ndjson"))) == 1


@pytest.mark.parametrize("body", [PARAMETRISED, BY_HAND], ids=["play", "asterisk"])
def test_a_run_that_cannot_be_opened_is_one_sentence(project: Project, body: str) -> None:
    """ERROR, at the test, without a traceback."""
    office = OFFICE.format(office='{"pbx": "scenarios/office.yaml", "callers": CALLERS}')
    done = project.pytest(write(project, office, body), "--ringproof-image=down", "-x")
    assert "1 error" in done.stdout
    assert re.search(
        r"^test_python\.py::test_\w+(\[0\])?: not judged: no Docker engine answers at", done.stdout, re.MULTILINE
    )
    assert "Traceback" not in done.stdout
    assert "fixtures.py" not in done.stdout


@pytest.mark.parametrize(
    ("office", "sentence"),
    [
        ("", "test_python.py:15: the fixture `asterisk` opens the office that the fixture `ringproof_office` returns"),
        ("None", "test_python.py:20:1: an office of the type `NoneType` cannot be opened"),
        ('{"pbx": "nowhere.yaml", "callers": CALLERS}', "test_python.py:20:1: pbx: there is no office file `nowhere"),
        ('{"pbx": "scenarios/office.yaml"}', "test_python.py:20:1: this office has no `callers`, so nobody can call"),
        ('story("a story", phnes={})', "test_python.py:9:12: phnes: a scenario has no key `phnes`"),
    ],
    ids=["none", "no office", "no file", "no callers", "unknown key"],
)
def test_an_office_that_cannot_be_opened_is_one_sentence(project: Project, office: str, sentence: str) -> None:
    """ERROR, at the test or where the office is written, with what to write."""
    parts = [OFFICE.format(office=office)] if office else []
    done = project.pytest(write(project, *parts, BY_HAND))
    assert "1 error" in done.stdout
    assert sentence in done.stdout, done.stdout
    assert "hint: " in done.stdout
    assert "/ringproof/" not in done.stdout
