"""What a PBX does whose clock races is what it does at speed 1: real Asterisk, real phones, dialplans of their own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from raw_sip import RawSip
from ringproof.clock.page import Obstacle
from ringproof.clock.report import ClockReport
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST, SLOWEST
from ringproof.events.model import LegBelongs
from ringproof.pbx.container import SIP_PORT
from ringproof.phones import protocol
from ringproof.playing import clock_setup
from ringproof.playing.clock_setup import WHY_NOT

from playing.conftest import events_of, on_a_clock
from playing.laboratory import Laboratory, laboratory, with_dialplan

pytestmark = [pytest.mark.pbx, pytest.mark.alone]
HOUR = 3600.0
OPTIONS = (
    b"OPTIONS sip:pbx SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    b"From: <sip:phone@127.0.0.1>;tag=1\r\nTo: <sip:pbx>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
Act = Callable[[Laboratory], Coroutine[None, None, None]]


@pytest.fixture
def play(environment: RunEnvironment, tmp_path: Path) -> Callable[..., None]:
    """Return what plays one act in a laboratory, or several acts one after the other, each in its own."""

    def run(act: Act, speed: float = FASTEST, starts: datetime | None = None, folder: str = "play") -> None:
        (tmp_path / folder).mkdir()

        async def story() -> None:
            async with laboratory(environment, tmp_path / folder, speed, starts=starts) as opened:
                await act(opened)

        on_a_clock(story())

    return run


def test_a_pbx_that_is_ready_after_its_date_breaks_the_play(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hour that the story is about may have struck by then."""
    monkeypatch.setattr(clock_setup, "GETS_READY_S", 0)

    async def act(_: Laboratory) -> None:
        pytest.fail("the story began")

    with pytest.raises(BrokenError, match=r"to get ready, which is [0-9.]+ s too late for its date"):
        play(act, starts=datetime(2026, 11, 24, 8, 59, 55, tzinfo=UTC))


def test_three_hours_lose_nothing(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """101 talks, 102 holds its call, 103 is only registered, for two minutes at a time: all are what they were."""
    lines = "exten => 7101,1,Dial(PJSIP/101)\nexten => 7102,1,Dial(PJSIP/102)\nexten => 7103,1,Dial(PJSIP/103)\n"
    with_dialplan(monkeypatch, lines, files={"pjsip.conf": ("remove_existing=no\n", "maximum_expiration=120\n")})
    asked: list[float] = []

    async def act(lab: Laboratory) -> None:
        began = lab.clock.now()
        for caller, number in (("anna", "7101"), ("boris", "7102")):
            lab.call(caller, number)
        talks = [lab.phone("101"), lab.phone("102")]
        await lab.happens(lambda: all(seat.talking for seat in talks), "both talk")
        (held,) = talks[1].talking
        talks[1].phone.tell(protocol.Hold(call_id=held))
        asked.append(time.monotonic())
        await lab.passes(3 * HOUR)
        asked.append(time.monotonic())
        assert all(seat.talking for seat in talks)
        assert all(lab.caller(name).ended is None for name in ("anna", "boris"))
        talks[1].phone.tell(protocol.Resume(call_id=held))
        await lab.passes(5)
        assert all(seat.talking for seat in talks)
        lab.call("carla", "7103")
        assert await lab.rings("103") - began > 3 * HOUR

    play(act)
    assert asked[1] - asked[0] < HOUR  # it did race: three hours in less than one
    log = (tmp_path / "play" / "pbx" / "full.log").read_text("utf-8")
    assert "expiration of 120 seconds" in log
    assert "due to expiration" not in log


def test_an_agi_script_shifts_nothing(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """200 ms and 2 s of a script's real work before a Dial are that much of PBX time, at any speed."""
    script = "#!/bin/sh\\nsleep $1\\n"
    lines = "".join(
        f"exten => {number},1,System(printf '{script}' > /tmp/wait && chmod 755 /tmp/wait)\n"
        f" same => n,AGI(/tmp/wait,{seconds})\n"
        f" same => n,Dial(PJSIP/103,1)\n"
        for number, seconds in (("7001", "0.2"), ("7002", "2"))
    )
    with_dialplan(monkeypatch, lines, "res_agi", "res_speech", "app_system")
    shifts: dict[tuple[float, str], float] = {}

    def act_at(speed: float) -> Act:
        async def act(lab: Laboratory) -> None:
            for number in ("7001", "7002"):
                lab.phone("103").rang.clear()
                seat = lab.caller("anna" if number == "7001" else "boris")
                lab.call(seat.caller.name, number)
                await lab.happens(functools.partial(getattr, seat, "call_id"), "the call is placed")
                began = lab.clock.now()
                shifts[speed, number] = await lab.rings("103") - began
                await lab.happens(functools.partial(getattr, seat, "ended"), "the call ends")

        return act

    for speed in (SLOWEST, FASTEST):
        play(act_at(speed), speed, folder=f"at {speed:g}")
    for number, seconds in (("7001", 0.2), ("7002", 2.0)):
        assert seconds <= shifts[FASTEST, number] < seconds + 0.3
        assert abs(shifts[FASTEST, number] - shifts[SLOWEST, number]) < 0.3


def test_a_lock_is_granted_by_its_owner_only(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """LOCK() takes whatever wakes it for the lock (func_lock.c): it waits 3 s, and a race must not shorten that."""
    lines = (
        "exten => 7001,1,Set(HAS=${LOCK(door)})\n same => n,Wait(2)\n same => n,Set(LEFT=${UNLOCK(door)})\n"
        " same => n,Wait(1)\n same => n,Set(HAS=${LOCK(door)})\n same => n,Wait(30)\n"
        "exten => 7002,1,Set(GLOBAL(FIRST)=${LOCK(door)}@${EPOCH})\n same => n,Set(LEFT=${UNLOCK(door)})\n"
        " same => n,Wait(5)\n"
        " same => n,Set(GLOBAL(SECOND)=${LOCK(door)}@${EPOCH})\n same => n,Wait(1)\n"
    )
    with_dialplan(monkeypatch, lines, "func_lock", "func_global")

    async def act(lab: Laboratory) -> None:
        lab.call("anna", "7001")
        await lab.happens(lambda: lab.caller("anna").call_id, "the first call is placed")
        began = lab.clock.now()
        await lab.passes(0.1)
        lab.call("boris", "7002")
        await lab.happens(lambda: lab.caller("boris").ended, "the second call ends")
        first, second = [(await lab.says(name)).split("@") for name in ("FIRST", "SECOND")]
        assert first[0] == "1"
        assert int(first[1]) - began == pytest.approx(2, abs=1.1)  # EPOCH has whole seconds
        assert second[0] == "0"  # held for 30 s by the other one
        assert int(second[1]) - began == pytest.approx(2 + 5 + 3, abs=1.1)

    play(act)


@pytest.mark.parametrize("starts", [None, datetime(2037, 6, 1, 12, 0, tzinfo=UTC)])
def test_a_call_file_is_due_in_pbx_time(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch, starts: datetime | None
) -> None:
    """Put off by half a minute with `touch`, as people do: at any date it rings then, to the second."""
    make = (
        "printf 'Channel: PJSIP/103\\nApplication: Wait\\nData: 1\\n' > /tmp/one.call"
        " && touch -d @$$(( $(date +%s) + 30 )) /tmp/one.call && mv /tmp/one.call /var/spool/asterisk/outgoing/"
    ).replace("$$", "$")
    lines = f"exten => 7001,1,System({make.replace('$', chr(92) + '$')})\n same => n,Wait(60)\n"
    with_dialplan(monkeypatch, lines, "pbx_spool", "app_system")

    async def act(lab: Laboratory) -> None:
        lab.call("anna", "7001")
        await lab.happens(lambda: lab.caller("anna").call_id, "the call is placed")
        began = lab.clock.now()
        assert await lab.rings("103") - began == pytest.approx(30, abs=1.6)  # whole seconds, twice

    play(act, starts=starts)


def test_time_flows_at_1_while_something_listens(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Record is not raced, whatever is awaited meanwhile; the clock races again when it is over."""
    lines = (
        "exten => 7001,1,Answer()\n same => n,Record(/tmp/message.wav,0,3,qy)\n same => n,Wait(30)\n"
        "exten => 7002,1,Answer()\n same => n,MixMonitor(/tmp/talk.wav)\n same => n,Wait(3)\n"
        " same => n,StopMixMonitor()\n same => n,Wait(30)\n"
    )
    with_dialplan(monkeypatch, lines, "app_record", "app_mixmonitor")

    async def act(lab: Laboratory) -> None:
        for caller, number in (("anna", "7001"), ("boris", "7002")):
            seat = lab.caller(caller)
            began, real = lab.clock.now(), time.monotonic()
            lab.call(caller, number)
            await lab.happens(functools.partial(getattr, seat, "ended"), "the call ends")
            assert lab.clock.now() - began == pytest.approx(33, abs=0.6)
            assert 3 <= time.monotonic() - real < 15

    play(act)


@pytest.mark.parametrize("sound", ["MusicOnHold()", "Dial(PJSIP/103,,r)"])
def test_sound_is_at_natural_pace_soon_after_a_race(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch, sound: str
) -> None:
    """60 s of music, or of ringback, are raced; 200 ms after that a packet comes every 20 ms."""
    lines = f"exten => 7001,1,Answer()\n same => n,{sound}\n same => n,Wait(100)\n"
    music = "[default]\nmode=files\ndirectory=/usr/share/asterisk/sounds/en\n"
    with_dialplan(monkeypatch, lines, "res_musiconhold", files={"musiconhold.conf": ("", music)})
    came: list[float] = []

    def receive(raw: RawSip, until: float) -> None:
        raw.rtp.settimeout(0.05)
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                raw.rtp.recv(2048)
                came.append(time.monotonic())

    async def act(lab: Laboratory) -> None:
        pbx, here = lab.setup.pbx.trunk_address, lab.setup.callers.seats["anna"].phone.address
        with RawSip((pbx, SIP_PORT), lab.setup.phones_container, user="7001", host=here) as raw:
            with lab.clock.hold():
                raw.send_invite()
                await asyncio.to_thread(raw.answered)
                await asyncio.sleep(0.5)
            real = time.monotonic()
            await lab.passes(60)
            assert time.monotonic() - real < 10
            with lab.clock.hold():
                natural = time.monotonic() + 0.2
                await asyncio.to_thread(receive, raw, natural + 1.0)
        packets = [at for at in came if at >= natural]
        assert len(packets) == pytest.approx(50, abs=3)
        assert max(later - one for one, later in itertools.pairwise(packets)) < 0.08

    play(act)


def test_certificates_are_judged_by_the_date_that_was_set(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the PBX's 2037 a certificate of 2037 is valid and today's has run out, whatever day it is here."""
    ours, theirs = trustme.CA(), trustme.CA()
    here = ours.issue_cert("pbx")
    tls = (
        "\n[tls]\ntype=transport\nprotocol=tls\nbind=0.0.0.0:5061\nmethod=tlsv1_2\nverify_client=yes\n"
        "require_client_cert=yes\ncert_file=/ringproof/conf/pbx.pem\npriv_key_file=/ringproof/conf/pbx.key\n"
        "ca_list_file=/ringproof/conf/ca.pem\n"
    )
    files = {
        "pjsip.conf": ("bind=0.0.0.0:5060\n", tls),
        "ca.pem": ("", theirs.cert_pem.bytes().decode()),
        "pbx.pem": ("", here.cert_chain_pems[0].bytes().decode()),
        "pbx.key": ("", here.private_key_pem.bytes().decode()),
    }
    with_dialplan(monkeypatch, "", files=files)

    def is_answered(connection: socket.socket, address: str, year: int) -> bool:
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        theirs.issue_cert(
            "phone", not_before=datetime(year, 1, 1, tzinfo=UTC), not_after=datetime(year + 1, 1, 1, tzinfo=UTC)
        ).configure_cert(client)
        with connection:
            connection.settimeout(10)
            connection.connect((address, 5061))
            try:
                channel = client.wrap_socket(connection)
                channel.sendall(OPTIONS)
                return channel.recv(100).startswith(b"SIP/2.0 ")
            except (ssl.SSLError, ConnectionError):
                return False

    async def act(lab: Laboratory) -> None:
        with lab.clock.hold():
            address, new_socket = lab.setup.pbx.office_address, lab.setup.phones_container.new_socket
            assert await asyncio.to_thread(is_answered, new_socket("tcp"), address, 2037)
            assert not await asyncio.to_thread(is_answered, new_socket("tcp"), address, datetime.now(UTC).year)

    play(act, starts=datetime(2037, 6, 1, 12, 0, tzinfo=UTC))


def test_a_child_that_never_ends_is_told(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Music on hold by a program keeps time at 1 for good: then that is the speed that is reported, and why."""
    music = "[default]\nmode=custom\napplication=/bin/sleep 10000\n"
    with_dialplan(monkeypatch, "", "res_musiconhold", files={"musiconhold.conf": ("", music)})
    reports: list[ClockReport] = []

    async def act(lab: Laboratory) -> None:
        reports.append(lab.clock.report())
        began = time.monotonic()
        await lab.passes(2)
        assert time.monotonic() - began > 1.9

    play(act)
    assert [(report.speed, report.why_not) for report in reports] == [(1, WHY_NOT[Obstacle.CHILD])]


def test_everybody_is_known_afterwards(play: Callable[..., None], tmp_path: Path) -> None:
    """The laboratory is a play like any other: what happens in it is on record."""

    async def act(lab: Laboratory) -> None:
        lab.call("anna", "84950000005")
        await lab.happens(lambda: lab.phone("101").talking, "101 answers")

    play(act)
    assert {event.endpoint for event in events_of(tmp_path / "play") if isinstance(event, LegBelongs)} >= {"101"}
