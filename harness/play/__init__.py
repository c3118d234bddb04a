"""A scenario in, its events and evidence out."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.pbx.errors import BrokenError
from harness.pbx.run import RunEnvironment, open_run
from harness.play.conductor import run
from harness.scenario.story import Scenario

__all__ = ["BrokenError", "RunEnvironment", "open_run", "play"]


def play(scenario: Scenario, environment: RunEnvironment, folder: Path) -> None:
    """Play one scenario, writing events.ndjson and all evidence to `folder`, which is emptied first.

    Raises BrokenError for everything that says nothing about the PBX's routing.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run(scenario, environment, folder)
