"""Find a Python that fits, then take the steps: `python3 -m ringproof.setup STEP...`.

This file (with the two `__init__.py` above it) is kept parseable by every Python 3, so that one that does not
fit is refused in one sentence, and not by a SyntaxError or by a page of output from pip.
"""

import os
import subprocess
import sys
from typing import Optional, Tuple

FITTING = ((3, 11), (3, 12), (3, 13), (3, 14))
NAMES = (
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3",
    "/usr/bin/python3.14",
    "/usr/bin/python3.13",
    "/usr/bin/python3.12",
    "/usr/bin/python3.11",
    "/usr/bin/python3",
)
NEEDED = "Ringproof needs Python 3.11 to 3.14 (requirements.lock is for these)"


def version_of(command: str) -> Optional[Tuple[int, int]]:
    """Return the (major, minor) of a Python command, None where no such command runs."""
    try:
        answer = subprocess.check_output(
            [command, "-c", "import sys; print(*sys.version_info[:2])"], stderr=subprocess.DEVNULL
        )
        major, minor = answer.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def fitting_python(wanted: Optional[str], running: Tuple[int, int]) -> Tuple[Optional[str], str]:
    """Return the command of a Python that fits, or None and a sentence that says what to do.

    `wanted` is RINGPROOF_PYTHON or None, `running` the version of the Python that runs this.
    """
    if wanted:
        found = version_of(wanted)
        if found in FITTING:
            return wanted, ""
        what = "does not run" if found is None else "is Python {}.{}".format(*found)
        return None, ("RINGPROOF_PYTHON={} {}, and {}: name another one, or unset it.".format(wanted, what, NEEDED))
    if running in FITTING:
        return sys.executable, ""
    for name in NAMES:
        if version_of(name) in FITTING:
            return name, ""
    sentence = (
        "python3 is Python {}.{}, and {}: install one of them, or name one with RINGPROOF_PYTHON=/path/to/python3.13."
    )
    return None, sentence.format(running[0], running[1], NEEDED)


def main() -> int:
    """Take the steps, or have another Python that fits take them, or report that there is none."""
    wanted = os.environ.pop("RINGPROOF_PYTHON", None)
    command, sentence = fitting_python(wanted, sys.version_info[:2])
    if command is None:
        sys.stderr.write("setup: " + sentence + "\n")
        return 3
    if wanted:
        os.environ["RINGPROOF_PYTHON_NAMED"] = "1"  # so that a .venv of another Python is made anew
    if wanted or command != sys.executable:
        return subprocess.call([command, "-m", "ringproof.setup", *sys.argv[1:]])
    from ringproof.setup.steps import take  # noqa: PLC0415 (this import needs the Python that was just checked)

    return take(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
