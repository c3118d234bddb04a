"""A project with scenario files, and commands run in it as real processes on the rehearsal's play."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

OFFICE = """\
office: Small office
extensions:
  "101": {}
  "102": {}
extension_ring_time: 15s
extension_destination: {hang up: no answer}
trunk:
  numbers:
    "84950000005": {extension: "101"}
"""
HEAD = """\
pbx: office.yaml
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
"""


NEEDS = '    needs: {asterisk: "22", because: an older one has no signals}\n'
"""Behind a scenario: the rehearsal says that it is Asterisk 16."""


def scenario(name: str, *, rings: str = "101", answers: str = "101") -> str:
    """A scenario that is green in the rehearsal when 101 rings and answers."""
    return (
        f"  {name}:\n    phones:\n      {answers}: {{answers: 5s}}\n    when:\n      - call: anna\n    expect:\n"
        f"      - ring: [{rings}]\n        for: 5s\n      - answer: {answers}\n"
    )


def dated(name: str, clock: str) -> str:
    """The same with a `clock:`; the rehearsal is red on Saturdays where the name says `late on Saturdays`."""
    return scenario(name) + f"    clock: {clock}\n"


WEEKEND = dated("late on Saturdays", '{starts: "2026-11-27 10:00 Europe/Berlin", every: 1d, for: 3d}')
"""Friday, Saturday, Sunday."""


class Project:
    """A folder with an office and scenarios."""

    def __init__(self, folder: Path, compiled: Path) -> None:
        """Start with the office alone."""
        self.folder = folder
        self.compiled = compiled
        self.stage = folder / ".stage"
        self.stage.mkdir()
        (folder / "scenarios").mkdir()
        (folder / "scenarios" / "office.yaml").write_text(OFFICE)

    def write(self, name: str, *scenarios: str) -> Path:
        """Write a scenario file into scenarios/."""
        path = self.folder / "scenarios" / name
        path.parent.mkdir(exist_ok=True)
        head = HEAD if path.parent.name == "scenarios" else HEAD.replace("office.yaml", "../office.yaml")
        path.write_text(head + "".join(scenarios), encoding="utf-8")
        return path

    @property
    def environment(self) -> dict[str, str]:
        """Of the processes: the rehearsal, and nothing of the pytest that runs this test."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        here = Path(__file__).parent
        return kept | {
            "PYTHONPATH": f"{here / 'rehearsal'}{os.pathsep}{here.parents[1] / 'harness'}",
            "RINGPROOF_REHEARSAL": str(self.stage),
            "COLUMNS": "100",
            "PYTHONUTF8": "1",
            "PYTHONPYCACHEPREFIX": str(self.compiled),  # a hundred processes compile everything once
        }

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `ringproof ...`."""
        return [sys.executable, "-c", "from ringproof.cli import main; main()", *arguments]

    def pytest_command(self, *arguments: str) -> list[str]:
        """Return the command line of `pytest ...` with the plugin and xdist, as when they are installed."""
        no_noise = ["-W", "ignore:Module already imported"]  # the rehearsal has imported ringproof before pytest
        return [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "ringproof.pytest_plugin", *no_noise, *arguments]

    def ringproof(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `ringproof ...` in the project; `more` is added to the environment."""
        return self._run(self.command(*arguments), self.environment | more)

    def ringproof_in_a_terminal(self, columns: int, *arguments: str) -> str:
        """Run `ringproof ...` in a terminal of this width, and return what it shows."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {name: value for name, value in self.environment.items() if name != "COLUMNS"}
        with subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ):
            os.close(theirs)
            shown = bytearray()
            with contextlib.suppress(OSError):  # the last process has closed its end
                while part := os.read(ours, 65536):
                    shown += part
        os.close(ours)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", shown.decode())

    def python(self, file: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a Python file of the project."""
        return self._run([sys.executable, file, *arguments], self.environment)

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `pytest ...` in the project."""
        environment = self.environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return self._run(self.pytest_command(*arguments), environment)

    def _run(self, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    @property
    def results(self) -> dict[str, Any]:
        """Return what out/results.json says."""
        read: dict[str, Any] = json.loads((self.folder / "out" / "results.json").read_text(encoding="utf-8"))
        return read

    @property
    def outcomes(self) -> dict[str, str]:
        """Return name -> outcome of out/results.json."""
        return {entry["name"]: entry["outcome"] for entry in self.results["scenarios"]}

    @property
    def notes(self) -> list[str]:
        """Return what the rehearsal noted: opened, closed, tidied up."""
        notes = self.stage / "notes"
        return notes.read_text().splitlines() if notes.exists() else []

    @property
    def plays(self) -> list[str]:
        """Return every play that the rehearsal made: `name at speed`."""
        return (self.stage / "plays").read_text().splitlines()


def steady(text: str) -> str:
    """Return output without what differs from run to run: seconds of real time, hashes."""
    text = re.sub(r"\b\d+\.\d s(?= for \d+ s of PBX)", "N.N s", text)
    text = re.sub(r", \d+ times as fast", "", text)
    text = re.sub(r"^( *\d+/\d+ .*  )\d+\.\d s$", r"\1N.N s", text, flags=re.MULTILINE)
    text = re.sub(r"\d+\.\d s( +\d+\.\d s)$", r"N.N s\1", text, flags=re.MULTILINE)
    return re.sub(r"-[0-9a-f]{6,}(?=/)", "-HASH", text)
