"""Judge what phones show of the caller, and what the PBX commands them to do by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ringproof.core.duration import format_duration
from ringproof.judge.expected import Expected
from ringproof.judge.finding import Finding
from ringproof.observe.model import CallerView, ObservedCommand, ObservedRing
from ringproof.scenario.model.scenario import PicksUpByItself, Scenario, Shows

_NUMBER = re.compile(r"[+0-9*#]+")


def judge_displays(expected: Expected, view: CallerView, scenario: Scenario, *, charted: bool) -> Iterator[Finding]:
    """Report displays other than those written, and commands that are missing or unexpected.

    `charted`: other phones rang than expected. That is a finding of its own, so a phone that never rang is none here.
    """
    for entry in expected.take(Shows):
        for phone, wanted in entry.phones.items():
            by = entry.diverted.get(phone, "")
            rings = [ring for ring in view.rings if ring.phone == phone]
            wrong = next((ring for ring in rings if not _is_shown(wanted, ring) or ring.diverted != by), None)
            if (rings and wrong is None) or (not rings and charted):
                continue
            did = f"at {format_duration(wrong.start)} it shows {_shown(wrong)}" if wrong else "it never rang"
            sentence = f"expected {phone} to show {wanted}{_diverted(by)}; {did}"
            fix = ""
            if wrong is not None and wrong.diverted and not by:
                fix = f'where that is right, write `{{{phone}: {{from: "{wanted}", diverted by: "{wrong.diverted}"}}}}`'
            yield Finding(kind="shows-other", source=entry.source, sentence=sentence, caller=view.caller, fix=fix)
    entries = expected.take(PicksUpByItself)
    named = {phone: entry.source for entry in entries for phone in entry.phones}
    commands = [command for ring in view.rings for command in ring.commands]
    commanded = {each.phone for each in commands if each.does == "pick up"}
    for phone, source in named.items():
        if phone not in commanded:
            sentence = f"expected the PBX to command {phone} to pick up by itself; it did not"
            yield Finding(kind="command-missing", source=source, sentence=sentence, caller=view.caller)
    for command in first_commands(commands):
        if command.does == "pick up" and command.phone in named:
            continue
        yield Finding(
            kind="command-unexpected",
            source=scenario.source,
            sentence=commanded_to(command),
            caller=view.caller,
            fix=f"where that is right, write `- picks up by itself: [{command.phone}]`"
            if command.does == "pick up"
            else "",
        )


def first_commands(commands: Iterable[ObservedCommand]) -> Iterator[ObservedCommand]:
    """Yield the first command to pick up and the first command to hold of each phone."""
    first = {(each.phone, each.does): each for each in sorted(commands, key=lambda each: each.at, reverse=True)}
    yield from (first[key] for key in sorted(first))


def commanded_to(command: ObservedCommand) -> str:
    """Return the sentence that reports a command to a phone."""
    does = "pick up by itself" if command.does == "pick up" else "hold its call"
    at = format_duration(command.at)
    return f"the PBX commands {command.phone} to {does}, at {at}: its {command.message} says `{command.header}`"


def _is_shown(wanted: str, ring: ObservedRing) -> bool:
    """Return whether a phone shows what is wanted: a number, a name, or `name <number>`.

    A wanted number must be the number itself, not a name that looks like it: a person who calls back dials the number.
    Many phones show the asserted number (RFC 3325) instead, so it must not differ from the wanted one.
    """
    if _NUMBER.fullmatch(wanted):
        return wanted == ring.shows and ring.asserted in {"", wanted}
    if wanted == ring.shows and any(map(_NUMBER.fullmatch, (ring.name, ring.asserted))):
        return False  # the number should be hidden, and stands in the name or is asserted
    return wanted in {ring.shows, ring.name, f"{ring.name} <{ring.shows}>"}


def _shown(ring: ObservedRing) -> str:
    asserted = f", and {ring.asserted} by P-Asserted-Identity or Remote-Party-ID" if ring.asserted else ""
    name = f"{ring.name} <{ring.shows}>" if ring.name and ring.name != ring.shows else ring.shows or "no number"
    return f"{name}{asserted}{_diverted(ring.diverted)}"


def _diverted(by: str) -> str:
    return f", diverted by {by}" if by else ""
