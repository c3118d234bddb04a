"""`import ringproof`: quick, with the standard library alone, and complete when a name is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import ringproof

SOURCE = str(Path(ringproof.__file__).parents[1])
BARE = """
import sys
sys.path.insert(0, {source!r})
before = set(sys.modules)
import ringproof
news = set(sys.modules) - before
assert {{name.partition(".")[0] for name in news}} <= set(sys.stdlib_module_names) | {{"ringproof"}}, news
assert not [name for name in news if name.startswith("ringproof.")], news
assert set(ringproof.__all__) <= set(dir(ringproof))
import ringproof.setup.__main__
print(ringproof.__version__)
"""
SECONDS = 0.15
AT_MOST = """
import sys, time
sys.path.insert(0, {source!r})
times = []
for _ in range(5):
    begun = time.process_time()
    import ringproof
    times.append(time.process_time() - begun)
    del sys.modules["ringproof"]
assert min(times) < {seconds}, times
"""
BOTH = """
import sys
sys.path.insert(0, {source!r})
import ringproof.playing
from ringproof import play
assert callable(ringproof.play), ringproof.play
assert play is ringproof.play
"""


def run(program: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own."""
    command = [sys.executable, *flags, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_bare_python_imports_it() -> None:
    """No package is installed (-I -S): the set-up runs so, and only the standard library is imported."""
    done = run(BARE.format(source=SOURCE), "-I", "-S")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ringproof.__version__}\n", "")


def test_the_import_is_quick() -> None:
    """Processor time, so that a machine under load does not decide."""
    done = run(AT_MOST.format(source=SOURCE, seconds=SECONDS), "-I", "-S")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", sorted(set(ringproof.__all__) - {"__version__"}))
def test_each_name_is_there(name: str) -> None:
    """Each public name is imported when it is used, and has a docstring."""
    assert getattr(ringproof, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'ringproof' has no attribute 'plya'"):
        ringproof.plya  # noqa: B018 - it raises


def test_play_is_the_function_beside_the_package_of_that_name() -> None:
    """Whichever is imported first."""
    done = run(BOTH.format(source=SOURCE))
    assert (done.returncode, done.stderr) == (0, "")
