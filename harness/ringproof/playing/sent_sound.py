"""What the PBX sent to each caller, by its RTP packets: silence, a tone of telephony, somebody's own tone, other sound.

Asterisk's outgoing sound is complete and in order at any speed of the clock, so it is judged whole. Sound is cut into
runs where it pauses, and what a run is made of is looked at in blocks of a tenth of a second.
"""

from __future__ import annotations

import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ringproof.core.duration import PbxSeconds
from ringproof.events.model import SoundCame, SoundKind
from ringproof.pbx.capture import Peer
from ringproof.pbx.rtp_capture import RtpPacket
from ringproof.playing.sound import power_at, power_of, voices_in

RATE = 8000
"""Samples a second of G.711, the one codec that our phones speak."""
PCMU, PCMA = 0, 8
PAUSE_S = 0.15
"""Packets without a sound, or none at all, for longer than this end a run: the pauses of the fastest congestion tone
last 0.2 s (indications.conf)."""
BREATH_S = 1.0
"""Speech and music pause for so long without an end of it."""
PACKET_S = 0.02
QUIETEST = 32
"""Mean of the samples' size, of 32768, from which on there is a sound: -60 dBFS."""
BLOCK = 800
OFTEN_S, SELDOM_S = 0.5, 5.0
"""How far apart blocks are looked at, in the first ten seconds of a run and after that: an hour of music is long."""
LOWEST_HZ, HIGHEST_HZ, BIN_HZ = 300, 660, 10
"""Where the tones of telephony lie in all countries (ITU-T E.180, Supplement 2): one frequency, or two."""
SHARE = 0.75
"""Of a block's power that is in one tone of telephony, or two."""
_SCALE = 3
"""The sizes of samples are added up as bytes: a size of 8 is 1, and all from 2040 on are 255."""


def _of_alaw(code: int) -> int:
    """Return the sample of a code of A-law (ITU-T G.711, table 1)."""
    code ^= 0x55
    segment, step = code >> 4 & 7, code & 15
    size = (step << 4) + 8 if not segment else ((step << 4) + 0x108) << (segment - 1)
    return size if code & 0x80 else -size


def _of_ulaw(code: int) -> int:
    """Return the sample of a code of mu-law (ITU-T G.711, table 2)."""
    code ^= 0xFF
    size = ((((code & 15) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return -size if code & 0x80 else size


SAMPLES = {PCMU: [_of_ulaw(code) for code in range(256)], PCMA: [_of_alaw(code) for code in range(256)]}
_SIZES = {kind: bytes(min(255, abs(sample) >> _SCALE) for sample in samples) for kind, samples in SAMPLES.items()}


@dataclass(slots=True)
class _Run:
    """Packets one behind the other, all of them with a sound, or none."""

    silent: bool
    packets: list[RtpPacket] = field(default_factory=list)

    @property
    def begin(self) -> float:
        return self.packets[0].at

    @property
    def end(self) -> float:
        return self.packets[-1].at + PACKET_S


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of sound of one kind."""

    begin: float
    end: float
    kind: SoundKind
    hertz: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()

    @property
    def what(self) -> tuple[SoundKind, tuple[int, ...], tuple[str, ...]]:
        return self.kind, self.hertz, self.voices


def sent_sound(
    packets: Iterable[RtpPacket], callers: Mapping[Peer, str], tones: Mapping[str, int]
) -> Iterator[SoundCame]:
    """Yield what came to each caller, with `at` as a PbxEpoch; packets to others, and of other codecs, are left out.

    `callers`: where each takes sound. `tones`: everybody's own tone in Hz.
    """
    to: dict[str, list[RtpPacket]] = {}
    for packet in packets:
        caller = callers.get(packet.target)
        if caller is not None and packet.payload_type in SAMPLES and packet.payload:
            to.setdefault(caller, []).append(packet)
    for caller, received in to.items():
        parts = [part for run in _runs(received) for part in _parts(run, tones)]
        for part in _joined(parts):
            yield SoundCame(
                at=PbxSeconds(part.begin),
                caller=caller,
                lasts=PbxSeconds(part.end - part.begin),
                kind=part.kind,
                hertz=part.hertz,
                voices=part.voices,
            )


def is_silent(packet: RtpPacket) -> bool:
    """Tell a packet without a sound: on average its samples are smaller than QUIETEST."""
    sizes = packet.payload.translate(_SIZES[packet.payload_type])
    return sum(sizes) < len(sizes) * (QUIETEST >> _SCALE)


def _runs(packets: Sequence[RtpPacket]) -> Iterator[_Run]:
    run: _Run | None = None
    for packet in sorted(packets, key=lambda each: each.at):
        silent = is_silent(packet)
        if run is not None and (run.silent != silent or packet.at - run.packets[-1].at > PAUSE_S):
            yield run
            run = None
        if run is None:
            run = _Run(silent)
        run.packets.append(packet)
    if run is not None:
        yield run


def _parts(run: _Run, tones: Mapping[str, int]) -> Iterator[_Part]:
    """Cut a run where it becomes another kind of sound."""
    if run.silent:
        yield _Part(run.begin, run.end, "silence")
        return
    looked = [(at, _look(samples, tones)) for at, samples in _blocks(run)]
    if not looked:
        return  # shorter than a block: nobody hears what it is
    begin, kind = run.begin, looked[0][1]
    for (_, before), (at, part), (_, behind) in zip(looked, looked[1:], [*looked[2:], looked[-1]], strict=False):
        passing = part.kind == "tone" and part.what not in {before.what, behind.what}  # a vowel, say
        if part.what != kind.what and not passing:
            yield _Part(begin, at, *kind.what)
            begin, kind = at, part
    yield _Part(begin, run.end, *kind.what)


def _blocks(run: _Run) -> Iterator[tuple[float, array.array[int]]]:
    """Yield blocks of samples, each with its moment: the second tenth of a second of a run, and then every so often."""
    due, samples, begun = run.begin + 0.1, array.array("h"), run.begin
    whole = run.end - run.begin < 0.2 + PACKET_S
    for packet in run.packets:
        if not samples:
            if packet.at < due and not whole:
                continue
            begun = packet.at
        samples.extend(map(SAMPLES[packet.payload_type].__getitem__, packet.payload))
        if len(samples) >= BLOCK:
            yield begun, samples[:BLOCK]
            samples = array.array("h")
            due = begun + (OFTEN_S if begun - run.begin < 2 * SELDOM_S else SELDOM_S)
            whole = False


def _look(samples: array.array[int], tones: Mapping[str, int]) -> _Part:
    voices = voices_in(samples, tones, RATE)
    if voices:
        return _Part(0.0, 0.0, "voices", voices=voices)
    hertz = tone_in(samples)
    return _Part(0.0, 0.0, "tone", hertz=hertz) if hertz else _Part(0.0, 0.0, "sound")


def tone_in(samples: Sequence[int]) -> tuple[int, ...]:
    """Return the frequencies of the tone of telephony that is all of a block, to 10 Hz; empty: it is something else."""
    power = power_of(samples)
    bins = {hertz: power_at(hertz, samples, RATE) for hertz in range(LOWEST_HZ, HIGHEST_HZ + BIN_HZ, BIN_HZ)}
    found: list[tuple[int, float]] = []
    for hertz in sorted(bins, key=bins.__getitem__, reverse=True):
        if any(abs(hertz - other) <= 2 * BIN_HZ for other, _ in found):
            continue
        beside = sum(bins.get(hertz + step, 0.0) for step in (-BIN_HZ, 0, BIN_HZ))
        found.append((hertz, beside / power if power else 0.0))
        if len(found) == 2:  # noqa: PLR2004 - no tone of telephony has three at once
            break
    first, second = found
    if first[1] >= SHARE:
        return (first[0],)
    if first[1] + second[1] >= SHARE:
        return tuple(sorted((first[0], second[0])))
    return ()


def _joined(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Join what is of one kind and apart by no more than a breath; a tone is joined only without a pause."""
    last: _Part | None = None
    for part in _without_breaths(list(parts)):
        pause = PAUSE_S if part.kind == "tone" else BREATH_S
        if last is not None and last.what == part.what and part.begin - last.end <= pause:
            last = _Part(last.begin, part.end, *last.what)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _without_breaths(parts: Sequence[_Part]) -> Iterator[_Part]:
    """Leave out silence that is a pause between two parts of one sound."""
    for number, part in enumerate(parts):
        beside = [*parts[max(0, number - 1) : number], *parts[number + 1 : number + 2]]
        breath = (
            part.kind == "silence"
            and len(beside) == 2  # noqa: PLR2004 - before and after
            and all(other.kind in {"sound", "voices"} for other in beside)
            and beside[1].begin - beside[0].end <= BREATH_S
        )
        if not breath:
            yield part
