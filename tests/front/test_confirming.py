"""Places in which reds are confirmed: so many at once, in all processes of a run together."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.pytest_plugin import confirming
from harness.pytest_plugin.confirming import place_in


def test_so_many_at_once_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes later waits until somebody leaves; a place that was left is free again, again and again."""
    monkeypatch.setattr(confirming, "AT_ONCE", 2)
    for _ in range(3):
        got, leave = threading.Semaphore(0), threading.Event()

        def take(got: threading.Semaphore = got, leave: threading.Event = leave) -> None:
            with place_in(tmp_path):
                got.release()
                leave.wait(20)

        threads = [threading.Thread(target=take, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert got.acquire(timeout=20)
        assert got.acquire(timeout=20)
        assert not got.acquire(timeout=0.2), "a third one has a place"
        leave.set()
        assert got.acquire(timeout=20)
        for thread in threads:
            thread.join(20)
