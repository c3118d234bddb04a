"""`make coverage`: which share of each package's lines and branches the tests run that need no PBX.

What only a play on a real PBX reaches counts as not run: the figures are a map of what the quick tests leave to those,
not a mark that has to be reached. Processes that the tests start are measured, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
SOURCE = PurePath("harness", "ringproof")
QUICK = "not pbx and not bare and not alone"
CONFIGURATION = """\
[run]
branch = true
source = {source}
data_file = {folder}/coverage
parallel = true
patch = subprocess
[report]
exclude_also =
    if TYPE_CHECKING:
"""
COUNTS = ("num_statements", "missing_lines", "num_branches", "missing_branches")


def by_package(report: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """Return the counts of coverage's JSON report for each package below ringproof; `ringproof` is what is in none."""
    found: dict[str, Counter[str]] = {}
    for name, file in sorted(report["files"].items()):
        inside = PurePath(name).relative_to(SOURCE)
        package = inside.parts[0] if len(inside.parts) > 1 else SOURCE.name
        found.setdefault(package, Counter()).update({count: file["summary"][count] for count in COUNTS})
    return found


def share(counts: Counter[str]) -> float:
    """Return the share of statements and branches that were run; 1 of a package that has none."""
    wanted = counts["num_statements"] + counts["num_branches"]
    return 1 - (counts["missing_lines"] + counts["missing_branches"]) / wanted if wanted else 1.0


def table(packages: Mapping[str, Counter[str]]) -> Table:
    """Return the figures, a row for each package and one for all."""
    made = Table("package", "statements", "not run", "branches", "not taken", "covered", box=None)
    for name, counts in [*packages.items(), ("all", sum(packages.values(), start=Counter[str]()))]:
        made.add_row(name, *(f"{counts[count]:,}" for count in COUNTS), f"{share(counts):.1%}")
    return made


def main(arguments: list[str]) -> int:
    """Run the tests, print the table; the exit code is pytest's."""
    with tempfile.TemporaryDirectory(prefix="ringproof-coverage-") as folder:
        settings, report = Path(folder, "coveragerc"), Path(folder, "report.json")
        settings.write_text(CONFIGURATION.format(source=ROOT / SOURCE, folder=folder), "utf-8")
        coverage = [sys.executable, "-m", "coverage"]
        tests = ["-m", "pytest", "-q", "-m", QUICK, *arguments]
        environment = os.environ | {"COVERAGE_RCFILE": str(settings)}
        code = subprocess.run([*coverage, "run", *tests], cwd=ROOT, check=False, env=environment).returncode
        for step in (["combine", "--quiet"], ["json", "--quiet", "-o", str(report)]):
            subprocess.run([*coverage, *step], cwd=ROOT, check=True, env=environment)
        Console().print(table(by_package(json.loads(report.read_text("utf-8")))))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
