"""Loads the modules of Asterisk that Ringproof itself needs, where modules.conf does not load them.

Every channel is asked for its Call-ID, and extensions for their device state. Without the functions for this, it is
unknown to which call the channels of a plain Dial belong. Where the dialplan itself uses such a function, loading its
module would change the PBX: in production that dialplan gets an ERROR. So such a configuration is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringproof.containers.errors import BrokenError
from ringproof.pbx.manager import Manager, ManagerError, ManagerRefusedError

FUNCTIONS = {"func_channel.so": "CHANNEL", "func_devstate.so": "DEVICE_STATE"}
"""Each module, and the dialplan function for which Ringproof needs it."""
LOGGER = "res_pjsip_logger.so"
DIALPLANS = ("*.conf", "*.ael", "*.lua")


@dataclass(frozen=True, slots=True)
class Use:
    """A line that uses a function whose module the configuration does not load."""

    module: str
    function: str
    file: Path
    """Relative to the configuration's folder."""
    line: int


class FunctionMissingError(BrokenError):
    """The configuration itself uses a function whose module it does not load."""

    def __init__(self, use: Use) -> None:
        """Keep the line that uses the function."""
        super().__init__(f"{use.file}:{use.line} uses {use.function}(), and modules.conf does not load {use.module}")
        self.use = use


async def load_own_modules(manager: Manager, configuration: Path) -> None:
    """Load each module of FUNCTIONS that the PBX has not loaded.

    Raises FunctionMissingError where the configuration itself uses one of them, and BrokenError where the PBX has no
    such module.
    """
    for module, function in FUNCTIONS.items():
        if await is_loaded(manager, module):
            continue
        if use := next(_uses(configuration, module, function), None):
            raise FunctionMissingError(use)
        await _load(manager, module, f"the function {function}()")


async def load_logger(manager: Manager) -> None:
    """Load the module that writes the PBX's own capture, unless it is loaded. Raises BrokenError if that fails."""
    if not await is_loaded(manager, LOGGER):
        await _load(manager, LOGGER, "the PBX's own capture of its SIP")


async def _load(manager: Manager, module: str, what: str) -> None:
    try:
        await manager.action("ModuleLoad", Module=module, LoadType="load")
    except ManagerError as fault:
        sentence = f"Ringproof needs {what}, and the PBX cannot load {module}: {fault.sentence}"
        raise BrokenError(sentence, "an image of one's own needs that module: see asterisk-image/README.md") from fault


async def is_loaded(manager: Manager, module: str) -> bool:
    """Return whether the PBX has loaded a module."""
    try:
        await manager.action("ModuleCheck", Module=module)
    except ManagerRefusedError:
        return False
    return True


def _uses(configuration: Path, module: str, function: str) -> Iterator[Use]:
    call = re.compile(rf"\b{function}\(")
    for pattern in DIALPLANS:
        for file in sorted(configuration.rglob(pattern)):
            text = file.read_text(encoding="utf-8", errors="replace")
            for number, line in enumerate(text.splitlines(), start=1):
                if call.search(line.partition(";")[0]):
                    yield Use(module, function, file.relative_to(configuration), number)
