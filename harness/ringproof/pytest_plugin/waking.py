"""The part of the plugin that needs a scenario file among the tests: it imports all modules that play."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringproof.pytest_plugin.controller import Controller
from ringproof.pytest_plugin.items import RingFile
from ringproof.pytest_plugin.keys import RUN
from ringproof.pytest_plugin.player import Player


def ring_file(file_path: Path, parent: pytest.Collector) -> RingFile:
    """Return the collector of a scenario file; the first call registers the player, and outside workers Controller."""
    config = parent.config
    if not config.pluginmanager.has_plugin("ringproof-player"):
        config.pluginmanager.register(Player(config), "ringproof-player")
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Controller(config), "ringproof-controller")
    return RingFile.from_parent(parent, path=file_path)


def open_for_workers(config: pytest.Config, ids: list[str]) -> None:
    """Open the run that workers are going to play, unless it is open. `ids`: the node ids of its items."""
    if RUN in config.stash:
        return
    controller = Controller(config)
    config.pluginmanager.register(controller, "ringproof-controller")
    controller.begin(ids)
