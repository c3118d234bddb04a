"""Asterisk's complaints in a play's evidence: each text once, with its number."""

from __future__ import annotations

from pathlib import Path

from ringproof.report.complaints import complaints, complaints_in
from ringproof.report.result import Complaint

HEAD = "[2026-11-28 02:34:26.073]"
BOOT = f"""\
{HEAD} ERROR[22] loader.c: cdr_csv declined to load.
{HEAD} VERBOSE[22] asterisk.c: Asterisk Ready.
"""
STORY = f"""\
{HEAD} WARNING[62][C-00000001] app_dial.c: Unable to forward PJSIP/101-00000001
{HEAD} WARNING[63][C-00000002] app_dial.c: Unable to forward PJSIP/101-0000000a
{HEAD} WARNING[63][C-00000002] app_dial.c: Unable to forward PJSIP/102-0000000b
"""


def evidence(folder: Path, log: str) -> Path:
    """Write a log where a play has it."""
    (folder / "pbx").mkdir()
    (folder / "pbx" / "full.log").write_text(log, encoding="utf-8")
    return folder


def test_each_text_once(tmp_path: Path) -> None:
    """Channels are numbered anew in every call: that makes no other text."""
    assert complaints_in(evidence(tmp_path, BOOT + STORY), ("*csv*",)) == (
        Complaint("loader.c: cdr_csv declined to load.", "ERROR", "boot", 1, ("*csv*",)),
        Complaint("app_dial.c: Unable to forward PJSIP/101-00000001", "WARNING", "story", 2),
        Complaint("app_dial.c: Unable to forward PJSIP/102-0000000b", "WARNING", "story", 1),
    )


def test_only_complaints_at_boot_are_allowed(tmp_path: Path) -> None:
    """A green tells the others, whatever the pattern."""
    assert [each.allowed for each in complaints_in(evidence(tmp_path, BOOT + STORY), ("*",))] == [("*",), (), ()]


def test_a_red_names_those_of_the_story_first(tmp_path: Path) -> None:
    """They are more likely its reason, and only a few are named."""
    told = complaints(evidence(tmp_path, BOOT + STORY))
    assert told[0] == "Asterisk says: app_dial.c: Unable to forward PJSIP/101-00000001"
    assert told[-1] == "Asterisk says more: see pbx/full.log in the evidence"


def test_without_a_log_nothing_is_told(tmp_path: Path) -> None:
    """Nor is a link followed, which a container may have made."""
    assert complaints_in(None) == ()
    assert complaints_in(tmp_path) == ()
    (tmp_path / "other").write_text(BOOT)
    (tmp_path / "pbx").mkdir()
    (tmp_path / "pbx" / "full.log").symlink_to(tmp_path / "other")
    assert complaints_in(tmp_path) == ()
    assert complaints(tmp_path) == []
