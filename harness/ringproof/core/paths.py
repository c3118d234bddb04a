"""Paths as messages show them."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path) -> str:
    """Return a path as messages show it: relative if it is below the current folder, else unchanged."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
