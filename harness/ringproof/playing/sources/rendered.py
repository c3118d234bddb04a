"""The configuration that is rendered from the scenario's office, anew for each play."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ringproof.containers.errors import BrokenError
from ringproof.pbx.manager import Manager
from ringproof.scenario.model.office import Office

if TYPE_CHECKING:
    from ringproof.dialplan.render import PlayAddresses, RenderedOffice, Secrets


class RenderedSource:
    """Renders an office into the configuration of a PBX."""

    strict = True

    def __init__(self, office: Office, office_folder: Path) -> None:
        """`office_folder`: the office's own WAV greetings are read relative to it."""
        self._office = office
        self._office_folder = office_folder
        self._rendered: RenderedOffice | None = None
        self._passwords: dict[str, str] = {}

    def prepare(self, folder: Path, addresses: PlayAddresses, secrets: Secrets) -> None:
        """Render the office into `folder`."""
        from ringproof.dialplan.render import render_office  # noqa: PLC0415 - see `load_later` in ringproof.playing

        self._passwords = dict(secrets.sip_passwords)
        self._rendered = render_office(
            self._office, folder, office_folder=self._office_folder, addresses=addresses, secrets=secrets
        )

    async def credentials(self, manager: Manager) -> dict[str, str]:
        """Return the passwords that were rendered."""
        del manager  # the passwords are known without it
        return self._passwords

    async def verify(self, manager: Manager) -> None:
        """Raise BrokenError unless each endpoint, context and module that was rendered is in force."""
        rendered = self._rendered
        assert rendered is not None  # noqa: S101 - what is verified has been prepared
        endpoints = {entry.get("ObjectName", "") for entry in await manager.listing("PJSIPShowEndpoints")}
        printed = "\n".join(await manager.command("dialplan show"))
        missing = [f"endpoint {name}" for name in sorted(set(rendered.endpoints) - endpoints)]
        missing += [f"context {name}" for name in rendered.contexts if f"[ Context '{name}' created by" not in printed]
        running = "\n".join(await manager.command("module show"))
        missing += [
            f"module {name}" for name in rendered.modules if not re.search(rf"^{name} .*Running", running, re.MULTILINE)
        ]
        if missing:
            message = f"the running PBX lacks what was rendered for it: {', '.join(missing)}"
            raise BrokenError(message, f"the configuration is in {rendered.folder}")

    def explain(self, fault: BrokenError) -> BrokenError:
        """Return `fault` itself: Ringproof rendered the files, so there is no author who could correct a mistake."""
        return fault
