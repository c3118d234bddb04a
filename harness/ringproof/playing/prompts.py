"""Which files of sound the PBX played, by its log, and how long those are where a story names prompts."""

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
"""What Asterisk's log says of a file that it begins to play (ast_streamfile() in file.c)."""


def names_prompts(scenario: Scenario) -> bool:
    """Tell whether a line of the story says which files are to be played."""
    return any(
        isinstance(entry, CallerHears) and entry.prompts
        for expect in (scenario.expect, *scenario.otherwise)
        for listed in expect.values()
        for entry in listed
    )


def prompts_played(log: str, lengths: Mapping[SoundFile, PbxSeconds]) -> Iterator[PromptPlayed]:
    """Yield the files of which the log says that they were played, with their length where that is known."""
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
    """Return each file of which the log says that it was played."""
    return {file_of(found) for found in filter(None, map(PLAYING.match, log.splitlines()))}


def file_of(found: re.Match[str]) -> SoundFile:
    """Return the file of a line of the log."""
    return SoundFile(found["name"], found["format"] or "", found["language"])


def stamp_of(text: str) -> PbxSeconds:
    """Return the moment of a line of the log."""
    stamp = datetime.fromisoformat(text)
    return PbxSeconds((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp())
