"""`make lock`: write requirements.lock from pyproject.toml and requirements.in."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from harness.setup.steps import CHECKOUT
from harness.setup.telling import say

PYTHONS = ("3.11", "3.12")
HEADER = """\
# Made by `make lock` from pyproject.toml and requirements.in: change those, then run it again.
# No index lines: pip asks the index this machine is set up with. Linux x86_64, Python 3.11 and 3.12.
"""


def resolve(uv: Path, python: str, into: Path) -> str:
    """Return what uv chooses for a Python: pins and hashes of every wheel, no word of any index."""
    options = ["--quiet", "--no-config", "--no-header", "--no-annotate", "--generate-hashes"]
    options += ["--python-version", python, "--python-platform", "x86_64-unknown-linux-gnu"]
    subprocess.run(
        [str(uv), "pip", "compile", *options, "pyproject.toml", "requirements.in", "--output-file", str(into)],
        check=True,
        cwd=CHECKOUT,
    )
    return into.read_text()


def main() -> int:
    """Resolve for both Pythons in a venv that is thrown away; they must agree."""
    with tempfile.TemporaryDirectory() as place:
        venv.create(place, with_pip=True)
        subprocess.run([f"{place}/bin/pip", "install", "--quiet", "uv"], check=True)
        chosen = {resolve(Path(place, "bin", "uv"), python, Path(place, python)) for python in PYTHONS}
    if len(chosen) > 1:
        print(
            f"setup: Python {' and '.join(PYTHONS)} need different packages: one lock is not enough.", file=sys.stderr
        )
        return 1
    (CHECKOUT / "requirements.lock").write_text(HEADER + chosen.pop())
    say("requirements.lock is written; read its diff")
    return 0


if __name__ == "__main__":
    sys.exit(main())
