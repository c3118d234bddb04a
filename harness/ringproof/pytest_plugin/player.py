"""The part of the plugin that runs in each process that plays: a worker of pytest-xdist, or the only process."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from ringproof.containers.folders import sign
from ringproof.pytest_plugin.confirming import RED, Confirmations, red, report_confirmed
from ringproof.pytest_plugin.items import DEFECT, InvalidItem, RingItem, RingproofItem, UnreadItem
from ringproof.pytest_plugin.keys import OWNER, SHARED
from ringproof.pytest_plugin.options import WIDTH
from ringproof.pytest_plugin.order import dealt
from ringproof.pytest_plugin.settings import out_of, speed_of
from ringproof.run.attempts import NotJudgedError, Table
from ringproof.run.discovery import is_meant
from ringproof.run.signals import Interruption
from ringproof.scenario.model.story_end import length

if TYPE_CHECKING:
    from ringproof.pytest_plugin.controller import Controller

ATTRIBUTE = "ringproof"
"""Attribute of a report: the result as plain values, which xdist can send."""


class Player:
    """Selects and plays scenarios, and puts results on the reports, in each process that plays."""

    def __init__(self, config: pytest.Config) -> None:
        """Serve this pytest process."""
        self.config = config
        self.out = out_of(config)
        self.shared: Path | None = None
        self.width = WIDTH
        self._table: Table | None = None
        self.confirms_beside = not config.getoption("maxfail", 0)
        """True if reds are confirmed while others are played; False if a red may end the run (pytest -x, --maxfail)."""
        self._confirmations = Confirmations()
        workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
        if workerinput is not None:
            self.shared = Path(workerinput[SHARED])
            self.shared.mkdir(mode=0o700, exist_ok=True)
            sign(self.shared, workerinput[OWNER])
            (self.shared / f"{workerinput['workerid']}.pid").write_text(str(os.getpid()))
            Interruption().__enter__()  # until this process ends, since it only plays

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Play nothing if a file is invalid; -k does not leave out a file whose scenarios' names are not known."""
        invalid = any(isinstance(item, InvalidItem) for item in items)
        nameless = [item for item in items if isinstance(item, InvalidItem | UnreadItem)]
        texts = config.getoption("ringproof_name")
        out = [item for item in items if isinstance(item, RingItem) and not is_meant(item.name, texts)]
        self._deselect(items, out)
        yield
        items[:0] = [item for item in nameless if item not in items]
        if invalid and not config.getoption("ringproof_keep_going"):
            idle = [item for item in items if isinstance(item, RingItem)]
            self._deselect(items, idle)
            self._tell_not_played(len(idle))
        self._put_in_order(items)

    def _put_in_order(self, items: list[pytest.Item]) -> None:
        """Put long scenarios first if they are divided among workers; other tests keep their places."""
        workerinput: dict[str, Any] | None = getattr(self.config, "workerinput", None)
        mine = [item for item in items if isinstance(item, RingItem)]
        if workerinput is None or not mine:
            return
        order = iter(dealt(mine, [length(item.scenario) for item in mine], workerinput["workercount"]))
        items[:] = [next(order) if isinstance(item, RingItem) else item for item in items]

    def _deselect(self, items: list[pytest.Item], out: list[RingItem]) -> None:
        if out:
            gone = set(out)
            items[:] = [item for item in items if item not in gone]
            self.config.hook.pytest_deselected(items=out)

    def _tell_not_played(self, count: int) -> None:
        if self.shared is not None:
            (self.shared / "not-played").write_text(str(count))
        else:
            controller: Controller = self.config.pluginmanager.getplugin("ringproof-controller")
            controller.run.not_played = count

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Play a scenario. A red is reported when its confirmation has ended; others are played meanwhile."""
        if not isinstance(item, RingItem):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if item.unconfirmed is not None:
            reports = reports[:1]
            reports[0].__dict__[RED] = red(item.unconfirmed)
            self._confirmations.begin(item, item.unconfirmed)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        self._report_confirmed(wait=False)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Wait for the confirmations that still run when everything has been played."""
        result = yield
        self._report_confirmed(wait=True)
        return result

    def _report_confirmed(self, *, wait: bool) -> None:
        for item, outcome in self._confirmations.done(wait=wait):
            report_confirmed(item, outcome)

    def table(self) -> Table:
        """Return what this process needs for its plays. Raises NotJudgedError if the run could not be opened."""
        from ringproof.playing import RunEnvironment  # noqa: PLC0415 - brings docker, for which a file with mistakes has no use

        if self._table is None:
            if self.shared is not None:
                told = json.loads((self.shared / "environment.json").read_text())
            else:
                controller: Controller = self.config.pluginmanager.getplugin("ringproof-controller")
                told = controller.told()
            if "fault" in told:
                raise NotJudgedError(*told["fault"])
            environment = RunEnvironment.from_dict(told["environment"])
            self._table = Table(
                environment=environment,
                out=self.out,
                width=told["width"],
                speed=speed_of(self.config),
                confirm=self.config.getoption("ringproof_confirm"),
                allow=tuple(self.config.getoption("ringproof_allow")),
            )
        return self._table

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the result on the report that decided it."""
        report = yield
        decided = report.when == "call" or report.failed or report.skipped
        if isinstance(item, RingproofItem) and item.result is not None and decided:
            message = item.result.to_message()
            if item.result.findings and item.result.findings[0].kind == DEFECT:
                message["text"] += f"\n{report.longreprtext}"
            report.__dict__[ATTRIBUTE] = message
            if report.skipped:  # show the scenario's place, not that of pytest.skip()
                report.longrepr = (item.result.file, item.result.line, f"Skipped: {item.result.findings[0].sentence}")
        return report
