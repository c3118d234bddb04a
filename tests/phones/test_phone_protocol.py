"""What goes over a phone's channel arrives as it was meant."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.phones import protocol as say

_KINDS = [
    kind for base in (say.Verb, say.CallVerb, say.Message) for kind in base.__subclasses__() if kind is not say.CallVerb
]
_VALUES = {"int": st.integers(), "str": st.text(), "bool": st.booleans(), "int | None": st.none() | st.integers()}
_VALUES["str | None"] = st.none() | st.text()


def _fields(kind: type[say.Said]) -> dict[str, st.SearchStrategy[object]]:
    types = {
        name: hint for base in reversed(kind.__mro__) for name, hint in getattr(base, "__annotations__", {}).items()
    }
    return {name: _VALUES[hint] for name, hint in types.items() if name != "_fields"}


_SAID = st.one_of(*(st.builds(kind, **_fields(kind)) for kind in _KINDS))


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


def test_what_was_said_is_frozen_and_complete() -> None:
    """No field can be changed, left out or invented; defaults are filled in."""
    key = say.KeySent(at_ns=1, call_id="a", digit="5")
    with pytest.raises(AttributeError, match="frozen"):
        key.digit = "6"  # type: ignore[misc]
    with pytest.raises(TypeError, match="KeySent has the fields"):
        say.KeySent(at_ns=1, call_id="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="KeySent has the fields"):
        say.KeySent(at_ns=1, call_id="a", digit="5", code=1)  # type: ignore[call-arg]
    assert say.Call(target="sip:a").shows is None
    assert repr(key) == "KeySent(at_ns=1, call_id='a', digit='5')"
    assert len({key, say.KeySent(at_ns=1, call_id="a", digit="5")}) == 1


@pytest.mark.parametrize(("code", "refusal"), [(399, False), (400, True), (486, True), (699, True), (700, False)])
def test_refusals_are_400_to_699(code: int, refusal: bool) -> None:  # noqa: FBT001
    """A redirection is no refusal."""
    assert say.is_refusal(code) is refusal
