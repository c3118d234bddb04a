"""The record of a play: events are written to `events.ndjson` as they happen, with times from the story's start."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ringproof.clock.clock import PbxEpoch
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import Event
from ringproof.events.record import HEADER, to_json


class Recorder:
    """Takes events whose `at` is a PbxEpoch, and writes them with times counted from the story's start.

    Events that come before the start is known are kept back until then.
    """

    def __init__(self, path: Path) -> None:
        """Write to `path`, which is emptied; its first line has the version of the format."""
        self._file = path.open("w", encoding="utf-8")
        self._file.write(f"{HEADER}\n")
        self._origin: PbxEpoch | None = None
        self._before: list[Event] = []

    def begin(self, origin: PbxEpoch) -> None:
        """Set the moment that counts as 0; further calls do nothing."""
        if self._origin is not None:
            return
        self._origin = origin
        before, self._before = self._before, []
        for event in before:
            self.record(event)

    def forget(self) -> None:
        """Drop what was kept back so far: preparation is not part of the story."""
        self._before.clear()

    def record(self, event: Event) -> None:
        """Append one event; its `at` is a PbxEpoch."""
        if self._origin is None:
            self._before.append(event)
            return
        story = dataclasses.replace(event, at=PbxSeconds(event.at - self._origin))
        self._file.write(to_json(story) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Write what is still kept back, if the story never began, and close the file."""
        if self._origin is None and self._before:
            self.begin(PbxEpoch(self._before[-1].at))
        self._file.close()
