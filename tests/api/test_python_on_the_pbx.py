"""The fixtures on a real PBX, in pytests of their own: the examples, and what is shown where something is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import ringproof

EXAMPLES = Path("examples/python").resolve()
WRONG = """
import contextlib

import pytest
import ringproof

OFFICE = {office!r}
ANNA = {{"anna": {{"from": "+74951234567", "to": "84950000003"}}}}


@pytest.fixture
def ringproof_office():
    return {{"pbx": OFFICE, "callers": ANNA, "phones": {{"103": "offline"}}}}


def test_red(play):
    play(ringproof.Scenario(
        pbx=OFFICE, callers=ANNA, phones=dict.fromkeys((101, 102), {{"answers": "2s"}}), when=[{{"call": "anna"}}],
        expect=[{{"ring": [102], "for": "2s"}}, {{"answer": 102}}],
    ))


def test_seen(play):
    phones = {{101: {{"answers": "2s"}}}}
    seen = play({{"pbx": OFFICE, "callers": ANNA, "phones": phones, "when": [{{"call": "anna"}}]}})
    assert seen.order() == ["102"]


def test_by_hand(phones, callers):
    callers["anna"].dial()
    assert phones["102"].rings()


def test_cannot_answer(phones):
    phones["101"].answer()


def test_cannot_press(asterisk, callers):
    callers["anna"].dial()
    callers["anna"].hang_up()
    callers["anna"].press("1")


def test_offline(phones):
    assert phones["103"].is_ringing


def test_pbx_gone(asterisk):
    with contextlib.suppress(ringproof.PlayBrokenError):
        asterisk.command("core stop now")
    asterisk.clock.advance(5)


def test_unknown(phones, callers):
    assert phones["101"] is phones[101]
    phones["anna"].answer()
"""
AFTERWARDS = """
import ringproof

KEPT = []
ANNA = {{"anna": {{"from": "+74951234567", "to": "84950000003"}}}}


def test_kept(asterisk):
    KEPT.append(asterisk)
    asterisk.clock.advance(1)


def test_outside_its_test():
    KEPT[0].clock.advance(15)


import pytest


@pytest.fixture
def ringproof_office():
    return ringproof.Scenario(pbx={office!r}, callers=ANNA)
"""


def run(*arguments: str, folder: Path) -> str:
    """Run a pytest of its own in `folder`; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "120"}
    plugins = ["-p", "xdist", "-p", "ringproof.pytest_plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-P", "-m", "pytest", *plugins, "-c", os.devnull, "--rootdir", str(folder), *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    print(done.stdout, done.stderr)  # noqa: T201 - pytest shows it of a test that fails
    return done.stdout


@pytest.mark.pbx
def test_the_examples_are_green(tmp_path: Path) -> None:
    """With two workers, each with a run of its own, as are those of docs/python.md; nothing is written beside them."""
    before = sorted(EXAMPLES.rglob("*"))
    blocks = re.findall(r"```python\n(.*?)```", Path("docs/python.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "test_of_the_docs.py").write_text("\n".join(blocks), encoding="utf-8")
    shutil.copy(EXAMPLES / "office.yaml", tmp_path)
    shown = run(str(EXAMPLES), str(tmp_path), "-n", "2", f"--ringproof-out={tmp_path / 'out'}", folder=EXAMPLES)
    assert re.search(r"^=+ 9 passed in ", shown, re.MULTILINE)
    kept = {folder.name.rpartition("-")[0] for folder in (tmp_path / "out" / "python").iterdir()}
    assert "test-story-py-test-support-grows-by-one-phone-every-15-s" in kept
    assert [path for path in sorted(EXAMPLES.rglob("*")) if "__pycache__" not in path.parts] == [
        path for path in before if "__pycache__" not in path.parts
    ]


@pytest.mark.pbx
def test_the_first_page_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snippet runs where the checkout is, and is red where the story is another."""
    (snippet,) = re.findall(r"```python\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.DOTALL)
    shutil.copytree("examples/call-group", tmp_path / "examples" / "call-group")
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-c", snippet]
    assert subprocess.run(command, check=False).returncode == 0
    story = tmp_path / "examples" / "call-group" / "support.ring.yaml"
    story.write_text(story.read_text("utf-8").replace("for: 5s", "for: 4s"), encoding="utf-8")
    red = subprocess.run(command, capture_output=True, text=True, check=False)
    assert red.returncode == 1
    assert "ScenarioFailedError" in red.stderr


@pytest.mark.pbx
def test_what_is_wrong_is_red(tmp_path: Path) -> None:
    """Each in one sentence at the line of the test, with the chart of what was seen."""
    (tmp_path / "test_wrong.py").write_text(WRONG.format(office=str(EXAMPLES / "office.yaml")))
    shown = run("test_wrong.py", folder=tmp_path)
    assert re.search(r"^=+ 8 failed in ", shown, re.MULTILINE)
    for sentence in (
        r"E +ringproof\.ScenarioFailedError: test_wrong\.py:19:18: expect\[0\]\.ring: expected 102 to ring; 101 rang",
        r"E +AssertionError: assert \['101'\] == \['102'\]",
        r"^ +101 +█+ answered$",
        r"where rings = <Phone 102 is idle; it has rung 0 times>\.rings",
        r"^   anna waits for an answer$",
        r"E +ringproof\.ScenarioFailedError: test_wrong\.py:\d+:5: 101 cannot answer: it does not ring",
        r"test_wrong\.py:\d+:5: anna could not press a key: it has no call, or its call is over",
        r"E +ringproof\.RingproofError: test_wrong\.py:\d+:12: 103 is offline in this office",
        r"E +ringproof\.PlayBrokenError: .*not judged: the PBX ended while the story ran",
        r'test_wrong\.py:\d+:5: anna is no phone: write `callers\["anna"\]`',
    ):
        assert re.search(sentence, shown, re.MULTILINE), sentence
    assert "/ringproof/api/" not in shown, "a traceback ends at the test's own line"


@pytest.mark.pbx
def test_a_pbx_is_open_for_its_test_alone(tmp_path: Path) -> None:
    """Kept and used in another test, it is one sentence there."""
    (tmp_path / "test_kept.py").write_text(AFTERWARDS.format(office=str(EXAMPLES / "office.yaml")))
    shown = run("test_kept.py", folder=tmp_path)
    assert "1 failed, 1 passed" in shown
    assert "test_kept.py:14:5: the PBX of this test is not open" in shown


@pytest.mark.pbx
def test_an_image_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """At the line of the call, with what makes it."""
    anna = {"anna": {"from": "+74951234567", "to": "84950000003"}}
    story = ringproof.Scenario(pbx=EXAMPLES / "office.yaml", callers=anna, when=[{"call": "anna"}])
    with pytest.raises(ringproof.PlayBrokenError) as raised:
        ringproof.play(story, image="ringproof-asterisk:21", out=tmp_path)
    place, _, sentence = str(raised.value).partition(": ")
    assert re.fullmatch(r"tests/api/test_python_on_the_pbx\.py:\d+:9", place)
    assert sentence.startswith("not judged: the engine has no image ringproof-asterisk:21\n   hint: `ringproof image`")
