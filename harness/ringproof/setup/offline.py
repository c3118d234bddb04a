"""Where nothing can be downloaded: how that shows, and how images come to such a machine all the same."""

from __future__ import annotations

import re
from pathlib import Path

FILE = "ringproof-images.tar"
ELSEWHERE = (
    f"`ringproof image --save {FILE}` on a machine that reaches one, with the same Ringproof, "
    f"writes all images into one file; copy it here, then `ringproof image --load {FILE}`."
)
OFFLINE = f"no mirror of Debian's packages can be reached from here. {ELSEWHERE}"
_NO_MIRROR = re.compile(
    r"Temporary failure resolving|Could not resolve|Could not connect|Cannot initiate the connection"
    r"|Unable to connect to|Network is unreachable|No route to host"
    r"|Connection (timed out|refused|failed)"
)
"""What apt says of a mirror, or of a proxy, that it does not reach."""


def no_mirror_in(log: Path) -> bool:
    """Say whether apt's words in a log are those of a machine that reaches no mirror."""
    return bool(_NO_MIRROR.search(log.read_text(errors="replace")))
