"""Offices for tests: the bundled ones, and one that has everything at its edge."""

from __future__ import annotations

from pathlib import Path

from ringproof.scenario.model.office import Office
from ringproof.scenario.reading import read_office

HERE = Path(__file__).parent
CORNER_SHOP = HERE / "corner-shop.yaml"
BUNDLED = sorted((HERE.parents[1] / "scenarios" / "offices").glob("*.yaml"))


def office_of(file: Path) -> Office:
    """Read an office that must be right."""
    read = read_office(file)
    assert read.office is not None, read.problems
    return read.office
