"""What phones show of the caller, and whether the PBX commands them to pick up by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.judge.expected import Expected
from harness.judge.finding import Finding
from harness.observe.model import CallerView, ObservedRing
from harness.scenario.duration import format_duration
from harness.scenario.story import PicksUpByItself, Scenario, Shows

_NUMBER = re.compile(r"[+0-9*#]+")


def judge_displays(expected: Expected, view: CallerView, scenario: Scenario, *, charted: bool) -> Iterator[Finding]:
    """Tell what phones show that is not written, and which of them are commanded to pick up.

    `charted`: other phones rang than are expected, which is a finding of its own.
    """
    for entry in expected.take(Shows):
        for phone, wanted in entry.phones.items():
            rings = [ring for ring in view.rings if ring.phone == phone]
            wrong = next((ring for ring in rings if not _is_shown(wanted, ring)), None)
            if (rings and wrong is None) or (not rings and charted):
                continue
            did = f"at {format_duration(wrong.start)} it shows {_shown(wrong)}" if wrong else "it never rang"
            sentence = f"expected {phone} to show {wanted}; {did}"
            yield Finding(kind="shows-other", source=entry.source, sentence=sentence, caller=view.caller)
    entries = expected.take(PicksUpByItself)
    named = {phone: entry.source for entry in entries for phone in entry.phones}
    commanded = {ring.phone: ring for ring in reversed(view.rings) if ring.command}
    for phone, source in named.items():
        if phone not in commanded:
            sentence = f"expected the PBX to command {phone} to pick up by itself; no INVITE did"
            yield Finding(kind="command-missing", source=source, sentence=sentence, caller=view.caller)
    for phone, ring in sorted(commanded.items()):
        if phone not in named:
            sentence = (
                f"the PBX commands {phone} to pick up by itself, at {format_duration(ring.start)}: its INVITE says "
                f"`{ring.command}`"
            )
            fix = f"where that is right, write `- picks up by itself: [{phone}]`"
            yield Finding(
                kind="command-unexpected", source=scenario.source, sentence=sentence, caller=view.caller, fix=fix
            )


def _is_shown(wanted: str, ring: ObservedRing) -> bool:
    """A number is not shown by a name that looks like it: who calls back dials the number.

    Many phones show whom the PBX asserts (RFC 3325), if it does: that is no other number then.
    """
    if _NUMBER.fullmatch(wanted):
        return wanted == ring.shows and ring.asserted in {"", wanted}
    if wanted == ring.shows and any(map(_NUMBER.fullmatch, (ring.name, ring.asserted))):
        return False  # a number that is hidden stands in the place of the name, or is asserted
    return wanted in {ring.shows, ring.name, f"{ring.name} <{ring.shows}>"}


def _shown(ring: ObservedRing) -> str:
    asserted = f", and {ring.asserted} by P-Asserted-Identity or Remote-Party-ID" if ring.asserted else ""
    name = f"{ring.name} <{ring.shows}>" if ring.name and ring.name != ring.shows else ring.shows or "no number"
    return f"{name}{asserted}"
