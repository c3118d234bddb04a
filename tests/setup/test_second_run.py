"""A second `make setup` does nothing, and needs nothing."""

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.pbx
def test_a_second_setup_does_nothing_without_a_network() -> None:
    """No step is told, and with the network cut none could be taken: no pip, apt, pull or build."""
    assert os.geteuid() == 0, "cutting the network for one command needs root"
    subprocess.run(["make", "setup"], cwd=CHECKOUT, check=True, capture_output=True)
    again = subprocess.run(
        ["unshare", "--net", "make", "setup"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    assert again.stdout == ""
    assert again.stderr == ""


@pytest.mark.parametrize("step", ["pithon", "venv"])
def test_an_unknown_step_is_named(step: str) -> None:
    """Exit 2, and the steps there are."""
    ended = subprocess.run(
        ["python3", "-m", "ringproof.setup", step],
        cwd=CHECKOUT / "harness",
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stderr == f"setup: there is no step {step}; there are: python, engine, image\n"
