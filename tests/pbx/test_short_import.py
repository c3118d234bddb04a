"""`from ringproof.pbx import AsteriskContainer`, as tests of one's own begin."""

from __future__ import annotations

import subprocess
import sys


def test_the_short_import_is_light() -> None:
    """It needs nothing of phones, scenarios' files and reports, and is not what `ringproof.pbx` itself costs."""
    program = """
import sys
import ringproof.pbx
assert "docker" not in sys.modules
from ringproof.pbx import Ami, AsteriskContainer, AsteriskEndedError, AsteriskReady, ManagerError
heavy = {"pjsua2", "pydantic", "yaml", "jinja2", "dpkt", "dns", "rich", "typer"}
heavy |= {"ringproof.playing", "ringproof.phones"}
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
try:
    from ringproof.pbx import Nonsense
except ImportError:
    pass
else:
    raise AssertionError
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
