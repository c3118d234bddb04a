"""What the plugin does once a scenario file is among the tests: everything that plays is imported with this module."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringproof.pytest_plugin.controller import Controller
from ringproof.pytest_plugin.items import RingFile
from ringproof.pytest_plugin.keys import RUN
from ringproof.pytest_plugin.player import Player


def ring_file(file_path: Path, parent: pytest.Collector) -> RingFile:
    """Return what collects a scenario file; the first one registers what plays and, without workers, what controls."""
    config = parent.config
    if not config.pluginmanager.has_plugin("ringproof-player"):
        config.pluginmanager.register(Player(config), "ringproof-player")
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Controller(config), "ringproof-controller")
    return RingFile.from_parent(parent, path=file_path)


def open_for_workers(config: pytest.Config, ids: list[str]) -> None:
    """Open the run that workers are going to play, unless it is open. `ids`: of our items."""
    if RUN in config.stash:
        return
    controller = Controller(config)
    config.pluginmanager.register(controller, "ringproof-controller")
    controller.begin(ids)
