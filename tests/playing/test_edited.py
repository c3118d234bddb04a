"""`run --rendered DIR`: what somebody edited is what is played, and what is wrong with it is told as his."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.dialplan.edited import OF_THE_PLAY
from ringproof.dialplan.elsewhere import networks_of
from ringproof.phones.container import phones_of

ROOT = Path(__file__).parents[2]
FILE = "scenarios/ring-all.ring.yaml"
NAME = "the second member answers"
Golden = Callable[[str, str], None]


class Author:
    """Somebody who rendered the trading company, edits it and plays."""

    def __init__(self, folder: Path) -> None:
        """Render."""
        self.folder = folder / "pbx"
        self.out = folder / "out"
        office = "scenarios/offices/trading-company.yaml"
        assert self.ringproof("render", office, "--out", str(self.folder)).returncode == 0

    def edit(self, name: str, old: str, new: str) -> None:
        """Change what stands first in a file."""
        file = self.folder / name
        before = file.read_text("utf-8")
        assert old in before
        file.write_text(before.replace(old, new, 1), "utf-8")

    def ringproof(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours."""
        return self._run("from ringproof.cli import main; main()", *arguments)

    def play(self, file: str = FILE, name: str = NAME, allow: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Play one scenario on the edited files."""
        options = ["--confirm", "never", "--out", str(self.out), *(f"--allow={pattern}" for pattern in allow)]
        return self.ringproof("run", "--rendered", str(self.folder), "-k", name, *options, file)

    def pytest(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Play it in pytest."""
        options = [
            f"--ringproof-rendered={self.folder}",
            f"--ringproof-out={self.out}",
            "-p",
            "no:cacheprovider",
            *more,
        ]
        return self._run("import pytest; raise SystemExit(pytest.main())", f"{FILE}::{NAME}", *options)

    def _run(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=os.environ | {"COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
        )

    @property
    def result(self) -> dict[str, Any]:
        """What results.json says of the one scenario."""
        (entry,) = json.loads((self.out / "results.json").read_text("utf-8"))["scenarios"]
        return dict(entry)

    @property
    def problem(self) -> str:
        """What is told of the files, without what differs from run to run."""
        told = (self.out / self.result["id"] / "verdict.txt").read_text("utf-8")
        told = re.sub(r"\d+\.\d+\.\d+\.\d+/\d+", "NETWORK", told)
        return re.sub(r"/usr/lib\S*/", "LIB/", told.replace(str(self.folder), "DIR"))


@pytest.fixture
def author(tmp_path: Path) -> Author:
    """Somebody with a rendered office."""
    return Author(tmp_path)


@pytest.mark.pbx
def test_what_nobody_edited_is_green(author: Author) -> None:
    """The evidence holds what was played: the files as they are, but what each play has for itself."""
    (author.folder / "more").mkdir()
    (author.folder / "more" / "numbers.conf").write_text("[more]\nexten => 1,1,Hangup()\n")
    author.edit("extensions.conf", "\n[from-trunk]", "\n#include more/numbers.conf\n\n[from-trunk]")
    author.edit("pjsip.conf", "password=ringproof-102", "password=of-his-own")
    done = author.play()
    assert done.returncode == 0, done.stdout
    assert f"played on the files in {author.folder}" in done.stdout
    assert "Asterisk says" not in done.stdout
    assert author.result["complaints"] == []
    played = author.out / author.result["id"] / "pbx" / "conf"
    names = {str(path.relative_to(played)) for path in played.rglob("*") if path.is_file()}
    assert names == {str(path.relative_to(author.folder)) for path in author.folder.rglob("*") if path.is_file()}
    same = {name for name in names if (played / name).read_bytes() == (author.folder / name).read_bytes()}
    assert "more/numbers.conf" in same
    assert names - same <= set(OF_THE_PLAY)


@pytest.mark.pbx
def test_an_endpoint_without_auth_takes_its_phone(author: Author) -> None:
    """It asks for no password, so Asterisk reports no authentication; its phone registers, rings and answers."""
    author.edit("pjsip.conf", "aors=102\nauth=102\n", "aors=102\n")
    played = author.play()
    assert played.returncode == 0, played.stdout


@pytest.mark.pbx
def test_an_edit_is_red_with_exactly_its_finding(author: Author) -> None:
    """And the hint names the place in what was played."""
    author.edit("extensions.conf", "${PHONES:1},15,r", "${PHONES:1},3,r")
    done = author.play(name="nobody answers to the end")
    assert done.returncode == 1
    assert [finding["kind"] for finding in author.result["findings"]] == ["ring-too-short"]
    lines = (author.folder / "extensions.conf").read_text("utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if ",3,r" in line]
    dialled = "Dial(PJSIP/101&PJSIP/102&PJSIP/103,3,rb(rung^s^1))"
    assert f"group accounting (ring_all): {dialled} at pbx/conf/extensions.conf:{number}" in done.stdout


DIALS = "[from-trunk]\nexten => 84950000002,1,Dial(PJSIP/101&PJSIP/102&PJSIP/103,15)\n"


@pytest.mark.pbx
@pytest.mark.parametrize("autoload", [False, True])
def test_the_modules_that_ringproof_needs_are_loaded(author: Author, *, autoload: bool) -> None:
    """A dialplan that needs no function is played without any in modules.conf; one that loads all has them already."""
    (author.folder / "extensions.conf").write_text(DIALS, "utf-8")
    for module in ("func_channel.so", "func_devstate.so"):
        author.edit("modules.conf", f"load={module}\n", "")
    if autoload:
        author.edit("modules.conf", "autoload=no", "autoload=no\nload=res_pjsip_logger.so")
    done = author.play()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.pbx
def test_a_function_that_only_ringproof_would_load_is_told(author: Author) -> None:
    """In life Asterisk says that it does not know it, and goes on without."""
    (author.folder / "extensions.conf").write_text(DIALS + " same => n,NoOp(${CHANNEL(state)})\n", "utf-8")
    author.edit("modules.conf", "load=func_channel.so\n", "")
    done = author.play()
    assert done.returncode == 2
    expected = "CHANNEL() is used here, and modules.conf does not load func_channel.so: Asterisk would not know it"
    assert f"extensions.conf:3:2: {expected}" in done.stdout
    assert "hint: write load=func_channel.so into modules.conf" in done.stdout


@pytest.mark.pbx
@pytest.mark.parametrize(
    ("case", "name", "old", "new"),
    [
        ("dialplan", "extensions.conf", "Dial(${PHONES:1},15,rb(rung^s^1))", "Dial(${PHONES:1},15,r"),
        ("priority", "extensions.conf", " same => n,Set(PHONES=)", " same => 1,Set(PHONES=)"),
        ("pjsip-option", "pjsip.conf", "dtmf_mode=rfc4733", "dtmf_mode=smoke"),
        ("module", "modules.conf", "autoload=no", "autoload=no\nrequire=res_of_nobody.so"),
        ("endpoint", "pjsip.conf", "[102](phone)", "[999](phone)"),
        ("trunk", "pjsip.conf", "#include pjsip_trunk_address.conf", ""),
    ],
)
def test_a_broken_edit_is_told_in_asterisks_own_words(
    author: Author, golden: Golden, case: str, name: str, old: str, new: str
) -> None:
    """Exit 2: a file of the user's is wrong, and nothing was played."""
    author.edit(name, old, new)
    done = author.play()
    assert done.returncode == 2, done.stdout
    golden(f"play/edited-{case}.err", author.problem)


@pytest.mark.pbx
def test_an_address_outside_the_run_is_refused_before_anything_boots(
    author: Author, golden: Golden, environment: RunEnvironment
) -> None:
    """Exit 2; what is inside are the addresses at which phones and callers live."""
    author.edit("pjsip.conf", "bind=0.0.0.0:5060", "bind=0.0.0.0:5060\nexternal_media_address=198.51.100.77")
    author.edit("rtp.conf", "[general]", "[general]\nstunaddr=stun.example.com")
    done = author.play()
    assert done.returncode == 2, done.stdout
    golden("play/edited-address.err", author.problem)
    assert not (author.out / author.result["id"] / "pbx" / "console.log").exists()
    office, trunk = networks_of(environment.subnets)
    phones = phones_of(environment)
    assert ip_address(phones.office_address) in office
    assert ip_address(phones.trunk_address) in trunk


@pytest.mark.pbx
def test_plain_pytest_fails_at_a_broken_edit(author: Author) -> None:
    """FAILED, as at an invalid file, and no ERROR: the harness is well."""
    author.edit("extensions.conf", "Dial(${PHONES:1},15,rb(rung^s^1))", "Dial(${PHONES:1},15,r")
    done = author.pytest()
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert f"FAILED {FILE}::{NAME} - Asterisk refuses this configuration" in done.stdout
    assert "ERROR" not in done.stdout
    assert author.result["outcome"] == "invalid"


DEPRECATED = "loader.c: Module 'res_adsi' has been loaded but may be removed in a future release."
MISSING = "pbx.c: Context 'from-trunk' tries to include nonexistent context 'of-nobody'"
INCLUDE = ("extensions.conf", "\n[from-trunk]\n", "\n[from-trunk]\ninclude => of-nobody\n")


@pytest.mark.pbx
def test_a_deprecated_module_is_told_and_played(author: Author) -> None:
    """Asterisk refuses nothing: the play is green, and both results and summary say what Asterisk said."""
    author.edit("modules.conf", "autoload=no", "autoload=no\nload=res_adsi.so")
    done = author.play()
    assert done.returncode == 0, done.stdout
    assert f"\nAsterisk says at boot: {DEPRECATED}\n" in done.stdout
    assert author.result["complaints"] == [
        {"text": DEPRECATED, "level": "WARNING", "when": "boot", "count": 1, "allowed": []}
    ]


@pytest.mark.pbx
def test_a_red_mentions_what_was_told_at_boot(author: Author) -> None:
    """It may be its reason."""
    author.edit("modules.conf", "autoload=no", "autoload=no\nload=res_adsi.so")
    author.edit("extensions.conf", "${PHONES:1},15,r", "${PHONES:1},3,r")
    done = author.play(name="nobody answers to the end")
    assert done.returncode == 1
    assert f"hint: Asterisk says: {DEPRECATED}" in done.stdout


@pytest.mark.pbx
def test_a_known_complaint_is_allowed(author: Author) -> None:
    """Fatal without the option; with it played, and the summary lists it, and a pattern that matched nothing."""
    author.edit(*INCLUDE)
    refused = author.play(allow=["*of-somebody*"])
    assert refused.returncode == 2, refused.stdout
    assert MISSING.removeprefix("pbx.c: ") in refused.stdout
    assert "`--allow PATTERN` plays in spite of what is known" in refused.stdout
    done = author.play(allow=["*nonexistent context 'of-nobody'", "*of-somebody*"])
    assert done.returncode == 0, done.stdout
    assert f"\nallowed at boot: {MISSING}\n" in done.stdout
    assert "\n--allow '*of-somebody*' matched nothing in this run\n" in done.stdout
    (complaint,) = author.result["complaints"]
    assert complaint == complaint | {"text": MISSING, "allowed": ["*nonexistent context 'of-nobody'"]}


@pytest.mark.pbx
def test_a_known_complaint_is_allowed_in_pytest(author: Author) -> None:
    """By an option of its own name."""
    author.edit(*INCLUDE)
    assert author.pytest().returncode == pytest.ExitCode.TESTS_FAILED
    done = author.pytest("--ringproof-allow=*nonexistent context*")
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert f"\nallowed at boot: {MISSING}\n" in done.stdout


@pytest.mark.pbx
def test_a_green_tells_what_asterisk_complained_of_meanwhile(author: Author) -> None:
    """Each text once, with its number, below the scenario; the verdict is about who rings."""
    shown = "NoOp(${CALLERID(num)})"  # func_callerid is not loaded
    number = "exten => 84950000002,1,"
    author.edit("extensions.conf", number, f"{number}{shown}\n same => n,{shown}\n same => n,")
    author.edit("extensions.conf", "\n[group-accounting]\n", "\n[group-accounting]\nexten => h,1,Diall()\n")
    done = author.play()
    assert done.returncode == 0, done.stdout
    assert "\n    Asterisk says: pbx_functions.c: Function CALLERID not registered (2 times) (+1 more)" in done.stdout
    told = [(each["text"], each["level"], each["when"], each["count"]) for each in author.result["complaints"]]
    assert told == [
        ("pbx_functions.c: Function CALLERID not registered", "ERROR", "story", 2),
        ("pbx.c: No application 'Diall' for extension (group-accounting, h, 1)", "WARNING", "story", 1),
    ]


@pytest.mark.pbx
@pytest.mark.parametrize("case", ["elsewhere", "template"])
def test_a_log_that_nobody_sees(author: Author, golden: Golden, case: str) -> None:
    """Without it every complaint would go unseen, and the run be green."""
    if case == "elsewhere":
        author.edit("asterisk.conf", "astlogdir => /ringproof/evidence", "astlogdir => /tmp")
    else:
        author.edit("asterisk.conf", "[directories]", "[directories](!)")
    author.edit(*INCLUDE)
    done = author.play()
    assert done.returncode == 2, done.stdout
    golden(f"play/edited-log-{case}.err", author.problem)


@pytest.mark.pbx
def test_another_office(author: Author, golden: Golden) -> None:
    """The files say which one they were rendered from."""
    assert author.play("scenarios/in-order.ring.yaml", "the first of the list answers").returncode == 2
    golden("play/edited-another-office.err", author.problem)


def test_a_folder_that_nobody_rendered(author: Author, golden: Golden) -> None:
    """Told before anything is started, by both front ends."""
    (author.folder / "pjsip.conf").unlink()
    done = author.play()
    assert (done.returncode, done.stdout) == (2, "")
    golden("front/rendered-without-pjsip.txt", done.stderr.replace(str(author.folder), "DIR"))
    assert author.pytest().returncode == pytest.ExitCode.USAGE_ERROR
    shutil.rmtree(author.folder)
    done = author.play()
    assert (done.returncode, done.stdout) == (2, "")
    golden("front/rendered-no-folder.txt", done.stderr.replace(str(author.folder), "DIR"))
