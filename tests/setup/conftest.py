"""What the tests of the set-up share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Give the chroot a place, and take the half gigabyte away afterwards."""
    place = tmp_path / "root"
    place.mkdir()
    yield place
    shutil.rmtree(place)
