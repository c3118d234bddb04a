"""The copy of a folder of configuration that a container gets: what is added, what is kept, what is refused."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from ringproof.pbx.configuration import Configuration, read_configuration
from ringproof.pbx.manager import Login
from ringproof.pbx.manager_conf import with_account

ETC = "/etc/asterisk"
LOGIN = Login("tester", "s3cret")


def contents(configuration: Configuration) -> dict[str, str]:
    """Return the text of each file in the archive, by name."""
    with tarfile.open(fileobj=io.BytesIO(configuration.archive)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: file.read().decode() for name, file in files.items() if file is not None}


def members(configuration: Configuration) -> dict[str, tarfile.TarInfo]:
    """Return everything in the archive, by name."""
    with tarfile.open(fileobj=io.BytesIO(configuration.archive)) as tar:
        return {member.name: member for member in tar}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the least that makes it one of Asterisk's."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "extensions.conf").write_text("[office]\n")
    return etc


@pytest.mark.parametrize(
    ("file", "header", "port"),
    [
        ("", "[general]", 5038),
        ("[joe]\nsecret=x", "[general]", 5038),
        ("[general]\nenabled=no\nport = 5040 ; a comment\n[joe]\nport=1", "[general](+)", 5040),
        ("[General]\nport=>5040", "[general](+)", 5040),
        ("[general](!)\nport=5040\n", "[general]", 5038),
        ("[t](!)\n[general](t)\nport=5040\n[general](+)\nport=5041\n", "[general](+)", 5041),
        ("[general]\nport=5040\n[general]\nport=5041\n", "[general](+)", 5040),
        ("; [general]\n;port=5040\n", "[general]", 5038),
        (";-- [general]\n[general]\n--;\n[joe]\n", "[general]", 5038),
        (";---\n[general]\n;---\n", "[general](+)", 5038),
        ("#include nowhere.conf\n#tryinclude /elsewhere/some.conf\n", "[general]", 5038),
    ],
)
def test_the_account_is_added_as_asterisk_reads_it(folder: Path, file: str, header: str, port: int) -> None:
    """[general] is joined where there is one, and made where there is none; templates and comments are none."""
    (folder / "manager.conf").write_text(file)
    made = with_account(folder, ETC, LOGIN)
    text = made.text.decode()
    assert text.startswith(file)
    added = text.removeprefix(file)
    assert [line for line in added.splitlines() if line and not line.startswith(";")] == [
        header,
        "enabled=yes",
        "bindaddr=0.0.0.0",
        f"port={port}",
        "[tester]",
        "secret=s3cret",
        "read=all",
        "write=all",
    ]
    assert made.port == port


@pytest.mark.parametrize(
    "include", ["#include manager.d/*.conf", '#include "manager.d/a.conf"', f"#include <{ETC}/manager.d/a.conf>"]
)
def test_general_may_stand_in_an_included_file(folder: Path, include: str) -> None:
    """By name, by pattern, or by the name that it has in the container; one that includes itself ends."""
    (folder / "manager.d").mkdir()
    (folder / "manager.d" / "a.conf").write_text("[general]\nport=5050\n#include manager.conf\n")
    (folder / "manager.conf").write_text(f"{include}\n[joe]\n")
    made = with_account(folder, ETC, LOGIN)
    assert b"[general](+)" in made.text
    assert made.port == 5050


def test_without_a_manager_conf_there_is_one_in_the_copy(folder: Path) -> None:
    """The folder itself stays as it is."""
    configuration = read_configuration(folder, ETC)
    assert (
        f"[{configuration.login.user}]\nsecret={configuration.login.secret}\n"
        in contents(configuration)["manager.conf"]
    )
    assert contents(configuration)["extensions.conf"] == "[office]\n"
    assert [path.name for path in folder.iterdir()] == ["extensions.conf"]
    assert configuration.login != read_configuration(folder, ETC).login, "two containers have two secrets"


def test_asterisk_conf_says_where_the_configuration_is(folder: Path) -> None:
    """And nothing else of it is changed."""
    text = "[directories]\n;astetcdir => /a\nastetcdir => /srv/pbx ; ours\nastlogdir => /srv/log\n"
    (folder / "asterisk.conf").write_text(text)
    copied = contents(read_configuration(folder, "/opt/pbx"))["asterisk.conf"]
    assert copied == text.replace("/srv/pbx", "/opt/pbx")


def test_everybody_may_read_the_copy_whatever_the_folder_says(folder: Path) -> None:
    """Folders below it, links, what #exec runs: root's, and readable; pipes are left out."""
    (folder / "secret.conf").write_text("x")
    (folder / "secret.conf").chmod(0o600)
    (folder / "below" / "deeper").mkdir(parents=True)
    (folder / "below" / "deeper" / "more.conf").write_text("y")
    (folder / "below").chmod(0o700)
    (folder / "made.sh").write_text("#!/bin/sh\n")
    (folder / "made.sh").chmod(0o700)
    (folder.parent / "outside.conf").write_text("z")
    (folder / "linked.conf").symlink_to("../outside.conf")
    (folder / "of_the_image.conf").symlink_to("/var/www/html/some.conf")
    (folder / "below" / "circle").symlink_to("..")
    os.mkfifo(folder / "pipe")
    configuration = read_configuration(folder, ETC)
    found = members(configuration)
    assert {name: oct(member.mode) for name, member in found.items()} == {
        "below": "0o755",
        "below/circle": "0o755",
        "below/deeper": "0o755",
        "below/deeper/more.conf": "0o644",
        "extensions.conf": "0o644",
        "linked.conf": "0o644",
        "made.sh": "0o755",
        "manager.conf": "0o644",
        "of_the_image.conf": "0o644",
        "secret.conf": "0o644",
    }
    assert {(member.uid, member.gid) for member in found.values()} == {(0, 0)}
    assert found["of_the_image.conf"].linkname == "/var/www/html/some.conf"
    assert contents(configuration)["linked.conf"] == "z"


def test_what_is_no_configuration_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Nothing there, a file, and a folder of something else."""
    expected = "expected is the folder that is /etc/asterisk on the PBX"
    with pytest.raises(FileNotFoundError, match=rf"^there is no folder {tmp_path}/none: {expected}$"):
        read_configuration(tmp_path / "none", ETC)
    (tmp_path / "pjsip.conf").touch()
    with pytest.raises(NotADirectoryError, match=rf"^{tmp_path}/pjsip\.conf is a file: {expected}$"):
        read_configuration(tmp_path / "pjsip.conf", ETC)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "nginx.conf").touch()
    with pytest.raises(ValueError, match=rf"^there is no Asterisk configuration in {tmp_path}/other, none of .*pjsip"):
        read_configuration(tmp_path / "other", ETC)
