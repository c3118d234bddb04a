"""Confirms reds beside the other plays of their process: a play at speed 1 waits more than it computes."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringproof.containers.slots import place_in
from ringproof.report.result import and_more
from ringproof.run.attempts import Plays, Unconfirmed

if TYPE_CHECKING:
    from ringproof.pytest_plugin.items import RingItem

AT_ONCE = 16
"""How many reds are confirmed at once, in all processes of a run together."""
RED = "ringproof_red"
"""Attribute of a report: a red that is being confirmed, as plain values, which xdist can send."""


def red(unconfirmed: Unconfirmed) -> dict[str, Any]:
    """Return what is reported of a red while it is being confirmed."""
    scenario, findings = unconfirmed.scenario, unconfirmed.red.findings
    return {
        "name": scenario.name,
        "file": scenario.source.file,
        "sentence": findings[0].sentence,
        "more": and_more(findings),
    }


class Confirmations:
    """Confirms reds, each in a thread of its own; `done` yields those that have ended."""

    def __init__(self) -> None:
        """Confirm nothing yet."""
        self._done: queue.SimpleQueue[tuple[RingItem, Plays | BaseException]] = queue.SimpleQueue()
        self._open = 0

    def begin(self, item: RingItem, unconfirmed: Unconfirmed) -> None:
        """Confirm the red of an item. A run that is interrupted does not wait for it: the thread is a daemon."""
        self._open += 1
        name = f"confirming {item.name}"
        threading.Thread(target=self._confirm, args=(item, unconfirmed), name=name, daemon=True).start()

    def _confirm(self, item: RingItem, unconfirmed: Unconfirmed) -> None:
        outcome: Plays | BaseException
        try:
            with place_in(Path(unconfirmed.table.environment.folder), "confirming", AT_ONCE):
                outcome = unconfirmed.confirm()
        except BaseException as fault:  # noqa: BLE001 - the item raises it
            outcome = fault
        self._done.put((item, outcome))

    def done(self, *, wait: bool) -> Iterator[tuple[RingItem, Plays | BaseException]]:
        """Yield each item whose confirmation has ended, with its outcome; `wait`: wait until all have ended."""
        while self._open:
            try:
                entry = self._done.get(block=wait)
            except queue.Empty:
                return
            self._open -= 1
            yield entry


def report_confirmed(item: RingItem, outcome: Plays | BaseException) -> None:
    """Report an item whose confirmation has ended, as pytest would have done if it had waited for that."""
    item.take(outcome)
    _report(item, "setup", item.await_confirmed)
    if item.plays is not None:
        _report(item, "call", item.runtest)
    _report(item, "teardown", item.teardown)


def _report(item: RingItem, when: Any, do: Any) -> None:  # noqa: ANN401 - pytest's own words and a method
    call = pytest.CallInfo.from_call(do, when=when, reraise=(KeyboardInterrupt, pytest.exit.Exception))
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    if when == "setup" and report.passed:
        return  # reported when the red was seen
    if when == "call" and item.result is not None:
        report.duration = item.result.wall
    with _numbered(item):
        item.ihook.pytest_runtest_logreport(report=report)


@contextlib.contextmanager
def _numbered(item: RingItem) -> Iterator[None]:
    """Make a worker of pytest-xdist assign reports to `item`: otherwise it assigns them to the item it plays now."""
    plugins = item.config.pluginmanager.get_plugins()
    worker: Any = next((each for each in plugins if type(each).__name__ == "WorkerInteractor"), None)
    if worker is None:
        yield
        return
    now, worker.item_index = worker.item_index, item.session.items.index(item)
    yield
    worker.item_index = now
