"""`ringproof.play` and `ringproof.Run` in a program of one's own: outcomes, evidence. On the rehearsal's play."""

from __future__ import annotations

import json
from collections.abc import Callable

from front_project import Project

HEAD = """\
import json
import sys
from pathlib import Path

import ringproof

CALLERS = {"anna": {"from": "+74951234567", "to": "84950000005"}}
EXPECT = [{"ring": [101], "for": "5s"}, {"answer": 101}]


def story(name, expect=EXPECT, **more):
    words = {"phones": {101: {"answers": "5s"}}, "when": [{"call": "anna"}], **more}
    if expect is not None:
        words["expect"] = expect
    return ringproof.Scenario(name=name, pbx="scenarios/office.yaml", callers=CALLERS, **words)
"""
OUTCOMES = """

NEEDS = {"asterisk": "22", "because": "an older one has no signals"}
WRONG = [{"ring": [102], "for": "5s"}]
told = {}
with ringproof.Run() as run:
    for each in (
        story("it is as expected"),
        story("another one rings", WRONG),
        story("nothing is expected", None),
        story("late on the fast clock"),
        story("a phone breaks"),
        story("too new", needs=NEEDS),
        story("it is as expected"),
    ):
        try:
            seen = run.play(each)
            told[each.name] = ["returned", repr(seen), str(seen.evidence.relative_to(Path.cwd() / "out"))[:20]]
        except ringproof.RingproofError as fault:
            told[each.name] = [type(fault).__name__, str(fault), str(fault.evidence and fault.evidence.is_dir())]
print(json.dumps(told))
"""
ONE = """

try:
    print(repr(ringproof.play(story("it is as expected"), **json.loads(sys.argv[1]))))
except ringproof.RingproofError as fault:
    print(type(fault).__name__, fault)
"""


def test_each_outcome_is_an_exception_of_its_own(project: Project, golden: Callable[[str, str], None]) -> None:
    """Told apart as by the command, with the house form as text; what is as expected is returned, as is what is not."""
    (project.folder / "stories.py").write_text(HEAD + OUTCOMES)
    done = project.python("stories.py")
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert {name: outcome for name, (outcome, *_) in told.items()} == {
        "it is as expected": "returned",
        "another one rings": "ScenarioFailedError",
        "nothing is expected": "returned",
        "late on the fast clock": "ScenarioUnsteadyError",
        "a phone breaks": "PlayBrokenError",
        "too new": "ScenarioSkippedError",
    }
    assert told["nothing is expected"][1] == "<Observation of anna: 101 for 5 s; answered by 101>"
    assert told["another one rings"][2] == "True", "the evidence is kept"
    for name in ("another one rings", "a phone breaks", "too new"):
        golden(f"api/{name.replace(' ', '-')}.txt", told[name][1] + "\n")
    assert (project.stage / "notes").read_text().split() == ["opened", "closed"]


def test_a_story_that_is_played_again_keeps_the_evidence_of_the_first(project: Project) -> None:
    """Each has a folder of its own."""
    (project.folder / "stories.py").write_text(HEAD + OUTCOMES)
    project.python("stories.py")
    kept = [folder.name for folder in (project.folder / "out").iterdir() if "it-is-as-expected" in folder.name]
    assert len(kept) == 2


def test_play_makes_a_run_for_one_story(project: Project) -> None:
    """Its arguments are the command's options; an engine that does not answer is one sentence at the call's line."""
    (project.folder / "one.py").write_text(HEAD + ONE)
    done = project.python("one.py", '{"speed": 20, "out": "elsewhere"}')
    assert (done.stdout, done.stderr) == ("<Observation of anna: 101 for 5 s; answered by 101>\n", "")
    assert "it is as expected at 20" in (project.stage / "plays").read_text()
    assert len(list((project.folder / "elsewhere").glob("*/events.ndjson"))) == 1
    down = project.python("one.py", '{"image": "down"}')
    assert down.stdout.startswith("PlayBrokenError one.py:19:16: not judged: no Docker engine answers at ")
    assert down.stderr == ""
