"""Checks of an office as a whole: everything that is named exists, and no call can loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ringproof.core.duration import PbxSeconds
from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.core.spelling import nearest, suggest
from ringproof.scenario.model.hours import overlap
from ringproof.scenario.model.office import (
    BundledSound,
    Destination,
    Office,
    OwnSound,
    Progressive,
    Prompt,
    ToExtension,
    ToGroup,
    ToMenu,
)
from ringproof.scenario.model.sounds import core_sounds, why_unplayable
from ringproof.scenario.parse.office import place_of
from ringproof.scenario.syntax.tree import Table

Path_ = tuple[str | int, ...]
_LEAST = PbxSeconds(1.0)
_LEAST_DIGIT = PbxSeconds(0.1)


def check_office(office: Office, root: Table, folder: Path, complaints: Complaints) -> tuple[Path, ...]:
    """Add what is wrong with an office of the right shape; return the sound files that were checked."""
    for path, destination in _destinations(office):
        with complaints:
            _exists(office, root, path, destination)
    for name, group in office.groups.items():
        _members(office, root, name, group.members, complaints)
        _long_enough(root, ("groups", name, "ring_time"), group.ring_time, _LEAST, complaints)
        if isinstance(group, Progressive) and group.keep == "true" and group.refusers is not None:
            complaints.add(
                ReadingError(
                    place_of(root, ("groups", name, "refusers")),
                    f"the group `{name}` keeps, so nobody is rung anew and `refusers` says nothing",
                    "delete it, or write `keep: false`",
                )
            )
    _long_enough(root, ("extension_ring_time",), office.extension_ring_time, _LEAST, complaints)
    for name, menu in office.menus.items():
        _long_enough(root, ("menus", name, "silence", "after"), menu.silence.after, _LEAST, complaints)
        _long_enough(root, ("menus", name, "digit_timeout"), menu.digit_timeout, _LEAST_DIGIT, complaints)
        if menu.direct_dialling and menu.keys and "digit_timeout" not in menu.model_fields_set:
            complaints.add(
                ReadingError(
                    place_of(root, ("menus", name, "direct_dialling")),
                    f"the menu `{name}` has keys and direct dialling, and does not say when a key acts",
                    "add `digit_timeout: 2s`: how long the PBX waits for the second digit of an extension",
                )
            )
    if office.hours is not None and (twice := overlap(office.hours.open)) is not None:
        complaints.add(
            ReadingError(
                place_of(root, ("hours", "open", twice)),
                f"`{twice}` is open twice at the same time",
                "write spans that do not overlap",
            )
        )
    if not complaints:
        with complaints:
            _no_loop(office, root)
    return _sounds(office, root, folder, complaints)


def _destinations(office: Office) -> Iterator[tuple[Path_, Destination]]:
    for name, group in office.groups.items():
        for key, destination in group.destinations.items():
            yield ("groups", name, key), destination
    yield ("extension_destination",), office.extension_destination
    for name, menu in office.menus.items():
        for key, destination in menu.keys.items():
            yield ("menus", name, "keys", key), destination
        yield ("menus", name, "wrong_key", "destination"), menu.wrong_key.destination
        yield ("menus", name, "silence", "destination"), menu.silence.destination
    if office.hours is not None:
        yield ("hours", "closed"), office.hours.closed
    for number, destination in office.trunk.numbers.items():
        yield ("trunk", "numbers", number), destination


def _exists(office: Office, root: Table, path: Path_, destination: Destination) -> None:
    match destination:
        case ToExtension(extension=name):
            kind, known = "extension", list(office.extensions)
        case ToGroup(group=name):
            kind, known = "group", list(office.groups)
        case ToMenu(menu=name):
            kind, known = "menu", list(office.menus)
        case _:
            return
    if name not in known:
        raise ReadingError(
            place_of(root, (*path, kind)),
            f"there is no {kind} {told(name)} in this office",
            suggest(name, known, f"its {kind}s are") if known else f"describe it under `{kind}s:`",
        )


def _members(office: Office, root: Table, name: str, members: tuple[str, ...], complaints: Complaints) -> None:
    for number, member in enumerate(members):
        place = place_of(root, ("groups", name, "members", number))
        if member not in office.extensions:
            complaints.add(
                ReadingError(
                    place,
                    f"the member {told(member)} is no extension of this office",
                    suggest(member, office.extensions, "its extensions are"),
                )
            )
        elif member in members[:number]:
            complaints.add(
                ReadingError(place, f"{told(member)} is a member of the group `{name}` twice", "delete one of the two")
            )


def _long_enough(root: Table, path: Path_, time: PbxSeconds, least: PbxSeconds, complaints: Complaints) -> None:
    if time < least:
        shown = "1s" if least == _LEAST else "100ms"
        complaints.add(
            ReadingError(place_of(root, path), f"`{path[-1]}` is shorter than {shown}", f"write at least {shown}")
        )


def _no_loop(office: Office, root: Table) -> None:
    """Raise ReadingError for a loop of groups and extensions: with no phone free the PBX would run in it at full speed.

    A loop through a menu is usual and allowed, because the caller decides there.
    """
    ways: dict[str, list[tuple[Path_, Destination]]] = {
        f"group `{name}`": [(("groups", name, key), destination) for key, destination in group.destinations.items()]
        for name, group in office.groups.items()
    }
    ways["dialled extension"] = [(("extension_destination",), office.extension_destination)]
    for start in ways:
        circle = _find_loop(ways, (start,))
        if circle is not None:
            seen, path = circle
            itself = (
                "comes to it again" if len(seen) == 1 else f"comes back to it through the {', the '.join(seen[1:])}"
            )
            raise ReadingError(
                place_of(root, path),
                f"a call that the {start} does not answer {itself} and never ends",
                "let one of them lead to a menu or hang up",
            )


def _find_loop(
    ways: Mapping[str, list[tuple[Path_, Destination]]], seen: tuple[str, ...]
) -> tuple[tuple[str, ...], Path_] | None:
    """Return the stops of a loop back to the first of `seen`, and the path of its last destination, or None."""
    for path, destination in ways[seen[-1]]:
        following = _stop(destination)
        if following == seen[0]:
            return seen, path
        if following in ways and following not in seen:
            found = _find_loop(ways, (*seen, following))
            if found is not None:
                return found
    return None


def _stop(destination: Destination) -> str:
    match destination:
        case ToGroup(group=name):
            return f"group `{name}`"
        case ToExtension():
            return "dialled extension"
        case _:
            return ""


def _sounds(office: Office, root: Table, folder: Path, complaints: Complaints) -> tuple[Path, ...]:
    looked: list[Path] = []
    prompts: list[tuple[Path_, Prompt | None]] = []
    for name, menu in office.menus.items():
        prompts.append((("menus", name, "greeting"), menu.greeting))
        prompts.append((("menus", name, "wrong_key", "prompt"), menu.wrong_key.prompt))
    for path, prompt in prompts:
        if isinstance(prompt, BundledSound) and prompt.sound not in core_sounds():
            near = nearest(prompt.sound, sorted(core_sounds()))
            known = f"did you mean `{near}`?" if near else "ringproof/scenario/model/core-sounds.txt has their names;"
            name = prompt.sound.rpartition("/")[2]
            complaints.add(
                ReadingError(
                    place_of(root, (*path, "sound")),
                    f"there is no {told(prompt.sound)} among the sounds of the image",
                    f"{known} a sound of your own is written `wav: {name}.wav`",
                )
            )
        if isinstance(prompt, OwnSound):
            file = folder / prompt.wav
            looked.append(file)
            reason = why_unplayable(file)
            if reason is not None:
                complaints.add(
                    ReadingError(place_of(root, (*path, "wav")), f"{told(prompt.wav)}: {reason.sentence}", reason.fix)
                )
    return tuple(looked)
