"""What is written for an office, to the letter, and that the same office always gives the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from rendered_offices import office_of
from ringproof.dialplan.render import PlayAddresses, Secrets, render_office
from ringproof.dialplan.templating import fill
from ringproof.scenario.model.office import Office


def render(file: Path, out: Path, **more: object) -> dict[str, bytes]:
    """Return the bytes of every rendered file."""
    rendered = render_office(office_of(file), out, office_folder=file.parent, **more)  # type: ignore[arg-type]
    return {name: (out / name).read_bytes() for name in rendered.files}


def test_every_file_is_as_expected(office_file: Path, tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    """Each rendered text is its golden."""
    for name, content in render(office_file, tmp_path).items():
        if name.endswith(".conf"):
            golden(f"dialplan/{office_file.stem}/{name}", content.decode())


def test_there_is_no_file_that_the_rendering_does_not_name(office_file: Path, tmp_path: Path) -> None:
    """`files` is all that was written, WAV greetings included."""
    files = set(render(office_file, tmp_path))
    assert files == {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert any(name.endswith(".wav") for name in files) == (b"wav:" in office_file.read_bytes())


def test_the_same_office_gives_the_same_bytes(office_file: Path, tmp_path: Path) -> None:
    """Rendering depends on its arguments alone, also over an older rendering."""
    first = render(office_file, tmp_path / "a")
    assert render(office_file, tmp_path / "b") == first
    assert render(office_file, tmp_path / "b") == first


def test_a_play_differs_by_the_trunk_address_file_alone(office_file: Path, tmp_path: Path) -> None:
    """Another provider's address changes one small file."""
    here = render(office_file, tmp_path / "a")
    there = render(office_file, tmp_path / "b", addresses=PlayAddresses(trunk_provider="203.0.113.7"))
    assert {name for name in here if here[name] != there[name]} == {"pjsip_trunk_address.conf"}
    assert b"match=203.0.113.7\n" in there["pjsip_trunk_address.conf"]


def test_secrets_stand_where_they_are_needed_only(office_file: Path, tmp_path: Path) -> None:
    """A phone's password is in pjsip.conf, the manager's in manager.conf, and nowhere else."""
    extension = next(iter(office_of(office_file).extensions))
    secrets = Secrets(sip_passwords={extension: "one-SIP-word"}, manager_user="boss", manager_secret="one-AMI-word")  # noqa: S106
    files = render(office_file, tmp_path, secrets=secrets)
    assert [name for name, content in files.items() if b"one-SIP-word" in content] == ["pjsip.conf"]
    assert [name for name, content in files.items() if b"one-AMI-word" in content] == ["manager.conf"]
    assert b"[boss]\nsecret=one-AMI-word\n" in files["manager.conf"]


def test_the_rendering_tells_what_must_run(corner_shop: Office, tmp_path: Path) -> None:
    """Endpoints, contexts with their extensions, and modules are those of the files."""
    rendered = render_office(corner_shop, tmp_path, office_folder=Path(__file__).parent)
    assert rendered.endpoints == ("10", "11", "trunk")
    assert rendered.contexts["from-trunk"] == ("+4512345678", "*97", "0555123")
    assert rendered.contexts["menu-only"] == ("s", "*", "#", "i", "t")
    assert rendered.contexts["group-grow"] == ("s", "turns", "_X.")
    sections = re.findall(r"^\[(.+)\]$", (tmp_path / "extensions.conf").read_text(), re.MULTILINE)
    assert ["general", *rendered.contexts] == sections
    loaded = re.findall(r"^load=(.+)$", (tmp_path / "modules.conf").read_text(), re.MULTILINE)
    assert list(rendered.modules) == loaded
    assert len(set(loaded)) == len(loaded)


def test_a_secretive_umask_does_not_lock_the_pbx_out(corner_shop: Office, tmp_path: Path) -> None:
    """Everything can be read by another user: the PBX's own."""
    tmp_path.joinpath("out").mkdir()
    rendered = render_office(corner_shop, tmp_path / "out", office_folder=Path(__file__).parent)
    assert all((rendered.folder / name).stat().st_mode & 0o004 for name in rendered.files)


def test_a_value_that_a_template_does_not_get_is_an_error() -> None:
    """StrictUndefined: never an empty text in a .conf file."""
    with pytest.raises(UndefinedError, match="evidence"):
        fill("asterisk.conf.j2", header="", conf="", language="")


def test_only_groups_that_keep_ringing_need_legs_that_tell(tmp_path: Path) -> None:
    """An office without such a group has no context for them, and no module."""
    for name, needs in {"trading-company": True, "office-hours": False}.items():
        offices = Path("scenarios/offices")
        office = office_of(offices / f"{name}.yaml")
        rendered = render_office(office, tmp_path / name, office_folder=offices)
        assert {"func_global.so", "func_math.so"} & set(rendered.modules) == (
            {"func_global.so", "func_math.so"} if needs else set()
        )
        assert ({"await", "tell"} <= rendered.contexts.keys()) is needs
        assert ("Gosub(tell," in (tmp_path / name / "extensions.conf").read_text()) is needs
