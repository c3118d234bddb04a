"""One difference between what was expected and what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ringproof.core.source import Source

Kind = Literal[
    "ring-missing",  # expected phones of a wave never joined
    "ring-unexpected",  # a phone rang that no expectation names
    "ring-instead",  # another phone rang in the place of the expected one
    "ring-too-long",
    "ring-too-short",
    "ring-early",  # the first wave began before its time
    "ring-late",
    "ring-again",  # a fresh INVITE inside what should be one unbroken ring
    "ring-not-again",  # an expected fresh INVITE did not come
    "ring-twice",  # a second INVITE at a phone that still rang for the same caller
    "ring-unnamed",  # too short for a wave and not named
    "ring-stray",  # belongs to no caller's call
    "ring-after-end",  # began after the story was over
    "silence-missing",  # `ring: []` expected, and a phone rang, or no silence came
    "refusal-missing",
    "refusal-unexpected",
    "refusal-code",
    "refusal-late",  # invited and refused in the middle of a wave, where no phone is due to be dialled
    "forward-missing",
    "forward-unexpected",
    "forward-elsewhere",  # to another number
    "unseen-missing",  # a silent phone was not dialled
    "unseen-unexpected",
    "answer-missing",
    "answer-unexpected",
    "answer-instead",
    "answer-lost",  # a phone picked up, and did not get the call
    "lost-missing",  # expected to pick up and not to be connected; it did not pick up, or was connected
    "answer-not-by-pbx",  # the PBX was to answer before any phone, and did not
    "answer-by-pbx",  # the PBX answered the caller itself, before any phone did, where nothing in the story says so
    "talk-missing",  # phone and caller were never in one bridge
    "talk-too-short",
    "talk-unheard",  # one of them does not hear the other's own tone
    "talk-shared",  # somebody of another call was in one bridge with the caller
    "talk-broken",  # phone and caller were parted again, and nobody had hung up
    "talk-refused",  # a phone could not take the call that it was to be on when the story begins
    "talk-dropped",  # the PBX ended the call that a phone was on when the story began
    "missed-missing",
    "missed-unexpected",
    "missed-count",  # another number of missed calls than expected at a phone
    "caller-code",
    "caller-ended-by",
    "caller-ended-late",  # nobody rang any more, and the PBX held the call
    "leg-outlives-caller",  # a leg did not end within 1 s of the caller's hang-up
    "dial-nowhere",  # a Dial to an extension that does not exist
    "call-leaves",  # a call that leaves the office: by the trunk, or to an address where no phone of ours lives
    "hears-other",  # the caller hears something other than what is written
    "hears-nothing",  # the caller hears nothing for too long, where no `caller hears` covers it
    "shows-other",  # a phone shows another number or name of the caller
    "command-missing",  # a phone was to be commanded to pick up by itself
    "command-unexpected",  # a phone is commanded to pick up by itself, or to hold its call
    "key-unheard",  # the PBX did not hear the digits that were sent
    "step-failed",  # nothing heard, the call was over before the step, or a key that the PBX did not offer to take
    "registration-refused",  # the PBX refused a REGISTER that it should accept
    "registration-lost",  # the PBX accepted a REGISTER, and does not have that contact any more
    "pbx-crashed",
    "call-endless",  # a call runs in a dialplan loop that never waits: PBX time would stand still
    "leads-elsewhere",  # a phone or caller is sent to an address outside the run, by a message of the PBX
    "choice-share",  # over many calls a phone was chosen too often, or too seldom
    "choice-order",  # over many calls a choice depended on the one before, or on the one a period of calls before
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference: a stable `kind`, a `sentence` for people, and the `caller` whose chart is drawn."""

    kind: Kind
    source: Source
    sentence: str
    caller: str | None = None
    call: int | None = None
    """The number of the call, from 1, in a story that is played many times; None: all of them, or the only one."""
    fix: str = ""
    """What to write where the PBX is right, or a further hint; empty: the sentence says all."""
    follows: bool = False
    """It may follow from an earlier finding of the same call: a phone that does not ring does not answer either."""
