"""What a play takes of a folder that somebody edited, and what it adds; no PBX."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.dialplan.edited import OF_THE_PLAY, EditedError, take_edited
from harness.dialplan.render import PlayAddresses, Secrets, render_office
from harness.scenario.office import Office
from harness.scenario.reading import read_office

OFFICE = Path("scenarios/offices/trading-company.yaml")
ADDRESSES = PlayAddresses("198.51.100.77")
SECRETS = Secrets(manager_secret="of-the-play")  # noqa: S106 - a password for nobody


@pytest.fixture
def office() -> Office:
    """The trading company."""
    read = read_office(OFFICE).office
    assert read is not None
    return read


@pytest.fixture
def edited(office: Office, tmp_path: Path) -> Path:
    """Its rendered folder."""
    render_office(office, tmp_path / "pbx", office_folder=OFFICE.parent)
    return tmp_path / "pbx"


def test_everything_is_taken_but_what_is_the_plays_own(office: Office, edited: Path, tmp_path: Path) -> None:
    """Log, account of the manager interface, address of the trunk."""
    for name in (*OF_THE_PLAY, "extensions.conf"):
        (edited / name).write_text("; edited\n")
    take_edited(edited, tmp_path / "out", office, addresses=ADDRESSES, secrets=SECRETS)
    taken = {path.name: path.read_text("latin-1") for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert taken.keys() == {path.name for path in edited.rglob("*") if path.is_file()}
    assert {name for name, text in taken.items() if text != (next(edited.rglob(name))).read_text("latin-1")} == set(
        OF_THE_PLAY
    )
    assert "match=198.51.100.77" in taken["pjsip_trunk_address.conf"]
    assert "secret=of-the-play" in taken["manager.conf"]


def test_the_pbx_may_read_it(office: Office, edited: Path, tmp_path: Path) -> None:
    """Whatever the author's umask."""
    (edited / "extensions.conf").chmod(0o600)
    (edited / "sounds").chmod(0o700)
    take_edited(edited, tmp_path / "out", office)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*")}
    assert (modes["extensions.conf"], modes["sounds"]) == (0o644, 0o755)


def test_the_folder_may_hold_the_one_that_is_written(office: Office, edited: Path) -> None:
    """`cd DIR && ringproof run --rendered . --out out`."""
    out = edited / "out" / "a-story" / "pbx" / "conf"
    out.mkdir(parents=True)
    (edited / "out" / "results.json").write_text("{}")
    take_edited(edited, out, office)
    assert not (out / "out").exists()
    assert (out / "extensions.conf").exists()


def test_who_takes_out_the_first_line_is_asked_nothing(office: Office, edited: Path, tmp_path: Path) -> None:
    """It names the office."""
    (edited / "extensions.conf").write_text(
        "; Written by ringproof from the office 'Ours'. Changes made here are lost.\n"
    )
    with pytest.raises(
        EditedError, match="rendered from the office 'Ours', and the scenario is about 'Trading company'"
    ):
        take_edited(edited, tmp_path / "out", office)
    (edited / "extensions.conf").write_text("; my own\n")
    take_edited(edited, tmp_path / "out", office)


def test_what_cannot_be_read_is_told(office: Office, edited: Path, tmp_path: Path) -> None:
    """A link to nowhere, a dialplan that is no text."""
    (edited / "more.conf").symlink_to("nowhere")
    with pytest.raises(EditedError, match="cannot be read"):
        take_edited(edited, tmp_path / "out", office)
    (edited / "more.conf").unlink()
    (edited / "extensions.conf").write_bytes(b"\xff\xfe\n")
    with pytest.raises(EditedError, match="cannot be read"):
        take_edited(edited, tmp_path / "out", office)
