"""One thing that two plays of one scenario did differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "calls",  # the story was played more often in one play
    "call",  # the caller placed the call in one play only
    "keys-pressed",
    "keys-heard",  # by the PBX
    "key-moment",  # the caller's last action, or another one, came earlier or later after the call
    "ring-count",  # a phone rang more often
    "ring-order",  # two phones began to ring in the other order
    "ring-start",
    "ring-length",
    "ring-ending",  # answered, lost, refused with a code, cancelled
    "ring-aloud",  # invited, but without 18x
    "ring-missed",  # the phone shows a missed call in one play only
    "ring-shows",  # the phone shows another caller
    "ring-command",  # the phone is commanded to pick up by itself or to hold, in one play only or by another header
    "answers",  # other phones answered, or in another order
    "answer-moment",
    "heard",  # other tones came in at one end of a talk
    "caller-hears",  # ringback, music, silence... in another order
    "prompts",  # the PBX plays other files, or in another language
    "parted",  # other phones lost their talk
    "company",  # others of another call were in a bridge with the caller
    "caller-code",
    "caller-connected",  # the caller got 200 earlier, later, or in one play only
    "caller-ended-by",
    "caller-end",  # the caller's call ended earlier or later
    "commands",  # phones are commanded to pick up or to hold outside the dialogs of rings
    "stray-rings",  # rings that were no caller's call
    "late-rings",  # rings after the story was over
    "late-legs",  # legs that outlived their caller's call
    "dropped",  # calls that phones were on when the story began, and that ended or could not begin
    "trunk-legs",  # calls that left the office
    "dial-failures",
    "failed-steps",
    "registrations",
    "crash",
    "endless-call",
    "led-elsewhere",  # a phone or caller was sent to an address outside the run
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference: `what` names the thing, `left` and `right` what the two plays saw of it, `labels` the plays."""

    kind: Kind
    what: str
    left: str
    right: str
    labels: tuple[str, str]
    caller: str | None = None
    """The caller whose call it is; None: it is of no particular call."""

    @property
    def sentence(self) -> str:
        """The text for people: `102's ring begins: 20.1 s after anna's last action at speed 1, ... at speed 500`."""
        return f"{self.what}: {self.left} {self.labels[0]}, {self.right} {self.labels[1]}"
