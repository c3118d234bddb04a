"""The manager interface of a real PBX."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from booting import boot_in
from ringproof.containers.engine import engine
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.dialplan.render import Secrets, render_office
from ringproof.pbx.container import Pbx
from ringproof.pbx.manager import Login, Manager, ManagerError, ManagerEvent
from ringproof.pbx.manager_conf import MANAGER_PORT
from ringproof.phones.container import phones_of
from ringproof.scenario.reading import read_office

LOGIN = Login("ringproof", "of-this-test")
OFFICES = Path("scenarios/offices")


@pytest.fixture(scope="module")
def environment() -> Iterator[RunEnvironment]:
    """A run of its own."""
    with open_run("ringproof-asterisk:22") as run:
        yield run


@pytest.fixture
def on_pbx(environment: RunEnvironment, tmp_path: Path) -> Callable[[Callable[..., Awaitable[None]]], None]:
    """Return a runner: it boots the bundled office and hands a test the PBX, its events and whether it was lost."""
    tmp_path.chmod(0o755)

    def run(test: Callable[[Pbx, list[ManagerEvent], asyncio.Event], Awaitable[None]]) -> None:
        async def play() -> None:
            read = read_office(OFFICES / "trading-company.yaml")
            assert read.office is not None
            conf = tmp_path / "conf"
            render_office(read.office, conf, office_folder=OFFICES, secrets=Secrets(manager_secret=LOGIN.secret))
            events: list[ManagerEvent] = []
            lost = asyncio.Event()
            pbx = await boot_in(tmp_path, environment, LOGIN, on_event=events.append, on_lost=lambda _: lost.set())
            try:
                await test(pbx, events, lost)
            finally:
                await pbx.remove()

        asyncio.run(play())

    return run


@pytest.mark.pbx
def test_questions_and_answers(on_pbx: Callable[[Callable[..., Awaitable[None]]], None]) -> None:
    """Commands, lists, variables, and refusals, several at once."""

    async def test(pbx: Pbx, events: list[ManagerEvent], lost: asyncio.Event) -> None:
        modules, endpoints, gone = await asyncio.gather(
            pbx.manager.command("module show"),
            pbx.manager.listing("PJSIPShowEndpoints"),
            pbx.manager.variable("PJSIP/nobody-00000001", "CHANNEL(name)"),
        )
        assert any("chan_pjsip.so" in line for line in modules)
        assert {entry["ObjectName"] for entry in endpoints} == {"100", "101", "102", "103", "trunk"}
        assert gone is None
        with pytest.raises(ManagerError, match="refused the manager action Nonsense: Invalid/unknown command"):
            await pbx.manager.action("Nonsense")
        assert any(event["Event"] == "FullyBooted" for event in events)
        # the one that answers a login after the boot has no stamp
        assert all(float(event["Timestamp"]) > 1e9 for event in events if event["Event"] != "FullyBooted")
        assert not lost.is_set()

    on_pbx(test)


@pytest.mark.pbx
def test_a_wrong_secret_is_refused(
    environment: RunEnvironment, on_pbx: Callable[[Callable[..., Awaitable[None]]], None]
) -> None:
    """The secret of a play is random: nobody else on the machine logs in."""

    async def test(pbx: Pbx, _events: list[ManagerEvent], _lost: asyncio.Event) -> None:
        link = phones_of(environment).new_socket("tcp")
        await asyncio.to_thread(link.connect, (pbx.office_address, MANAGER_PORT))
        banner = await asyncio.to_thread(link.recv, 200)
        assert banner.startswith(b"Asterisk Call Manager/")
        other = await Manager.over(link, on_event=lambda _: None, on_lost=lambda _: None)
        with pytest.raises(ManagerError, match="Authentication failed"):
            await other.action("Login", Username="ringproof", Secret="ringproof")  # noqa: S106 - the wrong one
        await other.close()

    on_pbx(test)


@pytest.mark.pbx
def test_the_end_of_the_pbx_is_told(on_pbx: Callable[[Callable[..., Awaitable[None]]], None]) -> None:
    """Whoever waits for an answer gets an error at once, and the loss is told."""

    async def test(pbx: Pbx, _events: list[ManagerEvent], lost: asyncio.Event) -> None:
        await asyncio.to_thread(engine().api.kill, pbx.name)
        async with asyncio.timeout(20):
            await lost.wait()
        with pytest.raises(BrokenError):
            await pbx.manager.action("Ping")
        assert await pbx.why_ended() is None, "killed from outside is no crash of Asterisk's own"

    on_pbx(test)
