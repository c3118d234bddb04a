"""What the PBX sent to a caller, from RTP packets made by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module

import pytest
from ringproof.clock.clock import PbxEpoch
from ringproof.pbx.rtp_capture import RtpPacket
from ringproof.playing.sent_sound import PCMA, PCMU, SAMPLES, sent_sound, tone_in
from ringproof.playing.sound import tones_for

ANNA = ("172.18.0.3", 4000)
TONES = tones_for(["anna", "101"])
Sound = Callable[[float], float]


def sine(*hertz: float, loudness: float = 0.1) -> Sound:
    """One pure tone, or several at once."""
    return lambda moment: sum(loudness * math.sin(2 * math.pi * each * moment) for each in hertz)


def nothing(moment: float) -> float:
    """Silence."""
    return 0.0 * moment


def voice(moment: float) -> float:
    """Something like speech: harmonics of a voice that rises, and noise."""
    pitch = 110 + 40 * math.sin(moment * 3)
    noise = random.Random(round(moment * 8000)).uniform(-0.05, 0.05)  # noqa: S311 - noise
    return noise + sum(0.05 * math.sin(2 * math.pi * pitch * each * moment) for each in range(1, 20))


def packets(
    sound: Sound, begin: float, lasts: float, kind: int = PCMA, target: tuple[str, int] = ANNA
) -> list[RtpPacket]:
    """Return packets of 20 ms, coded as G.711: of each sample the code whose value is nearest."""
    codes = _codes(kind)
    return [
        RtpPacket(
            at=PbxEpoch(begin + number * 0.02),
            target=target,
            payload_type=kind,
            payload=bytes(codes(sound(number * 0.02 + each / 8000)) for each in range(160)),
        )
        for number in range(round(lasts / 0.02))
    ]


def _codes(kind: int) -> Callable[[float], int]:
    ordered = sorted((value, code) for code, value in enumerate(SAMPLES[kind]))

    def code(amplitude: float) -> int:
        wanted, low, high = amplitude * 32767, 0, len(ordered) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if ordered[middle][0] < wanted else (low, middle)
        return ordered[low][1]

    return code


def kinds(sent: Iterable[RtpPacket]) -> list[tuple[str, tuple[int, ...], tuple[str, ...], float, float]]:
    """Return what came to anna: kind, tone, voices, begin and length to the tenth of a second."""
    return [
        (each.kind, each.hertz, each.voices, round(each.at, 1), round(each.lasts, 1))
        for each in sent_sound(sent, {ANNA: "anna"}, TONES)
    ]


def test_the_codes_of_both_laws() -> None:
    """A few of ITU-T G.711's own values, scaled to 16 bits."""
    assert [SAMPLES[PCMU][code] for code in (0xFF, 0x7F, 0x80, 0x00)] == [0, 0, 32124, -32124]
    assert [SAMPLES[PCMA][code] for code in (0xD5, 0x55, 0xAA, 0x2A)] == [8, -8, 32256, -32256]


@pytest.mark.parametrize("kind", [PCMU, PCMA])
@pytest.mark.parametrize("hertz", [(425,), (440, 480), (480, 620), (400, 450), (350, 440), (450,)])
def test_tones_of_telephony(hertz: tuple[int, ...], kind: int) -> None:
    """One frequency or two, to 10 Hz, in the codes of either law."""
    (found,) = kinds(packets(sine(*hertz), 5.0, 2.0, kind))
    assert found[0] == "tone"
    assert all(abs(one - other) <= 10 for one, other in zip(found[1], hertz, strict=True))
    assert found[3:] == (5.0, 2.0)


def test_a_voice_is_no_tone() -> None:
    """Nor is it anybody's own."""
    assert kinds(packets(voice, 0.0, 3.0)) == [("sound", (), (), 0.0, 3.0)]


def test_own_tones_are_voices() -> None:
    """Of whom, is in their frequency; two at once in a conference."""
    assert kinds(packets(sine(TONES["101"]), 0.0, 1.0)) == [("voices", (), ("101",), 0.0, 1.0)]
    both = packets(sine(TONES["anna"], TONES["101"]), 0.0, 1.0)
    assert kinds(both) == [("voices", (), ("anna", "101"), 0.0, 1.0)]


def test_silence_that_is_sent_is_told_from_silence_that_is_not() -> None:
    """A caller hears either; his own phone's ringback only ends for the one that is sent."""
    sent = [*packets(voice, 0.0, 1.0), *packets(nothing, 1.0, 4.0), *packets(voice, 10.0, 1.0)]
    assert [each[0] for each in kinds(sent)] == ["sound", "silence", "sound"]


def test_a_breath_is_no_end() -> None:
    """Of a voice; the pauses of a tone are kept, since they are its cadence."""
    spoken = [*packets(voice, 0.0, 1.0), *packets(nothing, 1.0, 0.5), *packets(voice, 1.5, 1.0)]
    assert kinds(spoken) == [("sound", (), (), 0.0, 2.5)]
    busy = [each for beat in range(3) for each in packets(sine(425), beat * 0.8, 0.4)]
    assert [each[3:] for each in kinds(busy)] == [(0.0, 0.4), (0.8, 0.4), (1.6, 0.4)]


def test_sound_that_becomes_another_without_a_pause() -> None:
    """A prompt, and then it rings."""
    sent = [*packets(voice, 0.0, 2.0), *packets(sine(425), 2.0, 1.0)]
    found = kinds(sent)
    assert [each[0] for each in found] == ["sound", "tone"]
    assert found[1][3] == pytest.approx(2.0, abs=0.6)


def test_packets_to_others_are_left_out() -> None:
    """As are those of other codecs, digits, and noise on the line."""
    stranger = packets(voice, 0.0, 1.0, target=("172.18.0.9", 4000))
    digits = [RtpPacket(at=each.at, target=ANNA, payload_type=101, payload=each.payload) for each in stranger]
    assert kinds([*stranger, *digits]) == []
    assert kinds(packets(sine(1000, loudness=0.0005), 0.0, 1.0))[0][0] == "silence"


def test_what_is_shorter_than_a_block_is_nothing() -> None:
    """A click."""
    assert kinds(packets(voice, 0.0, 0.06)) == []


def test_an_hour_of_music_is_looked_at_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every five seconds of a long run: what it costs is a matter of its blocks."""
    looked: list[object] = []

    def tone(samples: Sequence[int]) -> tuple[int, ...]:
        looked.append(samples)
        return ()

    monkeypatch.setattr(import_module("ringproof.playing.sent_sound"), "tone_in", tone)
    one = packets(voice, 0.0, 1.0)
    minute = [
        RtpPacket(at=PbxEpoch(each.at + second), target=ANNA, payload_type=each.payload_type, payload=each.payload)
        for second in range(60)
        for each in one
    ]
    assert [each[0] for each in kinds(minute)] == ["sound"]
    assert 25 <= len(looked) <= 35


def test_power_of_nothing() -> None:
    """No tone is in a block of zeros."""
    assert tone_in([0] * 800) == ()
