"""What the tests of the front ends share."""

from __future__ import annotations

from pathlib import Path

import pytest
from front_project import Project


@pytest.fixture
def project(tmp_path: Path, compiled: Path) -> Project:
    """A project in a folder of its own."""
    return Project(tmp_path, compiled)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for compiled modules, shared by all processes of these tests."""
    return tmp_path_factory.mktemp("compiled")
