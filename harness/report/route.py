"""Where a caller's number and keys lead, by the office, and where that stands in the PBX's own configuration."""

from __future__ import annotations

from pathlib import Path

from harness.scenario.office import Destination, Group, Menu, Office, ToExtension, ToGroup, ToMenu
from harness.scenario.story import Press, Scenario

DIALPLAN = Path("pbx") / "conf" / "extensions.conf"
"""The rendered dialplan inside a scenario's evidence folder."""


def route_hint(scenario: Scenario, caller: str, evidence: Path | None) -> str:
    """Return `84950000001 > menu main > key 2 > group support (progressive), dialled at pbx/conf/extensions.conf:31`.

    This is the way that the office states, not one that was watched: keys are followed as far as they mean one thing.
    The place is left out where the evidence holds no such dialplan. Empty for a number that the office does not have.
    """
    dials = scenario.callers[caller].dials
    here: Destination | None = scenario.office.trunk.numbers.get(dials)
    if here is None:
        return ""
    steps = [dials, _words(here, scenario.office)]
    for press in (step for step in scenario.when if isinstance(step, Press) and step.caller == caller):
        menu = scenario.office.menus.get(here.menu) if isinstance(here, ToMenu) else None
        onward = _after(press.digits, menu, scenario.office) if menu is not None else None
        if onward is None:
            continue
        here = onward
        steps += [f"key {press.digits}", _words(here, scenario.office)]
    return " > ".join(steps) + _place(here, evidence)


def _after(digits: str, menu: Menu, office: Office) -> Destination | None:
    if digits in menu.keys:
        return menu.keys[digits]
    if menu.direct_dialling and digits in office.extensions:
        return ToExtension(extension=digits)
    return None


def _words(destination: Destination, office: Office) -> str:
    if isinstance(destination, ToGroup):
        group: Group | None = office.groups.get(destination.group)
        return f"group {destination.group}" + (f" ({group.strategy})" if group is not None else "")
    if isinstance(destination, ToMenu):
        return f"menu {destination.menu}"
    if isinstance(destination, ToExtension):
        return f"extension {destination.extension}"
    return f"hang up ({destination.hang_up})"


def _place(destination: Destination, evidence: Path | None) -> str:
    """Return where the destination stands in the rendered dialplan: its first Dial, else its first line."""
    if evidence is None or not (evidence / DIALPLAN).is_file():
        return ""
    context, begin = _context_of(destination)
    inside = found = False
    place = ""
    for number, line in enumerate((evidence / DIALPLAN).read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("["):
            inside = line.startswith(f"[{context}]")
            found = False
        found = found or (inside and line.startswith(begin))
        if found and not place:
            place = f", at {DIALPLAN}:{number}"
        if found and "Dial(" in line and not line.lstrip().startswith(";"):
            return f", dialled at {DIALPLAN}:{number}"
    return place


def _context_of(destination: Destination) -> tuple[str, str]:
    """Return the context of a destination, and how the line begins at which it starts there."""
    if isinstance(destination, ToGroup):
        return f"group-{destination.group}", "["
    if isinstance(destination, ToMenu):
        return f"menu-{destination.menu}", "["
    if isinstance(destination, ToExtension):
        return "extensions", f"exten => {destination.extension},"
    return "from-trunk", "["
