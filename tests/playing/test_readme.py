"""The sessions on the first page are played on a real PBX, and print what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import ROOT, blocks, not_printed, session, steady

README = (ROOT / "README.md").read_text("utf-8")
SESSIONS = [block.text for block in blocks(README, "console")]
PROGRAM = "from ringproof.cli import main; main()"
RED = 1
MOST_S = 240
"""For a command: a red of 42 s is played in real time, too, and waits for a place to do so."""


def run(command: str, folder: Path) -> str:
    """Run a command of a session as somebody would who has changed into a checkout; return what it printed."""
    first, *words = shlex.split(command)
    program = [sys.executable, "-P", "-c", PROGRAM] if first == ".venv/bin/ringproof" else [first]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(ROOT / "harness"), "COLUMNS": "120", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [*program, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=MOST_S
    )
    assert done.returncode in {0, RED}, done.stdout + done.stderr
    return done.stdout


def differences(block: str, folder: Path) -> Iterator[str]:
    """Play a session in a fresh checkout's examples; yield what it does not print as shown, with what it prints."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    for command, shown in session(block):
        printed = run(command, folder)
        if missing := not_printed(shown, printed):
            yield "\n".join([f"$ {command}", "shown, and not printed:", *missing, "printed:", printed])


@pytest.mark.pbx
@pytest.mark.parametrize("block", SESSIONS, ids=range(1, len(SESSIONS) + 1))
def test_a_session_prints_what_the_page_shows(block: str, tmp_path: Path) -> None:
    """The red at the top, the green, the red that a reader makes; `make e2e` ends with the same line."""
    assert list(differences(block, tmp_path)) == []


@pytest.mark.pbx
def test_a_session_that_does_not_print_that_is_found(tmp_path: Path) -> None:
    """The page's green, after a change of the office that makes it red."""
    block = next(block for block in SESSIONS if "1 passed" in block)
    wrong = block.replace("examples/call-group\n1/1", "examples/call-group --confirm never\n1/1")
    assert wrong != block
    changed = "$ sed -i s/progressive/first_free/ examples/call-group/office.yaml\n" + wrong
    (found,) = differences(changed, tmp_path)
    assert "1/1 FAILED" in found


def test_there_are_sessions() -> None:
    """A page without any would be green, and the story of the brief is one of them."""
    assert len(SESSIONS) == 3
    assert sum("exit 0" in block for block in SESSIONS) == 1


def test_the_whole_suite_ends_with_the_line_that_one_scenario_ends_with() -> None:
    """But for the numbers, which are those of one day and machine."""
    (suite,) = re.findall(r"^\d{3} scenarios: .*$", README, re.MULTILINE)
    (one,) = re.findall(r"^1 scenario: 1 passed.*$", README, re.MULTILINE)
    in_suite, in_one = (re.sub(r"\d+(?= (scenarios?|passed))", "N", " ".join(steady(line))) for line in (suite, one))
    assert in_suite.replace("scenarios", "scenario") == in_one
