"""Where a PBX's configuration comes from: each source is one module here, which implements `PbxSource`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment
from ringproof.pbx.manager import Manager
from ringproof.scenario.model.scenario import Scenario

if TYPE_CHECKING:
    from ringproof.dialplan.render import PlayAddresses, Secrets


class PbxSource(Protocol):
    """A configuration of the PBX: it is written before the PBX boots, and verified while the PBX runs."""

    strict: bool
    """True where the PBX must boot without any complaint that is not known as harmless (`BootPolicy`)."""

    def prepare(self, folder: Path, addresses: PlayAddresses, secrets: Secrets) -> None:
        """Write into `folder` what the PBX reads. Raises BrokenError.

        `addresses`: of the play, known once its phones have a container. `secrets`: made for this play.
        """
        ...

    async def credentials(self, manager: Manager) -> dict[str, str]:
        """Return the password of each extension of the scenario's office; empty: its endpoint asks for none.

        Raises BrokenError where an extension has no endpoint.
        """
        ...

    async def verify(self, manager: Manager) -> None:
        """Raise BrokenError where the running PBX lacks what was written for it."""
        ...

    def explain(self, fault: BrokenError) -> BrokenError:
        """Return what is reported for `fault`, raised while the PBX was set up: `fault` itself, or a mistake in a file.

        ComplaintError, LogMissingError, FunctionMissingError and TrunkUnknownError are about the configuration.
        """
        ...


class TrunkUnknownError(BrokenError):
    """The PBX does not identify outside callers as the trunk."""

    def __init__(self, provider: str, matches: list[str]) -> None:
        """`provider`: the address from which callers come; `matches`: those that the PBX identifies as the trunk."""
        super().__init__(f"the PBX does not identify {provider} as the trunk, but {matches or 'nothing'}")


def source_of(scenario: Scenario, environment: RunEnvironment) -> PbxSource:
    """Return the source of this play's configuration: the folder of `--rendered`, else the scenario's office."""
    if environment.rendered:
        from ringproof.playing.sources.edited import EditedFolder  # noqa: PLC0415 - see `load_later` in ringproof.playing

        return EditedFolder(Path(environment.rendered), environment.subnets, scenario.office)
    from ringproof.playing.sources.rendered import RenderedSource  # noqa: PLC0415 - as above

    return RenderedSource(scenario.office, Path(scenario.office_file).parent)
