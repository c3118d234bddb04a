"""What is different on Asterisk 16: what must not show, and what a scenario may need that it has not got."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.errors import BrokenError, UnmetNeedsError
from ringproof.containers.run import RunEnvironment
from ringproof.pbx import manager
from ringproof.pbx.capture import read_capture
from ringproof.playing import play
from ringproof.playing.captures import CAPTURE

from playing.conftest import left_behind, on_a_clock, rendered_otherwise, story
from playing.laboratory import laboratory

pytestmark = pytest.mark.pbx
NEW = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
needs: {asterisk: "22", because: an older one has no signals}
scenarios:
  a scenario for a new Asterisk:
    phones:
      101: {answers: 1s}
    when:
      - call: anna
    expect:
      - ring: [101]
        for: 1s
      - answer: 101
"""


def test_the_capture_goes_on_when_asterisk_hears_late_that_it_was_configured(
    sixteen: RunEnvironment, tmp_path: Path
) -> None:
    """It hears so from a thread of its own, some time after the boot, and ended a capture that had begun by then."""

    async def call_after_the_news() -> None:
        async with laboratory(sixteen, tmp_path, 1.0) as lab:
            await lab.setup.pbx.manager.command("module reload res_pjsip.so")
            lab.call("anna", "84950000005")
            await lab.rings("101")
            await lab.setup.captures.save()
            sent = [
                packet for packet in read_capture(lab.setup.evidence / CAPTURE, lab.setup.captures.peers) if packet.sent
            ]
            assert "101" in {packet.peer for packet in sent if packet.method == "INVITE" and packet.code is None}

    on_a_clock(call_after_the_news())


def test_what_16_is_too_old_for_is_not_played_there(
    sixteen: RunEnvironment, environment: RunEnvironment, tmp_path: Path
) -> None:
    """The running PBX says which Asterisk it is; nothing of the play is left."""
    scenario = story(NEW, tmp_path)
    why = r"needs Asterisk 22, and this PBX is 16\.28\.0\S*: an older one has no signals"
    with pytest.raises(UnmetNeedsError, match=why):
        play(scenario, sixteen, tmp_path / "16")
    assert not left_behind(sixteen)
    assert not (tmp_path / "16" / "sip.pcap").exists()
    play(scenario, environment, tmp_path / "22")
    assert (tmp_path / "22" / "sip.pcap").exists()


def test_it_is_asked_before_asterisk_s_complaints_are_heard(
    sixteen: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An office that 16 cannot load is no broken play of a scenario that says so; without the word it is."""

    def with_signals(folder: Path) -> None:
        with (folder / "modules.conf").open("a") as modules:
            modules.write("load=app_signal.so\n")

    rendered_otherwise(monkeypatch, with_signals)
    with pytest.raises(UnmetNeedsError):
        play(story(NEW, tmp_path), sixteen, tmp_path / "16")
    with pytest.raises(BrokenError, match=r"app_signal\.so"):
        play(story(NEW.replace('"22"', '"16"'), tmp_path), sixteen, tmp_path / "16")


def test_a_pbx_that_does_not_tell_its_version_is_no_reason_to_skip(
    sixteen: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: nobody knows whether it could have been played."""
    ask = manager.Manager.action

    async def built_by_hand(self: manager.Manager, name: str, **headers: str) -> dict[str, str]:
        answer = await ask(self, name, **headers)
        return answer | {"AsteriskVersion": "UNKNOWN"} if name == "CoreSettings" else answer

    monkeypatch.setattr(manager.Manager, "action", built_by_hand)
    with pytest.raises(BrokenError, match="the PBX says that it is Asterisk 'UNKNOWN': is that 22, which is needed"):
        play(story(NEW, tmp_path), sixteen, tmp_path / "16")
