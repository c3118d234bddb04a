"""The clock's library, one file for every image with glibc, and the seal, one for every image."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from ringproof.setup import image, library


def test_what_is_there_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an engine: the sources' hash beside the library says that it is the one wanted."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    assert library.ensure() == library.LIBRARY


def test_other_sources_are_compiled_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The engine is asked for a builder of that hash, and the library is the file that it made."""
    made_from = tmp_path / "made-from"
    made_from.write_text("something else")
    monkeypatch.setattr(library, "MADE_FROM", made_from)
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "ringproof-clock.so")
    monkeypatch.setattr(library, "SEAL", tmp_path / "ringproof-seal")
    library.ensure()
    for made in ("ringproof-clock.so", "ringproof-seal"):
        assert (tmp_path / made).read_bytes()[:4] == b"\x7fELF"
        assert os.access(tmp_path / made, os.X_OK)
    assert made_from.read_text() == image.content_hash(library.BUILDER)


def test_a_lost_seal_is_taken_out_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each of the files counts, not the first alone."""
    monkeypatch.setattr(library, "SEAL", tmp_path / "ringproof-seal")
    library.ensure()
    assert (tmp_path / "ringproof-seal").read_bytes() == (
        library.PACKAGE / "containers" / "ringproof-seal"
    ).read_bytes()


def test_it_needs_no_newer_c_library_than_that_of_debian_11() -> None:
    """Asterisk 16's image has glibc 2.31, and so may a customer's."""
    wanted = re.findall(rb"\0GLIBC_(\d[\d.]*)", library.LIBRARY.read_bytes())
    versions = {tuple(map(int, found.split(b"."))) for found in wanted}
    assert max(versions) <= (2, 31)
