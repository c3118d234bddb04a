"""Read the choices that the PBX made from the observation: which phone each name stands for.

The story that is judged then has no choices. A choice cannot be read where nobody rang, or another phone did. It is
then replaced by words (`one of 101 and 102`). No phone has such a name, so what is expected there becomes a finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from ringproof.core.spelling import enumerate_words
from ringproof.judge.waves import comparable
from ringproof.observe.model import CallerView, Observation
from ringproof.scenario.model.scenario import (
    Answer,
    CallerGets,
    CallerHears,
    Expectation,
    Forwarded,
    Lost,
    Missed,
    Nobody,
    Over,
    PicksUpByItself,
    Refused,
    Ring,
    Scenario,
    Shows,
    Talk,
    Unseen,
)


def settle(scenario: Scenario, observation: Observation) -> Scenario:
    """Return `scenario` with every choice replaced by the phone that was chosen in this play."""
    if not scenario.has_choices:
        return scenario
    return replace(scenario, expect=_read(scenario, observation)[0])


def chosen(scenario: Scenario, observation: Observation) -> Mapping[str, str]:
    """Return the chosen phone by the name of the choice; words (`one of 101 and 102`) where it cannot be read."""
    return _read(scenario, observation)[1]


def _read(scenario: Scenario, observation: Observation) -> tuple[dict[str, tuple[Expectation, ...]], Mapping[str, str]]:
    chosen: dict[str, str] = {}
    settled: dict[str, tuple[Expectation, ...]] = {}
    for caller, listed in scenario.expect.items():
        rings = [entry for entry in listed if isinstance(entry, Ring)]
        observed = iter(comparable(scenario, observation, observation.callers[caller], rings))
        waves: dict[int, Expectation] = {}
        for ring in rings:
            wave = next(observed, None)
            waves[id(ring)] = _settled(ring, wave.phones if wave is not None else frozenset(), chosen)
        answers = _answered(listed, observation.callers[caller], chosen)
        known = {**waves, **answers}
        settled[caller] = tuple(known.get(id(entry)) or _renamed(entry, chosen) for entry in listed)
    return settled, chosen


def _settled(ring: Ring, phones: frozenset[str], chosen: dict[str, str]) -> Ring:
    """Return a wave with its choices replaced by phones; record in `chosen` which phone it chose."""
    known = replace(ring, phones=_known(ring.phones, chosen), again=_known(ring.again, chosen))
    if not ring.one_of:
        return known
    taken = {chosen[name] for name in ring.excluded}
    able = [phone for phone in ring.one_of if phone not in taken]
    phone = next(iter(phones)) if len(phones) == 1 and phones <= set(able) else f"one of {enumerate_words(able)}"
    if ring.name:
        chosen[ring.name] = phone
    return replace(known, phones=(phone,), one_of=(), excluded=())


def _answered(listed: tuple[Expectation, ...], view: CallerView, chosen: dict[str, str]) -> dict[int, Expectation]:
    """Return answers with their choices replaced by phones, by `id` of their entry; record in `chosen` who answered."""
    settled: dict[int, Expectation] = {}
    observed = iter(view.answers)
    for entry in listed:
        if not isinstance(entry, Answer):
            continue
        phone, _ = next(observed, ("", None))
        if entry.one_of:
            got = phone if phone in entry.one_of else f"one of {enumerate_words(entry.one_of)}"
            if entry.name:
                chosen[entry.name] = got
            settled[id(entry)] = replace(entry, phone=got)
    return settled


def _renamed(entry: Expectation, chosen: Mapping[str, str]) -> Expectation:
    renamed = entry
    match entry:
        case Answer(phone=phone) | Talk(phone=phone):
            renamed = replace(entry, phone=chosen.get(phone, phone))
        case Unseen(phones=phones, times=times) | Missed(phones=phones, times=times):
            counted = {chosen.get(phone, phone): count for phone, count in times.items()}
            renamed = replace(entry, phones=_known(phones, chosen), times=counted)
        case Lost(phones=phones):
            renamed = replace(entry, phones=_known(phones, chosen))
        case Refused(codes=codes):
            renamed = replace(entry, codes={chosen.get(phone, phone): each for phone, each in codes.items()})
        case Forwarded(targets=targets):
            renamed = replace(entry, targets={chosen.get(phone, phone): to for phone, to in targets.items()})
        case CallerGets(ended_by=by):
            renamed = entry if by is None else replace(entry, ended_by=chosen.get(by, by))
        case Shows(phones=shown, diverted=diverted):
            renamed = replace(
                entry,
                phones={chosen.get(phone, phone): each for phone, each in shown.items()},
                diverted={chosen.get(phone, phone): each for phone, each in diverted.items()},
            )
        case PicksUpByItself(phones=phones):
            renamed = replace(entry, phones=_known(phones, chosen))
        case Ring() | Nobody() | CallerHears() | Over():
            renamed = entry
        case _:
            assert_never(entry)
    return renamed


def _known(phones: tuple[str, ...], chosen: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(chosen.get(phone, phone) for phone in phones)
