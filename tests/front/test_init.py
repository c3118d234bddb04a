"""`ringproof init`: the first files of whoever has none, right ones, and nothing of anybody's is overwritten."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from front_project import Project

Golden = Callable[[str, str], None]


@pytest.fixture
def nothing_yet(project: Project) -> Project:
    """A project without scenarios/."""
    shutil.rmtree(project.folder / "scenarios")
    return project


def test_the_first_files_are_valid_and_are_what_run_takes(nothing_yet: Project, golden: Golden) -> None:
    """Both commands without a path."""
    done = nothing_yet.ringproof("init")
    assert done.returncode == 0
    golden("front/init.txt", done.stdout)
    assert nothing_yet.ringproof("validate").stdout == "1 scenario in 1 file is valid\n"


def test_another_folder_is_in_what_is_printed(nothing_yet: Project) -> None:
    """The command that plays it is printed whole."""
    done = nothing_yet.ringproof("init", "deeply/nested")
    assert done.stdout.splitlines() == [
        "deeply/nested/office.yaml",
        "deeply/nested/first.ring.yaml",
        "`ringproof run deeply/nested` plays it",
    ]
    assert nothing_yet.ringproof("validate", "deeply").returncode == 0


@pytest.mark.parametrize("name", ["office.yaml", "first.ring.yaml"])
def test_what_is_there_stays(nothing_yet: Project, golden: Golden, name: str) -> None:
    """And then nothing is written beside it either."""
    folder = nothing_yet.folder / "scenarios"
    folder.mkdir()
    (folder / name).write_text("mine\n")
    done = nothing_yet.ringproof("init")
    assert (done.returncode, done.stdout) == (2, "")
    golden(f"front/init-{Path(name).stem}-is-there.txt", done.stderr)
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [(name, "mine\n")]


def test_a_run_without_files_says_how_to_get_the_first_ones(nothing_yet: Project, golden: Golden) -> None:
    """It is the first thing that somebody tries who has installed a wheel."""
    done = nothing_yet.ringproof("run")
    assert (done.returncode, done.stdout) == (2, "")
    golden("front/no-scenarios.txt", done.stderr)
