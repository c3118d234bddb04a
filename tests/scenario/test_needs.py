"""`needs:`: which Asterisk is new enough, by its own word; one for a file, another for a scenario of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.core.needs import Needs
from ringproof.core.source import Source
from ringproof.scenario.reading import read_scenarios

SOURCE = Source("a.ring.yaml", 1, 1)
STORY = """
    when: [{call: anna}]
    expect: [{nobody: answers}]
"""


@pytest.mark.parametrize(
    ("needed", "version", "met"),
    [
        ("22", "22.10.1+dfsg+~cs6.17.60671434-1", True),
        ("22", "16.28.0~dfsg-0+deb11u4", False),
        ("16", "16.28.0~dfsg-0+deb11u4", True),
        ("16.28", "16.28.0", True),
        ("16.29", "16.28.0", False),
        ("16.9", "16.28.0", True),
        ("18.9", "certified/18.9-cert5", True),
        ("18.10", "certified/18.9-cert5", False),
        ("22.10.2", "22.10.1", False),
        ("22", "GIT-22-0a1b2c3", True),
        ("20.17", "GIT-22-0a1b2c3", True),
        ("23.1", "GIT-22-0a1b2c3", False),
    ],
)
def test_at_least_this_version(needed: str, version: str, met: bool) -> None:  # noqa: FBT001 - a row of a table
    """Numbers are compared, part by part; what else a version says does not matter."""
    assert Needs(needed, "", SOURCE).met_by(version) is met


@pytest.mark.parametrize(
    ("needed", "version"), [("22.1", "GIT-22-0a1b2c3"), ("22", "UNKNOWN__and_probably_unsupported"), ("22", "")]
)
def test_a_version_that_does_not_tell_is_not_guessed(needed: str, version: str) -> None:
    """Neither met nor unmet."""
    with pytest.raises(ValueError, match=f"the PBX says that it is Asterisk {version!r}: is that {needed}, which is"):
        Needs(needed, "", SOURCE).met_by(version)


def test_for_a_file_and_for_a_scenario(tmp_path: Path) -> None:
    """A scenario's own stands in the place of the file's; a number is text in quotes or not."""
    office = Path(__file__).parent / "small-office.yaml"
    file = tmp_path / "a.ring.yaml"
    file.write_text(
        f"pbx: {office}\n"
        'callers:\n  anna: {from: "+74951234567", to: "84950000001"}\n'
        "needs: {asterisk: 20, because: an older one has no AudioSocket}\n"
        f"scenarios:\n  as the file says:{STORY}"
        f"  as it says itself:{STORY}    needs: {{asterisk: 22.10, because: ' its own reason '}}\n"
    )
    read = read_scenarios(file)
    assert read.problems == ()
    shared, own = (scenario.needs for scenario in read.scenarios)
    assert shared == Needs("20", "an older one has no AudioSocket", Source(str(file), 4, 8))
    assert own is not None
    assert (own.asterisk, own.because, own.source.line) == ("22.10", "its own reason", 12)
