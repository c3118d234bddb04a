"""The seal: a container whose packets reach its own networks and nothing else, and that proves it before it runs."""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from docker.models.containers import Container
from docker.models.networks import Network
from ringproof.containers.engine import OWNED, OWNER, RUN, engine
from ringproof.containers.owner import own_name
from ringproof.setup import library

pytestmark = pytest.mark.pbx

IMAGE = "ringproof-base:forky"
LABELS = {OWNED: "1", RUN: "seal-test", OWNER: own_name()}
MAY_SEAL = ["NET_ADMIN"]
MAY_DROP = ["NET_ADMIN", "SETUID", "SETGID", "SETPCAP"]
EX_CONFIG = 78
KNOWN = "it knows --refuse ADDRESS, --alias ADDRESS/PREFIX, --capture and --user UID:GID"
NO_PREFIX = "is no address with the length of its network's prefix: 198.51.100.7/24 is one"
PT_DYNAMIC, PT_INTERP = 2, 3
LISTEN = (
    "use IO::Socket::INET; $| = 1; my $s = IO::Socket::INET->new(LocalAddr => '%s', LocalPort => 4000, Listen => 5)"
)


CAPTURED = r"""
use IO::Socket::INET; $| = 1;
open(my $capture, "+<&=", $ENV{RINGPROOF_CAPTURE}) or die $!;
my $to = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1", PeerPort => 4000);
my $at = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1", LocalPort => 4000);
$to->send($_) for "INVITE sip:101", "\x80" . "\x08" x 30, "\0\0", "\x7b" x 20, "SIP/2.0 200 OK";
while (defined recv($capture, my $data, 9999, 0x40)) { print substr($data, 28) . " " }
print "end";
"""
"""Sends five datagrams, and writes what the capture has of them. 0x40: MSG_DONTWAIT."""


@dataclass(frozen=True)
class Outcome:
    """How a container ended."""

    status: int
    out: str
    err: str


@dataclass
class Ground:
    """An internal network, and containers on it that are gone when the test has ended."""

    network: Network
    containers: list[Container]

    @property
    def gateway(self) -> str:
        """The host's own address in the network."""
        self.network.reload()
        return str(self.network.attrs["IPAM"]["Config"][0]["Gateway"])

    def free_address(self) -> str:
        """Return an address of the network that Docker gives to nobody so soon."""
        return f"{self.gateway.rpartition('.')[0]}.200"

    def start(self, *command: str, caps: list[str] = MAY_SEAL, **options: Any) -> Container:  # noqa: ANN401 - whatever docker takes
        """Start a program, which has these capabilities and no others."""
        container: Container = engine().containers.run(
            IMAGE,
            entrypoint=list(command),
            detach=True,
            user="0",
            cap_drop=["ALL"],
            cap_add=caps,
            labels=LABELS,
            network=self.network.name,
            volumes={str(library.SEAL): {"bind": "/seal", "mode": "ro"}},
            **options,
        )
        self.containers.append(container)
        return container

    def run(self, *command: str, caps: list[str] = MAY_SEAL, **options: Any) -> Outcome:  # noqa: ANN401 - the same
        """Run a program to its end."""
        container = self.start(*command, caps=caps, **options)
        status = container.wait(timeout=20)["StatusCode"]
        out, err = (container.logs(stdout=out, stderr=not out).decode() for out in (True, False))
        return Outcome(status, out, err)


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """Make a network as runs do."""
    library.ensure()
    made = engine().networks.create(f"ringproof-seal-test-{secrets.token_hex(4)}", internal=True, labels=LABELS)
    yield made
    made.remove()


@pytest.fixture
def ground(network: Network) -> Iterator[Ground]:
    """Leave no container."""
    ground = Ground(network, [])
    yield ground
    for container in ground.containers:
        container.remove(force=True)


def connect(address: str, port: int) -> str:
    """Return a shell command that says whether somebody can be reached there: status 0, 1 or, where it hangs, 124."""
    return f"timeout 3 bash -c ': </dev/tcp/{address}/{port}'; echo status $?"


def test_the_host_is_out_of_reach(ground: Ground) -> None:
    """Whatever of it listens everywhere: reached without the seal; with it connect() fails at once, to everywhere."""
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 - as careless as somebody else's service
        to_host = connect(ground.gateway, listener.getsockname()[1])
        assert ground.run("bash", "-c", to_host).out == "status 0\n"
        ways = f"cat /proc/net/route; {to_host}; {connect('198.18.0.1', 80)}"
        sealed = ground.run("/seal", "--refuse", ground.gateway, "--", "bash", "-c", ways)
    header, *routes = (line.split() for line in sealed.out.splitlines() if not line.startswith("status"))
    assert header[:3] == ["Iface", "Destination", "Gateway"]
    assert {(interface, gateway) for interface, _, gateway, *_ in routes} == {("eth0", "00000000"), ("*", "00000000")}
    assert sealed.out.count("status 1") == 2
    assert "No route to host" in sealed.err
    assert "Network is unreachable" in sealed.err


def test_its_own_networks_stay(ground: Ground) -> None:
    """Another container is reached, by one that is sealed twice, too."""
    everywhere = LISTEN.replace("LocalAddr => '%s', ", "")
    other = ground.start("perl", "-e", f'{everywhere}; print "listens\\n"; sleep 60')
    assert next(other.logs(stream=True)) == b"listens\n"
    other.reload()
    address = other.attrs["NetworkSettings"]["Networks"][ground.network.name]["IPAddress"]
    seal = ("/seal", "--refuse", ground.gateway, "--")
    assert ground.run(*seal, *seal, "bash", "-c", connect(address, 4000)) == Outcome(0, "status 0\n", "")


def test_it_becomes_a_user_who_can_do_nothing(ground: Ground) -> None:
    """No capability, no group, and no way to get any."""
    drop = ("--user", "1234:2345", "--", "cat", "/proc/self/status")
    dropped = ground.run("/seal", "--refuse", ground.gateway, *drop, caps=MAY_DROP, group_add=["4321"])
    assert (dropped.status, dropped.err) == (0, "")
    facts = {line.partition(":")[0]: line.partition(":")[2].split() for line in dropped.out.splitlines()}
    assert facts["Uid"] == ["1234"] * 4
    assert facts["Gid"] == ["2345"] * 4
    assert facts["Groups"] == []
    assert {facts[f"Cap{kind}"][0] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert facts["NoNewPrivs"] == ["1"]


def test_even_root_can_do_nothing_then(ground: Ground) -> None:
    """A change of user alone would leave it all its rights."""
    seen = ground.run("/seal", "--user", "0:0", "--", "grep", "^Cap", "/proc/self/status", caps=MAY_DROP)
    assert set(seen.out.split()[1::2]) == {"0" * 16}


@pytest.mark.parametrize("lacking", ["SETUID", "SETGID", "SETPCAP"])
def test_who_may_not_drop_its_rights_runs_nothing(ground: Ground, lacking: str) -> None:
    """Each of them is needed, and told."""
    caps = [cap for cap in MAY_DROP if cap != lacking]
    refused = ground.run("/seal", "--user", "1234:2345", "--", "echo", "ran", caps=caps)
    assert (refused.status, refused.out) == (EX_CONFIG, "")
    assert refused.err.startswith("ringproof: this container may not give up its ")
    assert f"it needs CAP_{lacking}, which this engine or kernel does not give it\n" in refused.err


def test_without_a_user_it_keeps_its_rights(ground: Ground) -> None:
    """For a container that has a way of its own to drop them; without a command it ends."""
    kept = ground.run("/seal", "--", "bash", "-c", "/seal && grep ^CapEff /proc/self/status")
    assert kept == Outcome(0, f"CapEff:\t{1 << 12:016x}\n", "")


def test_an_engine_that_forbids_it(ground: Ground) -> None:
    """Nothing is run in a container that is open."""
    assert ground.run("/seal", "--", "echo", "ran", caps=[]) == Outcome(
        EX_CONFIG,
        "",
        "ringproof: this container may not delete its route to 0.0.0.0 (Operation not permitted): "
        "it needs CAP_NET_ADMIN, which this engine or kernel does not give it\n",
    )


def test_ipv6_is_not_sealed_but_refused(ground: Ground) -> None:
    """A link-local address is one: the host has one on the same bridge."""
    refused = ground.run("/seal", "--", "echo", "ran", sysctls={"net.ipv6.conf.all.disable_ipv6": "0"})
    assert (refused.status, refused.out) == (EX_CONFIG, "")
    assert refused.err.startswith("ringproof: this container has the IPv6 address fe80")
    assert " on eth0: IPv6 is not sealed, so it must be disabled there (net.ipv6.conf." in refused.err


def test_what_can_still_be_reached_is_found_out(ground: Ground) -> None:
    """Its own address is no other's to reject: the kernel finds it before any route."""
    own = "$(hostname -I)"
    refused = ground.run("bash", "-c", f"exec /seal --refuse {own} -- echo ran")
    assert (refused.status, refused.out) == (EX_CONFIG, "")
    told = " can still be reached from this container: connect() of a datagram socket found a route\n"
    assert refused.err.endswith(told)


def test_a_further_address(ground: Ground) -> None:
    """It is the container's own then, with its network's mask; a second seal adds one more, and one twice is one."""
    first = ground.free_address()
    second = f"{first[:-1]}1"
    bind = "; ".join(f"{LISTEN % address} or die $@" for address in (first, second)).replace("my ", "")
    alias = ("/seal", "--alias", f"{first}/29", "--alias", f"{first}/29", "--", "/seal", "--alias", f"{second}/32")
    look = "print 'bound'; print grep /eth0/, do { local @ARGV = '/proc/net/route'; <> }"
    added = ground.run(*alias, "--", "perl", "-e", f"{bind}; {look}")
    assert (added.status, added.err) == (0, "")
    assert added.out.startswith("bound")
    masks = {line.split()[7] for line in added.out.removeprefix("bound").splitlines()}
    assert "F8FFFFFF" in masks, added.out


def test_a_capture_takes_sip_and_nothing_else(ground: Ground) -> None:
    """A user without any capability reads it: twice on the loopback, on its way out and on its way in."""
    sealed = ("/seal", "--capture", "--user", "1234:2345", "--", "perl", "-e", CAPTURED)
    told = "INVITE sip:101 INVITE sip:101 SIP/2.0 200 OK SIP/2.0 200 OK end"
    assert ground.run(*sealed, caps=[*MAY_DROP, "NET_RAW"]) == Outcome(0, told, "")


def test_a_capture_that_an_engine_forbids(ground: Ground) -> None:
    """It is said which right is lacking."""
    refused = ground.run("/seal", "--capture", "--", "echo", "ran")
    assert (refused.status, refused.out) == (EX_CONFIG, "")
    assert refused.err == (
        "ringproof: this container may not open a packet socket (Operation not permitted): "
        "it needs CAP_NET_RAW, which this engine or kernel does not give it\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--alias", "10.255.255.1/24"], "no network of this container contains the address 10.255.255.1"),
        (["--alias", "10.1.2.3"], f"--alias 10.1.2.3 {NO_PREFIX}"),
        (["--alias", "10.1.2.3/33"], f"--alias 10.1.2.3/33 {NO_PREFIX}"),
        (["--refuse", "pbx.example"], "pbx.example is no IPv4 address"),
        (["--user", "1000", "--", "true"], "--user 1000 is no UID:GID: 1000:1000 is one"),
        (["--user", "-1:0", "--", "true"], "--user -1:0 is no UID:GID: 1000:1000 is one"),
        (["--user", "1000:1000"], "--user needs a command to run as that user"),
        (["--open"], f"--open is no option of the seal, or lacks its value: {KNOWN}"),
        (["--refuse"], f"--refuse is no option of the seal, or lacks its value: {KNOWN}"),
        (["--", "no-such-program"], "no-such-program cannot be run: No such file or directory"),
    ],
)
def test_what_it_cannot_do_is_told(ground: Ground, words: list[str], sentence: str) -> None:
    """In one sentence."""
    assert ground.run("/seal", *words) == Outcome(EX_CONFIG, "", f"ringproof: {sentence}\n")


def test_it_needs_nothing_of_an_image() -> None:
    """No loader and no library: the program headers name neither."""
    library.ensure()
    program = library.SEAL.read_bytes()
    assert program[:6] == b"\x7fELF\2\1", "64 bits, little end first: what the offsets here are of"
    (begins,) = struct.unpack_from("<Q", program, 0x20)
    size, count = struct.unpack_from("<HH", program, 0x36)
    kinds = {struct.unpack_from("<I", program, begins + number * size)[0] for number in range(count)}
    assert kinds
    assert not kinds & {PT_DYNAMIC, PT_INTERP}
