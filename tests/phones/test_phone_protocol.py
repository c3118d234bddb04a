"""What goes over a phone's channel arrives as it was meant."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.phones import protocol as say

_KINDS = [
    kind for base in (say.Verb, say.CallVerb, say.Message) for kind in base.__subclasses__() if kind is not say.CallVerb
]
# `...`: values of the field's type, also for fields that have a default
_SAID = st.one_of(*(st.builds(kind, **dict.fromkeys(kind.__dataclass_fields__, ...)) for kind in _KINDS))


@given(_SAID)
def test_every_verb_and_message_survives_the_channel(said: say.Verb | say.Message) -> None:
    """Whatever its texts hold, newlines included, it is one line and reads back equal."""
    line = say.to_line(said)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert say.from_line(line) == said


@given(st.dictionaries(st.sampled_from(["Answer", "Message", "_KINDS", "Quit"]), st.text(string.printable), max_size=2))
def test_what_is_no_line_of_the_channel_is_refused(other: dict[str, str]) -> None:
    """Neither an unknown class nor wrong fields pass for something said."""
    with pytest.raises(ValueError, match="no line of a phone's channel"):
        say.from_line(json.dumps(other).encode())


def test_half_a_line_is_refused() -> None:
    """A line cut by the end of a process is not taken for a message."""
    line = say.to_line(say.Confirmed(at_ns=1, call_id="a"))
    with pytest.raises(ValueError, match="no line"):
        say.from_line(line[:-3])


def test_a_message_of_equal_fields_but_another_kind_differs() -> None:
    """Kinds are told apart."""
    confirmed: say.Message = say.Confirmed(at_ns=1, call_id="a")
    assert confirmed != say.Heard(at_ns=1, call_id="a")


@pytest.mark.parametrize(("code", "refusal"), [(399, False), (400, True), (486, True), (699, True), (700, False)])
def test_refusals_are_400_to_699(code: int, refusal: bool) -> None:  # noqa: FBT001
    """A redirection is no refusal."""
    assert say.is_refusal(code) is refusal
