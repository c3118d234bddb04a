"""Finds in the PBX's log which sound files it played, with their lengths where a story names prompts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from ringproof.core.duration import PbxSeconds
from ringproof.events.model import PromptPlayed
from ringproof.pbx.sound_files import SoundFile
from ringproof.scenario.model.scenario import CallerHears, Scenario

PLAYING = re.compile(
    r"^\[(?P<stamp>[^\]]+)\] VERBOSE\[.*\] file\.c: <(?P<channel>[^>]+)> "
    r"Playing '(?P<name>.+?)(?:\.(?P<format>\w+))?' \(language '(?P<language>[^']*)'\)$"
)
"""The line of Asterisk's log about a file that it begins to play (ast_streamfile() in file.c)."""


def names_prompts(scenario: Scenario) -> bool:
    """Return whether an expectation of the story names the files that are to be played."""
    return any(
        isinstance(entry, CallerHears) and entry.prompts
        for expect in (scenario.expect, *scenario.otherwise)
        for listed in expect.values()
        for entry in listed
    )


def prompts_played(log: str, lengths: Mapping[SoundFile, PbxSeconds]) -> Iterator[PromptPlayed]:
    """Yield the files that were played according to the log, with their lengths where those are known."""
    for found in filter(None, map(PLAYING.match, log.splitlines())):
        file = file_of(found)
        yield PromptPlayed(
            at=stamp_of(found["stamp"]),
            channel=found["channel"],
            name=file.name,
            language=file.language,
            length=lengths.get(file),
        )


def files_played(log: str) -> set[SoundFile]:
    """Return the files that were played according to the log."""
    return {file_of(found) for found in filter(None, map(PLAYING.match, log.splitlines()))}


def file_of(found: re.Match[str]) -> SoundFile:
    """Return the file that a line of the log names."""
    return SoundFile(found["name"], found["format"] or "", found["language"])


def stamp_of(text: str) -> PbxSeconds:
    """Return the time stamp of a line of the log as an epoch; without an offset it is UTC."""
    stamp = datetime.fromisoformat(text)
    return PbxSeconds((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp())
