"""What the files for GitHub, GitLab and pre-commit say, read as those read them."""

import shlex
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[2]
GITHUB = CHECKOUT / ".github" / "workflows" / "ci.yml"
GITLAB = CHECKOUT / ".gitlab-ci.yml"
PRE_COMMIT = CHECKOUT / ".pre-commit-config.yaml"
CI_RUN = CHECKOUT / ".ci" / "run"


def load(file: Path) -> Any:  # noqa: ANN401 - whatever the file says
    """Return the content; keys such as `on` stay texts, as in YAML 1.2."""
    return yaml.load(file.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - makes nothing but texts, lists, mappings


def github_steps() -> list[str]:
    """Return the shell scripts of the job's steps, in their order, but for those that are run in any case."""
    (job,) = load(GITHUB)["jobs"].values()
    return [step["run"].strip() for step in job["steps"] if "run" in step and "if" not in step]


def gitlab_steps() -> list[str]:
    """Return the lines of the job, in their order."""
    content = load(GITLAB)
    (job,) = (content[name] for name in content if name != "stages")
    return [*job["before_script"], *job["script"]]


def make_commands(steps: list[str]) -> list[str]:
    """Return those of the steps that are a call of make."""
    return [step for step in steps if step.startswith("make ")]


def ci_run_commands() -> list[str]:
    """Return the calls of make that .ci/run makes."""
    (line,) = (line for line in CI_RUN.read_text("utf-8").splitlines() if line.startswith("for target in "))
    targets = shlex.split(line.removeprefix("for target in ").removesuffix("; do"))
    return [f"make {target}" for target in targets]
