"""No exception of a callback is lost, and none reaches pjsua2."""

from __future__ import annotations

import traceback

from ringproof.phones.guard import guarded


class _Phone:
    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self) -> None:
        self.faults.append(traceback.format_exc())


class _Call:
    def __init__(self) -> None:
        self.phone = _Phone()
        self.states: list[str] = []

    @guarded
    def on_state(self, state: str) -> None:
        self.states.append(state)
        if state == "gone":
            raise RuntimeError("cannot be")


def test_a_callback_that_raises_is_reported_and_returns() -> None:
    """The report holds the traceback."""
    call = _Call()
    call.on_state("gone")
    assert len(call.phone.faults) == 1
    assert "RuntimeError: cannot be" in call.phone.faults[0]


def test_a_callback_that_returns_is_left_alone() -> None:
    """It gets its arguments, and nothing is reported."""
    call = _Call()
    call.on_state("ringing")
    assert call.states == ["ringing"]
    assert call.phone.faults == []
