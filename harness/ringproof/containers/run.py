"""What all plays of one run share: its name, the two networks, the lease. The controlling process makes it once."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from docker.errors import APIError
from testcontainers.core.network import Network

from ringproof.containers.engine import OWNED, OWNER, RUN, engine, require_image
from ringproof.containers.errors import BrokenError
from ringproof.containers.folders import make_folder
from ringproof.containers.owner import own_name
from ringproof.containers.sweep import sweep, sweep_run
from ringproof.setup.image import PHONES, image_dir
from ringproof.setup.output import SetupError

PHONES_IMAGE = PHONES.name
LEASE_RENEWED_EVERY_S = 5.0
"""Seconds of real time; a PBX ends by itself when its lease is 60 s old (asterisk-image/README.md)."""


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """The names and paths of one run, as plain values: they are sent to the workers."""

    run: str
    owner: str
    image: str
    phones_image: str
    office_network: str
    """Name of the network of the PBXes and of the phones of extensions."""
    trunk_network: str
    """Name of the network from which outside callers come."""
    subnets: str
    """Subnets of both networks, as CIDR, separated by a comma: all that a container of the run can reach."""
    gateways: str
    """The host's own addresses in both networks, separated by a comma: no container of the run may reach them."""
    folder: str
    """A folder that only the processes of the run on this machine share; it is removed with the run."""
    init: str
    """The program that is process 1 of every PBX's container (asterisk-image/init)."""
    rendered: str = ""
    """A folder that `ringproof render` wrote and somebody edited, from which all plays are made; empty: each play
    renders its scenario's office."""

    @property
    def lease(self) -> Path:
        """The folder whose file `renewed` the controlling process touches, and at which the containers look."""
        return Path(self.folder) / "lease"

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
    require_image(PHONES_IMAGE)
    try:
        init = image_dir() / "init"
    except SetupError as fault:
        raise BrokenError(str(fault)) from fault
    sweep()
    run = secrets.token_hex(4)
    owner = own_name()
    folder = make_folder(run, owner)
    lease = folder / "lease"
    lease.mkdir()
    lease.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(sweep_run, run)
        stack.enter_context(_renewing(lease / "renewed"))
        labels = {OWNED: "1", RUN: run, OWNER: owner}
        office, trunk = _networks([f"ringproof-{run}-office", f"ringproof-{run}-trunk"], labels)
        pools = [_pool(network) for network in (office, trunk)]
        yield RunEnvironment(
            run=run,
            owner=owner,
            image=image,
            phones_image=PHONES_IMAGE,
            office_network=office.name,
            trunk_network=trunk.name,
            subnets=",".join(pool["Subnet"] for pool in pools),
            gateways=",".join(pool["Gateway"].partition("/")[0] for pool in pools if pool.get("Gateway")),
            folder=str(folder),
            init=str(init),
            rendered=rendered,
        )


def _networks(names: Sequence[str], labels: dict[str, str]) -> list[Network]:
    """Make the networks side by side: the engine takes a tenth of a second for each."""
    with ThreadPoolExecutor(len(names)) as threads:
        making = [threads.submit(_network, name, labels) for name in names]
    return [each.result() for each in making]


def _network(name: str, labels: dict[str, str]) -> Network:
    """Make an internal network. Raises BrokenError."""
    network = Network(docker_network_kw={"driver": "bridge", "internal": True, "labels": labels})
    network.name = name
    try:
        return network.create()
    except APIError as fault:
        message = f"the engine could not make a network: {fault.explanation}"
        hint = "its address pools hold about 31 networks: `ringproof clean`, then `docker network ls`"
        raise BrokenError(message, hint) from fault


def _pool(network: Network) -> dict[str, str]:
    """Return the subnet and the gateway that the engine chose."""
    pools: list[dict[str, str]] = engine().api.inspect_network(network.name)["IPAM"]["Config"]
    return pools[0]


@contextlib.contextmanager
def _renewing(file: Path) -> Iterator[None]:
    """Touch the lease until the end, in a thread, because the controlling process may be busy for seconds."""
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
