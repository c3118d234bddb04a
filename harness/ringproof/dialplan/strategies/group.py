"""Define what the templates of all strategies get about a call group."""

from __future__ import annotations

from dataclasses import dataclass

from ringproof.dialplan import safety, wording
from ringproof.scenario.model.office import Group, Office


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWords:
    """A call group as the dialplan writes it; every text in here is safe in a .conf file."""

    name: str
    members: tuple[str, ...]
    members_in_words: str
    ring_time: str
    """Seconds, as Dial takes them."""
    ring_time_ms: str
    looked: str
    """`free` or `registered`: which members are rung."""
    destination: str
    """The application that sends the call on when nobody answered."""
    destination_in_words: str
    nobody_free: str
    """The application that sends the call on when nobody could be rung; empty: the same as `destination`."""
    all_refused: str
    """The application that sends the call on when everybody who was rung refused; empty: the same as `destination`."""

    @property
    def outcomes(self) -> bool:
        """True when it matters why nobody answered."""
        return bool(self.nobody_free or self.all_refused)

    @property
    def none(self) -> str:
        """The label to go to when nobody could be rung."""
        return "none" if self.nobody_free else "nobody"

    @classmethod
    def of(cls, name: str, group: Group, office: Office) -> GroupWords:
        """Return the words of a group of the office. Raises ValueError for what would break the dialplan."""
        if len(set(group.members)) < len(group.members):
            raise ValueError(f"The group {name!r} has a member twice; nobody can be rung twice at once.")
        return cls(
            name=safety.name(name, "The group"),
            members=tuple(safety.number(member, "The member") for member in group.members),
            members_in_words=", ".join(wording.extension_in_words(member, office) for member in group.members),
            ring_time=wording.seconds(group.ring_time),
            ring_time_ms=wording.milliseconds(group.ring_time),
            destination=wording.goto(group.destination),
            destination_in_words=wording.destination_in_words(group.destination, office),
            looked="free" if group.free == "idle" else "registered",
            nobody_free=wording.goto(group.nobody_free) if group.nobody_free else "",
            all_refused=wording.goto(group.all_refused) if group.all_refused else "",
        )
