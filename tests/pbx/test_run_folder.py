"""Where the folder of a run is: lease and pages, which every container of the run mounts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from harness.containers.run import open_run
from harness.pbx import folders

IMAGE = "ringproof-asterisk:22"


@pytest.mark.pbx
def test_it_is_in_memory() -> None:
    """And readable for the PBX, who is another user."""
    with open_run(IMAGE) as environment:
        folder = Path(environment.lease)
        assert folder.parent == Path("/dev/shm")  # noqa: S108 - the expected place
        assert folder.stat().st_mode & 0o777 == 0o755
        assert (folder / "renewed").exists()
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
        folder = Path(environment.lease)
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o755
        assert (folder / "renewed").exists()
    assert not folder.exists()
