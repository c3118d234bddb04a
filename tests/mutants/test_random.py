"""A handful of slips at random on the real PBX; `make mutants` tries 200."""

from __future__ import annotations

from pathlib import Path
from pprint import pformat

import pytest
from ringproof.containers.run import open_run

from .coverage import Coverage
from .players import AT_ONCE, IMAGE, players
from .report import line
from .stories import stories_of
from .trial import choose, mutations, try_all

BEGIN = "from-trunk"
HANDFUL = 4


@pytest.mark.pbx
def test_a_handful_of_slips_is_noticed(tmp_path: Path) -> None:
    """Where calls begin, by the stories of one number alone."""
    with open_run(IMAGE) as environment, players(environment, tmp_path / "out") as opened:
        coverage = Coverage(stories_of("extension"), tmp_path / "offices")
        assert coverage.play(opened, tmp_path / "coverage.json") == {}
        begins = [each for each in choose(coverage.dialplans, 9999, "1") if each.slip.place.context == BEGIN]
        run = [each for each in mutations(begins, coverage) if coverage.stories_through(each.office, each.slip)]
        chosen = run[:HANDFUL]
        tried = [*try_all(chosen, coverage, opened, tmp_path, AT_ONCE)]
        again = Coverage(stories_of("extension"), tmp_path / "again")
        assert again.play(opened, tmp_path / "coverage.json") == {}
    told = {line(coverage, each.mutation): each.verdict for each in tried}
    assert len(told) == HANDFUL
    assert sorted(told.values()) in (["killed"] * HANDFUL, ["equivalent", *["killed"] * (HANDFUL - 1)]), pformat(told)
    assert again.ran == coverage.ran
