"""Machines for tests: one on which all is good, and what it is when one thing is not."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

from ringproof.doctor.checks import Check, addresses, clock, engine, images, left_behind, phones, python, room
from ringproof.doctor.facts import Clock, Engine, Facts, Image, NoEngine, Place, Route
from ringproof.doctor.machine import DEFAULT_POOLS

ENGINE = Engine(
    address="unix:///var/run/docker.sock",
    version="20.10.24",
    cgroup="2",
    system="linux",
    root=Path("/var/lib/docker"),
    users="root and the group docker",
    pools=DEFAULT_POOLS,
    networks={"bridge": (DEFAULT_POOLS[0],), "host": ()},
    images={"22": Image("22.10.1", is_fresh=True), "16": Image("16.28.0", is_fresh=True)},
    phones=Image("2.17", is_fresh=True),
)
CLOCK = Clock(
    library=Path("harness/ringproof/clock/ringproof-clock.so"), is_there=True, is_fresh=True, loads="", late=0.0012
)
EVIDENCE = Place("evidence", Path("/home/anna/calls"), 83_000_000_000, 100_000_000)
GOOD = Facts(
    engine=ENGINE,
    python=(3, 11, 7),
    machine="x86_64",
    routes=(Route(IPv4Network("10.0.0.0/24"), "eth0"),),
    clock=CLOCK,
    places=(EVIDENCE,),
)
NO_ENGINE = NoEngine(
    address="unix:///var/run/docker.sock",
    is_this_machines_own=True,
    obstacle="absent",
    why="No such file or directory",
    is_installed=True,
    way_back="",
)
OWN_RANGE = (Route(IPv4Network("192.0.2.0/24"), "eth0"),)
OTHERS = {f"customer-{number}": (pool,) for number, pool in enumerate(DEFAULT_POOLS[:-1])}


def without(**changes: object) -> Facts:
    """Return GOOD with another answer about its engine."""
    return replace(GOOD, engine=replace(NO_ENGINE, **changes))  # type: ignore[arg-type]


def other(**changes: object) -> Facts:
    """Return GOOD with another engine."""
    return replace(GOOD, engine=replace(ENGINE, **changes))  # type: ignore[arg-type]


CASES: dict[str, tuple[Check, Facts]] = {
    "python": (python, GOOD),
    "python-too-new": (python, replace(GOOD, python=(3, 15, 1))),
    "python-on-arm": (python, replace(GOOD, machine="aarch64")),
    "python-on-another-machine": (python, replace(GOOD, machine="riscv64")),
    "phones": (phones, GOOD),
    "phones-absent": (phones, other(phones=None)),
    "phones-stale": (phones, other(phones=Image("2.17", is_fresh=False))),
    "phones-without-engine": (phones, without()),
    "engine": (engine, GOOD),
    "engine-elsewhere": (engine, other(address="tcp://10.0.0.7:2375", users="whoever reaches it")),
    "engine-of-windows": (engine, other(system="windows")),
    "engine-not-installed": (engine, without(is_installed=False)),
    "engine-does-not-run": (engine, without()),
    "engine-stale-pid-file": (engine, without(stale_pid_file=Path("/var/run/docker.pid"), stale_pid=4711)),
    "engine-denied": (engine, without(obstacle="denied", why="Permission denied")),
    "engine-silent": (engine, without(obstacle="silent", why="timed out")),
    "engine-is-none": (engine, without(obstacle="other", why="what listens there is no Docker engine: HTTP 400")),
    "engine-named-does-not-answer": (
        engine,
        without(
            address="tcp://10.0.0.7:2375",
            is_this_machines_own=False,
            why="Connection refused",
            way_back="unset DOCKER_HOST to use this machine's own",
        ),
    ),
    "images": (images, GOOD),
    "images-absent": (images, other(images={"22": None, "16": None})),
    "images-stale": (
        images,
        other(images={"22": Image("22.9.0", is_fresh=False), "16": Image("16.28.0", is_fresh=False)}),
    ),
    "addresses": (addresses, GOOD),
    "addresses-used-up": (addresses, other(networks=OTHERS)),
    "addresses-routed-away": (
        addresses,
        replace(
            GOOD, routes=(Route(IPv4Network("172.16.0.0/12"), "vpn0"), Route(IPv4Network("192.168.0.0/16"), "wlan0"))
        ),
    ),
    "addresses-for-documentation-used": (addresses, replace(GOOD, routes=OWN_RANGE)),
    "addresses-for-documentation-taken": (
        addresses,
        replace(other(networks={"provider": (IPv4Network("192.0.2.128/25"),)}), routes=OWN_RANGE),
    ),
    "addresses-for-documentation-of-docker-alone": (
        addresses,
        replace(other(networks={"provider": (OWN_RANGE[0].network,)}), routes=(replace(OWN_RANGE[0], device="br-1f"),)),
    ),
    "addresses-without-engine": (addresses, without()),
    "clock": (clock, GOOD),
    "clock-absent": (clock, replace(GOOD, clock=replace(CLOCK, is_there=False, is_fresh=False))),
    "clock-stale": (clock, replace(GOOD, clock=replace(CLOCK, is_fresh=False))),
    "clock-does-not-load": (
        clock,
        replace(GOOD, clock=replace(CLOCK, loads="ERROR: ld.so: object cannot be preloaded")),
    ),
    "clock-on-a-slow-machine": (clock, replace(GOOD, clock=replace(CLOCK, late=0.031))),
    "room": (room, GOOD),
    "room-little": (room, replace(GOOD, places=(replace(EVIDENCE, free=900_000_000),))),
    "room-none": (room, replace(GOOD, places=(replace(EVIDENCE, free=99_000_000),))),
    "left-behind": (left_behind, GOOD),
    "left-behind-something": (
        left_behind,
        replace(
            other(left_behind=("ringproof-1f-office", "ringproof-1f-trunk", "ringproof-1f-x")),
            folders_left_behind=("/dev/shm/ringproof-1f-x",),  # noqa: S108 - the name of one
        ),
    ),
    "left-behind-without-engine": (left_behind, without()),
}
"""Each check, with what it says where all is good and where something is not."""
