"""What a container left is read only where it is a plain file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ringproof.containers.evidence import is_evidence, open_evidence, read_evidence


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    """Also where it is no UTF-8."""
    (tmp_path / "full.log").write_bytes(b"WARNING \xff\n")
    assert is_evidence(tmp_path / "full.log")
    assert read_evidence(tmp_path / "full.log") == "WARNING \N{REPLACEMENT CHARACTER}\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A PBX could have anybody's file read, and shown in the evidence."""
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    (tmp_path / "full.log").symlink_to(secret)
    assert not is_evidence(tmp_path / "full.log")
    with pytest.raises(OSError, match="symbolic"):
        read_evidence(tmp_path / "full.log")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody writes to it."""
    os.mkfifo(tmp_path / "full.log")
    assert not is_evidence(tmp_path / "full.log")
    with pytest.raises(OSError, match="no plain file"):
        open_evidence(tmp_path / "full.log")


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_is_not_there_or_a_folder(tmp_path: Path, name: str) -> None:
    """Neither is a file."""
    assert not is_evidence(tmp_path / name)
    with pytest.raises(OSError, match=r"No such file|no plain file"):
        open_evidence(tmp_path / name)


def test_a_file_without_end_is_read_in_part(tmp_path: Path) -> None:
    """A sparse file costs a PBX nothing, and would take all memory."""
    (tmp_path / "full.log").write_text("the beginning\n")
    os.truncate(tmp_path / "full.log", 2**40)
    assert read_evidence(tmp_path / "full.log").startswith("the beginning\n")
