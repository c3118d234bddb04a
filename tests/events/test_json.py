"""Events survive their JSON form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import KINDS, Event, from_json, to_json


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
