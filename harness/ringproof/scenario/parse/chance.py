"""Readers for a story that is played many times: `calls: 300`, and `over: first`, what must hold over all calls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ringproof.core.problem import ReadingError, told
from ringproof.scenario.model.scenario import FALSE_ALARM, Over
from ringproof.scenario.parse.participants import Participants
from ringproof.scenario.syntax.tree import Value
from ringproof.scenario.syntax.values import table_of, text_of, unknown_name
from ringproof.scenario.syntax.verbs import Sentence

MOST_CALLS = 1000
"""The most calls of one story: a phone process, and the time that a user has to wait, were tried with this many."""
_LEAST_CALLS = 2
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
MOST_SHARE = 9999
_SHARE = re.compile(r"[1-9][0-9]{0,3}")
RATE = re.compile(r"(?:0?\.[0-9]{1,15}|[0-9](?:\.[0-9]{1,6})?[eE]-[0-9]{1,2})")
RAREST, MOST_OFTEN = 1e-12, 0.01


def read_calls(value: Value) -> int:
    """Return the number of calls that `calls:` gives. Raises ReadingError."""
    text = text_of(value, "`calls`", "how many times the story is told, such as 300")
    if not _NUMBER.fullmatch(text.text) or not _LEAST_CALLS <= int(text.text) <= MOST_CALLS:
        raise ReadingError(
            text.source,
            f"`calls`: {told(text.text)} is no number from {_LEAST_CALLS} to {MOST_CALLS:,}",
            "write how many times the story is told, such as 300",
        )
    return int(text.text)


def read_over(sentence: Sentence, participants: Participants) -> Over:
    """Read `over: first` with its modifiers `shares: {101: 2, 102: 1}`, `independent: false`, `false alarm: 1e-6`."""
    name = text_of(sentence.value, "`over`", "a choice made above, such as first")
    if name.text not in participants.choices:
        raise unknown_name(name, participants.choices, "nothing above is chosen as", "the choices are")
    phones = participants.choices[name.text]
    shares, independent, rate = (sentence.modifier(key) for key in ("shares", "independent", "false alarm"))
    weights = dict.fromkeys(phones, 1) if shares is None else _shares(shares, name.text, phones)
    return Over(
        source=sentence.verb.source,
        choice=name.text,
        shares={phone: weight / sum(weights.values()) for phone, weight in weights.items()},
        independent=independent is None or _truth(independent),
        false_alarm=FALSE_ALARM if rate is None else _false_alarm(rate),
    )


def _shares(value: Value, name: str, phones: Sequence[str]) -> Mapping[str, int]:
    example = f"`{{{', '.join(f'{phone}: 1' for phone in phones)}}}`"
    table = table_of(value, "`shares`", example)
    weights: dict[str, int] = {}
    for written in table.entries.values():
        if written.key.text not in phones:
            raise unknown_name(written.key, phones, f"{told(name)} cannot mean", "it means one of")
        text = text_of(written.value, "`shares`", "a whole number, such as 1")
        if not _SHARE.fullmatch(text.text):
            raise ReadingError(
                text.source, f"{told(text.text)} is no whole number from 1 to {MOST_SHARE:,}", f"write {example}"
            )
        weights[written.key.text] = int(text.text)
    missing = [phone for phone in phones if phone not in weights]
    if missing:
        raise ReadingError(table.source, f"`shares` leaves out {missing[0]}", f"write {example}")
    return weights


def _truth(value: Value) -> bool:
    text = text_of(value, "`independent`", "true or false")
    if text.text not in ("true", "false"):
        raise ReadingError(
            text.source, f"`independent`: {told(text.text)} is neither true nor false", "write one of them"
        )
    return text.text == "true"


def _false_alarm(value: Value) -> float:
    text = text_of(value, "`false alarm`", "a probability, such as 1e-6")
    if not RATE.fullmatch(text.text) or not RAREST <= float(text.text) <= MOST_OFTEN:
        raise ReadingError(
            text.source,
            f"`false alarm`: {told(text.text)} is no probability from {RAREST:g} to {MOST_OFTEN:g}",
            "write 1e-6: of a million runs on a PBX that chooses rightly, one is red",
        )
    return float(text.text)
