"""How phone processes start, crash and end; nothing of them outlives its parent."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from harness.phones import protocol as say
from harness.phones.handle import Crashed, Phone, PhoneStartError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Desk

_PARENT = """
import asyncio, sys
from pathlib import Path
from harness.phones.handle import Phone

async def main():
    phone = await Phone.start("101", address="127.0.0.1", log=Path(sys.argv[1]), on_message=lambda message: None)
    print(phone.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_killed_phone_is_told_as_crashed(desk: Desk) -> None:
    """With the signal that killed it, and as its last word."""
    phone = desk.phone("101")
    os.kill(phone.handle.pid, signal.SIGKILL)
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
    os.kill(phone.handle.pid, signal.SIGSTOP)
    desk.runner.run(phone.handle.stop(within=timedelta(seconds=0.2)))
    assert phone.handle.exit_status == -signal.SIGKILL


def test_a_phone_dies_with_its_parent(tmp_path: Path) -> None:
    """Also where the parent is killed hard, and while the phone itself hangs."""
    with subprocess.Popen([sys.executable, "-c", _PARENT, tmp_path / "101.log"], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        phone = os.pidfd_open(pid)
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
    ended, _, _ = select.select([phone], [], [], 5)
    os.close(phone)
    assert ended


def test_a_phone_ends_with_its_channel(tmp_path: Path) -> None:
    """Also where the parent lives on: a phone that nobody can tell anything has no use."""
    ours, theirs = socket.socketpair()
    settings = {
        "name": "101",
        "address": "127.0.0.1",
        "tone_hz": 2000,
        "channel": theirs.fileno(),
        "parent": os.getpid(),
        "page": None,
        "number": 0,
    }
    with (
        (tmp_path / "101.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "harness.phones.process", json.dumps(settings)],
            pass_fds=[theirs.fileno()],
            stdout=log,
            stderr=log,
        ) as phone,
    ):
        theirs.close()
        ours.settimeout(10)
        assert isinstance(say.from_line(ours.recv(65536)), say.Ready)
        ours.close()
        assert phone.wait(5) == 0


def test_ctrl_c_is_not_for_phones(desk: Desk) -> None:
    """SIGINT reaches everyone in a terminal; the phone goes on, and in a process group of its own."""
    phone = desk.phone("101")
    os.kill(phone.handle.pid, signal.SIGINT)
    phone.tell(say.Answer(call_id="never"))
    phone.until(say.Fault)
    assert os.getpgid(phone.handle.pid) == phone.handle.pid


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
    os.kill(phone.handle.pid, signal.SIGKILL)
    told = phone.told_until(Crashed)
    assert all(isinstance(message, say.Fault) for message in told[:-1])


def test_what_the_library_prints_goes_to_the_log(desk: Desk) -> None:
    """Trap: pjlib prints to stdout before it can be told not to; SIP messages are logged in full."""
    phone = desk.phone("101")
    other = desk.phone("102")
    phone.tell(say.Call(target=other.uri))
    phone.until(say.Progress)
    log = phone.log.read_text(errors="replace")
    assert "for POSIX initialized" in log
    assert f"INVITE {other.uri} SIP/2.0" in log


def test_ten_phones_start_side_by_side(desk: Desk, tmp_path: Path) -> None:
    """Each has a port of its own."""

    async def start() -> list[Phone]:
        return await asyncio.gather(
            *(
                Phone.start(str(number), address="127.0.0.1", log=tmp_path / f"{number}.log", on_message=lambda _: None)
                for number in range(101, 111)
            )
        )

    async def stop(phones: list[Phone]) -> None:
        await asyncio.gather(*(phone.stop() for phone in phones))

    phones = desk.runner.run(start())
    try:
        assert len({phone.port for phone in phones}) == 10
    finally:
        desk.runner.run(stop(phones))


def _start(log: Path, **settings: object) -> None:
    async def start() -> None:
        await Phone.start("101", log=log, on_message=lambda _: None, **{"address": "127.0.0.1", **settings})  # type: ignore[arg-type]

    asyncio.run(start())


def test_a_start_that_fails_says_why(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    """An address that is not of this machine: the library's sentence, and the log's tail."""
    with pytest.raises(PhoneStartError) as caught:
        _start(tmp_path / "101.log", address="240.0.0.1")
    assert caught.value.phone == "101"
    said = str(caught.value)
    assert said.endswith(caught.value.log_tail)
    golden("phones/no-such-address.err", said.removesuffix(caught.value.log_tail) + "\n")
    assert str(tmp_path / "101.log") in caught.value.log_tail


def test_a_start_that_takes_too_long_says_so(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    """The deadline is in the message, and no process is left."""
    before = _children()
    with pytest.raises(PhoneStartError) as caught:
        _start(tmp_path / "101.log", within=timedelta(milliseconds=1))
    golden("phones/slow-start.err", str(caught.value).removesuffix(caught.value.log_tail) + "\n")
    assert _children() <= before


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """No phone without a log."""
    with pytest.raises(PhoneStartError, match=r"phone 101 did not start: .*No such file or directory"):
        _start(tmp_path / "nowhere" / "101.log")


def _children() -> set[str]:
    """Return the pids of this thread's children; other tests may have left a server of theirs."""
    with open(f"/proc/self/task/{os.getpid()}/children") as children:  # noqa: PTH123
        return set(children.read().split())


def test_the_library_stays_out_of_the_parent_and_heavy_packages_out_of_the_phone() -> None:
    """pjsua2 is imported by phone processes alone, and they import little else: start is their price."""
    loaded = "import sys; print(*sys.modules)"
    parent = _python(f"import harness.phones.handle; {loaded}")
    assert "harness.phones.handle" in parent
    assert not parent & {"pjsua2", "harness.phones.process"}
    phone = _python(f"import harness.phones.process; {loaded}")
    assert "pjsua2" in phone
    assert not phone & {"asyncio", "subprocess", "pydantic", "docker", "typer", "rich", "yaml", "jinja2"}


def _python(code: str) -> set[str]:
    return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
