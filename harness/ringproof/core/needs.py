"""`needs:` of a scenario: the oldest Asterisk on which it can be played, and why an older one is not enough."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ringproof.core.source import Source

VERSION = re.compile(r"[1-9][0-9]{0,3}(\.[0-9]{1,4}){0,2}")
_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True, slots=True)
class Needs:
    """The oldest Asterisk that a scenario needs; `because` is reported where the scenario is not played."""

    asterisk: str
    """The version as written: `22`, `20.17`."""
    because: str
    source: Source

    def met_by(self, version: str) -> bool:
        """Return whether a PBX's own version text, such as `22.10.1+dfsg` or `certified/18.9-cert5`, is new enough.

        Raises ValueError with a sentence where the text does not decide it: it has no number, or too few of them.
        """
        said = _NUMBERS.search(version)
        least = _parts(self.asterisk)
        have = _parts(said[0]) if said is not None else ()
        if have == least[: len(have)] and len(have) < len(least):
            raise ValueError(f"the PBX says that it is Asterisk {version!r}: is that {self.asterisk}, which is needed?")
        return have >= least


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
