"""Make what a run makes before its first PBX, and remove it again: the one check that tries instead of looking."""

from __future__ import annotations

from ringproof.containers.errors import BrokenError
from ringproof.containers.run import open_run
from ringproof.doctor.checks import Diagnosis
from ringproof.phones.container import phones_of


def try_networks(image: str) -> Diagnosis:
    """Open a run and close it: its lease, two networks, and a container of phones that must be sealed in them."""
    try:
        with open_run(image) as environment:
            phones = phones_of(environment)
            phones.await_ready()
            addresses = f"{phones.office_address} and {phones.trunk_address}"
    except BrokenError as fault:
        return Diagnosis("networks", "broken", fault.sentence, fault.hint)
    return Diagnosis("networks", "ok", f"made, sealed and removed again; phones were at {addresses} there")
