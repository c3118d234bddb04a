"""Plays on a configuration that somebody edited, without Docker: what is wrong with it is reported with its place.

What Asterisk says of such files is scripted here; tests/playing/test_edited.py has it say so itself.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ringproof.containers.errors import BrokenError, EditedConfigurationError
from ringproof.core.problem import Problem
from ringproof.core.speed import FASTEST
from ringproof.dialplan.render import render_office
from ringproof.playing import play
from ringproof.scenario.model.scenario import Scenario
from ringproof.scenario.reading import read_office

from faults.rehearsal import OFFICE, ScriptedRun, found_in, read_stories, scripted_run
from faults.scripted import Fault, ScriptedPbx, World

ALL_SAID = "all that it said is in pbx/full.log of the scenario's evidence"
ALLOW = "; `--allow PATTERN` plays in spite of what is known"


@functools.cache
def story() -> Scenario:
    """A story that the scripted PBX plays green."""
    with tempfile.TemporaryDirectory() as folder:
        return read_stories(Path(folder))["answered"]


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """The folder into which the office of the story was rendered."""
    office = read_office(OFFICE).office
    assert office is not None
    return render_office(office, tmp_path / "edited", office_folder=OFFICE.parent).folder


def edit(file: Path, old: str, new: str) -> int:
    """Change what stands first in a file; return the line."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def played(run: ScriptedRun, *allow: str) -> None:
    """Play the story at full speed."""
    play(story(), run.environment, run.folder, speed=FASTEST, allow=allow)


def problems(edited: Path, script: Callable[[World], object] = lambda _: None, *allow: str) -> tuple[Problem, ...]:
    """Play on what was edited; return what is reported of it."""
    with scripted_run(Fault(), str(edited)) as run:
        script(run.world)
        with pytest.raises(EditedConfigurationError) as refused:
            played(run, *allow)
    return refused.value.problems


def place(problem: Problem) -> tuple[str, int, int, str]:
    """Return where a problem is, and the line that is quoted."""
    quoted = problem.quoted[0].text if problem.quoted else ""
    return (Path(problem.source.file).name, problem.source.line, problem.source.column, quoted)


def test_what_is_right_is_played(edited: Path) -> None:
    """With the passwords that the running PBX has, whatever was rendered; green, as it was."""
    with scripted_run(Fault(), str(edited)) as run:
        run.world.passwords = {"101": "of his own", "102": "another"}
        (run.folder / "left by another play").touch()
        played(run)
        assert found_in(story(), run.folder) == ()
        assert not (run.folder / "left by another play").exists()
        by_name = {phone.registered: phone.password for phone in run.world.phones if phone.registered}
        assert by_name == {"100": "", "101": "of his own", "102": "another", "103": ""}
        kept = (run.folder / "pbx" / "conf" / "extensions.conf").read_bytes()
        assert kept == (edited / "extensions.conf").read_bytes()


def test_what_was_rendered_from_another_office(edited: Path) -> None:
    """It is not copied; the files say which office it was."""
    edit(edited / "extensions.conf", "'Trading company'", "'Another'")
    (problem,) = problems(edited)
    assert place(problem) == ("extensions.conf", 1, 1, "")
    assert (
        problem.sentence == "this was rendered from the office 'Another', and the scenario is about 'Trading company'"
    )
    assert problem.fix == "give the folder that the scenario's office was rendered into"


@pytest.mark.parametrize("module", ["app_dial", "app_dial.so"])
def test_a_module_that_cannot_be_loaded(edited: Path, module: str) -> None:
    """It is placed where modules.conf loads it."""
    said = f"Error loading module '{module}': /usr/lib/asterisk/modules/app_dial.so: undefined symbol: ast_of_another"
    line = edit(edited / "modules.conf", "load=app_dial.so", "load=app_dial.so")
    (problem,) = problems(edited, lambda world: world.boot_log.append(f"ERROR[7] loader.c: {said}"))
    assert place(problem) == ("modules.conf", line, 1, "load=app_dial.so")
    assert problem.sentence == f"Asterisk refuses this configuration: {said}"


def test_what_leads_elsewhere(edited: Path) -> None:
    """Each place, the first with their number; the quoted line has the value."""
    line = edit(edited / "pjsip.conf", "bind=", "external_media_address=198.51.100.7\nmedia_address = 10.0.0.1\nbind=")
    first, second = problems(edited)
    assert first.sentence == (
        "external_media_address leads to `198.51.100.7`; expected an address in the run's networks, 127.0.0.0/8 "
        "(2 such settings in all)"
    )
    assert place(first) == ("pjsip.conf", line, 24, "external_media_address=198.51.100.7")
    assert (
        second.sentence == "media_address leads to `10.0.0.1`; expected an address in the run's networks, 127.0.0.0/8"
    )
    assert place(second) == ("pjsip.conf", line + 1, 17, "media_address = 10.0.0.1")


@pytest.mark.parametrize(
    ("log", "sentence", "file", "line"),
    [
        (
            ["WARNING[7] pbx_config.c: No closing parenthesis found? 'Dial(x' at line 9 of extensions.conf"],
            "No closing parenthesis found? 'Dial(x' at line 9 of extensions.conf",
            "extensions.conf",
            9,
        ),
        (
            ["ERROR[7][C-0001] config_options.c: Error parsing dtmf_mode=smoke at line 4 of "],
            "Error parsing dtmf_mode=smoke at line 4",
            "pjsip.conf",
            4,
        ),
        (
            [
                "ERROR[7] loader.c: Error loading module 'res_of_nobody.so'",
                "WARNING[7] config.c: parse error: No category context for line 3 of /ringproof/conf/queues.conf",
                "ERROR[7] loader.c: Error loading module 'another.so'",
            ],
            "parse error: No category context for line 3 of queues.conf (3 complaints in all)",
            "queues.conf",
            1,
        ),
        (["ERROR[7] loader.c: Error loading module 'x.so'."], "Error loading module 'x.so'", "edited", 1),
        (
            ["WARNING[7] pbx_config.c: Can't use 'x' at line 9999 of extensions.conf"],
            "Can't use 'x' at line 9999 of extensions.conf",
            "extensions.conf",
            9999,
        ),
    ],
)
def test_what_asterisk_refuses(edited: Path, log: list[str], sentence: str, file: str, line: int) -> None:
    """By its first complaint that names a place; without a file it is pjsip.conf; what is quoted stands there."""
    (problem,) = problems(edited, lambda world: world.boot_log.extend(log))
    assert problem.sentence == f"Asterisk refuses this configuration: {sentence}"
    assert place(problem)[:2] == (file, line)
    assert problem.fix == ALL_SAID + ALLOW
    named = edited / file
    if named.is_file():
        lines = named.read_text("utf-8").splitlines()
        text = lines[line - 1] if line <= len(lines) else ""
        assert place(problem)[3] == text
        assert problem.source.column == 1 + len(text) - len(text.lstrip())


def test_the_column_of_what_asterisk_refuses(edited: Path) -> None:
    """It is where the text of the line begins: Asterisk names none."""
    lines = (edited / "extensions.conf").read_text("utf-8").splitlines()
    line = 1 + next(number for number, text in enumerate(lines) if text.startswith(" same"))
    said = f"WARNING[7] pbx_config.c: Unable to register extension at line {line} of extensions.conf"
    (problem,) = problems(edited, lambda world: world.boot_log.append(said))
    assert place(problem) == ("extensions.conf", line, 2, lines[line - 1])


def test_what_the_user_allows_is_played(edited: Path) -> None:
    """By a pattern that matches; another one refuses it."""
    log = ["WARNING[7] pbx.c: Context 'from-trunk' tries to include nonexistent context 'of-nobody'"]
    assert problems(edited, lambda world: world.boot_log.extend(log), "*of-somebody*")
    with scripted_run(Fault(), str(edited)) as run:
        run.world.boot_log = log
        played(run, "*of-nobody*")
        assert found_in(story(), run.folder) == ()


WRITE = "write astlogdir => /ringproof/evidence below [directories]"


@pytest.mark.parametrize(
    ("old", "new", "line_of", "fix"),
    [
        ("=> /ringproof/evidence", "=> /var/log", "astlogdir", WRITE),
        ("astlogdir =>", ";", "", WRITE),
        (
            "[directories]",
            "[directories](!)",
            "astlogdir",
            "Asterisk reads no template: take out the (!) behind [directories]",
        ),
    ],
)
def test_a_log_that_is_elsewhere(edited: Path, old: str, new: str, line_of: str, fix: str) -> None:
    """The setting, where it is written, and what to write."""
    edit(edited / "asterisk.conf", old, new)
    (problem,) = problems(edited, lambda world: setattr(world, "log_folder", "/var/log"))
    assert problem.sentence == "Asterisk logs in /var/log, where nobody sees what it complains of"
    assert problem.fix == fix
    name, line, _, quoted = place(problem)
    assert name == "asterisk.conf"
    assert quoted.startswith(line_of)
    assert bool(quoted) is bool(line_of)
    assert line_of in (edited / "asterisk.conf").read_text("utf-8").splitlines()[line - 1]


@pytest.mark.parametrize("folder", ["/ringproof/conf", "/etc/asterisk"])
def test_a_log_that_is_not_written(edited: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """The file that has the setting, or where Asterisk reads elsewhere the one that says so; and what to write."""
    answer = ScriptedPbx._printed  # noqa: SLF001

    def printed(pbx: ScriptedPbx, line: str) -> list[str]:
        return [said.replace("/ringproof/conf", folder) for said in answer(pbx, line)]

    monkeypatch.setattr(ScriptedPbx, "_printed", printed)
    (problem,) = problems(edited, lambda world: setattr(world, "logs", False))
    assert problem.sentence == "Asterisk does not log its boot in full.log, so that nobody sees what it complains of"
    assert problem.fix == "write full.log => notice,warning,error,verbose(4),dtmf below [logfiles]"
    assert place(problem)[0] == ("logger.conf" if folder == "/ringproof/conf" else "asterisk.conf")


@pytest.mark.parametrize(
    ("missing", "said"), [(["103"], "the endpoint 103 is"), (["101", "103"], "the endpoints 101, 103 are")]
)
def test_an_endpoint_that_is_missing(edited: Path, missing: list[str], said: str) -> None:
    """The scenario's phones could not register."""

    def script(world: World) -> None:
        world.endpoints = [name for name in world.endpoints if name not in missing]

    (problem,) = problems(edited, script)
    assert problem.sentence == f"{said} not in it, which the scenario needs"
    assert place(problem) == ("pjsip.conf", 1, 1, "")
    assert "callers come by the trunk" in problem.fix


def test_a_trunk_that_is_missing_or_another(edited: Path) -> None:
    """Without its endpoint, or for callers that come from elsewhere."""
    (problem,) = problems(edited, lambda world: setattr(world, "has_trunk", False))
    assert problem.sentence == "the endpoint trunk is not in it, which the scenario needs"
    (problem,) = problems(edited, lambda world: setattr(world, "trunk", "10.9.9.9"))
    assert problem.sentence == "outside callers are not taken for the trunk"
    assert place(problem) == ("pjsip.conf", 1, 1, "")


def test_a_function_whose_module_is_not_loaded(edited: Path) -> None:
    """The line that uses it; one that nobody uses is loaded."""
    line = edit(
        edited / "extensions.conf", "\n[from-trunk]\n", "\n[own]\nexten => 1,1,NoOp(${CHANNEL(state)})\n[from-trunk]\n"
    )
    (problem,) = problems(edited, lambda world: world.unloaded.add("func_channel.so"))
    assert problem.sentence.startswith("CHANNEL() is used here, and modules.conf does not load func_channel.so")
    assert place(problem)[:2] == ("extensions.conf", line + 2)
    assert problem.fix == "write load=func_channel.so into modules.conf"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            lambda world: world.boot_log.append("ERROR[7] x.c: no"),
            "Asterisk complained about its configuration while it booted: ",
        ),
        (lambda world: setattr(world, "log_folder", "/var/log"), "Asterisk logs in /var/log, where nobody sees"),
        (
            lambda world: setattr(world, "trunk", "10.9.9.9"),
            "the PBX does not identify 127.0.0.3 as the trunk, but ['10.9.9.9/32']",
        ),
        (lambda world: world.endpoints.remove("103"), "the running PBX lacks what was rendered for it: endpoint 103"),
    ],
)
def test_what_ringproof_rendered_itself_is_no_file_of_the_users(
    script: Callable[[World], object], sentence: str
) -> None:
    """The same complaints and settings break the play: they are the harness's."""
    with scripted_run(Fault()) as run:
        script(run.world)
        with pytest.raises(BrokenError) as failed:
            played(run)
    assert not isinstance(failed.value, EditedConfigurationError)
    assert failed.value.sentence.startswith(sentence)
