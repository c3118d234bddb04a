"""The offices as fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from rendered_offices import BUNDLED, CORNER_SHOP, office_of
from ringproof.scenario.model.office import Office


@pytest.fixture(params=[*BUNDLED, CORNER_SHOP], ids=lambda file: file.stem)
def office_file(request: pytest.FixtureRequest) -> Path:
    """Return each office's file in turn."""
    file: Path = request.param
    return file


@pytest.fixture
def corner_shop() -> Office:
    """Return the office that has everything at its edge."""
    return office_of(CORNER_SHOP)
