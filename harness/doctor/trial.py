"""The one thing that is tried instead of looked at: what a run makes before its first PBX, made and removed again."""

from __future__ import annotations

from harness.containers.errors import BrokenError
from harness.containers.run import open_run
from harness.doctor.checks import Diagnosis


def try_networks(image: str) -> Diagnosis:
    """Open a run and close it: lease, two networks, the host's addresses in them."""
    try:
        with open_run(image) as environment:
            addresses = f"{environment.office_address} and {environment.trunk_address}"
    except BrokenError as fault:
        return Diagnosis("networks", "broken", fault.sentence, fault.hint)
    return Diagnosis("networks", "ok", f"made and removed again; this machine was {addresses} there")
