"""The table of `make coverage`."""

import io
from collections import Counter

from covered import by_package, share, table
from rich.console import Console


def file(statements: int, missing: int, branches: int = 0, untaken: int = 0) -> dict[str, dict[str, int]]:
    """Return what coverage's JSON says of a file."""
    return {
        "summary": {
            "num_statements": statements,
            "missing_lines": missing,
            "num_branches": branches,
            "missing_branches": untaken,
            "excluded_lines": 7,
        }
    }


REPORT = {
    "files": {
        "harness/ringproof/__init__.py": file(10, 10),
        "harness/ringproof/scenario/__init__.py": file(0, 0),
        "harness/ringproof/scenario/schema/words.py": file(30, 3, 10, 1),
        "harness/ringproof/scenario/model/scenario.py": file(50, 3, 10, 3),
    }
}


def test_a_package_has_all_files_below_it() -> None:
    """Also those of packages in it; a module that is in none stands under `ringproof`."""
    found = by_package(REPORT)
    assert found["scenario"] == Counter(num_statements=80, missing_lines=6, num_branches=20, missing_branches=4)
    assert {name: round(share(counts), 3) for name, counts in found.items()} == {"ringproof": 0.0, "scenario": 0.9}


def test_a_package_without_statements_is_covered() -> None:
    """Nothing of it was left out."""
    assert share(Counter()) == 1.0


def test_the_last_row_is_all() -> None:
    """The sum of the counts, and their share; not the mean of the shares."""
    out = io.StringIO()
    Console(file=out, width=100).print(table(by_package(REPORT)))
    assert out.getvalue().splitlines()[-1].split() == ["all", "90", "16", "20", "4", "81.8%"]
