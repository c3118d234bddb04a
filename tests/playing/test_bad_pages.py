"""A page that nobody can use: one sentence wherever it is noticed, in the harness, in a phone or in the PBX."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from booting import boot_in
from ringproof.clock import clock
from ringproof.clock.clock import PbxClock
from ringproof.clock.page import Page, Word
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.dialplan.render import Secrets, render_office
from ringproof.pbx.container import ClockMount
from ringproof.pbx.manager import Login
from ringproof.phones.container import phones_of
from ringproof.phones.handle import Phone, PhoneStartError
from ringproof.playing import play
from ringproof.playing.clock_setup import LIBRARY
from ringproof.scenario.reading import read_office

from playing.conftest import left_behind, on_a_clock, story

LOGIN = Login("ringproof", "of-this-test")
OFFICES = Path("scenarios/offices")
STORY = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a ring:
    when:
      - call: anna
    expect:
      - ring: [101]
        for: 15s
      - missed: [101]
      - caller gets: {code: 480}
"""
Golden = Callable[[str, str], None]


def of_another_version(page: Path) -> None:
    """Overwrite the version."""
    with page.open("r+b") as file:
        file.seek(8 * Word.VERSION)
        file.write(struct.pack("<q", 99))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "another-version": of_another_version,
    "cut": lambda page: page.write_bytes(page.read_bytes()[:512]),
    "unreadable": lambda page: page.chmod(0o600),
    "gone": Path.unlink,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a page, which the PBX's user may enter."""
    place = tmp_path / "clock"
    place.mkdir()
    for path in (place, *place.parents[:3]):
        path.chmod(0o755)
    return place


@pytest.mark.pbx
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_pbx_does_not_start(environment: RunEnvironment, folder: Path, damage: str, golden: Golden) -> None:
    """A PBX on a clock that nobody drives would be taken for one that is driven."""
    page = folder / "page"
    Page.make(page)
    page.chmod(0o666)
    DAMAGES[damage](page)
    office = read_office(OFFICES / "trading-company.yaml").office
    assert office is not None
    evidence = folder.parent / "pbx"
    evidence.mkdir()
    render_office(office, evidence / "conf", office_folder=OFFICES, secrets=Secrets(manager_secret=LOGIN.secret))

    async def boot() -> None:
        await boot_in(
            evidence,
            environment,
            LOGIN,
            clock=ClockMount(
                library=LIBRARY,
                page=page,
                on_connected=lambda _: None,
                on_bytes=lambda _: None,
                on_write=lambda _: None,
            ),
        )

    with pytest.raises(BrokenError) as broken:
        asyncio.run(boot())
    golden(f"play/page-{damage}.pbx.err", f"{broken.value}\n")


@pytest.mark.pbx
@pytest.mark.parametrize("damage", ["another-version", "cut", "gone"])
def test_a_phone_does_not_start(environment: RunEnvironment, folder: Path, damage: str, golden: Golden) -> None:
    """It would stamp what it sees with a time that is nobody's."""

    async def start() -> None:
        line = PbxClock(Page.make(folder / "page"), speed=1).new_line()
        DAMAGES[damage](folder / "page")
        phones = phones_of(environment)
        await asyncio.to_thread(phones.await_ready)
        log = folder / "log"
        await Phone.start(
            "101", server=phones.server, address="127.0.0.1", log=log, on_message=lambda _: None, line=line
        )

    with pytest.raises(PhoneStartError) as failed:
        on_a_clock(start())
    golden(f"play/page-{damage}.phone.err", f"{failed.value}\n".replace(str(folder), "FOLDER"))


@pytest.mark.pbx
def test_a_play_whose_page_cannot_be_mapped_is_broken(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a traceback; nothing was started yet."""

    def make_and_damage(path: Path, **_: object) -> Page:
        path.write_bytes(b"")
        return Page(path)

    monkeypatch.setattr(Page, "make", make_and_damage)
    with pytest.raises(
        BrokenError, match=r"^the clock's page .*/page cannot be mapped: mmap length is greater than file size$"
    ):
        play(story(STORY, tmp_path), environment, tmp_path / "out")


@pytest.mark.pbx
def test_a_play_with_more_phones_than_a_page_has_room_for_is_broken(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    """Not a phone that nobody waits for."""
    monkeypatch.setattr(clock, "PEERS", 2)
    with pytest.raises(BrokenError) as broken:
        play(story(STORY, tmp_path), environment, tmp_path / "out")
    golden("play/page-full.err", f"{broken.value}\n")
    assert not left_behind(environment), "its PBX was on the way when the phones failed"
