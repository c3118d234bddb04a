"""The steps of the workflow files, in a Debian 12 that has python3 and make and nothing else."""

import shlex
from pathlib import Path

import pytest
from bare_debian import CACHE, copy_checkout, in_chroot, lay_out
from ci_files import github_steps, gitlab_steps


@pytest.mark.bare
@pytest.mark.alone
def test_the_steps_work_on_a_bare_debian(root: Path) -> None:
    """Those of GitHub, then those of GitLab, what both have once: what is installed, and `make check` on it.

    The tests and the scenarios, which take the better part of an hour and an engine, are not run again: `make -n` shows
    that each of those commands is one that the Makefile has.
    """
    lay_out(root)
    checkout = root / "ringproof"
    checkout.mkdir()
    copy_checkout(checkout)
    (CACHE / "pip").mkdir(parents=True, exist_ok=True)
    binds = {CACHE / "pip": Path("/root/.cache/pip")}

    def step(script: str) -> str:
        return in_chroot(root, f"cd /ringproof && bash -eo pipefail -c {shlex.quote(script)}", binds, {"CI": "true"})

    for script in dict.fromkeys([*github_steps(), *gitlab_steps()]):
        if not script.startswith("make "):
            step(script)
        elif script == "make check":
            checked = step(script)
            assert "Success: no issues found" in checked  # mypy
            assert "0 broken" in checked  # import-linter
            assert " passed in " in checked  # the schemas
        else:
            assert ".venv/bin/" in step(script.replace("make ", "make -n ", 1))
