"""The Python step: when `.venv` is left alone, mended, made anew."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ringproof.setup import venv


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Lay out a checkout as far as the step looks."""
    (tmp_path / "harness" / "ringproof").mkdir(parents=True)
    (tmp_path / "harness" / "ringproof" / "__init__.py").write_text('__version__ = "1"\n')
    (tmp_path / "requirements.lock").write_text("docker==7\n")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\n[project]\nname = "ringproof"\n[tool.hatch]\n[tool.ruff]\nline-length = 100\n'
    )
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> list[str]:
    """Return what the step runs, by its first telling word; nothing is run but a python that is there afterwards."""
    commands: list[str] = []
    monkeypatch.delenv("RINGPROOF_PYTHON_NAMED", raising=False)

    def run(command: Sequence[str], log: Path, failing: str) -> None:
        assert log.parent == checkout / ".venv"
        assert failing
        commands.append(next(word for word in command if word in {"venv", "--require-hashes", "--editable"}))
        if "venv" in command:
            (checkout / ".venv" / "bin").mkdir()
            (checkout / ".venv" / "bin" / "python").touch()

    monkeypatch.setattr(venv, "run", run)
    return commands


ALL = ["venv", "--require-hashes", "--editable"]


def test_a_second_run_does_and_says_nothing(checkout: Path, ran: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The first one makes everything and tells each step with its time."""
    venv.ensure(checkout)
    assert ran == ALL
    assert capsys.readouterr().out.count("done in") == len(ALL)
    venv.ensure(checkout)
    assert ran == ALL
    assert capsys.readouterr().out == ""


def test_a_half_made_venv_is_made_anew(checkout: Path, ran: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A set-up that was killed in the middle left no stamp."""
    (checkout / ".venv" / "lib").mkdir(parents=True)
    venv.ensure(checkout)
    assert ran == ALL
    assert not (checkout / ".venv" / "lib").exists()
    assert ".venv is not complete: making it anew" in capsys.readouterr().out


def test_a_killed_install_leaves_no_stamp(checkout: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp of an older state does not outlive the beginning of a newer one."""
    venv.ensure(checkout)
    (checkout / "harness" / "ringproof" / "__init__.py").write_text('__version__ = "2"\n')

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(venv, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            venv.ensure(checkout)
    ran.clear()
    venv.ensure(checkout)
    assert ran == ALL


def test_another_lock_makes_it_anew(checkout: Path, ran: list[str]) -> None:
    """What is no longer locked must not linger."""
    venv.ensure(checkout)
    ran.clear()
    (checkout / "requirements.lock").write_text("docker==8\n")
    venv.ensure(checkout)
    assert ran == ALL


def test_another_version_of_ours_installs_only_that(checkout: Path, ran: list[str]) -> None:
    """The locked packages are the same."""
    venv.ensure(checkout)
    ran.clear()
    (checkout / "harness" / "ringproof" / "__init__.py").write_text('__version__ = "2"\n')
    venv.ensure(checkout)
    assert ran == ["--editable"]


def test_a_lint_rule_installs_nothing(checkout: Path, ran: list[str]) -> None:
    """Only what pip looks at in pyproject.toml counts."""
    venv.ensure(checkout)
    ran.clear()
    text = (checkout / "pyproject.toml").read_text()
    (checkout / "pyproject.toml").write_text(text.replace("100", "110"))
    venv.ensure(checkout)
    assert ran == []


def test_a_venv_whose_python_is_gone_is_made_anew(checkout: Path, ran: list[str]) -> None:
    """The Python it links to was removed by an upgrade."""
    venv.ensure(checkout)
    ran.clear()
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    venv.ensure(checkout)
    assert ran == ALL


def test_another_python_on_the_path_changes_nothing(
    checkout: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One shell has pyenv, the next one has not: the `.venv` that works is kept."""
    venv.ensure(checkout)
    ran.clear()
    monkeypatch.setattr(sys, "executable", "/opt/another/python3.12")
    venv.ensure(checkout)
    assert ran == []


def test_a_named_python_is_obeyed(checkout: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """RINGPROOF_PYTHON names another than `.venv` has; told twice it is done once."""
    venv.ensure(checkout)
    ran.clear()
    monkeypatch.setattr(sys, "executable", "/opt/another/python3.12")
    monkeypatch.setattr(venv, "has_ensurepip", lambda: True)
    monkeypatch.setenv("RINGPROOF_PYTHON_NAMED", "1")
    venv.ensure(checkout)
    assert ran == ALL
    venv.ensure(checkout)
    assert ran == ALL
