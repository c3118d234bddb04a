"""What is different on Asterisk 16, and must not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.pbx.capture import read_capture
from harness.pbx.run import RunEnvironment
from harness.play.theatre import CAPTURE
from play.conftest import on_a_clock
from play.laboratory import laboratory

pytestmark = pytest.mark.pbx


def test_the_capture_goes_on_when_asterisk_hears_late_that_it_was_configured(
    sixteen: RunEnvironment, tmp_path: Path
) -> None:
    """It hears so from a thread of its own, some time after the boot, and ended a capture that had begun by then."""

    async def call_after_the_news() -> None:
        async with laboratory(sixteen, tmp_path, 1.0) as lab:
            await lab.theatre.pbx.manager.command("module reload res_pjsip.so")
            lab.call("anna", "84950000005")
            await lab.rings("101")
            await lab.theatre.save_capture()
            sent = [packet for packet in read_capture(lab.theatre.evidence / CAPTURE, lab.theatre.peers) if packet.sent]
            assert "101" in {packet.peer for packet in sent if packet.method == "INVITE" and packet.code is None}

    on_a_clock(call_after_the_news())
