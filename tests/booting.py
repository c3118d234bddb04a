"""A PBX that boots without a play: what stands in a folder's `conf`, the folder being its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ringproof.containers.run import RunEnvironment
from ringproof.pbx.container import Pbx
from ringproof.pbx.manager import Login
from ringproof.phones.container import phones_of
from ringproof.playing.phones_network import phones_network_of


async def boot_in(folder: Path, environment: RunEnvironment, login: Login, **others: Any) -> Pbx:  # noqa: ANN401
    """Boot it; `others` are further arguments of `Pbx.boot`. Nobody listens to its events unless they say so."""
    arguments: dict[str, Any] = {
        "name": f"ringproof-{environment.run}-{folder.name}",
        "configuration": folder / "conf",
        "evidence": folder,
        "phones_network": phones_network_of(phones_of(environment)),
        "login": login,
        "on_event": lambda _: None,
        "on_lost": lambda _: None,
    }
    return await Pbx.boot(environment, **{**arguments, **others})
