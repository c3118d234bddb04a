"""Compare two plays of one scenario: which phones rang, in which order, when, for how long, how it ended.

Moments count from the caller's own last action (its key where the PBX heard one, else its call). So a prompt that the
caller heard a little earlier is one difference, and not one for each ring after it. Left out on purpose are Call-IDs,
the chart (it follows from the rings), and how long the silence after the story was watched: what only the longer watch
can have seen is no difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ringproof.compare.difference import Difference, Kind
from ringproof.core.duration import format_duration
from ringproof.observe.model import CallerView, Observation, ObservedCommand, ObservedRing
from ringproof.scenario.model.scenario import CLOCK_RESOLUTION, DEFAULT_TOLERANCE, SETTLE_WINDOW

_ROUNDING = 1e-9
BRIEF_S = 1.0
"""Sounds shorter than this are left out: at the ends of a talk, what is heard may last a moment more or less."""
_NOTHING = "nothing"
_NEVER = "never"


class NotTheSameStoryError(ValueError):
    """The callers of the two observations differ: they cannot be plays of one scenario."""


def compare(
    left: Observation, right: Observation, *, labels: tuple[str, str], tolerance: float = DEFAULT_TOLERANCE
) -> tuple[Difference, ...]:
    """Return the differences between two plays of one scenario; empty: there are none.

    `labels` name the plays inside a sentence ("at speed 1", "on Asterisk 22"). Moments and lengths that are no more
    than `tolerance` (PBX seconds) apart are the same. Raises NotTheSameStoryError where the callers differ.
    """
    if left.callers.keys() != right.callers.keys():
        names = [", ".join(side.callers) or "nobody" for side in (left, right)]
        sentence = f"callers {names[0]} {labels[0]}, {names[1]} {labels[1]}"
        raise NotTheSameStoryError(f"two plays of one scenario have the same callers; these have not: {sentence}")
    pair = _Pair(labels, tolerance)
    told = len(left.calls), len(right.calls)
    found = list(pair.words("calls", "the story is told", f"{told[0]} times", f"{told[1]} times"))
    if told == (1, 1):
        return tuple(_one_telling(pair, left, right))
    for number, (here, there) in enumerate(zip(left.calls, right.calls, strict=False), start=1):
        found += [replace(each, what=f"call {number}: {each.what}") for each in _one_telling(pair, here, there)]
    return tuple(found)


def _one_telling(pair: _Pair, left: Observation, right: Observation) -> Iterator[Difference]:
    """Yield the differences of a story, or of one call of a story that is played many times."""
    yield from _whole_play(pair, left, right)
    for name, view in left.callers.items():
        yield from _Calls(pair, view, right.callers[name]).differences()


@dataclass(frozen=True, slots=True)
class _Pair:
    """Writes differences of two plays: their labels, and the tolerance in PBX seconds."""

    labels: tuple[str, str]
    tolerance: float

    def words(
        self, kind: Kind, what: str, left: object, right: object, caller: str | None = None
    ) -> Iterator[Difference]:
        """Yield a difference unless both sides are the same; None and an empty text are written as `nothing`."""
        if left != right:
            texts = [_NOTHING if side is None or side == "" else str(side) for side in (left, right)]
            yield Difference(kind=kind, what=what, left=texts[0], right=texts[1], labels=self.labels, caller=caller)

    def seconds(
        self, kind: Kind, what: str, left: float | None, right: float | None, caller: str, after: str = ""
    ) -> Iterator[Difference]:
        """Yield a difference of moments or lengths that is larger than the tolerance; None is written as `never`."""
        if left == right or (
            left is not None and right is not None and abs(left - right) <= self.tolerance + _ROUNDING
        ):
            return
        texts = [_NEVER if side is None else f"{format_duration(side)}{after}" for side in (left, right)]
        if texts[0] == texts[1]:  # rounded to a tenth, both look the same
            texts = [f"{side:.3f} s{after}" for side in (left, right)]
        yield Difference(kind=kind, what=what, left=texts[0], right=texts[1], labels=self.labels, caller=caller)


def _whole_play(pair: _Pair, left: Observation, right: Observation) -> Iterator[Difference]:
    """Yield the differences that belong to no caller."""
    watched = min(left.watched, right.watched)

    def early(observation: Observation, moments: Iterable[float]) -> int:
        return sum(moment <= observation.over + watched for moment in moments)

    def late_rings(observation: Observation) -> str:
        seen = [ring for ring in observation.late_rings if early(observation, [ring.start])]
        return _counted(ring.phone for ring in seen)

    def dial_failures(observation: Observation) -> str:
        return _counted(target for at, target, _ in observation.dial_failures if early(observation, [at]))

    def legs(observation: Observation) -> int | None:
        return early(observation, observation.trunk_legs) or None

    def steps(observation: Observation) -> str:
        return ", ".join(f"{number + 1} ({reason})" for number, reason in sorted(observation.failed_steps))

    def refused(observation: Observation) -> str:
        entries = [f"{phone} with {code}" for phone, code, _ in sorted(observation.registrations_refused)]
        return ", ".join([*entries, *(f"{phone}, dropped" for phone, _ in sorted(observation.registrations_lost))])

    def signal(observation: Observation) -> str | None:
        return None if observation.crashed is None else f"signal {observation.crashed}"

    def strays(observation: Observation) -> str:
        return _counted(ring.phone for ring in observation.strays)

    def outlived(observation: Observation) -> str:
        return _counted(phone for phone, _ in observation.late_legs)

    yield from pair.words("crash", "Asterisk crashed", signal(left), signal(right))
    yield from pair.words("endless-call", "a call ran in a circle", left.endless, right.endless)
    yield from pair.words("led-elsewhere", "sent out of the run", _led(left), _led(right))
    yield from pair.words("registrations", "registrations refused", refused(left), refused(right))
    yield from pair.words("failed-steps", "steps that could not be done", steps(left), steps(right))
    yield from pair.words("stray-rings", "rings that were nobody's call", strays(left), strays(right))
    outside = [_commands(each for each in side.commands if each.at <= side.over + watched) for side in (left, right)]
    yield from pair.words("commands", "phones commanded outside rings", outside[0], outside[1])
    yield from pair.words("late-rings", "rings after the story was over", late_rings(left), late_rings(right))
    yield from pair.words("late-legs", "legs that outlived their caller", outlived(left), outlived(right))
    yield from pair.words("dial-failures", "dialled, but not there", dial_failures(left), dial_failures(right))
    first = [[*side.dropped, *((phone, code) for phone, code, _ in side.talks_refused)] for side in (left, right)]
    dropped = [_counted(phone for phone, _ in side) for side in first]
    yield from pair.words("dropped", "phones whose first call ended, or did not begin", dropped[0], dropped[1])
    yield from pair.words("trunk-legs", "calls that left the office", legs(left), legs(right))


def _commands(commands: Iterable[ObservedCommand]) -> str:
    return ", ".join(f"{each.phone} to {each.does} by {each.message}, {each.header}" for each in commands)


def _led(observation: Observation) -> str:
    return _counted({f"{lead.who} to {lead.address} by {lead.message}" for lead in observation.elsewhere})


def _counted(names: Iterable[str]) -> str:
    """Return `101, 102 (2 times)`: each name once, in order, with how often it comes."""
    return ", ".join(
        name if times == 1 else f"{name} ({times} times)" for name, times in sorted(Counter(names).items())
    )


class _Calls:
    """One caller's call in both plays."""

    def __init__(self, pair: _Pair, left: CallerView, right: CallerView) -> None:
        self._pair = pair
        self._left = left
        self._right = right
        self._caller = left.caller

    def differences(self) -> Iterator[Difference]:
        pair, left, right, caller = self._pair, self._left, self._right, self._caller
        called = [None if view.placed is None else "placed" for view in (left, right)]
        yield from pair.words("call", f"{caller}'s call", called[0], called[1], caller)
        if left.placed is None or right.placed is None:
            return
        yield from pair.words("keys-pressed", f"keys that {caller} pressed", left.pressed, right.pressed, caller)
        yield from pair.words("keys-heard", f"keys that the PBX heard of {caller}", left.keys, right.keys, caller)
        yield from self._moment("key-moment", f"{caller}'s last action", left.acted, right.acted, from_call=True)
        for number, (one, other) in enumerate(zip(left.other_acts, right.other_acts, strict=False), start=1):
            yield from self._moment("key-moment", f"{caller}'s further action {number}", one, other, from_call=True)
        yield from self._rings()
        yield from self._answers()
        yield from self._heard()
        hears = [_sounds(view) for view in (left, right)]
        yield from pair.words("caller-hears", f"{caller} hears", hears[0], hears[1], caller)
        played = [", ".join(f"{each.name} in {each.language}" for each in view.prompts) for view in (left, right)]
        yield from pair.words("prompts", f"files that the PBX plays to {caller}", played[0], played[1], caller)
        gone = [", ".join(phone for phone, _ in view.parted) for view in (left, right)]
        yield from pair.words("parted", f"phones parted from {caller}", gone[0], gone[1], caller)
        with_him = [", ".join(sorted(other for other, _ in view.company)) for view in (left, right)]
        yield from pair.words("company", f"others in a bridge with {caller}", with_him[0], with_him[1], caller)
        yield from pair.words("caller-code", f"final response to {caller}", left.code, right.code, caller)
        yield from self._moment("caller-connected", f"{caller} gets 200", left.connected, right.connected)
        yield from pair.words("caller-ended-by", f"{caller}'s call is ended by", left.ended_by, right.ended_by, caller)
        yield from self._moment("caller-end", f"{caller}'s call ends", left.ended, right.ended)

    def _rings(self) -> Iterator[Difference]:
        phones = sorted({ring.phone for view in (self._left, self._right) for ring in view.rings})
        both: list[tuple[str, ObservedRing, ObservedRing]] = []
        for phone in phones:
            here, there = ([ring for ring in view.rings if ring.phone == phone] for view in (self._left, self._right))
            if len(here) != len(there):
                told = [", ".join(format_duration(ring.start) for ring in rings) for rings in (here, there)]
                times = [
                    f"{len(rings)} (at {starts})" if rings else "0"
                    for rings, starts in zip((here, there), told, strict=True)
                ]
                yield from self._pair.words("ring-count", f"rings of {phone}", times[0], times[1], self._caller)
                continue
            for number, (one, other) in enumerate(zip(here, there, strict=True)):
                name = f"{phone}'s ring" if len(here) == 1 else f"{phone}'s ring {number + 1}"
                both.append((name, one, other))
                yield from self._ring(name, one, other)
        yield from self._order(both)

    def _ring(self, name: str, left: ObservedRing, right: ObservedRing) -> Iterator[Difference]:
        words, caller = self._pair.words, self._caller
        yield from self._moment("ring-start", f"{name} begins", left.start, right.start)
        lengths = left.end - left.start, right.end - right.start
        yield from self._pair.seconds("ring-length", f"{name} lasts", lengths[0], lengths[1], caller)
        yield from words("ring-ending", f"{name} is", _ending(left), _ending(right), caller)
        loud = ["aloud" if ring.alerted else "silent" for ring in (left, right)]
        yield from words("ring-aloud", f"{name} is", loud[0], loud[1], caller)
        missed = ["shown" if ring.missed else "not shown" for ring in (left, right)]
        yield from words("ring-missed", f"{name} as a missed call", missed[0], missed[1], caller)
        shown = [
            (f"{ring.name} <{ring.shows}>" if ring.name not in {"", ring.shows} else ring.shows)
            + (f", diverted by {ring.diverted}" if ring.diverted else "")
            for ring in (left, right)
        ]
        yield from words("ring-shows", f"{name} shows", shown[0], shown[1], caller)
        commands = [_commands(ring.commands) for ring in (left, right)]
        yield from words("ring-command", f"in {name} is commanded", commands[0], commands[1], caller)

    def _order(self, both: Sequence[tuple[str, ObservedRing, ObservedRing]]) -> Iterator[Difference]:
        """Yield a difference for two rings that clearly began in one order in one play, and reversed in the other."""
        for (name, left, right), (other, left_too, right_too) in combinations(both, 2):
            here, there = left_too.start - left.start, right_too.start - right.start
            if min(abs(here), abs(there)) > SETTLE_WINDOW and (here > 0) != (there > 0):
                first, first_too = (name if gap > 0 else other for gap in (here, there))
                what = f"of {name} and {other} comes first"
                yield from self._pair.words("ring-order", what, first, first_too, self._caller)

    def _answers(self) -> Iterator[Difference]:
        here, there = self._left.answers, self._right.answers
        names = [", ".join(phone for phone, _ in answers) for answers in (here, there)]
        yield from self._pair.words("answers", f"{self._caller} is answered by", names[0], names[1], self._caller)
        if names[0] == names[1]:
            for (phone, at), (_, also) in zip(here, there, strict=True):
                yield from self._moment("answer-moment", f"{phone} is bridged with {self._caller}", at, also)

    def _heard(self) -> Iterator[Difference]:
        """Yield the differences in the tones at both ends of each talk, where both plays recorded them."""
        for talk in self._left.talks:
            other = next((each for each in self._right.talks if each.phone == talk.phone), None)
            if other is None:
                continue  # another phone answered, which is a difference of its own
            ends = (
                (self._caller, talk.phone, talk.caller_hears, other.caller_hears),
                (talk.phone, self._caller, talk.phone_hears, other.phone_hears),
            )
            for who, whom, left, right in ends:
                what = f"{who}, connected with {whom}, hears"
                yield from self._pair.words("heard", what, ", ".join(left), ", ".join(right), self._caller)

    def _moment(
        self, kind: Kind, what: str, left: float | None, right: float | None, *, from_call: bool = False
    ) -> Iterator[Difference]:
        """Compare two moments, each counted from the same action in its own play.

        That is the caller's last action, or its call where `from_call` is set or a moment is before that action.
        """
        views = (self._left, self._right)
        acted = [view.acted for view in views]
        keyed = not from_call and all(
            at is None or (key is not None and at >= key - CLOCK_RESOLUTION)
            for key, at in zip(acted, (left, right), strict=True)
        )
        zeros = acted if keyed else [view.placed for view in views]
        since = [
            None if at is None or zero is None else at - zero for at, zero in zip((left, right), zeros, strict=True)
        ]
        after = f" after {self._caller}'s {'last action' if keyed else 'call'}"
        yield from self._pair.seconds(kind, what, since[0], since[1], self._caller, after)


def _sounds(view: CallerView) -> str:
    """Return the kinds of sound that a caller hears, in order, without silence and sounds too short to be certain."""
    kinds = [sound.kind for sound in view.hears if sound.kind != "silence" and sound.end - sound.start > BRIEF_S]
    return ", ".join(kind for number, kind in enumerate(kinds) if not number or kinds[number - 1] != kind)


def _ending(ring: ObservedRing) -> str:
    if ring.to is not None:
        return f"{ring.ending} to {ring.to}"
    because = f" ({ring.because})" if ring.because else ""
    return ring.ending if ring.code is None else f"{ring.ending} with {ring.code}{because}"
