"""What all plays of one run share: its name, the two networks, the lease. Made once, by the controlling process."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from docker.errors import APIError

from harness.containers.engine import OWNED, OWNER, RUN, engine, require_image
from harness.containers.errors import BrokenError
from harness.containers.folders import make_folder
from harness.containers.owner import own_name
from harness.containers.sweep import sweep, sweep_run
from harness.setup.image import image_dir
from harness.setup.telling import SetupError

LEASE_RENEWED_EVERY_S = 5.0
"""Of real time; a PBX ends by itself when its lease is 60 s old (asterisk-image/README.md)."""


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """Plain values only: it travels to the workers."""

    run: str
    owner: str
    image: str
    office_network: str
    office_address: str
    """The host's address in the office network: phones live here."""
    trunk_network: str
    trunk_address: str
    """The host's address in the provider's network: outside callers come from here."""
    lease: str
    """The folder whose file `renewed` the controlling process touches."""
    init: str
    """The program that is process 1 of every container (asterisk-image/init)."""
    rendered: str = ""
    """A folder that `ringproof render` wrote and somebody edited: what all plays are made with; empty: each renders
    its scenario's office."""

    def to_dict(self) -> dict[str, str]:
        """Return a form that execnet can send."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, str]) -> RunEnvironment:
        """Read back what `to_dict` made."""
        return cls(**fields)


@contextlib.contextmanager
def open_run(image: str, rendered: str = "") -> Iterator[RunEnvironment]:
    """Prepare a run and, at its end, remove everything that carries its label.

    Raises BrokenError when no engine answers, the image is missing or no network can be made.
    """
    engine()
    require_image(image)
    try:
        init = image_dir() / "init"
    except SetupError as fault:
        raise BrokenError(str(fault)) from fault
    sweep()
    run = secrets.token_hex(4)
    owner = own_name()
    lease = make_folder(run, owner)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, lease, ignore_errors=True)
        stack.callback(sweep_run, run)
        stack.enter_context(_renewing(lease / "renewed"))
        labels = {OWNED: "1", RUN: run, OWNER: owner}
        office, office_address = _network(f"ringproof-{run}-office", labels)
        trunk, trunk_address = _network(f"ringproof-{run}-trunk", labels)
        yield RunEnvironment(
            run=run,
            owner=owner,
            image=image,
            office_network=office,
            office_address=office_address,
            trunk_network=trunk,
            trunk_address=trunk_address,
            lease=str(lease),
            init=str(init),
            rendered=rendered,
        )


def _network(name: str, labels: dict[str, str]) -> tuple[str, str]:
    """Make an internal network (no way out, no DNS) and return its name and the host's address in it."""
    try:
        network = engine().networks.create(name, driver="bridge", internal=True, labels=labels)
        network.reload()
    except APIError as fault:
        message = f"the engine could not make a network: {fault.explanation}"
        hint = "its address pools hold about 31 networks: `ringproof clean`, then `docker network ls`"
        raise BrokenError(message, hint) from fault
    (pool,) = network.attrs["IPAM"]["Config"]
    return name, pool["Gateway"].partition("/")[0]


@contextlib.contextmanager
def _renewing(file: Path) -> Iterator[None]:
    """Touch the lease until the end; a thread, because the controlling process may be busy for seconds."""
    file.touch()
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE_RENEWED_EVERY_S):
            with contextlib.suppress(FileNotFoundError):
                file.touch()

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
