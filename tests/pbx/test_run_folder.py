"""Where the folder of a run is: the lease, which every PBX mounts, and what one alone mounts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from ringproof.containers import folders
from ringproof.containers.run import open_run

IMAGE = "ringproof-asterisk:22"


@pytest.mark.pbx
def test_it_is_in_memory() -> None:
    """Nobody else may look into it; the lease, which containers mount, is readable for the PBX's user."""
    with open_run(IMAGE) as environment:
        folder = Path(environment.folder)
        assert folder.parent == Path("/dev/shm")  # noqa: S108 - the expected place
        assert folder.stat().st_mode & 0o777 == 0o700
        assert environment.lease.stat().st_mode & 0o777 == 0o755
        assert (environment.lease / "renewed").exists()
    assert not folder.exists()


@pytest.mark.pbx
@pytest.mark.parametrize("place", ["/nowhere/shm", "/proc", "/etc/hostname"])
def test_without_such_a_place_it_is_where_temporary_files_are(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """None there, one that takes no folder, and one that is none."""
    monkeypatch.setattr(folders, "MEMORY", Path(place))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_run(IMAGE) as environment:
        folder = Path(environment.folder)
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        assert environment.lease.stat().st_mode & 0o777 == 0o755
        assert (environment.lease / "renewed").exists()
    assert not folder.exists()
