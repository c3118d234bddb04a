"""Events survive their JSON form."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.clock.clock import PbxEpoch
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import Event, QuietOver
from ringproof.events.record import HEADER, KINDS, from_json, read_record, to_json
from ringproof.playing.recorder import Recorder


@given(st.sampled_from(list(KINDS.values())).flatmap(st.from_type))
def test_round_trip(event: Event) -> None:
    """Whatever is written is read back, times to the millisecond."""
    written = to_json(event)
    assert to_json(from_json(written)) == written
    assert type(from_json(written)) is type(event)


@pytest.mark.parametrize("line", ["", "[]", "{}", '{"event": "Nonsense", "at": 1}', '{"event": "QuietOver"}'])
def test_anything_else_is_refused(line: str) -> None:
    """A record that was cut off is told as such."""
    with pytest.raises(ValueError, match=r"no event of Ringproof|Expecting"):
        from_json(line)


QUIET = QuietOver(at=PbxSeconds(1.0), watched=PbxSeconds(5.0))


def test_a_record_begins_with_its_version(tmp_path: Path) -> None:
    """Before the first event, and also where there is none; one that says no version is of the first."""
    recorder = Recorder(tmp_path / "events.ndjson")
    recorder.begin(PbxEpoch(0.0))
    recorder.record(QUIET)
    recorder.close()
    text = (tmp_path / "events.ndjson").read_text("utf-8")
    assert text.splitlines() == ['{"format": 1}', to_json(QUIET)]
    assert read_record(text) == read_record(to_json(QUIET)) == [QUIET]
    assert read_record(f"{HEADER}\n") == read_record("") == []


def test_a_record_of_another_version_is_refused() -> None:
    """What a later Ringproof means by its events is not guessed."""
    with pytest.raises(ValueError, match=r"^this record is of version 2; this Ringproof reads 1$"):
        read_record('{"format": 2}\n' + to_json(QUIET))


def test_the_version_stands_in_the_first_line_alone() -> None:
    """Two records in one file are none."""
    with pytest.raises(ValueError, match="no event of Ringproof"):
        read_record(f"{HEADER}\n{HEADER}\n")
