"""What a play takes of a folder that somebody edited, and what it adds; no PBX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.containers.errors import EditedConfigurationError
from ringproof.core.problem import render_problem
from ringproof.dialplan.edited import OF_THE_PLAY, EditedError, take_edited
from ringproof.dialplan.elsewhere import networks_of, settings_elsewhere, settings_of
from ringproof.dialplan.render import PlayAddresses, Secrets, render_office
from ringproof.playing.sources.edited import EditedFolder
from ringproof.scenario.model.office import Office
from ringproof.scenario.reading import read_office

OFFICE = Path("scenarios/offices/trading-company.yaml")
ADDRESSES = PlayAddresses("198.51.100.77")
SECRETS = Secrets(manager_secret="of-the-play")  # noqa: S106 - a password for nobody
SUBNETS = "172.18.0.0/16,172.19.0.0/16,fd00::/64"


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
    """Whatever the author's umask; what the author may run, the PBX may."""
    (edited / "extensions.conf").chmod(0o600)
    (edited / "sounds").chmod(0o700)
    (edited / "lookup.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (edited / "lookup.sh").chmod(0o740)
    take_edited(edited, tmp_path / "out", office)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*")}
    assert (modes["extensions.conf"], modes["sounds"], modes["lookup.sh"]) == (0o644, 0o755, 0o755)


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


ELSEWHERE = {
    "external_media_address = 198.51.100.77": 26,
    "external_signaling_address=198.51.100.77": 28,
    "externip => 198.51.100.77": 13,
    " \tExternAddr=> 198.51.100.77:5060 ; the router": 16,
    "EXTERNHOST = pbx.example.com:5060": 14,
    "media_address = 2001:db8::7": 17,
    "endpoint/media_address = 198.51.100.77": 26,
    "stunaddr=stun.example.com": 10,
    "turnaddr = [2001:db8::7]:3478": 12,
    "stunaddr=172.18.0.2.example.com": 10,
    "stunaddr=127.0.0.1:3478": 10,
    "externip += 198.51.100.77": 13,
    ";-- the office --; externip = 198.51.100.77": 31,
    ";-- a ;-- b --; c --;externip=198.51.100.77": 31,
    "extern;-- the office --;ip=198.51.100.77": 28,
    ";--- no block": 0,
    "externip = 198.51.100.77;-- a block": 12,
    'externip = "172.18.0.2"': 12,
    "externip = 172.18.0.2\\;": 12,
}
"""A line of a file, and the column of what leads elsewhere in it; the block that a line begins goes on."""
FINE = (
    "externip =",
    "externip = ; nothing",
    "stunaddr => 172.18.0.2:3478",
    "media_address=fd00::2",
    "media_address=[fd00::2]:5060",
    "external_media_address=172.19.255.254",
    "; externip = 198.51.100.77",
    "external_media_address",
    "external_media_addresses=198.51.100.77",
    "exten => s,1,Set(externip=198.51.100.77)",
    "#include externip=198.51.100.77",
    "[externip=198.51.100.77](+)",
    "match=198.51.100.77",
    ";-- externip = 198.51.100.77",
    "externip = 198.51.100.77",
    "--; ; externip = 198.51.100.77",
    "[globals](+)",
    "EXTERNIP=198.51.100.77",
)
"""Lines of one file."""


@pytest.mark.parametrize(("line", "column"), ELSEWHERE.items())
def test_a_setting_that_leads_elsewhere_is_found_at_its_value(tmp_path: Path, line: str, column: int) -> None:
    """However Asterisk's syntax lets it be written, in a file of any name."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "of.mine").write_bytes(f"[office](!)\r\n{line}\r\n".encode())
    found = settings_elsewhere(tmp_path, networks_of(SUBNETS))
    places = [(str(file), setting.line, setting.column, setting.text) for file, setting in found]
    assert places == ([("more/of.mine", 2, column, line)] if column else [])


def test_what_leads_nowhere_else_is_left_alone(tmp_path: Path) -> None:
    """Addresses in the run, empty values, comments, directives, names of sections, the dialplan's variables."""
    (tmp_path / "pjsip.conf").write_text("\n".join(FINE))
    (tmp_path / "after-sales.wav").write_bytes(bytes(range(256)))
    assert settings_elsewhere(tmp_path, networks_of(SUBNETS)) == []
    assert len(settings_elsewhere(tmp_path, ())) == 4  # where no network is known, no address is in one


@given(st.text(alphabet=";-=>\\[]# \n\t\ra1.:"))
def test_whatever_a_file_holds_each_setting_is_where_it_says(text: str) -> None:
    """No text makes the reading fail; the value begins in its column."""
    lines = text.split("\n")
    for setting in settings_of(text):
        assert setting.text == lines[setting.line - 1].rstrip("\r")
        assert setting.text[setting.column - 1 :].startswith(setting.value[:1])


def test_what_leads_elsewhere_is_refused(
    office: Office, edited: Path, tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    """Every place, also behind a link to a folder; and what was rendered is not refused."""
    configuration = EditedFolder(edited, SUBNETS, office)
    configuration.prepare(tmp_path / "rendered", ADDRESSES, SECRETS)
    outside = tmp_path / "of-mine"
    outside.mkdir()
    (outside / "rtp_more.conf").write_text("[general](+)\n  stunaddr = stun.example.com:3478\n")
    (edited / "linked").symlink_to(outside)
    pjsip = edited / "pjsip.conf"
    settings = "external_media_address=198.51.100.77\nexternal_signaling_address = 198.51.100.77 ; the router\n"
    pjsip.write_text(pjsip.read_text().replace("bind=0.0.0.0:5060\n", f"bind=0.0.0.0:5060\n{settings}"))
    with pytest.raises(EditedConfigurationError) as refused:
        configuration.prepare(tmp_path / "out", ADDRESSES, SECRETS)
    told = "\n\n".join(map(render_problem, refused.value.problems))
    golden("dialplan/leads-elsewhere.err", told.replace(str(edited), "DIR") + "\n")
    assert refused.value.sentence == refused.value.problems[0].sentence
