"""Whose call a leg is: the PBX is asked, and asked once more where it could not say so yet."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from ringproof.clock.clock import PbxClock
from ringproof.clock.page import Page
from ringproof.events.model import ChannelOriginated, LegBelongs
from ringproof.pbx.manager import Manager, ManagerEvent
from ringproof.playing.channel_tracker import ChannelTracker, originated_by
from ringproof.playing.context import PlayContext
from ringproof.playing.recorder import Recorder

from playing.conftest import events_of, on_a_clock

CHANNEL = "PJSIP/101-00000002"
MADE: ManagerEvent = {
    "Event": "Newchannel",
    "Timestamp": "1.0",
    "Channel": CHANNEL,
    "ChannelStateDesc": "Down",
    "Linkedid": "L1",
}
NEWS: ManagerEvent = {"Event": "Newstate", "Timestamp": "1.1", "Channel": CHANNEL}
GONE: ManagerEvent = {"Event": "Hangup", "Timestamp": "1.2", "Channel": CHANNEL, "Cause": "16"}


class Asked:
    """In the place of the manager interface: answers when the test says so."""

    def __init__(self) -> None:
        """No question has come yet."""
        self.questions: asyncio.Queue[asyncio.Future[str | None]] = asyncio.Queue()

    async def variable(self, channel: str, name: str) -> str | None:
        """Be asked for the Call-ID of the one channel."""
        assert (channel, name) == (CHANNEL, "CHANNEL(pjsip,call-id)")
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self.questions.put_nowait(answer)
        return await answer

    async def answers(self, call_id: str | None) -> None:
        """Answer the question that is on its way."""
        (await asyncio.wait_for(self.questions.get(), 1)).set_result(call_id)


async def settled() -> None:
    """Return when everything that can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("meanwhile", "asks_again"), [((NEWS,), True), ((), False), ((GONE,), False)], ids=["news", "silence", "gone"]
)
def test_an_answer_without_a_call_id_is_asked_for_again_after_news(
    tmp_path: Path, meanwhile: tuple[ManagerEvent, ...], *, asks_again: bool
) -> None:
    """A channel is announced before it has a Call-ID; what came while the question was on its way may be the last."""

    async def look() -> None:
        clock = PbxClock(Page.make(tmp_path / "page"), speed=1)
        recorder, asked = Recorder(tmp_path / "events.ndjson"), Asked()
        tracker = ChannelTracker(PlayContext(clock, recorder), lambda: cast("Manager", asked))
        recorder.begin(clock.now())
        tracker.take(MADE)
        await settled()
        for event in meanwhile:
            tracker.take(event)
        await asked.answers("")
        await settled()
        assert asked.questions.empty() is not asks_again
        if asks_again:
            await asked.answers("call-1")
            await settled()
        assert tracker.knows("call-1") is asks_again
        recorder.close()
        clock.close()

    on_a_clock(look())
    assert [event.call_id for event in events_of(tmp_path) if isinstance(event, LegBelongs)] == ["call-1"] * asks_again


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("PJSIP/101,exten,join,s,1", "PJSIP/101-"),
        (" PJSIP/101/sip:101@198.51.100.7:5060,app,Wait,1", "PJSIP/101-"),
        ("PJSIP/007@101", "PJSIP/101-"),
        ("Local/101@leg/n,app,ConfBridge,room", "Local/101@leg-"),
        ("Local/101@leg", "Local/101@leg-"),
    ],
)
def test_the_channel_that_originate_makes(data: str, name: str) -> None:
    """By its name, as Asterisk gives it."""
    assert originated_by(data) == name


STEP: ManagerEvent = {
    "Event": "Newexten",
    "Timestamp": "0.9",
    "Channel": "PJSIP/trunk-00000001",
    "Linkedid": "L0",
    "Application": "Originate",
    "AppData": "PJSIP/101,exten,join,s,1,20,a",
}


@pytest.mark.parametrize(
    ("events", "originated"),
    [
        ((STEP, MADE), 1),
        ((STEP, MADE, {**MADE, "Channel": "PJSIP/101-00000003", "Linkedid": "L2"}), 1),
        ((MADE,), 0),
        ((MADE, STEP), 0),
        ((STEP, {**MADE, "Timestamp": "1.5"}), 0),
        ((STEP, {**MADE, "Channel": "PJSIP/102-00000002"}), 0),
        ((STEP, {**MADE, "ChannelStateDesc": "Ring"}), 0),
        (({**MADE, "Channel": "PJSIP/102-00000002"}, STEP, MADE), 0),
        (({**STEP, "Application": "ExecIf", "AppData": "1?Originate(PJSIP/101,app,Wait,1)"}, MADE), 1),
        (({**STEP, "Application": "Dial"}, MADE), 0),
    ],
)
def test_who_originated_a_channel(tmp_path: Path, events: tuple[ManagerEvent, ...], originated: int) -> None:
    """The step that came just before, names it, and had none yet; a channel of a call that is there was dialled."""

    async def look() -> None:
        clock = PbxClock(Page.make(tmp_path / "page"), speed=1)
        recorder, asked = Recorder(tmp_path / "events.ndjson"), Asked()
        tracker = ChannelTracker(PlayContext(clock, recorder), lambda: cast("Manager", asked))
        recorder.begin(clock.now())
        for event in events:
            tracker.take(event)
        recorder.close()
        clock.close()

    on_a_clock(look())
    assert [(event.channel, event.by) for event in events_of(tmp_path) if isinstance(event, ChannelOriginated)] == [
        (CHANNEL, "PJSIP/trunk-00000001")
    ] * originated
