"""A PBX that tampers with what it writes: nothing of the host is read for it, and no play of it is a pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from playing.conftest import rendered_otherwise, story
from ringproof.containers.run import open_run
from ringproof.run.attempts import NotJudgedError, Table, play_scenario

pytestmark = pytest.mark.pbx

STORY = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a call:
    phones:
      101: {answers: 2s}
    when: [{call: anna}]
    expect: [{ring: [101], for: 2s}, {answer: 101}]
"""
PRIVATE = "of the host alone"
EVIDENCE = "/ringproof/evidence"
FILES = "full.log sip.pcap rtp.pcap console.log"


def told_of(does: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the PBX run a shell command before it rings 101; return what is told of the play."""

    def change(folder: Path) -> None:
        dialplan, modules = folder / "extensions.conf", folder / "modules.conf"
        line = "exten => 84950000005,1,"
        text = dialplan.read_text("utf-8")
        assert line in text
        dialplan.write_text(text.replace(line, f'{line}System(bash -c "{does}")\n same => n,'), "utf-8")
        modules.write_text(f"{modules.read_text('utf-8')}load=app_system.so\n", "utf-8")

    rendered_otherwise(monkeypatch, change)
    with open_run("ringproof-asterisk:22") as environment:
        table = Table(environment=environment, out=folder / "out", width=100, speed="auto", confirm="never")
        try:
            played = play_scenario(story(STORY, folder), table).told
        except NotJudgedError as fault:
            return f"{fault.kind}: {fault.sentence}"
        return " ".join(finding.kind for finding in played.findings) or "passed"


CLEARED = f"cd {EVIDENCE} && rm -f {FILES}"


@pytest.mark.parametrize(
    "instead",
    [
        "ln -s {secret} full.log; ln -s {secret} sip.pcap; ln -s {secret} rtp.pcap; ln -s {secret} console.log",
        f"mkfifo {FILES}",
        f"mkdir {FILES}",
        "head -c 3000000 /dev/urandom > full.log; head -c 3000000 /dev/urandom > sip.pcap",
        "true",
    ],
    ids=["links", "pipes", "folders", "garbage", "nothing"],
)
def test_evidence_that_is_replaced(instead: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """101 rings as it should, and the second witness is gone: that is no pass, and no file of the host is shown."""
    secret = tmp_path / "secret"
    secret.write_text(PRIVATE)
    does = f"{CLEARED}; {instead.format(secret=secret)}".replace(";", "\\;")
    assert told_of(does, tmp_path, monkeypatch).startswith(
        "broken: the two captures of what was sent differ: INVITE from anna: the network has seen it"
    )
    shown = [file for file in (tmp_path / "out").rglob("*") if file.is_file() and not file.is_symlink()]
    assert shown
    assert not [file for file in shown if PRIVATE.encode() in file.read_bytes()]


def test_what_is_mounted_read_only_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the configuration in the evidence, nor lease and resolver; nothing can be mounted over them."""
    written = [f"{EVIDENCE}/conf/asterisk.conf", "/ringproof/conf/asterisk.conf", "/ringproof/lease/renewed"]
    writes = "; ".join(f"echo tampered > {name}" for name in [*written, "/etc/resolv.conf", "/ringproof/init"])
    moves = f"mv {EVIDENCE}/conf {EVIDENCE}/other; rm -rf {EVIDENCE}/conf; mount --bind /etc {EVIDENCE}/conf"
    does = f"{writes}; {moves}; touch {EVIDENCE}/tried; true".replace(";", "\\;")
    assert told_of(does, tmp_path, monkeypatch) == "passed"
    (folder,) = (tmp_path / "out").iterdir()
    assert (folder / "pbx" / "tried").is_file()
    assert (folder / "pbx" / "conf" / "asterisk.conf").is_file()
    assert not [file for file in folder.rglob("*") if file.is_file() and b"tampered\n" in file.read_bytes()]


def test_without_a_change_it_is_a_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the others tell is due to what the PBX does."""
    assert told_of("true", tmp_path, monkeypatch) == "passed"


def test_a_log_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind the part that is read is not known, so that is no pass either."""
    told = told_of(f"truncate -s 2T {EVIDENCE}/full.log", tmp_path, monkeypatch)
    assert told == "broken: the PBX wrote more than 64 MB of log, which is more than is read"
