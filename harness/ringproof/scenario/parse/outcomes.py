"""Reader of `expect:` as a whole: the expectations of each caller, with one reading for each outcome that is right.

`either:` in a list makes a reading for each of its lists. `together:` makes one for each way in which its lists can be
given to the callers. Checks and judges always get one reading: a list for each caller, without alternatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations, product
from math import factorial, prod

from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.scenario.model.scenario import Expectation, Ring
from ringproof.scenario.parse.expectations import EXPECTATION, read_expectation
from ringproof.scenario.parse.participants import Participants
from ringproof.scenario.syntax.tree import Listing, Table, Text, Value
from ringproof.scenario.syntax.values import entry, items_of
from ringproof.scenario.syntax.verbs import take_apart

MOST = 24
"""The most readings of one scenario: each is judged, and an author cannot keep track of more."""
TOGETHER = "together"
WHOEVER = "caller"
"""The word for the caller in a list of `together`: `talk: [caller, 101]`."""
_LIST = "`- ring: [101]`, one expectation a line"
_EITHER = "`either:` and below it two lists or more, each with a `- ` of its own"
_FEWEST = 2

Listed = tuple[Expectation, ...]
Reading = Mapping[str, Listed]
"""The expectations by caller's name, in order: a choice can be named in the lists after its own."""


def read_expectations(
    value: Value, name: Text, participants: Participants, complaints: Complaints
) -> tuple[Reading, ...]:
    """Return the readings of `expect:` of the scenario `name`, each with the expectations of all callers that call."""
    before = len(complaints)
    together = (
        entry(value.entries, TOGETHER) if isinstance(value, Table) and TOGETHER not in participants.callers else None
    )
    if isinstance(value, Table) and together is not None:
        return _together(value, together, participants, complaints)
    found: dict[str, tuple[Listed, ...]] = {}
    if isinstance(value, Table):
        for written in value.entries.values():
            with complaints:
                caller = _whose(written.key, participants)
                found[caller] = _alternatives(written.value, written.key.text, caller, participants, complaints)
    elif len(participants.calling) > 1:
        raise ReadingError(
            value.source,
            f"{' and '.join(participants.calling)} call, and `expect` does not say whose call is meant",
            f"write `{participants.calling[0]}:` and below it the list of what is expected of that call, then the "
            "others",
        )
    else:
        found = {
            caller: _alternatives(value, name.text, caller, participants, complaints) for caller in participants.calling
        }
    for caller in participants.calling:
        if caller not in found and len(complaints) == before:
            complaints.add(
                ReadingError(
                    value.source if isinstance(value, Table) else name.source,
                    f"there is no expectation for {caller}, so this can never fail",
                    f"add `{caller}:` under `expect:`; `- nobody: rings` is one, too",
                )
            )
    _not_too_many(value, prod(map(len, found.values())))
    return tuple(dict(zip(found, lists, strict=True)) for lists in product(*found.values()))


def check_names(reading: Reading, complaints: Complaints) -> None:
    """Add the names that two choices of one reading share: two lists of one `either` may, lines after it may not."""
    named: dict[str, Ring] = {}
    for each in (each for listed in reading.values() for each in listed if isinstance(each, Ring) and each.name):
        first = named.setdefault(each.name, each)
        if first is not each:
            complaints.add(
                ReadingError(
                    each.source,
                    f"{told(each.name)} is chosen already",
                    "give each choice a name of its own",
                    first.source,
                )
            )


def _together(table: Table, value: Value, participants: Participants, complaints: Complaints) -> tuple[Reading, ...]:
    """Return a reading for each way in which the lists can be given to the callers."""
    if len(table.entries) > 1:
        other = next(written.key for key, written in table.entries.items() if key != TOGETHER)
        raise ReadingError(
            other.source,
            f"`{TOGETHER}` says what is expected of all callers, and {told(other.text)} stands beside it",
            f"keep `{TOGETHER}`, or a list for each caller",
        )
    items = items_of(value, f"`{TOGETHER}`", f"`{TOGETHER}:` and below it a list for each call, each with its `- `")
    callers = len(participants.calling)
    if callers < _FEWEST:
        raise ReadingError(
            value.source, f"`{TOGETHER}` is for several callers, and one calls", "write the list itself below `expect:`"
        )
    if len(items) != callers:
        raise ReadingError(
            value.source,
            f"`{TOGETHER}` has {len(items)} list{'s' * (len(items) != 1)}, and {callers} callers call",
            "write one for each call",
        )
    lists = [
        _alternatives(item, f"call {number} of {TOGETHER}", WHOEVER, participants, complaints)
        for number, item in enumerate(items, start=1)
    ]
    _not_too_many(value, factorial(callers) * prod(map(len, lists)))
    return tuple(
        dict(zip(order, chosen, strict=True))
        for order in permutations(participants.calling)
        for chosen in product(*lists)
    )


def _not_too_many(value: Value, number: int) -> None:
    if number > MOST:
        raise ReadingError(
            value.source,
            f"this can be read in {number} ways, and at most {MOST} are judged",
            "write fewer lists, or make several scenarios of it",
        )


def _whose(key: Text, participants: Participants) -> str:
    if key.text in EXPECTATION.verbs and key.text not in participants.callers:
        raise ReadingError(
            key.source, f"`{key.text}` is not in a list", "begin each expectation with `- `: `expect:` is a list"
        )
    caller = participants.caller(key)
    if (
        caller not in participants.calling and not participants.strangers
    ):  # with strangers the mistake is in a `call` step, and reported there
        raise ReadingError(key.source, f"{caller} never calls in this scenario", f"add the step `- call: {caller}`")
    return caller


def _alternatives(
    value: Value, name: str, caller: str, participants: Participants, complaints: Complaints
) -> tuple[Listed, ...]:
    """Read a list of expectations of a caller's call; return one list for each combination of its `either` lists."""
    items = items_of(value, "`expect`", _LIST)
    if not items:
        raise ReadingError(value.source, f"nothing is expected of {told(name)}, so it can never fail", f"write {_LIST}")
    parts: list[tuple[Listed, ...]] = []
    for item in items:
        with complaints:
            sentence = take_apart(item, EXPECTATION)
            if sentence.verb.text != "either":
                parts.append(((read_expectation(sentence, caller, participants),),))
                continue
            lists = _either(sentence.value, caller, participants, complaints)
            _not_too_many(sentence.value, prod(map(len, parts)) * len(lists))
            parts.append(lists)
    return tuple(_joined(chosen) for chosen in product(*parts))


def _either(value: Value, caller: str, participants: Participants, complaints: Complaints) -> tuple[Listed, ...]:
    """Read the lists of an `either`; a choice that is named in one of them is known only in that list."""
    lists = items_of(value, "`either`", _EITHER)
    if len(lists) < _FEWEST or not all(isinstance(each, Listing) and each.items for each in lists):
        raise ReadingError(value.source, "`either` has no two lists of expectations", f"write {_EITHER}")
    known = dict(participants.choices)
    found: list[Listed] = []
    for each in lists:
        found += _alternatives(each, "either", caller, participants, complaints)
        participants.choices.clear()
        participants.choices.update(known)
    return tuple(found)


def _joined(parts: Iterable[Sequence[Expectation]]) -> Listed:
    return tuple(each for part in parts for each in part)
