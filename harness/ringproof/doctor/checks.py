"""Judge the facts: what they mean for calls, and what to do about them. A check is a function of the facts alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal, Protocol

from ringproof.clock.jitter import speed_for
from ringproof.core.speed import FASTEST
from ringproof.doctor.facts import Engine, Facts, NoEngine
from ringproof.setup.__main__ import FITTING, NEEDED
from ringproof.setup.image import DEFAULT_VERSION, PHONES, REPOSITORY

State = Literal["ok", "note", "broken"]
"""`ok`: good. `note`: not good, but calls can be played. `broken`: no call can be played."""
DOCUMENTATION = (IPv4Network("192.0.2.0/24"), IPv4Network("203.0.113.0/24"))
"""Address ranges for documentation (RFC 5737) that some machines use for routes of their own."""
NETWORKS_A_RUN = 2
AMPLE = 10
"""A place should have this many times the space that it needs."""
MACHINES = ("x86_64", "aarch64")
"""Processors whose system calls harness/ringproof/clock/page.py knows; all tests are run on the first one."""
ENGINE_LOG = "/var/log/ringproof-dockerd.log, or `journalctl -u docker`, says why"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The state of one subject, what was found, and what to do about it."""

    subject: str
    state: State
    found: str
    fix: str = ""


class Check(Protocol):
    """A function that judges some of the facts."""

    def __call__(self, facts: Facts, /) -> Iterable[Diagnosis]:
        """Return a diagnosis for each subject."""


def diagnose(facts: Facts) -> list[Diagnosis]:
    """Return all diagnoses, in the order in which a run needs their subjects."""
    return [diagnosis for check in CHECKS for diagnosis in check(facts)]


def python(facts: Facts) -> Iterator[Diagnosis]:
    """Check the Python that runs this, and the processor of this machine."""
    version = ".".join(map(str, facts.python))
    if facts.python[:2] not in FITTING:
        yield Diagnosis(
            "python",
            "broken",
            f"this is Python {version}, and {NEEDED}",
            "`RINGPROOF_PYTHON=/path/to/python3.13 make venv`, with one of these",
        )
    elif facts.machine not in MACHINES:
        found = f"this machine is {facts.machine}, and the clock knows {' and '.join(MACHINES)} only"
        yield Diagnosis("python", "broken", found, "take another machine")
    elif facts.machine != MACHINES[0]:
        found = f"Python {version} on {facts.machine}, where nobody has tried Ringproof"
        yield Diagnosis("python", "note", found, "`make test` tells what does not work there; please report it")
    else:
        yield Diagnosis("python", "ok", f"Python {version} on {facts.machine}")


def engine(facts: Facts) -> Iterator[Diagnosis]:
    """Check whether the Docker engine answers, and report who may use it."""
    found = facts.engine
    if isinstance(found, NoEngine):
        yield Diagnosis("engine", "broken", *_no_engine(found))
        return
    if found.system != "linux":
        yield Diagnosis(
            "engine",
            "broken",
            f"the engine at {found.address} has containers of {found.system}",
            "switch it to Linux containers, or name another one with DOCKER_HOST",
        )
        return
    told = f"Docker {found.version} answers at {found.address} (cgroup v{found.cgroup}); {found.users} may use it"
    if found.address.startswith("unix:"):
        yield Diagnosis("engine", "ok", told)
    else:
        yield Diagnosis(
            "engine",
            "note",
            told,
            "phones have to reach its containers: one on another machine cannot be used, unset DOCKER_HOST then",
        )


def _no_engine(found: NoEngine) -> tuple[str, str]:
    """Return why no engine can be used, and what to do."""
    no = f"no Docker engine answers at {found.address}"
    told, fix = f"{no} ({found.why})", f"`make engine` starts it; {ENGINE_LOG}"
    if found.obstacle == "denied":
        told = f"the Docker engine at {found.address} runs, but you may not talk to it"
        fix = "`sudo usermod -aG docker $USER`, then log in anew"
    elif found.obstacle == "silent":
        told = f"what listens at {found.address} says nothing ({found.why})"
        fix = f"start the engine anew (`systemctl restart docker`); {ENGINE_LOG}"
    elif not found.is_this_machines_own:
        fix = f"start it, or {found.way_back}"
    elif not found.is_installed:
        told, fix = f"{no}, and none is installed", "`make engine` installs Debian's and starts it"
    elif found.stale_pid_file is not None:
        told = f"{no}; {found.stale_pid_file} names the process {found.stale_pid}, which is no engine"
        fix = "`make engine` removes that file and starts the engine"
    elif found.obstacle == "absent":
        told, fix = f"{no}: it is installed, and does not run", "`make engine` starts it"
    return told, fix


def images(facts: Facts) -> Iterator[Diagnosis]:
    """Check the PBX images that `make image` makes. An image named by `--image` is checked when it is played."""
    if not isinstance(facts.engine, Engine):
        return
    for version, image in facts.engine.images.items():
        name, make = f"{REPOSITORY}:{version}", f"`VERSION={version} make image`"
        default = version == DEFAULT_VERSION
        if default:
            make = "`make image`"
        if image is None:
            found = f"there is no {name}" + ("" if default else f", which only calls on Asterisk {version} need")
            yield Diagnosis("image", "broken" if default else "note", found, f"{make} makes it")
        elif not image.is_fresh:
            found = f"{name} (Asterisk {image.version}) was made of another asterisk-image/ than there is now"
            yield Diagnosis("image", "note", found, f"{make} makes it anew")
        else:
            yield Diagnosis("image", "ok", f"{name} has Asterisk {image.version}")


def phones(facts: Facts) -> Iterator[Diagnosis]:
    """Check the image that the phones run in."""
    if not isinstance(facts.engine, Engine):
        return
    image = facts.engine.phones
    if image is None:
        yield Diagnosis("phones", "broken", f"there is no {PHONES.name}", "`make image` makes it")
    elif not image.is_fresh:
        found = f"{PHONES.name} (pjsua2 {image.version}) was made of another {PHONES.folder}/ than there is now"
        yield Diagnosis("phones", "note", found, "`make image` makes it anew")
    else:
        yield Diagnosis("phones", "ok", f"{PHONES.name} has pjsua2 {image.version}")


def addresses(facts: Facts) -> Iterator[Diagnosis]:
    """Check whether two more networks can be made, and report what uses the ranges for documentation."""
    networks = facts.engine.networks if isinstance(facts.engine, Engine) else {}
    dockers = {subnet for subnets in networks.values() for subnet in subnets}
    if isinstance(facts.engine, Engine):
        taken = [*dockers, *(route.network for route in facts.routes)]
        free = sum(not any(pool.overlaps(network) for network in taken) for pool in facts.engine.pools)
        found = f"{free} of Docker's {len(facts.engine.pools)} address pools are free, and a run takes {NETWORKS_A_RUN}"
        if free >= NETWORKS_A_RUN:
            yield Diagnosis("addresses", "ok", found)
        else:
            fix = "`ringproof clean`; `docker network ls` shows what else takes them, `docker network prune` frees them"
            yield Diagnosis("addresses", "broken", found, fix)
    for range_ in DOCUMENTATION:
        routed = (route for route in facts.routes if route.network.overlaps(range_) and route.network not in dockers)
        devices = sorted({route.device for route in routed})
        inside = sorted(name for name, subnets in networks.items() if any(map(range_.overlaps, subnets)))
        if devices and inside:
            found = f"the Docker network {inside[0]} is in {range_}, which this machine routes to {devices[0]}"
            yield Diagnosis("addresses", "broken", found, f"`docker network rm {inside[0]}`: it cuts the machine off")
        elif devices:
            yield Diagnosis("addresses", "ok", f"{range_} is this machine's own ({devices[0]}), and left alone")


def clock(facts: Facts) -> Iterator[Diagnosis]:
    """Check the library that drives the PBX's clock, and report how fast this machine lets the clock race."""
    found = facts.clock
    if not found.is_there:
        yield Diagnosis("clock", "broken", f"there is no {found.library.name}", "`make image` compiles it")
    elif found.loads:
        told = f"{found.library.name} does not load: {found.loads}"
        yield Diagnosis("clock", "broken", told, f"delete {found.library}; `make image` compiles it anew")
    elif not found.is_fresh:
        told = f"{found.library.name} was compiled from another asterisk-image/clock/ than there is now"
        yield Diagnosis("clock", "note", told, "`make image` compiles it anew")
    else:
        yield Diagnosis("clock", "ok", f"{found.library.name} loads")
    speed = speed_for(found.late)
    told = f"sleepers are woken {found.late * 1000:.1f} ms late at most, so that `--speed auto` is {speed:g}"
    if speed >= FASTEST:
        yield Diagnosis("speed", "ok", told)
    else:
        yield Diagnosis("speed", "note", told, "see what else keeps this machine busy; calls only take longer")


def room(facts: Facts) -> Iterator[Diagnosis]:
    """Check the space for evidence, for images and for what runs keep in memory."""
    for place in facts.places:
        found = f"{_size(place.free)} are free for {place.what} ({place.folder})"
        if place.free < place.needs:
            yield Diagnosis("room", "broken", found, "make room there")
        elif place.free < place.needs * AMPLE:
            yield Diagnosis("room", "note", found, "make room there before it is used up")
        else:
            yield Diagnosis("room", "ok", found)


def left_behind(facts: Facts) -> Iterator[Diagnosis]:
    """Report what dead runs left behind."""
    left = [*(facts.engine.left_behind if isinstance(facts.engine, Engine) else ()), *facts.folders_left_behind]
    if left:
        shown = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")  # noqa: PLR2004
        yield Diagnosis("left-overs", "note", f"dead runs left {shown}", "`ringproof clean` removes them")
    else:
        yield Diagnosis("left-overs", "ok", "no dead run left anything behind")


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"  # noqa: PLR2004 - a gigabyte


CHECKS: tuple[Check, ...] = (python, engine, images, phones, addresses, clock, room, left_behind)
