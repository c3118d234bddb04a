"""How phone processes start, crash and end; nothing of them outlives its conductor."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from ringproof.phones import protocol as say
from ringproof.phones import wire
from ringproof.phones.handle import Crashed, Phone, PhoneStartError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Desk
    from ringproof.phones.container import PhonesContainer

_PARENT = """
import asyncio, sys
from pathlib import Path
from ringproof.phones.handle import Phone

async def main():
    server, log = map(Path, sys.argv[1:])
    phone = await Phone.start("101", server=server, address="127.0.0.1", log=log, on_message=lambda message: None)
    print(phone.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_killed_phone_is_told_as_crashed(desk: Desk) -> None:
    """With the signal that killed it, and as its last word."""
    phone = desk.phone("101")
    desk.signal(phone, "KILL")
    crashed = phone.until(Crashed)
    assert crashed.status == -signal.SIGKILL
    assert str(crashed) == "was killed by SIGKILL"


def test_a_stopped_or_killed_phone_is_no_crash(desk: Desk) -> None:
    """An end that was asked for is not told."""
    phone = desk.phone("101")
    phone.until(say.Ready)
    phone.handle.kill()
    desk.runner.run(phone.handle.stop())
    other = desk.phone("102")
    desk.runner.run(other.handle.stop())
    told = other.told_until(say.Ready)
    assert len(told) == 1
    assert phone.handle.exit_status == -signal.SIGKILL
    assert other.handle.exit_status == 0


def test_a_hanging_phone_is_killed_by_stop(desk: Desk) -> None:
    """A process that does not do verbs any more ends all the same."""
    phone = desk.phone("101")
    desk.signal(phone, "STOP")
    desk.runner.run(phone.handle.stop(within=timedelta(seconds=0.2)))
    assert phone.handle.exit_status == -signal.SIGKILL


def test_a_frozen_phone_stands_still_and_can_be_ended(desk: Desk) -> None:
    """It is stopped when `freeze` returns, for the story goes on then."""
    phone = desk.phone("101")
    desk.runner.run(phone.handle.freeze())
    assert desk.run_inside("cat", f"/proc/{phone.handle.pid}/stat").split()[2] == "T"
    desk.runner.run(phone.handle.stop())
    assert phone.handle.exit_status == -signal.SIGKILL


def test_a_phone_dies_with_its_conductor(desk: Desk, phones: PhonesContainer, tmp_path: Path) -> None:
    """Also where the conductor is killed hard, and while the phone itself hangs."""
    command = [sys.executable, "-c", _PARENT, str(phones.server), str(tmp_path / "101.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as conductor:
        assert conductor.stdout is not None
        pid = int(conductor.stdout.readline())
        desk.run_inside("sh", "-c", f"kill -STOP {pid}")
        conductor.kill()
    ended = f"import os, select; select.select([os.pidfd_open({pid})], [], [], 5)[0] or os._exit(1)"
    desk.run_inside("python3", "-c", f"try:\n    {ended}\nexcept ProcessLookupError: pass")


def test_a_phone_ends_with_its_channel(phones: PhonesContainer, tmp_path: Path) -> None:
    """Also where the conductor lives on: a phone that nobody can tell anything has no use."""
    ours, theirs = socket.socketpair()
    settings = {"name": "101", "address": "127.0.0.1", "tone_hz": 2000, "calls": 4, "networks": [], "number": 0}
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link,
        (tmp_path / "101.log").open("wb") as log,
        ours,
    ):
        link.settimeout(10)
        link.connect(str(phones.server))
        with theirs:
            wire.send(link, {"phone": settings}, theirs.fileno(), log.fileno())
        assert "pid" in (wire.receive(link)[0] or {})
        ours.settimeout(10)
        assert isinstance(say.from_numbered_line(ours.recv(65536).rstrip())[1], say.Ready)
        ours.close()
        assert wire.receive(link)[0] == {"status": 0}


def test_a_phone_that_talks_much_is_heard_to_the_end(desk: Desk) -> None:
    """5,000 verbs at once, each answered at length, block neither side."""
    phone = desk.phone("101")
    for number in range(5000):
        phone.tell(say.Answer(call_id=str(number)))
    for number in range(5000):
        assert phone.until(say.Fault).traceback.endswith(f"never had a call {number}\n")


def test_death_in_the_middle_of_a_line_loses_only_that_line(desk: Desk) -> None:
    """All whole messages before it arrive, then Crashed, once and last."""
    phone = desk.phone("101")
    for number in range(5000):
        phone.tell(say.Answer(call_id=str(number)))
    phone.until(say.Fault)
    desk.signal(phone, "KILL")
    told = phone.told_until(Crashed)
    assert all(isinstance(message, say.Fault) for message in told[:-1])


def test_what_the_library_prints_goes_to_the_log(desk: Desk) -> None:
    """Trap: pjlib prints to stdout before it can be told not to; SIP messages are logged in full."""
    phone = desk.phone("101")
    other = desk.phone("102")
    phone.tell(say.Call(target=other.uri))
    phone.until(say.Progress)
    log = phone.log.read_text(errors="replace")
    assert 'Module "mod-pjsua-log" registered' in log
    assert f"INVITE {other.uri} SIP/2.0" in log


def test_ten_phones_start_side_by_side(desk: Desk, phones: PhonesContainer, tmp_path: Path) -> None:
    """Each has a port of its own."""

    async def start() -> list[Phone]:
        return await asyncio.gather(
            *(
                Phone.start(
                    str(number),
                    server=phones.server,
                    address="127.0.0.1",
                    log=tmp_path / f"{number}.log",
                    on_message=lambda _: None,
                )
                for number in range(101, 111)
            )
        )

    async def stop(started: list[Phone]) -> None:
        await asyncio.gather(*(phone.stop() for phone in started))

    started = desk.runner.run(start())
    try:
        assert len({phone.port for phone in started}) == 10
    finally:
        desk.runner.run(stop(started))


def _start(server: Path, log: Path, **settings: object) -> None:
    async def start() -> None:
        values = {"address": "127.0.0.1", **settings}
        await Phone.start("101", server=server, log=log, on_message=lambda _: None, **values)  # type: ignore[arg-type]

    asyncio.run(start())


def test_a_start_that_fails_says_why(
    phones: PhonesContainer, tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    """An address that is not of the container: the library's sentence, and the log's tail."""
    with pytest.raises(PhoneStartError) as caught:
        _start(phones.server, tmp_path / "101.log", address="240.0.0.1")
    assert caught.value.phone == "101"
    said = str(caught.value)
    assert said.endswith(caught.value.log_tail)
    golden("phones/no-such-address.err", said.removesuffix(caught.value.log_tail) + "\n")
    assert str(tmp_path / "101.log") in caught.value.log_tail


def test_a_start_that_takes_too_long_says_so(
    desk: Desk, phones: PhonesContainer, tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    """The deadline is in the message, and no process is left."""
    with pytest.raises(PhoneStartError) as caught:
        _start(phones.server, tmp_path / "101.log", within=timedelta(milliseconds=1))
    golden("phones/slow-start.err", str(caught.value).removesuffix(caught.value.log_tail) + "\n")
    desk.phone("102")  # served after the end of that connection
    assert "101" not in desk.run_inside("sh", "-c", "cat /proc/[0-9]*/comm").split()


def test_a_log_that_cannot_be_written_says_so(phones: PhonesContainer, tmp_path: Path) -> None:
    """No phone without a log."""
    with pytest.raises(PhoneStartError, match=r"phone 101 did not start: .*No such file or directory"):
        _start(phones.server, tmp_path / "nowhere" / "101.log")


def test_without_a_server_a_start_fails(tmp_path: Path) -> None:
    """The container has ended, and its socket goes nowhere."""
    with pytest.raises(PhoneStartError, match=r"phone 101 did not start: .*No such file or directory"):
        _start(tmp_path / "socket", tmp_path / "101.log")


def test_the_library_stays_out_of_the_conductor_and_heavy_packages_out_of_the_phone(desk: Desk) -> None:
    """pjsua2 is imported in the container alone, where nothing but it and the standard library is used."""
    loaded = "import sys; print(*sys.modules)"
    conductor = set(
        subprocess.check_output([sys.executable, "-c", f"import ringproof.phones.handle; {loaded}"], text=True).split()
    )
    assert "ringproof.phones.handle" in conductor
    assert not conductor & {"pjsua2", "ringproof.phones.process"}
    server = set(desk.run_inside("python3", "-c", f"import ringproof.phones.server; {loaded}").split())
    assert "pjsua2" in server
    assert not server & {"asyncio", "subprocess", "pydantic", "docker", "typer", "rich", "yaml", "jinja2"}
