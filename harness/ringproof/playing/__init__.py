"""Plays a scenario, and leaves its events and evidence."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from ringproof.clock.report import ClockReport
from ringproof.containers.errors import BrokenError, EditedConfigurationError, UnmetNeedsError
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.core.speed import SLOWEST
from ringproof.pbx.namespace import begin_namespace
from ringproof.phones.container import begin_phones
from ringproof.scenario.model.scenario import Scenario

__all__ = [
    "BrokenError",
    "EditedConfigurationError",
    "RunEnvironment",
    "UnmetNeedsError",
    "load",
    "open_run",
    "play",
    "start_phones",
]


def load() -> None:
    """Import what is needed to begin a play."""
    import ringproof.playing.conductor  # noqa: F401, PLC0415


def start_phones(environment: RunEnvironment) -> None:
    """Begin to start what this process's first play needs: the container of its phones, and its PBX's network."""
    begin_phones(environment)
    begin_namespace(environment)


def load_later(environment: RunEnvironment) -> None:
    """Import what a play needs only after its containers have started. Call it in another thread, beside the play.

    It first waits until the container of the phones has started, so that the imports do not delay that.
    """
    with contextlib.suppress(BrokenError):  # the play raises it, too
        begin_phones(environment).await_started()
    import ringproof.dialplan.render  # noqa: PLC0415
    import ringproof.pbx.capture  # noqa: PLC0415
    import ringproof.pbx.rtp_capture  # noqa: PLC0415
    import ringproof.playing.names  # noqa: PLC0415
    import ringproof.playing.network_capture  # noqa: PLC0415
    import ringproof.playing.sent_sound  # noqa: F401, PLC0415


def play(
    scenario: Scenario,
    environment: RunEnvironment,
    folder: Path,
    *,
    speed: float = SLOWEST,
    allow: Sequence[str] = (),
) -> ClockReport:
    """Play one scenario, writing events.ndjson and all evidence to `folder`, which is emptied first.

    `speed` is the highest rate at which the PBX's clock may race, in PBX seconds per real second. `allow`: shell
    patterns of those complaints of Asterisk at boot for which the configuration is not refused.

    Raises BrokenError for a failure that says nothing about the PBX's routing, EditedConfigurationError for a
    configuration that somebody edited and Asterisk refuses, UnmetNeedsError if the PBX is too old for the scenario.
    """
    from ringproof.playing.conductor import run  # noqa: PLC0415 - see `load`

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return run(scenario, environment, folder, speed, allow)
