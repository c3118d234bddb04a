"""`make test`: all tests in two runs of pytest. Most wait for a PBX, and run side by side; some need the machine alone.

Both runs are made, also where the first one is red, unless `-x` is given. What is given on the command line goes to
both. The exit code is pytest's, of the first run that is not green.
"""

import os
import subprocess
import sys

import pytest

AT_ONCE = 2 * len(os.sched_getaffinity(0))
"""Two processes a core: a test that plays waits half of its time."""
RUNS = (
    ("side by side", ["-n", str(AT_ONCE), "--dist", "worksteal", "-m", "not alone"]),
    ("alone", ["-m", "alone"]),
)


def main(arguments: list[str]) -> int:
    """Make both runs; no test at all is an error, as it is for pytest."""
    codes = []
    for name, options in RUNS:
        sys.stdout.write(f"=== tests that run {name}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "pytest", "tests", *options, *arguments]
        codes.append(subprocess.run(command, check=False).returncode)
        if codes[-1] not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} and "-x" in arguments:
            break
    played = [code for code in codes if code != pytest.ExitCode.NO_TESTS_COLLECTED]
    return next((code for code in played if code), pytest.ExitCode.OK if played else pytest.ExitCode.NO_TESTS_COLLECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
