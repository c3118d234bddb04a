"""What is looked at, as plain values; tests write them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

Obstacle = Literal["absent", "denied", "silent", "other"]
"""Nothing listens; it does, but not to us; it says nothing; or anything else, which `why` tells."""


@dataclass(frozen=True, slots=True)
class NoEngine:
    """Why no Docker engine answers."""

    address: str
    is_this_machines_own: bool
    obstacle: Obstacle
    why: str
    is_installed: bool
    way_back: str
    """What it takes to use this machine's own, where it is another one."""
    stale_pid_file: Path | None = None
    """It keeps a dockerd from starting while its number is another program's."""
    stale_pid: int | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image of ours that the engine has."""

    version: str
    """Of Asterisk as its package names it (22.10.1), of pjsua2 as pjproject does (2.17)."""
    is_fresh: bool
    """Made of what its folder is now."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine that answers."""

    address: str
    version: str
    cgroup: str
    system: str
    """`linux`: what its containers are."""
    root: Path
    """Where it keeps images."""
    users: str
    """Who may use it: `root and the group docker`."""
    pools: tuple[IPv4Network, ...]
    """From which it takes the addresses of a network."""
    networks: Mapping[str, tuple[IPv4Network, ...]]
    images: Mapping[str, Image | None]
    """The PBXs' that `make image` makes, by their version; None where it is not there."""
    phones: Image | None
    """The phones'; None where it is not there."""
    left_behind: tuple[str, ...] = ()
    """Containers and networks of dead runs."""


@dataclass(frozen=True, slots=True)
class Route:
    """A network that this machine reaches by a device, its own or another one's."""

    network: IPv4Network
    device: str


@dataclass(frozen=True, slots=True)
class Clock:
    """The library that drives the PBX's clock, and the machine that it runs on."""

    library: Path
    is_there: bool
    is_fresh: bool
    loads: str
    """What stands in the way of loading it; empty: nothing."""
    late: float
    """How late the machine wakes sleepers, in real seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that has to have room."""

    what: str
    folder: Path
    free: int
    needs: int
    """Bytes both: with less than it needs no run ends well."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was looked at."""

    engine: Engine | NoEngine
    python: tuple[int, int, int]
    machine: str
    """`x86_64`."""
    routes: tuple[Route, ...]
    clock: Clock
    places: tuple[Place, ...]
    folders_left_behind: tuple[str, ...] = ()
