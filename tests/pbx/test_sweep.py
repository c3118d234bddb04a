"""`ringproof clean`: what dead runs left is removed and named; what living ones have stays, and what is no run's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ringproof.containers import folders
from ringproof.containers.engine import OWNED, OWNER, engine
from ringproof.containers.folders import folders_left_behind, make_folder, remove_folders, sign
from ringproof.containers.owner import own_name

RINGPROOF = str(Path(sys.executable).with_name("ringproof"))


@pytest.fixture
def dead() -> str:
    """The name of an owner who has ended."""
    command = [sys.executable, "-c", "from ringproof.containers.owner import own_name; print(own_name())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """Where folders are: memory and temporary files, both of this test alone."""
    memory, temporary = tmp_path / "shm", tmp_path / "tmp"
    memory.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(folders, "MEMORY", memory)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return memory, temporary


def test_folders_of_the_dead_are_removed_and_no_others(places: tuple[Path, Path], dead: str) -> None:
    """Lease and pages in memory, what workers were told in the temporary folder."""
    memory, temporary = places
    lease = make_folder("0001", dead)
    (lease / "clock-1").mkdir()
    (lease / "clock-1" / "page").touch()
    told = temporary / "ringproof-17-abc"
    told.mkdir()
    sign(told, dead)
    make_folder("0002", own_name())
    make_folder("0003", f"elsewhere:{os.getpid()}:1-2")
    (memory / "ringproof-0004-unsigned").mkdir()
    (memory / "another-0005").mkdir()
    sign(memory / "another-0005", dead)
    (temporary / "ringproof-asterisk-22.log").touch()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    sign(elsewhere, dead)
    (temporary / "ringproof-link").symlink_to(elsewhere)

    assert folders_left_behind() == [lease, told]
    assert remove_folders() == [str(lease), str(told)]
    assert folders_left_behind() == []
    kept = {path.name.split("-")[1] for path in [*memory.iterdir(), *temporary.iterdir()] if "-" in path.name}
    assert kept == {"0002", "0003", "0004", "0005", "asterisk", "link"}
    assert elsewhere.is_dir()


def test_folders_of_other_users_are_left_alone(
    places: tuple[Path, Path], dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may write into the temporary folder."""
    folder = make_folder("0001", dead)
    assert folder.parent == places[0]
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert folders_left_behind() == []


def test_without_a_folder_in_memory(
    places: tuple[Path, Path], dead: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where there is no such place, or both are the same, a folder is found once."""
    monkeypatch.setattr(folders, "MEMORY", tmp_path / "none")
    folder = make_folder("0001", dead)
    assert folder.parent == places[1]
    monkeypatch.setattr(folders, "MEMORY", places[1])
    assert folders_left_behind() == [folder]


@pytest.fixture
def networks(dead: str) -> Iterator[tuple[str, str, str]]:
    """Three networks: of a dead run, of a living one, of nobody's."""
    names = tuple(f"ringproof-test-{os.getpid()}-{whose}" for whose in ("dead", "alive", "nobodys"))
    labels = [{OWNED: "1", OWNER: dead}, {OWNED: "1", OWNER: own_name()}, {}]
    made = [
        engine().networks.create(name, internal=True, labels=label) for name, label in zip(names, labels, strict=True)
    ]
    yield names[0], names[1], names[2]
    for network in made[1:]:
        network.remove()


@pytest.mark.pbx
@pytest.mark.alone
def test_clean_names_what_it_removes(networks: tuple[str, str, str], dead: str) -> None:
    """A network, a container and a folder of a dead run; a second time there is nothing of them."""
    container = engine().containers.create(
        "ringproof-asterisk:22",
        "true",
        name=f"{networks[0]}-pbx",
        labels={OWNED: "1", OWNER: dead},
        network=networks[0],
    )
    lease = make_folder("dead", dead)
    done = subprocess.run([RINGPROOF, "clean"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    removed = done.stdout.splitlines()
    assert {f"removed {networks[0]}", f"removed {container.name}", f"removed {lease}"} <= set(removed)
    assert f"removed {networks[1]}" not in removed
    left = {network.name for network in engine().networks.list()}
    assert set(networks) & left == {networks[1], networks[2]}
    assert not lease.exists()
    again = subprocess.run([RINGPROOF, "clean"], capture_output=True, text=True, check=False, timeout=60)
    assert networks[0] not in again.stdout
