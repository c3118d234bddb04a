"""Find what a caller hears from its INVITE to the end: sound from the PBX, and ringback of the caller's own phone.

A phone that gets 180 makes ringback by itself, until the PBX sends it sound, or 183 or 200 (RFC 3960, section 3.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from ringproof.core.duration import PbxSeconds
from ringproof.events.model import CallerGot, KeysAwaited, KeysAwaitedNoMore, MusicBegan, MusicEnded, SoundCame
from ringproof.observe.model import Heard, ObservedSound

RINGING, PROGRESS, OK = 180, 183, 200
LONGEST_PAUSE_S = 5.0
"""The longest pause between two ringback tones, in any country (ITU-T E.180, table 1)."""
CADENCE_S = 6.0
"""Two tones that are no further apart may be of one cadence; its own pauses show which cadence it is."""
SHORT_S = 1.0
"""Busy and congestion tones and their pauses are shorter than this; ringback tones or their pauses are longer."""
FEW_S = 0.3
"""A sound that is shorter is not counted by itself."""
PAUSE_S = 2.0
"""The longest pause between two sounds that are one: announcements and pieces of music have pauses."""
FOREVER = PbxSeconds(float("inf"))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of PBX time, in seconds."""

    start: float
    end: float

    def without(self, others: Iterable[Span]) -> Iterator[Span]:
        """Yield the parts of it that lie in none of the others."""
        start = self.start
        for other in sorted(others, key=lambda each: each.start):
            if other.end <= start or other.start >= self.end:
                continue
            if other.start > start:
                yield Span(start, other.start)
            start = max(start, other.end)
        if start < self.end:
            yield Span(start, self.end)

    def within(self, others: Iterable[Span]) -> Iterator[Span]:
        """Yield the parts of it that lie in one of the others."""
        for other in others:
            start, end = max(self.start, other.start), min(self.end, other.end)
            if start < end:
                yield Span(start, end)


def hears(
    call: Span,
    came: Sequence[SoundCame],
    got: Sequence[CallerGot],
    music: Sequence[Span],
    awaited: Sequence[Span],
    talks: Sequence[Span],
    files: Sequence[float] = (),
) -> tuple[ObservedSound, ...]:
    """Return what a caller hears during `call`, without gaps.

    `came`: the sound that the PBX sent. `got`: the responses to the caller's INVITE. `music`, `awaited`, `talks`: when
    music on hold was played in the call, the PBX waited for the caller's keys, and the caller was connected with
    somebody. `files`: when the PBX began to play files to the caller.
    """
    sent = [Span(event.at, event.at + event.lasts) for event in came]
    groups = [(_kind_of(group, files), group) for group in _groups(came)]
    pause = _pause([group for kind, group in groups if kind == "ringing"])
    found: list[tuple[Heard, Span]] = [("talk", span) for talk in talks for span in call.within([talk])]
    for kind, heard in [
        *_tones(groups, pause, music),
        *_sounds(came, music),
        *(("ringing", span) for span in _own_ringback(got, sent, call)),
    ]:
        parts = (part for span in heard.within([call]) for part in span.without(talks))
        found += [(kind, part) for part in parts]
    audible = _joined(sorted(found, key=lambda each: (each[1].start, each[1].end)), pause)
    tone_ends = {tone.at + tone.lasts for kind, group in groups if kind == "ringing" for tone in group}
    return tuple(
        ObservedSound(
            kind=kind,
            start=PbxSeconds(span.start),
            end=PbxSeconds(span.end),
            awaited=kind == "silence" and any(True for _ in span.within(awaited)),
            pause=PbxSeconds(pause if kind == "silence" and span.start in tone_ends else 0.0),
        )
        for kind, span in _filled(audible, call)
    )


def tone_for_prompt(heard: Sequence[ObservedSound], start: float, end: float) -> Heard | None:
    """Return the tone of the line that a caller heard from `start` to `end`; None where there was another sound."""
    listened = [Span(start, end)]
    kinds = {sound.kind for sound in heard if any(True for _ in Span(sound.start, sound.end).within(listened))}
    if kinds & {"sound", "music", "talk"}:
        return None
    return next((kind for kind in ("ringing", "busy") if kind in kinds), None)


def spans_of(
    events: Iterable[MusicBegan | MusicEnded | KeysAwaited | KeysAwaitedNoMore], channels: set[str]
) -> Iterator[Span]:
    """Yield when music on hold was played, or keys were awaited, at one of these channels, by its begin and end."""
    begun: dict[str, float] = {}
    for event in events:
        if event.channel not in channels:
            continue
        if isinstance(event, MusicBegan | KeysAwaited):
            begun.setdefault(event.channel, event.at)
        elif event.channel in begun:
            yield Span(begun.pop(event.channel), event.at)
    for start in begun.values():
        yield Span(start, FOREVER)


def _sounds(came: Sequence[SoundCame], music: Sequence[Span]) -> Iterator[tuple[Heard, Span]]:
    for event in came:
        span = Span(event.at, event.at + event.lasts)
        if event.kind == "voices":
            yield "talk", span
        elif event.kind == "sound":
            yield from (("music", part) for part in span.within(music))
            yield from (("sound", part) for part in span.without(music))


def _tones(
    groups: Sequence[tuple[Heard, Sequence[SoundCame]]], pause: float, music: Sequence[Span]
) -> Iterator[tuple[Heard, Span]]:
    """Yield the time of each run of tones, and what it is heard as; a gap in a ringback's cadence ends its run."""
    for kind, group in groups:
        start: float = group[0].at
        for tone, later in zip_longest(group, group[1:]):
            end = tone.at + tone.lasts
            if later is not None and (kind != "ringing" or later.at - end <= pause + FEW_S):
                continue
            heard = Span(start, end)
            yield from (("music", part) for part in heard.within(music))  # music may sound like a tone
            yield from ((kind, part) for part in heard.without(music))
            start = end if later is None else later.at


def _groups(came: Sequence[SoundCame]) -> list[list[SoundCame]]:
    """Return the tones in groups that may each be of one cadence."""
    groups: list[list[SoundCame]] = []
    for tone in (event for event in came if event.kind == "tone"):
        last = groups[-1][-1] if groups else None
        if last is not None and last.hertz == tone.hertz and tone.at - last.at - last.lasts <= CADENCE_S:
            groups[-1].append(tone)
        else:
            groups.append([tone])
    return groups


def _kind_of(group: Sequence[SoundCame], files: Sequence[float]) -> Heard:
    """Return whether tones are ringback, a busy or congestion tone, or another sound, by their cadence.

    Busy and congestion tones come about once a second, ringback tones more seldom. A single tone that begins when a
    file begins is the sound of that file.
    """
    pauses = _pauses(group)
    longest = max(tone.lasts for tone in group)
    if pauses and longest < SHORT_S and max(pauses) < SHORT_S:
        return "busy"
    if longest > CADENCE_S or (not pauses and (longest < FEW_S or _begins(group[0].at, files))):
        return "sound"  # a dial tone, a beep
    return "ringing"


def _pauses(group: Sequence[SoundCame]) -> list[float]:
    return [later.at - tone.at - tone.lasts for tone, later in pairwise(group)]


def _pause(ringback: Iterable[Sequence[SoundCame]]) -> float:
    """Return the pause of the cadence: the most frequent one; of equally frequent ones the longest.

    Shorter pauses are inside a double ring, or come where ringback begins anew.
    """
    pauses = [pause for group in ringback for pause in _pauses(group) if pause >= SHORT_S]
    often = {pause: sum(abs(pause - other) <= FEW_S for other in pauses) for pause in pauses}
    found = max(pauses, key=lambda pause: (often[pause], pause), default=LONGEST_PAUSE_S)
    return min(found, LONGEST_PAUSE_S)


def _begins(start: float, moments: Iterable[float]) -> bool:
    return any(abs(start - moment) < SHORT_S / 2 for moment in moments)


def _own_ringback(got: Sequence[CallerGot], sent: Sequence[Span], call: Span) -> Iterator[Span]:
    """Yield when the caller's own phone makes ringback: from 180 to the response that ends it, while no sound comes."""
    since: float | None = None
    for event in got:
        if event.code == RINGING and since is None:
            since = event.at
        elif event.code >= PROGRESS and since is not None:
            yield from Span(since, event.at).without(sent)
            since = None
    if since is not None:
        yield from Span(since, call.end).without(sent)


def _joined(found: Sequence[tuple[Heard, Span]], pause: float) -> list[tuple[Heard, Span]]:
    """Join sounds of one kind with only a pause between them, and leave out those that are too short to be heard."""
    longest = {"ringing": pause + FEW_S, "busy": SHORT_S, "talk": 0.0}
    joined: list[tuple[Heard, Span]] = []
    for kind, span in found:
        if joined and joined[-1][0] == kind and span.start - joined[-1][1].end <= longest.get(kind, PAUSE_S):
            joined[-1] = kind, Span(joined[-1][1].start, max(span.end, joined[-1][1].end))
        elif kind == "talk" or span.end - span.start >= FEW_S:
            joined.append((kind, span))
    return joined


def _filled(audible: Sequence[tuple[Heard, Span]], call: Span) -> Iterator[tuple[Heard, Span]]:
    """Yield what is heard during the call, with silence where nothing is heard."""
    at = call.start
    for kind, span in audible:
        if span.start > at:
            yield "silence", Span(at, span.start)
        yield kind, span
        at = max(at, span.end)
    if at < call.end:
        yield "silence", Span(at, call.end)
