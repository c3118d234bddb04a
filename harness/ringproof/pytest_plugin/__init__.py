"""The pytest front end: `*.ring.yaml` files are collected, each scenario is an item.

setup() plays (an exception there is pytest's ERROR: broken), runtest() judges (FAILED). Every pytest of a machine with
Ringproof imports this package, so it imports little: `_awake` imports the modules that play once there is a scenario.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringproof.pytest_plugin.fixtures import asterisk, callers, phones, play, ringproof_office, ringproof_run, sections
from ringproof.pytest_plugin.keys import ENDING, OWNER, SHARED
from ringproof.pytest_plugin.options import add_options

__all__ = ["asterisk", "callers", "phones", "play", "ringproof_office", "ringproof_run"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the folder known-red, unless its path or one in it is on the command line."""
    if collection_path.name != "known-red" or not collection_path.is_dir():
        return None
    here = config.invocation_params.dir
    named = [Path(os.path.abspath(here / arg.partition("::")[0])) for arg in config.args]  # noqa: PTH100
    is_named = any(path == collection_path or collection_path in path.parents for path in named)
    return None if is_named else True


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Collect a scenario file; the first one loads the rest of this plugin."""
    return _awake().ring_file(file_path, parent) if file_path.name.endswith(ENDING) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show below a test that failed what Ringproof observed in it."""
    report = yield
    if call.when == "call" and report.failed:
        report.sections += sections(item)
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist has no public type
    """Pass to a worker of pytest-xdist the folder in which it will find the environment."""
    shared = getattr(node.config, "ringproof_shared", None)
    if shared is None:
        shared = Path(tempfile.gettempdir()) / f"ringproof-{os.getpid()}-{os.urandom(6).hex()}"
        node.config.ringproof_shared = shared
    from ringproof.containers.owner import own_name  # noqa: PLC0415 - brings pydantic and more

    node.workerinput[SHARED] = str(shared)
    node.workerinput[OWNER] = own_name()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:  # noqa: ANN401
    """Open the run once it is known what the workers are going to play; they play only afterwards."""
    if ours := [name for name in ids if f"{ENDING}::" in name]:
        _awake().open_for_workers(node.config, ours)


def _awake() -> ModuleType:
    """Import the modules that play. Nothing else here does so, since every pytest of a machine imports this package."""
    from ringproof.pytest_plugin import waking  # noqa: PLC0415 - see above

    return waking
