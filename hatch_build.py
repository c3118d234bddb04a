"""The wheel's build hook: what is compiled travels in it, and then its tag names the processor and the C library."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

GLIBC = "2_31"
"""Of the image in which clock and seal are compiled (asterisk-image/clock/Dockerfile): a later one takes them, too."""


class CompiledFiles(BuildHookInterface[Any]):
    """Puts the clock's library and the seal into the wheel, unless other sources than those here were compiled.

    Without them the wheel is one for every machine, and `ringproof image` compiles them where it is installed.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files and the tag; an editable package finds both where they are."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "harness"))
        try:
            from ringproof.setup import image, library  # noqa: PLC0415 - standard library only, found by the line above
        finally:
            sys.path.pop(0)
        compiled = [*library.files(), library.MADE_FROM]
        if not library.is_made_from(image.content_hash(library.BUILDER)):
            self.app.display_warning("clock and seal are not compiled of what is here now: the wheel is without them")
            return
        build_data["artifacts"] += [f"/{file.relative_to(root)}" for file in compiled]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_{GLIBC}_{platform.machine()}"
