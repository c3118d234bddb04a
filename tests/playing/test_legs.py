"""The legs of a progressive group tell one another what has happened; nothing that is told is lost, whoever is slow."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing.conductor import conduct
from ringproof.scenario.reading import read_scenarios

from playing.conftest import events_of, on_a_clock, rendered_otherwise

STORIES = {story.name: story for story in read_scenarios(Path("scenarios/progressive.ring.yaml")).scenarios}
SLOW = ("exten => wait,1,Set(", "exten => wait,1,Wait(0.3)\n same => n,Set(")
"""Whoever is told is told before he waits."""
BLIND = ('" = "yes"]?told,1)', '" = "never"]?told,1)')
"""Who comes to wait does not look whether he was told already."""

pytestmark = pytest.mark.pbx


def found(
    monkeypatch: pytest.MonkeyPatch, environment: RunEnvironment, folder: Path, name: str, *changes: tuple[str, str]
) -> set[str]:
    """Play one story on a PBX whose dialplan was changed, and return the kinds of its findings."""

    def change(folder: Path) -> None:
        file = folder / "extensions.conf"
        text = file.read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        file.write_text(text, "utf-8")

    rendered_otherwise(monkeypatch, change)
    on_a_clock(conduct(STORIES[name], environment, folder, FASTEST))
    return {finding.kind for finding in judge(STORIES[name], observe(STORIES[name], events_of(folder)))}


def test_who_is_told_before_he_waits_has_been_told(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn, and a refusal, that come before anybody waits for them."""
    assert found(monkeypatch, environment, tmp_path, "the first refuses 486 at once", SLOW) == set()


def test_who_does_not_look_waits_in_vain(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story is one that sees it: the first member's turn has come and gone."""
    kinds = found(monkeypatch, environment, tmp_path, "the first refuses 486 at once", SLOW, BLIND)
    assert {"refusal-missing", "ring-late"} <= kinds
