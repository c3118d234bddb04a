"""What breaks in the middle of a story is told as broken, in a sentence that names it; nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from ringproof.containers.engine import RUN, engine, named_once
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.core.speed import FASTEST, SLOWEST
from ringproof.events.model import CallerPlaced, Event, PhoneInvited, StoryOver
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.pbx import container, manager
from ringproof.phones.container import phones_of
from ringproof.playing import clock_setup
from ringproof.playing.conductor import conduct
from ringproof.report.complaints import complaints_in
from ringproof.scenario.model.scenario import Scenario
from testcontainers.core.container import ExecConfig

from playing.conftest import containers, events_of, left_behind, on_a_clock, rendered_otherwise, story

Golden = Callable[[str, str], None]
Told = Callable[[object], str]

RINGS_LONG = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a long ring:
    when:
      - call: anna
    expect:
      - ring: [101]
        for: 15s
      - missed: [101]
      - caller gets: {code: 480}
"""


async def when(kind: type[Event], folder: Path, then: Callable[[], None], play: Coroutine[None, None, object]) -> None:
    """Run `play`, and `then` as soon as its record holds an event of this kind."""
    task = asyncio.get_running_loop().create_task(play)
    while not task.done() and not any(isinstance(event, kind) for event in _so_far(folder)):
        await asyncio.wait({task}, timeout=0.02)
    then()
    await task


def _so_far(folder: Path) -> list[Event]:
    return events_of(folder) if (folder / "events.ndjson").exists() else []


def _in_the_phones_container(environment: RunEnvironment, name: str, signal: str) -> None:
    """Send a signal to a phone's process, from outside of the play."""
    named = f'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = {name} ] && kill -{signal} ${{p#/proc/}}; done'
    phones = phones_of(environment)
    assert phones.exec(ExecConfig(["sh", "-c", f"{named}; true"], user=phones.user)).exit_code == 0


def _nameless(said: str, who: str) -> str:
    """Replace what differs: whose process it is, and how long it was waited for."""
    return re.sub(r"for \d s", "for N s", re.sub(rf"\b{who}\b", "NAME", said))


@pytest.fixture
def long_ring(tmp_path: Path) -> Scenario:
    """A story in which 101 rings for 15 s."""
    return story(RINGS_LONG, tmp_path)


@pytest.mark.pbx
def test_container_killed(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, golden: Golden, told: Told
) -> None:
    """An operator's `docker kill` is no verdict on the dialplan."""

    def kill() -> None:
        (name,) = [entry for entry in containers(environment) if long_ring.id in entry]
        engine().api.kill(name.lstrip("/"))

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError) as broken:
        on_a_clock(when(PhoneInvited, folder, kill, conduct(long_ring, environment, folder, SLOWEST)))
    golden("play/container-killed.err", told(broken.value))


@pytest.mark.pbx
@pytest.mark.parametrize("speed", [SLOWEST, FASTEST])
@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_a_pbx_that_stands_still(
    how: str,
    speed: float,
    environment: RunEnvironment,
    long_ring: Scenario,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its clock may stand, too: the limit is one of real time. The container goes, whatever state it is in."""
    monkeypatch.setattr(manager, "ANSWER_DEADLINE_S", 2.0)

    def stand_still() -> None:
        (name,) = [entry for entry in containers(environment) if long_ring.id in entry]
        api, name = engine().api, name.lstrip("/")
        if how == "paused":
            api.pause(name)
            return
        find = 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = asterisk ] && kill -STOP ${p#/proc/}; done'
        api.exec_start(api.exec_create(name, ["bash", "-c", find], user="root")["Id"])

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError, match=r"the PBX has not answered for 2 s of real time|within 2 s of real time"):
        on_a_clock(when(PhoneInvited, folder, stand_still, conduct(long_ring, environment, folder, speed)))
    assert not left_behind(environment)


@pytest.mark.pbx
@pytest.mark.parametrize("speed", [SLOWEST, FASTEST])
@pytest.mark.parametrize("how", ["overwritten", "shrunk"])
def test_a_page_that_is_damaged(
    how: str, speed: float, environment: RunEnvironment, long_ring: Scenario, tmp_path: Path
) -> None:
    """Time stands still from then on, or jumps, or PBX and phones end by SIGBUS: it is no verdict, and no hang."""

    def damage() -> None:
        for page in Path(environment.folder).glob("clock-*/page"):
            size = page.stat().st_size
            if how == "shrunk":
                os.truncate(page, 0)
            else:
                with page.open("r+b") as file:
                    file.write(bytes(size))

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError, match="the clock's page was overwritten or cut while the story ran"):
        on_a_clock(when(PhoneInvited, folder, damage, conduct(long_ring, environment, folder, speed)))
    assert not left_behind(environment)


@pytest.mark.pbx
def test_asterisk_crashed(environment: RunEnvironment, long_ring: Scenario, tmp_path: Path) -> None:
    """An Asterisk that ends by its own SIGSEGV is red, not broken: that is the PBX's own doing."""

    def crash() -> None:
        (name,) = [entry for entry in containers(environment) if long_ring.id in entry]
        api = engine().api
        find = 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = asterisk ] && kill -SEGV ${p#/proc/}; done'
        api.exec_start(api.exec_create(name.lstrip("/"), ["bash", "-c", find], user="root")["Id"])

    folder = tmp_path / "out"
    folder.mkdir()
    on_a_clock(when(PhoneInvited, folder, crash, conduct(long_ring, environment, folder, SLOWEST)))
    findings = judge(long_ring, observe(long_ring, events_of(folder)))
    assert [finding.kind for finding in findings] == ["pbx-crashed"]


@pytest.mark.pbx
def test_phone_killed(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, golden: Golden, told: Told
) -> None:
    """A phone that dies is named."""

    def kill() -> None:
        _in_the_phones_container(environment, "101", "KILL")

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError) as broken:
        on_a_clock(when(PhoneInvited, folder, kill, conduct(long_ring, environment, folder, SLOWEST)))
    golden("play/phone-killed.err", told(broken.value))
    assert broken.value.report is not None  # had the machine stalled, the play would be made again
    assert not left_behind(environment)


@pytest.mark.pbx
@pytest.mark.parametrize(("who", "kind"), [("101", CallerPlaced), ("101", PhoneInvited), ("anna", PhoneInvited)])
def test_phone_stopped(
    environment: RunEnvironment,
    long_ring: Scenario,
    tmp_path: Path,
    golden: Golden,
    told: Told,
    who: str,
    kind: type[Event],
) -> None:
    """A phone whose process stands still, before it rings or while it does: the machine's doing, and told as that."""
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError) as broken:
        on_a_clock(
            when(
                kind,
                folder,
                lambda: _in_the_phones_container(environment, who, "STOP"),
                conduct(long_ring, environment, folder, SLOWEST),
            )
        )
    golden("play/phone-stopped.err", _nameless(told(broken.value), who))
    assert not left_behind(environment)


@pytest.mark.pbx
def test_phone_stopped_at_the_end(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, golden: Golden, told: Told
) -> None:
    """When nothing more is said to it: it could have rung once more, and nobody would know."""
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError) as broken:
        on_a_clock(
            when(
                StoryOver,
                folder,
                lambda: _in_the_phones_container(environment, "102", "STOP"),
                conduct(long_ring, environment, folder, FASTEST),
            )
        )
    golden("play/phone-stopped.err", _nameless(told(broken.value), "102"))


@pytest.mark.pbx
def test_phones_container_killed(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, golden: Golden, told: Told
) -> None:
    """Nothing is said about the dialplan; the next play has a new one."""

    def kill() -> None:
        engine().api.kill(phones_of(environment).get_container_id())

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError) as broken:
        on_a_clock(when(PhoneInvited, folder, kill, conduct(long_ring, environment, folder, SLOWEST)))
    golden("play/phones-container-killed.err", re.sub(r"\b(anna|10\d)\b", "NAME", told(broken.value)))
    ended = phones_of(environment)
    again = tmp_path / "again"
    again.mkdir()
    on_a_clock(conduct(long_ring, environment, again, FASTEST))
    assert not judge(long_ring, observe(long_ring, events_of(again)))
    assert phones_of(environment) is ended


@pytest.mark.pbx
def test_network_of_the_pbx_killed(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, golden: Golden, told: Told
) -> None:
    """It is told for what it is, soon, and the next play has another one."""

    def kill() -> None:
        names = [entry["Names"][0] for entry in engine().api.containers(filters={"label": f"{RUN}={environment.run}"})]
        for name in names:
            if "-network-" in name:
                engine().api.kill(name.lstrip("/"))

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BrokenError) as broken:
        on_a_clock(when(PhoneInvited, folder, kill, conduct(long_ring, environment, folder, SLOWEST)))
    golden("play/network-killed.err", told(broken.value))
    again = tmp_path / "again"
    again.mkdir()
    on_a_clock(conduct(long_ring, environment, again, FASTEST))
    assert not judge(long_ring, observe(long_ring, events_of(again)))


Spoilt = Callable[[str, str | Callable[[str], str]], str]


@pytest.fixture
def spoilt(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> Spoilt:
    """Return a player: one rendered file is changed before the PBX boots, and what it breaks with is returned."""

    def play(name: str, text: str | Callable[[str], str]) -> str:
        _spoil(monkeypatch, name, text)
        folder = tmp_path / "out"
        folder.mkdir()
        with pytest.raises(BrokenError) as broken:
            on_a_clock(conduct(long_ring, environment, folder, SLOWEST))
        return told(broken.value)

    return play


@pytest.mark.pbx
def test_asterisk_that_does_not_boot(spoilt: Spoilt, golden: Golden) -> None:
    """Asterisk's own error line is in the sentence."""
    said = spoilt("modules.conf", "[modules]\nautoload=no\nrequire=res_of_nobody.so\n")
    golden("play/asterisk-does-not-boot.err", said)


@pytest.mark.pbx
def test_a_complaint_at_boot_is_broken(spoilt: Spoilt, golden: Golden) -> None:
    """What we rendered is what runs: a WARNING about a rendered file is never played over."""
    golden("play/complaint-at-boot.err", spoilt("rtp.conf", "[general]\nrtpstart=twelve\nrtpend=10199\nnonsense\n"))


@pytest.mark.pbx
def test_a_harmless_complaint_at_boot_is_played_over(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An Asterisk that deprecates a module which Ringproof renders works all the same."""
    _spoil(monkeypatch, "modules.conf", lambda text: text.replace("autoload=no", "autoload=no\nload=res_adsi.so"))
    folder = tmp_path / "out"
    folder.mkdir()
    on_a_clock(conduct(long_ring, environment, folder, FASTEST))
    assert not judge(long_ring, observe(long_ring, events_of(folder)))
    assert [(said.when, said.count) for said in complaints_in(folder)] == [("boot", 1)]


@pytest.mark.pbx
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("asterisk.conf", "astlogdir => /ringproof/evidence", "astlogdir => /tmp"),
        ("logger.conf", "full.log", "all.log"),
    ],
)
def test_a_log_that_is_not_read(
    spoilt: Spoilt, golden: Golden, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str
) -> None:
    """A boot whose complaints nobody sees is never played on."""
    monkeypatch.setattr(container, "LOGGED_WITHIN_S", 0.2)
    golden(f"play/log-missing-{name}.err", spoilt(name, lambda text: text.replace(old, new)))


@pytest.mark.pbx
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("pjsip.conf", "[102](", "[999]("), ("extensions.conf", "[group-sales]", "[group-s]")],
    ids=["endpoint", "context"],
)
def test_what_was_rendered_must_run(spoilt: Spoilt, golden: Golden, name: str, old: str, new: str) -> None:
    """An endpoint or a context that is missing from the running PBX."""
    golden(f"play/missing-from-{name}.err", spoilt(name, lambda text: text.replace(old, new)))


def _spoil(monkeypatch: pytest.MonkeyPatch, name: str, text: str | Callable[[str], str]) -> None:
    """Have the setup change one rendered file before the PBX boots, as a mistake in our renderer would."""

    def spoil(folder: Path) -> None:
        file = folder / name
        before = file.read_text("utf-8")
        after = text if isinstance(text, str) else text(before)
        assert after != before
        file.write_text(after, "utf-8")

    rendered_otherwise(monkeypatch, spoil)


@pytest.mark.pbx
def test_image_missing(golden: Golden, told: Told) -> None:
    """Told before anything is started; nothing is pulled."""
    with pytest.raises(BrokenError) as broken, open_run("ringproof-asterisk:of-nobody"):
        pytest.fail("a run was opened without its image")
    golden("play/image-missing.err", told(broken.value))


def test_engine_not_running(golden: Golden, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, not a stack of urllib3."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    engine.cache_clear()
    named_once.cache_clear()
    try:
        with pytest.raises(BrokenError) as broken, open_run("ringproof-asterisk:22"):
            pytest.fail("a run was opened without an engine")
    finally:
        monkeypatch.undo()
        engine.cache_clear()
        named_once.cache_clear()
    golden("play/engine-not-running.err", told(broken.value))


@pytest.mark.pbx
def test_a_clock_that_nobody_made(
    environment: RunEnvironment, long_ring: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told with what makes it; Docker would mount a new folder in its place, which `make image` would stumble over."""
    missing = tmp_path / "ringproof-clock.so"
    monkeypatch.setattr(clock_setup, "LIBRARY", missing)
    with pytest.raises(BrokenError) as caught:
        on_a_clock(conduct(long_ring, environment, tmp_path, SLOWEST))
    assert caught.value.sentence == "the clock's library has not been made: there is no ringproof-clock.so"
    assert caught.value.hint == "`make image` makes it"
    assert not missing.exists()
    assert not left_behind(environment)
