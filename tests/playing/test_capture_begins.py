"""The PBX's capture begins when Asterisk has told all who listen that its configuration is loaded, not before."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.pbx.manager import Manager
from ringproof.playing import captures

from playing.conftest import on_a_clock
from playing.laboratory import laboratory

HEADER = "Processor                             Processed   In Queue  Max Depth  Low water High water"
IDLE = "sorcery/global-00000019                       4          0          1        450        500"
BUSY = "sorcery/global-00000019                       2          2          2        450        500"
OTHER = "sorcery/aor-00000017                          1          3          1        450        500"


@pytest.mark.parametrize(("lines", "waiting"), [((IDLE,), 0), ((OTHER, BUSY), 2), ((BUSY, BUSY), 4), ((), 0)])
def test_what_waits_is_read_from_asterisk_s_own_list(lines: tuple[str, ...], waiting: int) -> None:
    """Of the global section only; the empty line and the sum below the list are none."""
    assert captures.waiting_news(["", HEADER, *lines, "", "3 taskprocessors", ""]) == waiting


def listen(monkeypatch: pytest.MonkeyPatch, answers: list[str]) -> list[str]:
    """Note commands and modules; the answers are told one after the other, then the PBX's own."""
    said: list[str] = []
    command, action = Manager.command, Manager.action

    async def commanded(self: Manager, line: str) -> list[str]:
        said.append(line)
        printed = await command(self, line)
        return [answers.pop(0)] if line == "core show taskprocessors" and answers else printed

    async def acted(self: Manager, name: str, **headers: str) -> dict[str, str]:
        said.append(headers.get("Module", name))
        return await action(self, name, **headers)

    monkeypatch.setattr(Manager, "command", commanded)
    monkeypatch.setattr(Manager, "action", acted)
    return said


async def opened(environment: RunEnvironment, folder: Path) -> None:
    """Boot a PBX and get it ready, no more."""
    async with laboratory(environment, folder, FASTEST):
        pass


@pytest.mark.pbx
def test_the_logger_is_loaded_when_nothing_waits(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again as long as anything waits, and then the PBX itself answers: it has such a list."""
    said = listen(monkeypatch, [BUSY, BUSY])
    on_a_clock(opened(environment, tmp_path))
    begun = said.index("res_pjsip_logger.so")
    assert said[:begun].count("core show taskprocessors") >= 3


@pytest.mark.pbx
def test_a_pbx_that_never_gets_done_is_broken(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it is told."""
    monkeypatch.setattr(captures, "LOADED_WITHIN_S", 0.2)
    said = listen(monkeypatch, [BUSY] * 1000)
    with pytest.raises(BrokenError, match=r"does not finish loading: 2 of its notices about \[global\] still wait"):
        on_a_clock(opened(environment, tmp_path))
    assert "res_pjsip_logger.so" not in said


@pytest.mark.pbx
def test_asterisk_has_such_a_list(environment: RunEnvironment, sixteen: RunEnvironment, tmp_path: Path) -> None:
    """On both versions there is a line of the global section in it: else nobody would ever be waited for."""
    for number, run in enumerate((environment, sixteen)):
        folder = tmp_path / str(number)
        folder.mkdir()

        async def look(run: RunEnvironment = run, folder: Path = folder) -> list[str]:
            async with laboratory(run, folder, FASTEST) as lab:
                return await lab.setup.pbx.manager.command("core show taskprocessors")

        lines = [line.split() for line in on_a_clock(look())]
        (line,) = [words for words in lines if words and words[0].startswith(captures.NEWS_OF_GLOBAL)]
        assert int(line[1]) > 0
        assert int(line[2]) == 0
