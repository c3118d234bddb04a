"""The manager interface's client against a scripted peer: what goes wrong is reported as what it is, to everybody."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest
from ringproof.containers.errors import BrokenError
from ringproof.containers.run_container import RunContainer
from ringproof.pbx import manager
from ringproof.pbx.ami import Ami
from ringproof.pbx.asterisk_container import AsteriskContainer
from ringproof.pbx.manager import Login, Manager, ManagerError, ManagerEvent, ManagerLostError, ManagerRefusedError
from testcontainers.core.container import DockerContainer

from faults.manager_peer import OK, Answers, played, serve


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ("Event: Oops", "the harness failed while it took the manager event Oops: RuntimeError: of this test"),
        ("Event: Cut", "the PBX sent a manager event Cut that the harness cannot take: it has no 'Linkedid'"),
    ],
)
def test_a_handler_that_raises(event: str, sentence: str) -> None:
    """Whoever waits gets it at once, and so does who asks later; the loss is reported once, with this reason."""

    def handle(event: ManagerEvent) -> None:
        if event["Event"] == "Cut":
            _ = event["Linkedid"]
        raise RuntimeError("of this test")

    async def test(client: Manager, lost: list[BrokenError]) -> None:
        waiting = asyncio.create_task(client.action("Mute"))
        for asking in (client.action("Ping"), waiting, client.command("core show settings")):
            with pytest.raises(BrokenError) as failed:
                await asking
            assert failed.value.sentence == sentence
        assert [fault.sentence for fault in lost] == [sentence]
        assert client.has_ended

    played({"Ping": [event, *OK]}, test, handle)


def test_a_message_that_is_too_long() -> None:
    """It is what is reported, with its beginning, and not a loss of the PBX."""

    async def test(client: Manager, lost: list[BrokenError]) -> None:
        with pytest.raises(
            ManagerError, match=r"sent .* a message of more than 1 MiB.*begins with 'Event: Long"
        ) as failed:
            await client.action("Ping")
        assert not isinstance(failed.value, ManagerLostError)
        assert lost == [failed.value]

    played({"Ping": ["Event: Long\r\nValue: " + "x" * 2**21, *OK]}, test)


def test_a_connection_that_is_closed() -> None:
    """Between two messages it is a loss; in the middle of one it is told with what came of it."""

    async def test(client: Manager, lost: list[BrokenError]) -> None:
        with pytest.raises(ManagerLostError, match="the PBX closed its manager interface"):
            await client.action("Ping")
        assert isinstance(lost[0], ManagerLostError)

    async def test_cut(client: Manager, lost: list[BrokenError]) -> None:
        with pytest.raises(ManagerError, match=r"closed .* in the middle of a message: 'Response: CUT'"):
            await client.action("Ping")
        assert not isinstance(lost[0], ManagerLostError)

    played({"Ping": ["END"]}, test)
    played({"Ping": ["Response: CUT", "END"]}, test_cut)


def test_an_answer_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked is named, and of a list how much of it came; the connection lives on."""
    monkeypatch.setattr(manager, "ANSWER_DEADLINE_S", 0.05)

    async def test(client: Manager, lost: list[BrokenError]) -> None:
        for asking, sentence in (
            (client.action("Mute"), "did not answer the manager action Mute"),
            (client.listing("Mute"), "did not answer the manager action Mute"),
            (client.listing("Half"), "did not end its answer to the manager action Half, of which 1 entries came,"),
            (client.command("core show hints"), "did not answer the command core show hints"),
            (client.value("EPOCH"), "did not answer the value of EPOCH"),
            (client.variable("PJSIP/1", "X"), "did not answer X of PJSIP/1"),
            (client.ping(), "has not answered"),
        ):
            with pytest.raises(ManagerError, match=sentence):
                await asking
        assert lost == []
        await client.action("Echo")

    played({"Echo": OK, "Half": ["Response: Success\r\nID", "Event: Entry\r\nID"]}, test)


def test_what_is_refused() -> None:
    """The sentence names what was asked and what the PBX answered; nothing to list is no refusal."""
    no = ["Response: Error\r\nID\r\nMessage: Permission denied"]

    async def test(client: Manager, _: list[BrokenError]) -> None:
        for asking, sentence in (
            (client.action("Reload"), "the PBX refused the manager action Reload: Permission denied"),
            (
                client.listing("CoreShowChannels"),
                "the PBX refused the manager action CoreShowChannels: Permission denied",
            ),
            (client.command("core stop now"), "the PBX refused the command core stop now: Permission denied"),
            (client.value("SHELL(ls)"), "the PBX refused the value of SHELL(ls): Permission denied"),
            (client.endpoint("101"), "the PBX refused the manager action PJSIPShowEndpoint: no reason"),
        ):
            with pytest.raises(ManagerError) as failed:
                await asking
            assert failed.value.sentence == sentence
        assert await client.listing("PJSIPShowContacts") == []
        assert await client.variable("PJSIP/1", "X") is None

    refuse: Answers = dict.fromkeys(("Reload", "CoreShowChannels", "Command", "Getvar"), no)
    nothing = ["Response: Error\r\nID\r\nMessage: No Contacts found"]
    played({**refuse, "PJSIPShowContacts": nothing, "PJSIPShowEndpoint": ["Response: Error\r\nID"]}, test)


def test_an_answer_that_is_none() -> None:
    """It is no refusal: what is refused may mean something."""

    async def test(client: Manager, _: list[BrokenError]) -> None:
        for asking in (client.action("Ping"), client.value("EPOCH")):
            with pytest.raises(ManagerError, match="with what is no answer: Response: SuSuccess") as failed:
                await asking
            assert not isinstance(failed.value, ManagerRefusedError)

    none = ["Response: SuSuccess\r\nID"]
    played({"Ping": none, "Getvar": none}, test)


def test_an_endpoint_that_is_missing() -> None:
    """It has no entries."""

    async def test(client: Manager, _: list[BrokenError]) -> None:
        assert await client.endpoint("trunk") == []

    played({"PJSIPShowEndpoint": ["Response: Error\r\nID\r\nMessage: Unable to retrieve endpoint trunk"]}, test)


def _session(answers: Answers) -> Ami:
    ours, theirs = socket.socketpair()
    answers = {**answers, "Login": ["Response: Success\r\nID", "Event: FullyBooted"]}
    threading.Thread(target=lambda: asyncio.run(serve(theirs, answers)), daemon=True).start()
    return Ami(ours, Login("a", "b"), booted_within=5, why_lost=lambda: ConnectionResetError("Asterisk is gone"))


def test_a_session_of_a_test_is_closed_after_whatever() -> None:
    """A wait ends with the reason, `close` returns, and its thread is gone."""
    long = "Event: Long\r\nValue: " + "x" * 2**21
    for block, kind, sentence in ((long, ManagerError, "more than 1 MiB"), ("END", ConnectionResetError, "is gone")):
        with _session({"Ping": [block]}) as ami:
            with pytest.raises(kind, match=sentence):
                ami.action("Ping")
            with pytest.raises(kind, match=sentence):
                ami.wait_for("Never")
            assert not ami.is_open
        ami.close()
        with pytest.raises(RuntimeError, match="closed"):
            ami.action("Ping")
        assert "AMI" not in [thread.name for thread in threading.enumerate()]


def test_the_container_goes_whatever_a_session_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session is closed, the container removed, and then what a session raised is raised."""
    done: list[str] = []

    class _Session:
        def __init__(self, name: str) -> None:
            self.name = name

        def close(self) -> None:
            done.append(self.name)
            raise RuntimeError(f"cannot close {self.name}")

    def remove(*_: Any) -> None:  # noqa: ANN401
        done.append("container")

    monkeypatch.setattr(RunContainer, "stop", remove)
    monkeypatch.setattr(DockerContainer, "__init__", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(AsteriskContainer, "waiting_for", lambda *_: None)
    pbx = AsteriskContainer("image")
    pbx._sessions = [_Session("one"), _Session("two")]  # type: ignore[list-item]  # noqa: SLF001
    with pytest.raises(RuntimeError, match="cannot close"):
        pbx.stop()
    assert sorted(done[:2]) == ["one", "two"]
    assert done[2:] == ["container"]
