"""Define the facts about this machine as plain values, so that tests can write them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

Obstacle = Literal["absent", "denied", "silent", "other"]
"""`absent`: nothing listens. `denied`: this user may not connect. `silent`: no answer came. `other`: see `why`."""


@dataclass(frozen=True, slots=True)
class NoEngine:
    """Why no Docker engine answers."""

    address: str
    is_this_machines_own: bool
    obstacle: Obstacle
    why: str
    is_installed: bool
    way_back: str
    """How to use this machine's own engine, where another one is named."""
    stale_pid_file: Path | None = None
    """A pid file that keeps dockerd from starting while another program has its number."""
    stale_pid: int | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """One of Ringproof's images, as the engine has it."""

    version: str
    """The version of Asterisk as its package names it (22.10.1), or of pjsua2 as pjproject names it (2.17)."""
    is_fresh: bool
    """True if it was made of the present content of its folder."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine that answers."""

    address: str
    version: str
    cgroup: str
    system: str
    """The operating system of its containers: `linux`."""
    root: Path
    """The folder in which it keeps images."""
    users: str
    """Who may use it, in words: `root and the group docker`."""
    pools: tuple[IPv4Network, ...]
    """The pools from which it takes the addresses of a network."""
    networks: Mapping[str, tuple[IPv4Network, ...]]
    images: Mapping[str, Image | None]
    """The PBX images that `make image` makes, by their version; None for one that is missing."""
    phones: Image | None
    """The image of the phones; None where it is missing."""
    left_behind: tuple[str, ...] = ()
    """Containers and networks of dead runs."""


@dataclass(frozen=True, slots=True)
class Route:
    """A network that this machine reaches through a device, directly or through a gateway."""

    network: IPv4Network
    device: str


@dataclass(frozen=True, slots=True)
class Clock:
    """The state of the library that drives the PBX's clock, and the lateness of the machine that it runs on."""

    library: Path
    is_there: bool
    is_fresh: bool
    loads: str
    """Why it cannot be loaded; empty where it can."""
    late: float
    """How late the machine wakes sleepers, in real seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that must have free space."""

    what: str
    folder: Path
    free: int
    needs: int
    """In bytes, as `free` is. With less no run can end well."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts about this machine."""

    engine: Engine | NoEngine
    python: tuple[int, int, int]
    machine: str
    """The processor: `x86_64`."""
    routes: tuple[Route, ...]
    clock: Clock
    places: tuple[Place, ...]
    folders_left_behind: tuple[str, ...] = ()
