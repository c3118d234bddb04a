"""Every file that is there passes its schema, read as an editor reads it."""

from pathlib import Path

import editor
import pytest

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "harness/ringproof/cli/first"
"""What `ringproof init` writes."""
SCENARIOS = [
    *sorted(ROOT.glob("scenarios/**/*.ring.yaml")),
    *sorted(ROOT.glob("examples/**/*.ring.yaml")),
    FIRST / "first.ring.yaml",
]
OFFICES = [
    *sorted(ROOT.glob("scenarios/offices/*.yaml")),
    *sorted(ROOT.glob("examples/*/office.yaml")),
    ROOT / "tests/scenario/small-office.yaml",
    FIRST / "office.yaml",
]


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_a_bundled_scenario_file_passes(file: Path) -> None:
    """Those that are red on purpose are right files, too."""
    assert editor.complaint(file.read_text(encoding="utf-8"), editor.scenarios()) == ""


@pytest.mark.parametrize("file", OFFICES, ids=lambda file: file.stem)
def test_a_bundled_office_passes(file: Path) -> None:
    """Those that only tests use as well."""
    assert editor.complaint(file.read_text(encoding="utf-8"), editor.offices()) == ""


def test_there_are_files_to_look_at() -> None:
    """A glob that finds nothing would be green."""
    assert len(SCENARIOS) >= 14
    assert len(OFFICES) >= 4
