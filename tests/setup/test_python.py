"""The Python that is used, or refused before pip can be."""

import ast
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import ringproof
from ringproof.setup import __main__ as entry
from ringproof.setup import lock

PACKAGE = Path(ringproof.__file__).parent


@pytest.mark.parametrize("name", ["__init__.py", "setup/__init__.py", "setup/__main__.py"])
def test_an_old_python_can_read_its_refusal(name: str) -> None:
    """What runs before the version is checked is parsed by Python 3.6 too."""
    ast.parse((PACKAGE / name).read_text(), feature_version=(3, 6))


def test_an_unfit_python_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    """Nothing on the machine fits: what is needed, why, and what to do."""
    monkeypatch.setattr(entry, "version_of", lambda _: (3, 10))
    command, sentence = entry.fitting_python(None, (3, 10))
    assert command is None
    golden("setup/python-unfit.txt", sentence + "\n")


@pytest.mark.parametrize(("name", "version"), [("unfit", (3, 10)), ("absent", None)])
def test_a_named_python_is_used_or_refused_and_never_replaced(
    name: str,
    version: tuple[int, int] | None,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
) -> None:
    """RINGPROOF_PYTHON is an order, even where another Python would fit."""
    monkeypatch.setattr(entry, "version_of", lambda _: version)
    command, sentence = entry.fitting_python("/opt/python", (3, 11))
    assert command is None
    golden(f"setup/python-named-{name}.txt", sentence + "\n")


def test_another_python_of_the_machine_is_used_where_python3_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose python3 is 3.15 need not know about it if 3.12 is there; of several the newest is taken."""
    there = {"python3.12": (3, 12), "python3": (3, 15)}
    monkeypatch.setattr(entry, "version_of", there.get)
    assert entry.fitting_python(None, (3, 15)) == ("python3.12", "")
    there["python3.14"] = (3, 14)
    assert entry.fitting_python(None, (3, 15)) == ("python3.14", "")


def test_what_fits_is_what_the_lock_is_made_for() -> None:
    """And what its sentence says, and what the package says of itself."""
    assert tuple(f"{major}.{minor}" for major, minor in entry.FITTING) == lock.PYTHONS
    assert "Python 3.11 to 3.14" in entry.NEEDED
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["project"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3." in each]
    assert named == list(lock.PYTHONS)
    assert project["requires-python"] == f">={named[0]}"


def test_the_running_python_is_used_where_it_fits() -> None:
    """No other Python is started for nothing."""
    assert entry.fitting_python(None, (3, 12)) == (sys.executable, "")


@pytest.mark.parametrize("command", ["/nowhere/python", "/bin/false", "/bin/echo"])
def test_what_is_no_python_has_no_version(command: str) -> None:
    """A shim that does not run, or a program that is no Python, is passed over."""
    assert entry.version_of(command) is None
