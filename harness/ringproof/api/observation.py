"""Give a test what was observed in one play. It reads `ringproof.observe.model.Observation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ringproof.api.errors import HIDDEN, RingproofError
from ringproof.core.duration import format_duration
from ringproof.core.spelling import enumerate_words
from ringproof.report.chart import in_order
from ringproof.report.plain import plain_observation
from ringproof.report.timeline import timeline_text
from ringproof.scenario.model.scenario import SETTLE_WINDOW

if TYPE_CHECKING:
    from ringproof.observe.model import CallerView, ObservedRing
    from ringproof.observe.model import Observation as Model
    from ringproof.scenario.model.scenario import Scenario as Story

__tracebackhide__ = HIDDEN

SHOWN_WAVES = 6
"""How many waves of a call are in its one line, which a failed assert shows."""


@dataclass(frozen=True, slots=True)
class Wave:
    """A stretch of a call in which the set of ringing phones does not change; empty: none rings. In PBX seconds."""

    phones: frozenset[str]
    start: float
    end: float

    @property
    def lasts(self) -> float:
        """How long it lasts, in seconds."""
        return round(self.end - self.start, 3)

    def __repr__(self) -> str:
        """Write `101+102 for 15 s`."""
        who = "+".join(in_order(self.phones)) or "nobody"
        return f"{who} for {format_duration(self.lasts)}"


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring of a phone: one INVITE, from its arrival to its end. In seconds of PBX time from the first step."""

    phone: str
    start: float
    end: float
    ending: str
    """`answered`, `cancelled`, `refused`, `forwarded`, `lost` or `unseen`."""
    code: int | None = None
    """The SIP code of a refusal."""
    missed: bool = False
    """True if the phone shows a missed call."""
    shows: str = ""
    """The caller's number on the phone's display."""


class Call:
    """One caller's call."""

    def __init__(self, view: CallerView) -> None:
        """Read what was observed of the call."""
        self._view = view
        self.caller = view.caller
        self.rings: list[Ring] = [_ring(ring) for ring in view.rings]
        """All rings, in the order of their start, however short."""
        self.waves: list[Wave] = [Wave(wave.phones, round(wave.start, 3), round(wave.end, 3)) for wave in view.waves]
        """Which phones rang together, and for how long."""
        self.answered: list[str] = [phone for phone, _ in view.answers]
        """The phones that were connected with the caller, in order."""
        self.heard: list[str] = [sound.kind for sound in view.hears]
        """What the caller heard, in order: `ringing`, `music`, `busy`, `sound`, `silence` or `talk`."""
        self.prompts: list[str] = [prompt.name for prompt in view.prompts]
        """The sound files that the PBX played to the caller, in order."""

    @property
    def answered_by(self) -> str | None:
        """The phone that was connected with the caller first, or None."""
        return self.answered[0] if self.answered else None

    @property
    def missed(self) -> list[str]:
        """The phones that show a missed call, in order."""
        return in_order(ring.phone for ring in self.rings if ring.missed)

    @property
    def code(self) -> int | None:
        """The final SIP response that the caller got."""
        return self._view.code

    @property
    def ended_by(self) -> str | None:
        """`caller`, `pbx`, `harness` (Ringproof, at the end of the story), or the phone that hung up."""
        return self._view.ended_by

    @property
    def keys(self) -> str:
        """The keys that the PBX heard."""
        return self._view.keys

    def order(self) -> list[str]:
        """Return the phones in the order of their first ring; those of one moment, by number."""
        return _first_rings(self.rings)

    def rang(self, phone: str | int) -> bool:
        """Return whether a phone rang, however short."""
        return str(phone) in {ring.phone for ring in self.rings}

    @property
    def in_short(self) -> str:
        """Which phones rang, for how long, and which answered, in one line."""
        waves = ", ".join(map(repr, self.waves[:SHOWN_WAVES])) or "nobody rang"
        more = ", ..." if len(self.waves) > SHOWN_WAVES else ""
        end = f"answered by {self.answered_by}" if self.answered else "nobody answered"
        return f"{self.caller}: {waves}{more}; {end}"

    def __repr__(self) -> str:
        """Write it in one line, as a failed assert shows it."""
        return f"<Call of {self.in_short}>"


class Observation:
    """What was observed in one play of a story: which phones rang when, which answered, what the callers heard.

    `rang`, `order`, `rings` and `missed` cover all calls of the story; `of` returns the call of one caller. `str()`
    draws the ring chart.
    """

    def __init__(self, story: Story, model: Model, evidence: Path) -> None:
        """Read `model`, which was observed in a play of `story`."""
        self._story = story
        self._model = model
        self.name = story.name
        """The name of the scenario."""
        self.evidence = evidence
        """The folder with the captures, the logs and the record of the play."""
        self.calls: list[Call] = [Call(view) for view in model.callers.values()]

    def of(self, caller: str) -> Call:
        """Return the call of a caller. Raises RingproofError where there is none."""
        for call in self.calls:
            if call.caller == caller:
                return call
        callers = enumerate_words(call.caller for call in self.calls)
        raise RingproofError(f"there is no call of {caller!r} in this story; {callers} called")

    def rang(self, phone: str | int) -> bool:
        """Return whether a phone rang, in any call of the story or in none."""
        return str(phone) in {ring.phone for ring in self.rings}

    def order(self) -> list[str]:
        """Return the phones in the order of their first ring; those of one moment, by number."""
        return _first_rings(self.rings)

    @property
    def rings(self) -> list[Ring]:
        """All rings, in the order of their start, also those of no call and those after the story's end."""
        seen = [ring for call in self.calls for ring in call.rings]
        seen += [_ring(ring) for ring in (*self._model.strays, *self._model.late_rings)]
        return sorted(seen, key=lambda ring: ring.start)

    @property
    def missed(self) -> list[str]:
        """The phones that show a missed call, in order."""
        return in_order(ring.phone for ring in self.rings if ring.missed)

    @property
    def answered_by(self) -> str | None:
        """The phone that was connected first, in a story of one caller. Raises RingproofError where several call."""
        return self._only("answered_by").answered_by

    @property
    def waves(self) -> list[Wave]:
        """Which phones rang together, and for how long, in a story of one caller."""
        return self._only("waves").waves

    @property
    def heard(self) -> list[str]:
        """What the caller heard, in a story of one caller."""
        return self._only("heard").heard

    @property
    def earlier(self) -> list[Observation]:
        """For a story of many calls (`calls=50`), what was observed of those before the last one, which this is."""
        return [Observation(self._story, model, self.evidence) for model in self._model.earlier]

    def to_dict(self) -> dict[str, Any]:
        """Return all that was observed as plain JSON values: the `observation` of results.json."""
        return plain_observation(self._model)

    def _only(self, word: str) -> Call:
        if len(self.calls) == 1:
            return self.calls[0]
        callers = enumerate_words(call.caller for call in self.calls)
        raise RingproofError(f"{callers} called in this story: write `.of({self.calls[0].caller!r}).{word}`")

    def __repr__(self) -> str:
        """Write each call in one line, as a failed assert shows it."""
        return f"<Observation of {'; '.join(call.in_short for call in self.calls)}>"

    def __str__(self) -> str:
        """Draw the ring chart: what rang over the time of the story."""
        return timeline_text(self._story, self._model).rstrip()


def _first_rings(rings: Sequence[Ring]) -> list[str]:
    """Return the phones by their first ring; those whose rings start within one settle window are sorted by number."""
    first: dict[str, float] = {}
    for ring in rings:
        first.setdefault(ring.phone, ring.start)
    moments: list[tuple[float, list[str]]] = []
    for phone, start in first.items():
        if moments and start - moments[-1][0] < SETTLE_WINDOW:
            moments[-1][1].append(phone)
        else:
            moments.append((start, [phone]))
    return [phone for _, together in moments for phone in in_order(together)]


def _ring(ring: ObservedRing) -> Ring:
    return Ring(
        ring.phone,
        float(ring.start),
        float(ring.end),
        ring.ending,
        code=ring.code,
        missed=ring.missed,
        shows=ring.shows,
    )
