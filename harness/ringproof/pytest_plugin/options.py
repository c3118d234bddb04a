"""The options of the plugin."""

from __future__ import annotations

import shutil

import pytest

WIDTH = max(60, min(120, shutil.get_terminal_size((120, 24)).columns))
"""Columns of a failure: those of the terminal, 120 in a log, never more than the charts need.

It is read when pytest loads its plugins: later pytest captures what is written, and no terminal can be found.
"""


def add_options(parser: pytest.Parser) -> None:
    """Add the options, which all begin with --ringproof-."""
    group = parser.getgroup("ringproof", "telephony scenarios (*.ring.yaml)")
    group.addoption("--ringproof-out", metavar="DIR", help="folder for results and evidence (out)")
    group.addoption("--ringproof-image", metavar="IMAGE", help="Docker image of the PBX (ringproof-asterisk:22)")
    group.addoption(
        "--ringproof-rendered",
        default="",
        metavar="DIR",
        help="play on the files in DIR, which `ringproof render` wrote and somebody edited",
    )
    group.addoption(
        "--ringproof-allow",
        action="append",
        default=[],
        metavar="PATTERN",
        help="play although Asterisk complains at boot of what this shell pattern matches; may be given several times",
    )
    group.addoption(
        "--ringproof-speed",
        default="auto",
        metavar="N",
        help="highest rate of the PBX's clock, in its seconds per real second: 1 to 500, or auto",
    )
    group.addoption(
        "--ringproof-confirm",
        default="auto",
        choices=["auto", "never"],
        help="play what is red on a racing clock again at speed 1 before it is told (auto)",
    )
    group.addoption(
        "--ringproof-allow-unsteady", action="store_true", help="a red that speed 1 does not confirm is no failure"
    )
    group.addoption(
        "--ringproof-repeat",
        type=int,
        default=1,
        metavar="N",
        help="play every scenario so many times, each on a PBX of its own",
    )
    group.addoption(
        "--ringproof-keep-going", action="store_true", help="play the valid scenarios although some are invalid"
    )
    group.addoption(
        "--ringproof-name",
        action="append",
        default=[],
        metavar="TEXT",
        help="play the scenarios whose name contains this text; may be given several times",
    )
