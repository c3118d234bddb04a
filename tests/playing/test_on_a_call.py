"""Calls that phones are on when the story begins: nothing of them is told of the story."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.pbx.manager import ManagerEvent
from ringproof.playing.channel_tracker import ChannelTracker
from ringproof.playing.conductor import conduct
from ringproof.scenario.reading import read_scenarios

from playing.conftest import events_of, on_a_clock

pytestmark = pytest.mark.pbx
LATE_S = 0.3


def test_news_of_their_making_that_comes_late_is_waited_for(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phones talk before the PBX has told that it made the leg to the other end: a call that leaves the office."""
    name = "in order, who is on a call at his turn is passed over"
    stories = {story.name: story for story in read_scenarios(Path("scenarios/on-a-call.ring.yaml")).scenarios}
    take = ChannelTracker.take

    def late(self: ChannelTracker, event: ManagerEvent) -> None:
        if event.get("Channel", "").startswith("PJSIP/trunk-00000001"):
            asyncio.get_running_loop().call_later(LATE_S, take, self, event)
        else:
            take(self, event)

    monkeypatch.setattr(ChannelTracker, "take", late)
    on_a_clock(conduct(stories[name], environment, tmp_path, FASTEST))
    assert judge(stories[name], observe(stories[name], events_of(tmp_path))) == ()
