"""The network of PBXs: a container that stays, in which one PBX after another runs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from booting import boot_in
from docker.errors import NotFound
from ringproof.containers.engine import engine
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.dialplan.render import Secrets, render_office
from ringproof.pbx.asterisk_container import AsteriskContainer
from ringproof.pbx.container import Pbx
from ringproof.pbx.manager import Login
from ringproof.pbx.namespace import NamespaceContainer, give_back, take_namespace
from ringproof.scenario.reading import read_office

pytestmark = pytest.mark.pbx

LOGIN = Login("ringproof", "of-this-test")
OFFICES = Path("scenarios/offices")
WITHIN_S = 20.0
HOLD_ONE = """
import json, sys, time
from ringproof.containers.run import RunEnvironment
from ringproof.pbx.namespace import NamespaceContainer
held = NamespaceContainer(RunEnvironment.from_dict(json.loads(sys.argv[1]))).start()
print(held.get_container_id(), flush=True)
time.sleep(600)
"""
LISTENING = "0A"
RESOLVER = " 0B00007F:"
"""127.0.0.11, as the kernel's tables have it."""
SIP = ":13C4"
"""Port 5060."""


@pytest.fixture
def environment() -> Iterator[RunEnvironment]:
    """A run of its own, whose network namespaces nobody else takes."""
    with open_run("ringproof-asterisk:22") as run:
        yield run


def rendered(folder: Path) -> None:
    """Render the bundled office into a new folder."""
    read = read_office(OFFICES / "trading-company.yaml")
    assert read.office is not None
    folder.mkdir()
    folder.chmod(0o755)
    secrets = Secrets(manager_secret=LOGIN.secret)
    render_office(read.office, folder / "conf", office_folder=OFFICES, secrets=secrets)


async def boot(environment: RunEnvironment, folder: Path) -> Pbx:
    """Boot the bundled office in a folder of its own."""
    rendered(folder)
    return await boot_in(folder, environment, LOGIN)


async def removed(pbx: Pbx) -> None:
    """End a PBX, and wait until its container is gone, and its network given back."""
    await pbx.remove()
    async with asyncio.timeout(WITHIN_S):
        await pbx.ended


def sockets(namespace: NamespaceContainer) -> list[str]:
    """Return the sockets that somebody listens at, or receives datagrams with; the engine's resolver has its own."""
    tables = [namespace.exec(["cat", f"/proc/net/{kind}"]).output.decode() for kind in ("tcp", "udp")]
    tcp, udp = ([line.split() for line in table.splitlines()[1:]] for table in tables)
    taken = [f"tcp {row[1]}" for row in tcp if row[3] == LISTENING] + [f"udp {row[1]}" for row in udp]
    return [entry for entry in taken if RESOLVER not in entry]


def removed_within(number: str, seconds: float) -> bool:
    """Say whether the engine removes a container in time."""
    try:
        engine().api.wait(
            number,
            timeout=seconds,  # type: ignore[arg-type]
            condition="removed",
        )
    except NotFound:
        return True  # it has been
    except requests.exceptions.ConnectionError:  # so requests says that the answer did not come in time
        return False
    return True


def test_one_pbx_after_another_has_it_alone(environment: RunEnvironment, tmp_path: Path) -> None:
    """Two at once have two; the third has that of the first, in which no socket is left."""

    async def play() -> None:
        first, second = await asyncio.gather(boot(environment, tmp_path / "1"), boot(environment, tmp_path / "2"))
        assert first.office_address != second.office_address
        assert first.trunk_address != second.trunk_address
        await removed(first)
        free = take_namespace(environment)
        assert free.addresses[environment.office_network] == first.office_address
        assert sockets(free) == []
        give_back(free)
        third = await boot(environment, tmp_path / "3")
        assert (third.office_address, third.trunk_address) == (first.office_address, first.trunk_address)
        assert any(entry.endswith(SIP) for entry in sockets(free))
        await removed(second)
        await removed(third)

    asyncio.run(play())


def test_a_pbx_has_its_files_alone(environment: RunEnvironment, tmp_path: Path) -> None:
    """What stays is the network: a file that one PBX writes is not there for the next."""

    async def play() -> None:
        first = await boot(environment, tmp_path / "1")
        await first.manager.command("database put ringproof left behind")
        assert any("ringproof" in line for line in await first.manager.command("database show"))
        await removed(first)
        second = await boot(environment, tmp_path / "2")
        assert second.office_address == first.office_address
        assert not any("ringproof" in line for line in await second.manager.command("database show"))
        await removed(second)

    asyncio.run(play())


def test_one_that_has_ended_is_not_handed_out(environment: RunEnvironment, tmp_path: Path) -> None:
    """Whoever removes the container that holds the network disturbs no later play."""
    ended = NamespaceContainer(environment).start()
    give_back(ended)
    engine().api.kill(ended.get_container_id())
    assert ended.ended.wait(WITHIN_S)

    async def play() -> None:
        pbx = await boot(environment, tmp_path / "1")
        await removed(pbx)

    asyncio.run(play())
    assert take_namespace(environment) is not ended


def test_one_of_whose_pbx_nothing_is_known_is_not_handed_out(environment: RunEnvironment, tmp_path: Path) -> None:
    """The engine went away while the end of the container was waited for: Asterisk may still be there."""

    async def play() -> None:
        pbx = await boot(environment, tmp_path / "1")
        container = pbx._container  # noqa: SLF001 - nothing else says which one it is
        assert container is not None
        container.exit_status = -1
        container.note_end()
        other = take_namespace(environment).await_started()
        assert other.addresses[environment.office_network] != pbx.office_address
        await pbx.remove()

    asyncio.run(play())


def test_one_that_cannot_be_started_breaks_the_play(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's own sentence is told, and what could not be started."""
    monkeypatch.setattr(NamespaceContainer, "rights", lambda _: {"mem_limit": "1m"})

    with pytest.raises(BrokenError, match=r"^the engine could not start the container that holds the PBX's network: "):
        asyncio.run(boot(environment, tmp_path / "1"))


def test_it_ends_with_the_process_that_made_it(environment: RunEnvironment) -> None:
    """A runner that is killed leaves no container that waits for it."""
    command = [sys.executable, "-P", "-c", HOLD_ONE, json.dumps(environment.to_dict())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as holder:
        assert holder.stdout is not None
        number = holder.stdout.readline().strip()
        assert engine().api.inspect_container(number)["State"]["Running"]
        holder.kill()
    assert removed_within(number, WITHIN_S)


def test_it_has_no_right_but_to_be_there(environment: RunEnvironment) -> None:
    """Its process is nobody, without any capability, and its network is sealed."""
    held = NamespaceContainer(environment).start()
    status = held.exec(["cat", "/proc/1/status"]).output.decode()
    rows = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(rows["Uid"].split()) == {"65534"}
    assert {rows[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert rows["NoNewPrivs"] == "1"
    routes = held.exec(["cat", "/proc/net/route"]).output.decode().splitlines()[1:]
    assert routes
    assert all(route.split()[2] == "00000000" for route in routes), routes
    assert AsteriskContainer(environment.image, environment).rights().get("hostname") is None  # it is the holder's
    held.stop()
