"""Paths as messages show them."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path) -> str:
    """Return a path as messages show it: relative to the current folder where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
