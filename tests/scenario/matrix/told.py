"""One caller's call to a group, and what a scenario says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ringproof.scenario.model.office import Destination, Group
from ringproof.scenario.model.scenario import (
    Answer,
    Behaviour,
    Call,
    Expectation,
    Forwarded,
    Refused,
    Ring,
    Scenario,
    Unseen,
    extension_of,
)


@dataclass(frozen=True)
class Told:
    """What one scenario tells of one caller's call to a group."""

    scenario: Scenario
    caller: str
    group: Group
    words: Mapping[str, object]
    """What the file says of each phone, as it is written."""

    @property
    def is_plain(self) -> bool:
        """True where the group has none of the options."""
        options = {"free": "idle", "nobody_free": None, "all_refused": None, "after_refusal": "next"}
        said = {**options, **self.group.model_dump(include=set(options))}
        return said == options and getattr(self.group, "refusers", None) != "out"

    @property
    def is_alone(self) -> bool:
        """True where nobody else calls."""
        return len(self.scenario.callers) == 1

    @property
    def listed(self) -> tuple[Expectation, ...]:
        """What is expected of the call."""
        return self.scenario.expect[self.caller]

    @cached_property
    def waves(self) -> list[tuple[str, ...]]:
        """The phones of each wave; a choice by its name."""
        waves = [entry for entry in self.listed if isinstance(entry, Ring)]
        return [(wave.name or "one of them",) if wave.one_of else wave.phones for wave in waves]

    @cached_property
    def rung(self) -> list[str]:
        """Members, and choices among them, in the order in which they are rung."""
        choices = {entry.name or "one of them" for entry in self.listed if isinstance(entry, Ring) and entry.one_of}
        phones = dict.fromkeys(extension_of(phone) for wave in self.waves for phone in wave)
        return [phone for phone in phones if phone in choices or phone in self.group.members]

    @cached_property
    def answered(self) -> str | None:
        """Who answers."""
        answer = next((entry for entry in self.listed if isinstance(entry, Answer)), None)
        return None if answer is None else extension_of(answer.phone)

    @cached_property
    def members(self) -> dict[str, Behaviour]:
        """What the members do: those with one phone."""
        phones = self.scenario.phones
        return {member: phones[member] for member in self.group.members if member in phones}

    @cached_property
    def goes_on(self) -> Destination:
        """Where the call goes when no member answers: as the group says for nobody free, all refused, or else."""
        dialled = {*self.rung, *self.told(Refused), *self.told(Forwarded), *self.told(Unseen)} & set(self.group.members)
        if not dialled and self.group.nobody_free is not None:
            return self.group.nobody_free
        if dialled and dialled <= self.told(Refused) and self.group.all_refused is not None:
            return self.group.all_refused
        return self.group.destination

    def told(self, kind: type[Refused | Forwarded | Unseen]) -> set[str]:
        """Whom an expectation of this kind names."""
        named: set[str] = set()
        for entry in self.listed:
            if isinstance(entry, kind):
                named |= set(
                    entry.phones
                    if isinstance(entry, Unseen)
                    else entry.codes
                    if isinstance(entry, Refused)
                    else entry.targets
                )
        return named

    def some(self, kind: type[Behaviour]) -> list[str]:
        """The members that do this."""
        return [member for member, behaviour in self.members.items() if isinstance(behaviour, kind)]

    def call(self, caller: str) -> Call:
        """Return how a caller calls."""
        return next(step for step in self.scenario.when if isinstance(step, Call) and step.caller == caller)
