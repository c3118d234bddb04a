"""A real Asterisk takes every office without a word of complaint, and runs what was rendered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from booting import boot_in
from rendered_offices import CORNER_SHOP, HERE, office_of
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.core.duration import PbxSeconds
from ringproof.dialplan.render import MOST_HOPS, RenderedOffice, render_office
from ringproof.pbx.container import Pbx
from ringproof.pbx.manager import Login, ManagerEvent
from ringproof.scenario.model.office import Office, RingAll, ToExtension, ToGroup
from ringproof.setup import image

pytestmark = pytest.mark.pbx

LOGIN = Login("ringproof", "ringproof")
WITHIN = 10.0
"""Seconds that a test waits for an event before it fails."""


@pytest.fixture(scope="module", params=["22", "16"])
def environment(request: pytest.FixtureRequest) -> Iterator[RunEnvironment]:
    """Open a run for this module, on each version that offices are rendered for."""
    image.ensure(image.recipe_of(request.param))
    with open_run(f"{image.REPOSITORY}:{request.param}") as environment:
        yield environment


@dataclass
class Running:
    """A PBX that has booted with an office."""

    pbx: Pbx
    rendered: RenderedOffice
    events: asyncio.Queue[ManagerEvent]
    log: Path

    async def printed(self, command: str) -> str:
        """Return what a command of Asterisk's command line prints."""
        return "\n".join(await self.pbx.manager.command(command))

    async def state_of(self, device: str) -> str:
        """Return what DEVICE_STATE() says in the dialplan."""
        return (await self.pbx.manager.action("Getvar", Variable=f"DEVICE_STATE({device})"))["Value"]

    async def event(self, name: str, **headers: str) -> ManagerEvent:
        """Return the next event of that name with these headers."""
        async with asyncio.timeout(WITHIN):
            while True:
                event = await self.events.get()
                if event.get("Event") == name and headers.items() <= event.items():
                    return event

    async def logged(self, text: str) -> str:
        """Return the log once it has this text: a thread of Asterisk's writes it, in order, after the fact."""
        async with asyncio.timeout(WITHIN):
            while text not in (log := self.log.read_text(encoding="utf-8")):  # noqa: ASYNC110 - a file wakes nobody
                await asyncio.sleep(0.01)
            return log


async def boot(environment: RunEnvironment, folder: Path, on_event: Callable[[ManagerEvent], None]) -> Pbx:
    """Boot a PBX with the configuration in the folder's `conf`."""
    (folder / "evidence").mkdir()
    return await boot_in(folder, environment, LOGIN, evidence=folder / "evidence", on_event=on_event)


@asynccontextmanager
async def running(
    environment: RunEnvironment, folder: Path, office: Office, office_folder: Path
) -> AsyncIterator[Running]:
    """Boot a PBX with the office; it is gone at the end. A complaint of Asterisk's at boot is an error already."""
    rendered = render_office(office, folder / "conf", office_folder=office_folder)
    events: asyncio.Queue[ManagerEvent] = asyncio.Queue()
    pbx = await boot(environment, folder, events.put_nowait)
    try:
        yield Running(pbx, rendered, events, folder / "evidence" / "full.log")
    finally:
        await pbx.remove()


def test_every_office_boots_and_runs_as_rendered(
    environment: RunEnvironment, office_file: Path, tmp_path: Path
) -> None:
    """No WARNING, no ERROR; every endpoint, context, extension and module is there."""

    async def look() -> None:
        async with running(environment, tmp_path, office_of(office_file), office_file.parent) as pbx:
            endpoints = {entry["ObjectName"] for entry in await pbx.pbx.manager.listing("PJSIPShowEndpoints")}
            assert endpoints == set(pbx.rendered.endpoints)
            for context, extensions in pbx.rendered.contexts.items():
                shown = await pbx.printed(f"dialplan show {context}")
                assert f"[ Context '{context}' created by 'pbx_config' ]" in shown
                assert set(extensions) <= set(re.findall(r"^  '(\S+)' =>", shown, re.MULTILINE)), context
            modules = await pbx.printed("module show")
            assert [
                name for name in pbx.rendered.modules if not re.search(rf"^{name} .* Running ", modules, re.MULTILINE)
            ] == []
            assert pbx.pbx.complaints() == []
            assert "Asterisk Ready" in pbx.log.read_text(encoding="utf-8")

    asyncio.run(look())


def test_a_complaint_of_asterisk_fails_the_boot(environment: RunEnvironment, tmp_path: Path) -> None:
    """The silence above means something: a file that Asterisk misses is complained about, and the boot fails."""
    render_office(office_of(CORNER_SHOP), tmp_path / "conf", office_folder=HERE)
    (tmp_path / "conf" / "udptl.conf").unlink()

    async def look() -> None:
        with pytest.raises(BrokenError, match=r"udptl\.conf"):
            await boot(environment, tmp_path, lambda _: None)

    asyncio.run(look())


def test_who_is_free(environment: RunEnvironment, tmp_path: Path) -> None:
    """An extension that nobody registered is UNAVAILABLE, so not free; one that there is not is INVALID."""

    async def look() -> None:
        async with running(environment, tmp_path, office_of(CORNER_SHOP), HERE) as pbx:
            assert await pbx.state_of("PJSIP/10") == "UNAVAILABLE"
            assert await pbx.state_of("PJSIP/99") == "INVALID"

    asyncio.run(look())


def test_a_call_that_goes_round_in_circles_is_ended(environment: RunEnvironment, tmp_path: Path) -> None:
    """The reader refuses such an office; the dialplan ends the call all the same, by congestion, and at once."""
    here = PbxSeconds(1)
    circle = RingAll(strategy="ring_all", members=("11",), ring_time=here, destination=ToExtension(extension="10"))
    office = office_of(CORNER_SHOP).model_copy(
        update={"groups": {"circle": circle}, "menus": {}, "extension_destination": ToGroup(group="circle")}
    )
    numbers = {"0555123": ToGroup(group="circle")}
    office = office.model_copy(update={"trunk": office.trunk.model_copy(update={"numbers": numbers})})

    async def look() -> None:
        async with running(environment, tmp_path, office, HERE) as pbx:
            await pbx.pbx.manager.action(
                "Originate", Channel="Local/0555123@from-trunk", Application="Wait", Data="60", Async="true"
            )
            assert (await pbx.event("Hangup", Context="sent-on"))["Cause"] == "34"
            log = await pbx.logged("Spawn extension (sent-on, ")
            assert log.count("Executing [s@sent-on:1]") == MOST_HOPS + 1
            assert pbx.pbx.complaints() == []

    asyncio.run(look())
