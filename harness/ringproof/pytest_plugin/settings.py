"""Reads the options of the plugin for a session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ringproof.core.defaults import DEFAULT_IMAGE, DEFAULT_OUT
from ringproof.core.speed import Speed, SpeedError, read_speed


def out_of(config: pytest.Config) -> Path:
    """Return the folder for results and evidence."""
    return Path(os.path.abspath(config.invocation_params.dir / (config.getoption("ringproof_out") or DEFAULT_OUT)))  # noqa: PTH100


def image_of(config: pytest.Config) -> str:
    """Return the name of the PBX's image."""
    return config.getoption("ringproof_image") or DEFAULT_IMAGE


def rendered_of(config: pytest.Config) -> str:
    """Return the folder whose files are played on; empty: none. Raises UsageError if it is not a rendered one."""
    from ringproof.dialplan.edited import EditedError, require_rendered  # noqa: PLC0415 - brings Jinja2, which few need

    given = config.getoption("ringproof_rendered")
    if not given:
        return ""
    folder = Path(os.path.abspath(config.invocation_params.dir / given))  # noqa: PTH100
    try:
        require_rendered(folder)
    except EditedError as fault:
        raise pytest.UsageError(f"--ringproof-rendered: {fault}") from fault
    return str(folder)


def speed_of(config: pytest.Config) -> Speed:
    """Return the highest speed of the PBX's clock. Raises UsageError if the option is no speed."""
    try:
        return read_speed(config.getoption("ringproof_speed"))
    except SpeedError as fault:
        raise pytest.UsageError(f"--ringproof-speed: {fault}") from fault
