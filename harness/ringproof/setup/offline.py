"""Detect that nothing can be downloaded, and say how to get the images to such a machine."""

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
"""Messages of apt about a mirror, or a proxy, that it cannot reach."""


def no_mirror_in(log: Path) -> bool:
    """Return whether a log has a message of apt that it cannot reach a mirror."""
    return bool(_NO_MIRROR.search(log.read_text(errors="replace")))
