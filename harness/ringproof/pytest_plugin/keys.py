"""Names that modules of this plugin and the command line share. They import nothing but pytest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ringproof.report.sink import ResultSink
    from ringproof.run.opening import Opening
    from ringproof.run.session import Run

ENDING = ".ring.yaml"
SHARED = "ringproof_shared"
"""Key of a worker's input: the folder through which it and the controlling process share files."""
OWNER = "ringproof_owner"
"""Key of a worker's input: the name of the controlling process, which owns that folder."""
OPENING: pytest.StashKey[Opening] = pytest.StashKey()
"""In the controlling process: its run, if the command line has begun to open it."""
EXPECTED: pytest.StashKey[int] = pytest.StashKey()
"""In the controlling process: how many results the command line expects, since it has read the files itself."""
SINKS: pytest.StashKey[Sequence[ResultSink]] = pytest.StashKey()
"""In the controlling process: what takes the results beside results.json."""
RUN: pytest.StashKey[Run] = pytest.StashKey()
"""In the controlling process: the run, once something is to be played or an invalid file is to be reported."""
