"""Find the way of a caller's call through the dialplan from Asterisk's log of each step, and the lines of its steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ringproof.containers.evidence import is_evidence, read_evidence
from ringproof.events.model import CallerPlaced, LegBelongs
from ringproof.events.record import read_record
from ringproof.report.complaints import LOG
from ringproof.scenario.model.office import Office
from ringproof.scenario.model.scenario import Scenario

DIALPLAN = Path("pbx") / "conf" / "extensions.conf"
"""The dialplan that was played, inside a scenario's evidence folder."""
EVENTS = "events.ndjson"
RINGS = frozenset({"dial", "retrydial", "queue", "followme", "page"})
"""The applications that ring phones, in lower case."""
MOST = 60
"""The most characters of an application's data that are reported."""
_STEP = re.compile(
    r"\[[^\]]+\] VERBOSE\[\d+\](?:\[C-\w+\])? pbx\.c: Executing "
    r"\[(?P<exten>[^\]]*)@(?P<context>[^@:\]]+):(?P<priority>\d+)\] "
    r'(?P<application>\w+)\("(?P<channel>[^"]*)", "(?P<data>.*)"\) in new stack'
)
_LINE = re.compile(
    r"\s*(?:exten\s*=>?\s*(?P<exten>[^,]+),\s*(?P<priority>\w+)|same\s*=>?\s*(?P<same>\w+))\s*(?:\([^)]*\))?\s*,",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"(PJSIP/[^/&,]+)/sips?:[^&,]*")
_CONTEXT = re.compile(r"\[(?P<name>[^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Step:
    """One priority of the dialplan, as it was executed."""

    exten: str
    context: str
    priority: int
    application: str
    data: str

    @property
    def told(self) -> str:
        """The step as text: `Dial(PJSIP/101,20)`, without the address at which a phone is dialled."""
        data = _CONTACT.sub(r"\1", self.data)
        data = data if len(data) <= MOST else f"{data[: MOST - 1]}…"
        return f"{self.application}({data})"


@dataclass(slots=True)
class _Station:
    """A part of the dialplan on the way of a call."""

    words: str
    rang: list[Step] = field(default_factory=list)
    """The steps that rang phones there."""


def route_hint(scenario: Scenario, caller: str, evidence: Path | None) -> str:
    """Return `84950000001 > menu main > key 2 > group support: Dial(PJSIP/101,20) at pbx/conf/extensions.conf:31`.

    It is the way of the call, with each application that rang phones, or else with the last step. It is empty where the
    evidence does not show the way: Asterisk's log is missing, or the call did not reach the dialplan.
    """
    if evidence is None:
        return ""
    channel = _channel_of(caller, evidence)
    steps = list(_steps(channel, evidence)) if channel else []
    if not steps:
        return ""
    stations = _way(steps, scenario.office)
    if not any(station.rang for station in stations):
        stations[-1].rang.append(steps[-1])
    while not stations[-1].rang:
        del stations[-1]
    return " > ".join(_told(station, evidence) for station in stations)


def _told(station: _Station, evidence: Path) -> str:
    """Return `group support: Dial(PJSIP/101,20) at pbx/conf/extensions.conf:31`; each place once, by its first step."""
    places: dict[str, str] = {}
    for step in station.rang:
        line = _line_of(step, evidence)
        place = f"{DIALPLAN}:{line}" if line else f"{step.exten}@{step.context}:{step.priority}"
        places.setdefault(place, step.told)
    rang = ", ".join(f"{told} at {place}" for place, told in places.items())
    return f"{station.words}: {rang}" if rang else station.words


def _channel_of(caller: str, evidence: Path) -> str:
    """Return the channel of the last call that the caller placed; empty where the PBX made none."""
    if not is_evidence(evidence / EVENTS):
        return ""
    events = read_record(read_evidence(evidence / EVENTS))
    placed = [event.call_id for event in events if isinstance(event, CallerPlaced) and event.caller == caller]
    legs = {event.call_id: event.channel for event in events if isinstance(event, LegBelongs)}
    return legs.get(placed[-1], "") if placed else ""


def _steps(channel: str, evidence: Path) -> Iterator[Step]:
    if not is_evidence(evidence / LOG):
        return
    for line in read_evidence(evidence / LOG).splitlines():
        if (found := _STEP.match(line)) and found["channel"] == channel:
            yield Step(found["exten"], found["context"], int(found["priority"]), found["application"], found["data"])


def _way(steps: Iterable[Step], office: Office) -> list[_Station]:
    """Return the stations of the call, in the words of the office where it has any, without subroutines.

    What a subroutine rang is reported where the subroutine was called.
    """
    way: list[_Station] = []
    calls: list[int] = []
    before: Step | None = None
    for step in steps:
        here = (step.context, step.exten)
        went_on = before is not None and here == (before.context, before.exten)
        if before is not None and before.application.lower() == "gosubif" and went_on:
            calls.pop()  # the condition was false: no subroutine was called
        elif before is not None and before.application.lower() == "return" and calls:
            called = calls.pop()
            way[called - 1].rang += [rang for station in way[called:] for rang in station.rang]
            del way[called:]
        elif not went_on:
            words = _words(step, before, office)
            if not way or way[-1].words != words:
                way.append(_Station(words))
        if step.application.lower() in RINGS:
            way[-1].rang.append(step)
        if step.application.lower() in {"gosub", "gosubif"}:
            calls.append(len(way))
        before = step
    return way


def _words(step: Step, before: Step | None, office: Office) -> str:
    kind, _, name = step.context.partition("-")
    group = office.groups.get(name) if kind == "group" else None
    if group is not None and step.exten == "s":
        return f"group {name} ({group.strategy})"
    if kind == "menu" and name in office.menus:
        inside = before is not None and before.context == step.context
        return f"key {step.exten}" if inside and step.exten.isdigit() else f"menu {name}"
    if step.context == "extensions" and step.exten in office.extensions:
        return f"extension {step.exten}"
    if before is None or before.context == step.context:
        return step.exten
    return step.context if step.exten == "s" else f"{step.exten}@{step.context}"


def _line_of(wanted: Step, evidence: Path) -> int:
    """Return the line of a step in the dialplan's own file; 0 if it is in another file, or belongs to a pattern."""
    try:
        lines = (evidence / DIALPLAN).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    context = exten = ""
    priority = 0
    for number, line in enumerate(lines, start=1):
        if begun := _CONTEXT.match(line):
            context, exten = begun["name"], ""
        elif found := _LINE.match(line):
            exten = (found["exten"] or exten).strip()
            written = found["priority"] or found["same"]
            priority = int(written) if written.isdigit() else priority + (written == "n")
            if (context, exten, priority) == (wanted.context, wanted.exten, wanted.priority):
                return number
    return 0
