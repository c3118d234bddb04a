"""The Python step: make `.venv` with exactly the packages of requirements.lock, and Ringproof itself, editable."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from ringproof.setup import apt
from ringproof.setup.output import SetupError, run, say, step

STAMP = "ringproof-setup"
LOG = "ringproof-setup.log"


@dataclass(frozen=True)
class Stamp:
    """What a complete `.venv` was made of: a hash of the locked packages, one of our own, and the Python."""

    locked: str
    own: str
    python: str

    @classmethod
    def wanted(cls, checkout: Path) -> Stamp:
        """Return the stamp that `.venv` should have; of pyproject.toml only the tables that pip reads count."""
        locked = hashlib.sha256((checkout / "requirements.lock").read_bytes() + str(checkout).encode())
        project = tomllib.loads((checkout / "pyproject.toml").read_text())
        own = hashlib.sha256((checkout / "harness" / "ringproof" / "__init__.py").read_bytes())
        own.update(repr([project["build-system"], project["project"], project["tool"]["hatch"]]).encode())
        python = os.path.realpath(sys.executable)  # the base Python, where this .venv is active
        return cls(locked.hexdigest(), own.hexdigest(), python)

    @classmethod
    def found(cls, place: Path) -> Stamp | None:
        """Return the stamp that `.venv` has, None where it has none or its Python is gone."""
        try:
            locked, own, python = (place / STAMP).read_text().splitlines()
        except (FileNotFoundError, ValueError):
            return None
        return cls(locked, own, python) if (place / "bin" / "python").exists() else None

    def write(self, place: Path) -> None:
        """Write the stamp, which marks `.venv` as complete."""
        (place / STAMP).write_text(f"{self.locked}\n{self.own}\n{self.python}\n")


def ensure(checkout: Path) -> None:
    """Make `.venv` match the lock. The stamp is written last, so that an incomplete `.venv` is made again.

    A `.venv` whose Python still works is kept, whichever Python runs this, unless RINGPROOF_PYTHON names another.
    """
    place = checkout / ".venv"
    wanted, found = Stamp.wanted(checkout), Stamp.found(place)
    if found == wanted:
        return
    another_python = (
        bool(os.environ.get("RINGPROOF_PYTHON_NAMED")) and found is not None and found.python != wanted.python
    )
    if found is None or found.locked != wanted.locked or another_python:
        make(place, checkout, wanted.python, old=found is not None)
    elif found.own == wanted.own:
        return
    else:
        wanted = replace(wanted, python=found.python)
    (place / STAMP).unlink(missing_ok=True)
    with step("installing ringproof itself, editable"):
        pip(place, ["install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(checkout)])
    wanted.write(place)


def make(place: Path, checkout: Path, python: str, *, old: bool) -> None:
    """Make `.venv` anew with the locked packages."""
    ensure_venv_module()
    if place.exists():
        why = "is for another requirements.lock, Python or place" if old else "is not complete"
        say(f".venv {why}: making it anew")
        shutil.rmtree(place)
    version = ".".join(str(part) for part in sys.version_info[:3])
    with step(f"making .venv with Python {version} ({python})"):
        place.mkdir()
        run(
            [python, "-m", "venv", str(place)],
            place / LOG,
            "`python3 -m venv .venv` failed, see below:",
        )
    with step("installing requirements.lock with pip"):
        pip(place, ["install", "--require-hashes", "--requirement", str(checkout / "requirements.lock")])


def ensure_venv_module() -> None:
    """Install what a bare Debian's python3 lacks: ensurepip, and the certificates that pip trusts."""
    missing = []
    if not has_ensurepip():
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        default = subprocess.run(
            ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        missing.append("python3-venv" if default.stdout.strip() == version else f"python{version}-venv")
    if shutil.which("apt-get") and not apt.CA_BUNDLE.exists():
        missing.append("ca-certificates")
    if missing:
        apt.install(missing, "Python packages cannot be installed yet: python3 came without what pip needs")
    if not has_ensurepip():
        raise SetupError(
            f"{sys.executable} has no ensurepip, so it cannot make a .venv: "
            "install it, or name another Python 3.11 to 3.14 with RINGPROOF_PYTHON."
        )


def has_ensurepip() -> bool:
    """Return whether this Python can make a venv with pip in it. It is tested anew, since apt may just have run."""
    asked = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return asked.returncode == 0


def pip(place: Path, arguments: list[str]) -> None:
    """Run the venv's pip with its output in the venv's log."""
    run(
        [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments],
        place / LOG,
        "pip failed (see below; does it reach its index, `pip config list`?); mend that, then run this again:",
    )
