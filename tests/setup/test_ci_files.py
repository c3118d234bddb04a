"""The files for GitHub, GitLab and pre-commit: right by their own schemas, and with the commands that .ci/run has.

No package on PyPI carries the program actionlint: the schemas that check-jsonschema carries stand in for it.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from ci_files import (
    GITHUB,
    GITLAB,
    PRE_COMMIT,
    ci_run_commands,
    github_steps,
    gitlab_steps,
    load,
    make_commands,
)

OPTIONS = {
    GITHUB: ["--builtin-schema", "vendor.github-workflows"],
    GITLAB: ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
}


def complaint(file: Path, options: list[str]) -> str:
    """Return what the schema that check-jsonschema carries finds wrong, nothing where the file passes."""
    command = [sys.executable, "-m", "check_jsonschema", *options, str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout if done.returncode else ""


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=["github", "gitlab"])
def test_the_file_passes_its_schema(file: Path) -> None:
    """The one that its editor would use."""
    assert complaint(file, OPTIONS[file]) == ""


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        (GITHUB, "    runs-on: ubuntu-24.04\n", ""),
        (GITHUB, "timeout-minutes:", "timeout-hours:"),
        (GITLAB, "    when: always", "    when: sometimes"),
        (GITLAB, "  script:\n", "  scripts:\n"),
    ],
    ids=["github-no-runner", "github-unknown-key", "gitlab-unknown-value", "gitlab-no-script"],
)
def test_a_mistake_is_found(file: Path, right: str, wrong: str, tmp_path: Path) -> None:
    """The schema looks at jobs, and is no empty one."""
    text = file.read_text("utf-8")
    assert right in text
    changed = tmp_path / file.name
    changed.write_text(text.replace(right, wrong))
    assert complaint(changed, OPTIONS[file])


def test_both_run_what_ci_run_runs() -> None:
    """The same commands in the same order, the two of the README among them."""
    commands = ci_run_commands()
    assert {"make check", "make test", "make e2e"} <= set(commands)
    assert make_commands(github_steps()) == commands
    assert make_commands(gitlab_steps()) == commands


def test_every_commit_is_checked_by_make_check() -> None:
    """The only hook of pre-commit is `make check`, whichever files are committed."""
    (repository,) = load(PRE_COMMIT)["repos"]
    (hook,) = repository["hooks"]
    assert repository["repo"] == "local"
    assert (hook["entry"], hook["language"]) == ("make check", "system")
    assert (hook["pass_filenames"], hook["always_run"]) == ("false", "true")
    assert "stages" not in hook
