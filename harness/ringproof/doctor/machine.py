"""Collect the facts about this machine. Each query that could wait has a deadline; nothing stays changed."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import platform
import pwd
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from ringproof.clock.jitter import lateness
from ringproof.containers.engine import OWNED, OWNER
from ringproof.containers.folders import MEMORY, folders_left_behind
from ringproof.containers.owner import owner_is_dead
from ringproof.doctor.facts import Clock, Engine, Facts, Image, NoEngine, Obstacle, Place, Route
from ringproof.setup import dockerapi, image, library
from ringproof.setup.engine import Machine, find, stale_pid_files
from ringproof.setup.output import SetupError

PATIENCE_S = 5.0
"""The deadline of a query to an engine, except for those about images (`dockerapi`); a program has four times this."""
DEFAULT_POOLS = (
    *(IPv4Network(f"172.{number}.0.0/16") for number in range(17, 32)),
    *IPv4Network("192.168.0.0/16").subnets(new_prefix=20),
)
"""The pools from which Docker takes networks where its configuration names none (moby, libnetwork/ipamutils)."""
_ROUTES = Path("/proc/net/route")
_DPKG = "/var/lib/dpkg/status"
_PJPROJECT = "/usr/local/share/ringproof-phones/pjproject"
_UP = 1
_MB = 1_000_000


def look(out: Path, asking: dockerapi.Engine | None = None) -> Facts:
    """Return all facts. `out` is the folder for the evidence; `asking` is an engine that a test passes.

    Raises SetupError when asterisk-image/ or phones-image/ is missing.
    """
    recipes = (*map(image.recipe_of, image.RELEASES), image.PHONES)
    wanted = {recipe.name: image.content_hash(recipe) for recipe in recipes}
    engine = look_at_engine(asking or dockerapi.Engine.of_environment(), Machine(), wanted)
    return Facts(
        engine=engine,
        python=sys.version_info[:3],
        machine=platform.machine(),
        routes=tuple(read_routes(_ROUTES.read_text())) if _ROUTES.exists() else (),
        clock=look_at_clock(library.LIBRARY),
        places=tuple(_places(out, engine)),
        folders_left_behind=tuple(str(folder) for folder in folders_left_behind()),
    )


def look_at_engine(asking: dockerapi.Engine, machine: Machine, wanted: Mapping[str, str]) -> Engine | NoEngine:
    """Ask an engine for its version, networks and images; if the first query fails, ask no more and return the reason.

    `wanted` maps the name of each image to the hash of what it should be made of.
    """
    try:
        fault = asking.answers(PATIENCE_S)
        return _engine(asking, wanted) if fault is None else _no_engine(asking, machine, fault)
    except (OSError, SetupError) as fault:
        return _no_engine(asking, machine, fault)


def _engine(asking: dockerapi.Engine, wanted: Mapping[str, str]) -> Engine:
    info = asking.ask("/info", timeout=PATIENCE_S)
    networks = asking.ask("/networks", timeout=PATIENCE_S)
    ours = json.dumps({"label": [f"{OWNED}=1"]})
    containers = asking.ask("/containers/json", timeout=PATIENCE_S, all=1, filters=ours)
    owned = [(entry["Names"][0].lstrip("/"), entry["Labels"]) for entry in containers]
    owned += [(entry["Name"], entry["Labels"]) for entry in networks if OWNED in (entry["Labels"] or {})]
    return Engine(
        address=asking.address,
        version=info["ServerVersion"],
        cgroup=info.get("CgroupVersion", "1"),
        system=info["OSType"],
        root=Path(info["DockerRootDir"]),
        users=_users(asking),
        pools=tuple(_pools(info.get("DefaultAddressPools") or [])),
        networks={entry["Name"]: tuple(_subnets(entry)) for entry in networks},
        images={each: _image(asking, image.recipe_of(each), wanted, _asterisk) for each in image.RELEASES},
        phones=_image(asking, image.PHONES, wanted, _pjsua2),
        left_behind=tuple(sorted(name for name, labels in owned if owner_is_dead(labels.get(OWNER, "")))),
    )


def _pools(configured: list[dict[str, Any]]) -> Iterator[IPv4Network]:
    if not configured:
        yield from DEFAULT_POOLS
    for pool in configured:
        with contextlib.suppress(ValueError):  # IPv6
            yield from IPv4Network(pool["Base"]).subnets(new_prefix=pool["Size"])


def _subnets(network: dict[str, Any]) -> Iterator[IPv4Network]:
    for config in network["IPAM"]["Config"] or []:
        with contextlib.suppress(ValueError):  # IPv6
            yield IPv4Network(config["Subnet"])


def _image(
    asking: dockerapi.Engine,
    recipe: image.Recipe,
    wanted: Mapping[str, str],
    version_of: Callable[[dockerapi.Engine, str], str | None],
) -> Image | None:
    labels = asking.labels(recipe.name)
    if labels is None:
        return None
    is_fresh = labels.get(image.HASH_LABEL) == wanted.get(recipe.name)
    try:
        version = version_of(asking, recipe.name)
    except (OSError, SetupError) as fault:
        return Image(f"of a version that cannot be told ({fault})", is_fresh)
    return Image(version or "of a version that cannot be told", is_fresh)


def _asterisk(asking: dockerapi.Engine, name: str) -> str | None:
    packages = asking.file_of(name, _DPKG).decode(errors="replace")
    found = re.search(r"^Package: asterisk\n(?:.+\n)*?Version: (?:\d+:)?([\d.]+)", packages, re.MULTILINE)
    return found[1] if found else None


def _pjsua2(asking: dockerapi.Engine, name: str) -> str | None:
    return asking.file_of(name, _PJPROJECT).decode(errors="replace").strip()


def _users(asking: dockerapi.Engine) -> str:
    """Return who may use an engine, by the permissions of its socket."""
    if not asking.address.startswith("unix://"):
        return "whoever reaches it"
    found = Path(asking.address.removeprefix("unix://")).stat()
    if found.st_mode & stat.S_IWOTH:
        return "everybody"
    with contextlib.suppress(KeyError):
        owner, group = pwd.getpwuid(found.st_uid).pw_name, grp.getgrgid(found.st_gid).gr_name
        return f"{owner} and the group {group}" if found.st_mode & stat.S_IWGRP else f"{owner} alone"
    return "its owner"


def _no_engine(asking: dockerapi.Engine, machine: Machine, fault: OSError | SetupError) -> NoEngine:
    obstacle: Obstacle = "other"
    if isinstance(fault, PermissionError):
        obstacle = "denied"
    elif isinstance(fault, FileNotFoundError | ConnectionRefusedError):
        obstacle = "absent"
    elif isinstance(fault, TimeoutError):
        obstacle = "silent"
    file, pid = next(iter(stale_pid_files(machine)), (None, None))
    return NoEngine(
        address=asking.address,
        is_this_machines_own=asking.is_this_machines_own,
        obstacle=obstacle,
        why=getattr(fault, "strerror", None) or str(fault),
        is_installed=find("dockerd") is not None,
        way_back=asking.way_back,
        stale_pid_file=file,
        stale_pid=pid,
    )


def look_at_clock(found: Path) -> Clock:
    """Return the state of the library that drives the PBX's clock: a short program preloads it, as Asterisk does."""
    is_there = found.is_file()
    wanted = image.content_hash(library.BUILDER)
    made_from = library.MADE_FROM.read_text() if library.MADE_FROM.is_file() else wanted  # a wheel has no such file
    return Clock(
        library=found,
        is_there=is_there,
        is_fresh=made_from == wanted,
        loads=_fault_of([shutil.which("true") or sys.executable, "--version"], {"LD_PRELOAD": str(found)})
        if is_there
        else "",
        late=lateness(),
    )


def _fault_of(command: list[str], variables: dict[str, str]) -> str:
    """Return the last line that a program wrote to stderr, or how else it failed; empty where it ended well."""
    try:
        ended = subprocess.run(  # noqa: S603 - our own Python, and true(1)
            command,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S * 4,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not within {PATIENCE_S * 4:g} s"
    except OSError as fault:
        return str(fault)
    lines = ended.stderr.strip().splitlines()
    if ended.returncode == 0:
        return lines[-1] if variables and lines else ""
    return lines[-1] if lines else f"it ends with {ended.returncode}"


def read_routes(table: str) -> Iterator[Route]:
    """Yield the routes in /proc/net/route (IPv4, main table), without the default route, which every machine has."""
    for line in table.splitlines()[1:]:
        device, destination, _gateway, flags, _, _, _, mask, *_ = line.split()
        if int(flags, 16) & _UP and int(mask, 16):
            yield Route(IPv4Network((_address(destination), str(_address(mask)))), device)


def _address(written: str) -> IPv4Address:
    return IPv4Address(socket.inet_ntoa(struct.pack("<I", int(written, 16))))


def _places(out: Path, engine: Engine | NoEngine) -> Iterator[Place]:
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    yield Place("evidence", there, shutil.disk_usage(there).free, 100 * _MB)
    if isinstance(engine, Engine) and engine.root.is_dir():
        yield Place("images", engine.root, shutil.disk_usage(engine.root).free, 100 * _MB)
    if MEMORY.is_dir():
        yield Place("clocks", MEMORY, shutil.disk_usage(MEMORY).free, _MB)
