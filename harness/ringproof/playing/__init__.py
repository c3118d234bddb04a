"""A scenario in, its events and evidence out."""

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
    """Import what it takes to begin a play."""
    import ringproof.playing.conductor  # noqa: F401, PLC0415


def start_phones(environment: RunEnvironment) -> None:
    """Begin to start what this process's first play would wait for: the container of its phones, its PBX's network."""
    begin_phones(environment)
    begin_namespace(environment)


def load_later(environment: RunEnvironment) -> None:
    """Import what a play needs when its containers have been started: call it beside the play, in another thread.

    It begins when the container of the phones has been started, so that it delays nothing that comes before.
    """
    with contextlib.suppress(BrokenError):  # the play is going to say so
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
    patterns of complaints of Asterisk's at boot that do not refuse it.

    Raises BrokenError for everything that says nothing about the PBX's routing, EditedConfigurationError for a
    configuration that somebody edited and Asterisk refuses, UnmetNeedsError where the PBX is too old for the scenario.
    """
    from ringproof.playing.conductor import run  # noqa: PLC0415 - see `load`

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return run(scenario, environment, folder, speed, allow)
