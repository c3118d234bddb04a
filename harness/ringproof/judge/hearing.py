"""Compare what a caller hears with what is written; a long silence is a difference wherever none is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from ringproof.core.duration import PbxSeconds, format_duration
from ringproof.core.spelling import enumerate_words
from ringproof.judge.expected import Expected
from ringproof.judge.finding import Finding
from ringproof.observe.hearing import Span
from ringproof.observe.model import CallerView, ObservedPrompt, ObservedSound, ObservedWave
from ringproof.scenario.model.scenario import CLOCK_RESOLUTION, Answer, CallerHears, Prompt, Ring, Scenario

SILENT_AT_MOST = PbxSeconds(5.0)
"""The longest silence allowed, unless a key is awaited or `caller hears: silence` is written: callers give up then."""
EDGE = PbxSeconds(1.0)
"""At the ends of a wave the sound of the neighbouring wave may be heard for this long."""
BUSY = frozenset({486, 600})
"""Final responses at which the caller's own phone makes a busy tone."""

_SOUND = re.compile(r"(?:.*/sounds/)?(?:(?P<language>[a-z]{2,3}(?:_[A-Z]{2})?)/)?(?P<name>.+)")
"""A sound file: the folder of all sounds, the folder of its language, and its name."""


_Named = tuple[Prompt, CallerHears]
"""A prompt, and the line that names it."""


@dataclass(slots=True)
class _Place:
    """The `caller hears` lines at one place of a story, and when that place is, from `start` to `end`."""

    start: PbxSeconds
    end: PbxSeconds
    where: str
    wave: bool = False
    lines: list[CallerHears] = field(default_factory=list)

    @property
    def is_ringback(self) -> bool:
        """True during a wave of which only ringback is written."""
        return self.wave and all(line.sounds == ("ringing",) for line in self.lines)


def judge_hearing(
    expected: Expected, view: CallerView, waves: Sequence[ObservedWave], scenario: Scenario
) -> Iterator[Finding]:
    """Report where the caller hears something else; `waves` are the observed ones, one for each expected `ring`."""
    expected.take(CallerHears)
    places = list(_places(expected, view, waves))
    for place in places:
        yield from _judge_place(place, view, scenario)
    judged = [Span(place.start, place.end) for place in places]
    silences = [sound for sound in view.hears if sound.kind == "silence" and not sound.awaited]
    for silence in (part for sound in silences for part in Span(sound.start, sound.end).without(judged)):
        if silence.end - silence.start <= SILENT_AT_MOST + scenario.tolerance:
            continue
        sentence = (
            f"{view.caller} hears nothing {_from_to(silence)}; expected at most {format_duration(SILENT_AT_MOST)} of "
            "silence"
        )
        fix = f"where that is right, write {_as_heard(silence, view, waves)}"
        finding = Finding(kind="hears-nothing", source=scenario.source, sentence=sentence, caller=view.caller)
        yield replace(finding, fix=fix)


def _as_heard(silence: Span, view: CallerView, waves: Sequence[ObservedWave]) -> str:
    """Return the line to write where this silence is right, with all sounds of its wave, and where to write it."""
    wave = next((wave for wave in waves if wave.start - EDGE <= silence.start < wave.end), None)
    if wave is None:
        return "`- caller hears: silence` behind its wave, or before the first one"
    heard = [
        sound.kind
        for sound in view.hears
        if sound.kind != "talk" and min(sound.end, wave.end) - max(sound.start, wave.start) > EDGE
    ]
    kinds = ", ".join(dict.fromkeys(heard))
    return f"`- caller hears: {f'[{kinds}]' if ',' in kinds else kinds or 'silence'}` behind its wave"


def _places(expected: Expected, view: CallerView, waves: Sequence[ObservedWave]) -> Iterator[_Place]:
    """Yield each place that has lines: before the first wave, during a wave, after a talk."""
    begun = view.hears[0].start if view.hears else PbxSeconds(0.0)
    end = view.hears[-1].end if view.hears else begun
    talks = [sound for sound in view.hears if sound.kind == "talk"]
    rings = [wave.start for wave in waves if wave.phones]
    first = min([end, *rings[:1], *(sound.start for sound in talks[:1])])
    place = _Place(begun, first, "before anybody rings")
    rung = 0
    for entry in expected.entries:
        if isinstance(entry, CallerHears):
            place.lines.append(entry)
            continue
        if not isinstance(entry, Ring | Answer):
            continue
        if place.lines:
            yield place
        if isinstance(entry, Answer):
            place = _Place(talks[-1].end if talks else end, end, "after the talk")
        else:
            wave = waves[rung] if rung < len(waves) else None
            who = enumerate_words(entry.phones) if entry.phones else "nobody"
            start, stop = (end, end) if wave is None else (wave.start, wave.end)
            does = "ring" if entry.phones[1:] else "rings"
            place = _Place(start, min(stop, end), f"while {who} {does}", wave=bool(entry.phones))
            rung += 1
    if place.lines:
        yield place


def _judge_place(place: _Place, view: CallerView, scenario: Scenario) -> Iterator[Finding]:
    if cut := tuple(_judge_whole(place, view)):
        yield from cut
        return
    edge = min(EDGE, PbxSeconds((place.end - place.start) / 2))
    heard = [sound for sound in view.hears if min(sound.end, place.end) - max(sound.start, place.start) > edge]
    wanted = [frozenset(line.sounds) for line in place.lines]
    kinds: list[str] = [
        sound.kind
        for sound in heard
        if sound.kind != "silence"
        or any("silence" in sounds for sounds in wanted)
        or sound.end - sound.start > SILENT_AT_MOST + scenario.tolerance
        or (place.is_ringback and min(sound.end, place.end) - max(sound.start + sound.pause, place.start) > EDGE)
    ]
    if "busy" in wanted[-1] and "busy" not in kinds and view.code in BUSY and place.end >= (view.ended or place.end):
        kinds.append("busy")
    if _follows(kinds, wanted):
        yield from _judge_prompts(place, view)
        return
    said = (
        enumerate_words([_listed(line) for line in place.lines], "then")
        if len(place.lines) > 1
        else _listed(place.lines[0])
    )
    if view.refused_with is not None:
        at = format_duration(view.ended or place.end)
        refused = f"the PBX refuses the call at {at} with {view.refused_with}"
        before = [f"{_name(sound)} {_from_to(sound)}" for sound in heard if sound.kind != "silence"]
        sentence = (
            f"expected {view.caller} to hear {said} {place.where}; observed: {enumerate_words([*before, refused])}"
        )
        yield Finding(kind="hears-other", source=place.lines[0].source, sentence=sentence, caller=view.caller)
        return
    hears = enumerate_words([f"{_name(sound)} {_from_to(sound)}" for sound in heard]) if heard else "nothing"
    sentence = f"expected {view.caller} to hear {said} {place.where}; observed: {hears}"
    yield Finding(kind="hears-other", source=place.lines[0].source, sentence=sentence, caller=view.caller)


def _judge_prompts(place: _Place, view: CallerView) -> Iterator[Finding]:
    """Report named prompts where other files are played, or the same in another order or another language."""
    wanted, played = _prompts(place, view)
    wrong = _other(wanted, played)
    if not wanted or wrong is None:
        return
    _, line = wrong[0] or wanted[-1]
    asked = enumerate_words(_of_file(prompt.name, prompt.language) for prompt, _ in wanted)
    did = enumerate_words(_of_file(prompt.name, prompt.language) for prompt in played) if played else "no file"
    sentence = f"expected {view.caller} to hear {asked} {place.where}; the PBX plays {did}"
    yield Finding(kind="hears-other", source=line.source, sentence=sentence, caller=view.caller)


def _prompts(place: _Place, view: CallerView) -> tuple[list[_Named], list[ObservedPrompt]]:
    """Return the prompts that are named in a place, and the files that are played there."""
    start, end = place.start - CLOCK_RESOLUTION, place.end + CLOCK_RESOLUTION
    wanted = [(prompt, line) for line in place.lines for prompt in line.prompts]
    return wanted, [prompt for prompt in view.prompts if start <= prompt.at <= end]


def _other(
    wanted: Sequence[_Named], played: Sequence[ObservedPrompt]
) -> tuple[_Named | None, ObservedPrompt | None] | None:
    """Return the first pair of a named prompt and a played file that do not match; None: all match.

    Either side of the pair is None where there are fewer of it.
    """
    pairs = zip_longest(wanted, played)
    return next((pair for pair in pairs if None in pair or not _is(pair[0][0], pair[1])), None)


def _judge_whole(place: _Place, view: CallerView) -> Iterator[Finding]:
    """Report the named prompts that are played and of which the caller hears only a part, or nothing."""
    wanted, played = _prompts(place, view)
    if _other(wanted, played) is not None:
        return
    for (_, line), prompt in zip(wanted, played, strict=True):
        if not prompt.cut or prompt.heard is None or prompt.length is None:
            continue
        sentence = f"expected {view.caller} to hear all of {prompt.name} {place.where}; observed: "
        fix = ""
        if prompt.heard:
            sentence += (
                f"{_tenths(prompt.heard)} of its {_tenths(prompt.length)}, and neither a key nor the caller nor an "
                "answer ended it"
            )
        else:
            sentence += "the PBX plays it, and nothing of it is heard"
            if view.connected is None or view.connected > prompt.at:
                fix = "before an answer Asterisk sends sound only where Progress() or Answer() comes first"
        finding = Finding(kind="hears-other", source=line.source, sentence=sentence, caller=view.caller)
        yield replace(finding, fix=fix)


def _tenths(seconds: PbxSeconds) -> str:
    return format_duration(PbxSeconds(round(seconds, 1)))


def _of_file(name: str, language: str | None) -> str:
    return name if language is None else f"{name} in {language}"


def _is(wanted: Prompt, played: ObservedPrompt) -> bool:
    """Return whether the played file is the named prompt; the folder of all sounds is no part of its name.

    Where the dialplan itself names the folder of a language, that language is heard, whatever the channel's is.
    """
    found = _SOUND.fullmatch(played.name)
    name, language = (found["name"], found["language"]) if found is not None else (played.name, None)
    return wanted.name in {played.name, name} and wanted.language in {None, language or played.language}


def _follows(kinds: Sequence[str], wanted: Sequence[frozenset[str]]) -> bool:
    """Return whether `kinds` are all those of the first entry of `wanted`, then all those of the second, and so on."""
    if not wanted:
        return not kinds
    for count in range(len(kinds) + 1):
        if set(kinds[:count]) == wanted[0] and _follows(kinds[count:], wanted[1:]):
            return True
        if count < len(kinds) and kinds[count] not in wanted[0]:
            return False
    return False


def _listed(line: CallerHears) -> str:
    return enumerate_words("other sound" if sound == "sound" else sound for sound in line.sounds)


def _name(sound: ObservedSound) -> str:
    return {"sound": "other sound", "talk": "somebody who talks"}.get(sound.kind, sound.kind)


def _from_to(stretch: ObservedSound | Span) -> str:
    return f"from {format_duration(stretch.start)} to {format_duration(stretch.end)}"
