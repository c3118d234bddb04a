"""A scenario in, its events and evidence out."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.clock.report import ClockReport
from harness.containers.errors import BrokenError, EditedConfigurationError, UnmetNeedsError
from harness.containers.run import RunEnvironment, open_run
from harness.phones.container import phones_of
from harness.play.conductor import run
from harness.scenario.speed import SLOWEST
from harness.scenario.story import Scenario

__all__ = [
    "BrokenError",
    "EditedConfigurationError",
    "RunEnvironment",
    "UnmetNeedsError",
    "open_run",
    "play",
    "start_phones",
]


def start_phones(environment: RunEnvironment) -> None:
    """Start the container of this process's phones, which its first play would have to wait for. Raises BrokenError."""
    phones_of(environment)


def play(scenario: Scenario, environment: RunEnvironment, folder: Path, *, speed: float = SLOWEST) -> ClockReport:
    """Play one scenario, writing events.ndjson and all evidence to `folder`, which is emptied first.

    `speed` is the highest rate at which the PBX's clock may race, in PBX seconds per real second.

    Raises BrokenError for everything that says nothing about the PBX's routing, EditedConfigurationError for a
    configuration that somebody edited and Asterisk refuses, UnmetNeedsError where the PBX is too old for the scenario.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return run(scenario, environment, folder, speed)
