"""The Makefile: what its targets run, what `make clean` keeps, and that `make help` lists all of them."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SHELLS = (b"#!/bin/sh", b"#!/bin/bash", b"#!/usr/bin/env bash")


def make(*arguments: str, cwd: Path = CHECKOUT) -> list[str]:
    """Return what make prints, in lines."""
    done = subprocess.run(["make", *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return [line.rstrip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        ([], "run scenarios --image ringproof-asterisk:22 --out out"),
        (["VERSION=16"], "run scenarios --image ringproof-asterisk:16 --out out/asterisk-16"),
        (["SCENARIOS=mine other/a.ring.yaml"], "run mine other/a.ring.yaml --image ringproof-asterisk:22 --out out"),
        (["IMAGE=mine:20", "OUT=/tmp/o"], "run scenarios --image mine:20 --out /tmp/o"),
        (["ARGS=-k 'two words' -n 1"], "run scenarios --image ringproof-asterisk:22 --out out -k 'two words' -n 1"),
    ],
    ids=["bundled", "sixteen", "scenarios", "image", "arguments"],
)
def test_e2e_plays_what_is_named(variables: list[str], command: str) -> None:
    """Somebody's own files, image and options; what is not named is as it was."""
    assert make("-n", "e2e", *variables)[-1] == f".venv/bin/ringproof {command}"


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A folder with the Makefile, evidence and what else is made."""
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    for name in (".venv/bin/python", "dist/a.whl", "out/results.json", "tests/__pycache__/a.pyc", "tests/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def left(folder: Path) -> set[str]:
    """Return the files that are there, but for the Makefile."""
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {"Makefile"}


def test_clean_keeps_the_evidence(used: Path) -> None:
    """It may be the only record of a red; it has a target of its own."""
    make("clean", cwd=used)
    assert left(used) == {"out/results.json", "tests/a.py"}
    make("clean-evidence", cwd=used)
    assert left(used) == {"tests/a.py"}


def test_help_lists_every_target() -> None:
    """Each with what it is for."""
    listed = {line.split()[1]: line.split(maxsplit=2)[2] for line in make("help")}
    assert set(listed) == set(phony_targets())
    assert all(listed.values())


def phony_targets() -> list[str]:
    """Return the targets that the Makefile declares."""
    text = (CHECKOUT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    (line,) = (line for line in text.splitlines() if line.startswith(".PHONY:"))
    return line.removeprefix(".PHONY:").split()


def test_every_shell_script_is_given_to_shellcheck() -> None:
    """Whatever git knows that begins with `#!` and a shell."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, check=True, capture_output=True).stdout
    files = [name for name in listed.decode().split("\0") if name and (CHECKOUT / name).is_file()]
    scripts = {name for name in files if (CHECKOUT / name).read_bytes().startswith(SHELLS)}
    assert scripts
    assert set(make("--eval", "show: ; @echo $(SHELL_SCRIPTS)", "show")[0].split()) == scripts


@pytest.mark.parametrize(
    "script", sorted(CHECKOUT.glob("asterisk-image/*/build")), ids=lambda script: script.parent.name
)
def test_a_warning_ends_a_build(script: Path) -> None:
    """Of the clock's library and of the seal, in the set-up as in tests: there is one script for each."""
    assert {"-Wall", "-Wextra", "-Werror"} <= set(script.read_text("utf-8").split())
