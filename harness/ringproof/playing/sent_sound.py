"""Finds in RTP packets what the PBX sent to each caller: silence, a tone of telephony, a phone's own tone, other sound.

Asterisk's outgoing sound is complete and in order at any speed of the clock, so all of it is judged. It is divided into
runs at its pauses, and the content of a run is examined in blocks of a tenth of a second.
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
"""A time without packets that is longer than this ends a run, and separates two tones: the pauses of the fastest
congestion tone last 0.2 s (indications.conf)."""
BREATH_S = 1.0
"""Speech and music may pause for this long without having ended."""
PACKET_S = 0.02
QUIETEST = 32
"""Mean size of a packet's samples, of 32768, from which on it has a sound: -60 dBFS."""
BLOCK = 800
OFTEN_S, SELDOM_S = 0.5, 5.0
"""How far apart blocks are examined, in the first ten seconds of a run and after that: an hour of music is long."""
LOWEST_HZ, HIGHEST_HZ, BIN_HZ = 300, 660, 10
"""The band of the tones of telephony in all countries (ITU-T E.180, Supplement 2); each has one frequency, or two."""
SHARE = 0.75
"""Share of a block's power that the one or two frequencies of a tone of telephony must have."""
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
    """Consecutive packets, all of which have a sound, or none of which has."""

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
    """Yield the sound sent to each caller, with `at` as a PbxEpoch; packets to others or of other codecs are left out.

    `callers`: their names, by the address at which each receives sound. `tones`: each phone's own tone in Hz.
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
    """Return True for a packet without a sound: on average its samples are smaller than QUIETEST."""
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
    """Divide a run where it becomes another kind of sound."""
    if run.silent:
        yield _Part(run.begin, run.end, "silence")
        return
    looked = [(at, _look(samples, tones)) for at, samples in _blocks(run)]
    if not looked:
        return  # shorter than a block: too short to be recognized
    begin, kind = run.begin, looked[0][1]
    for (_, before), (at, part), (_, behind) in zip(looked, looked[1:], [*looked[2:], looked[-1]], strict=False):
        passing = part.kind == "tone" and part.what not in {before.what, behind.what}  # such as a vowel
        if part.what != kind.what and not passing:
            yield _Part(begin, at, *kind.what)
            begin, kind = at, part
    yield _Part(begin, run.end, *kind.what)


def _blocks(run: _Run) -> Iterator[tuple[float, array.array[int]]]:
    """Yield blocks of samples, each with its time: the second 0.1 s of a run, then one every OFTEN_S or SELDOM_S."""
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
    """Return the frequencies of the tone of telephony that fills a block, to 10 Hz; empty: it is something else."""
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
    """Join parts of one kind that are at most BREATH_S apart; those of a tone, if they are at most PAUSE_S apart."""
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
    """Leave out silence that is only a pause in speech, music or the phones' own tones."""
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
