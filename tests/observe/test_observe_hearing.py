"""What a caller hears, folded from hand-written events."""

from __future__ import annotations

import pytest
from ringproof.core.duration import PbxSeconds as S
from ringproof.events.model import CallerGot, KeysAwaited, KeysAwaitedNoMore, MusicBegan, MusicEnded, SoundCame
from ringproof.observe.hearing import Span, hears, spans_of, tone_for_prompt

CALL = Span(0.0, 60.0)


def came(at: float, lasts: float, kind: str = "sound", *hertz: int) -> SoundCame:
    """Sound that the PBX sent to anna."""
    return SoundCame(at=S(at), caller="anna", lasts=S(lasts), kind=kind, hertz=hertz)  # type: ignore[arg-type]


def got(at: float, code: int) -> CallerGot:
    """A response to anna's INVITE."""
    return CallerGot(at=S(at), caller="anna", code=code)


def heard(
    *sounds: SoundCame,
    responses: tuple[CallerGot, ...] = (),
    music: tuple[Span, ...] = (),
    awaited: tuple[Span, ...] = (),
    talks: tuple[Span, ...] = (),
    call: Span = CALL,
) -> list[tuple[str, float, float]]:
    """Return what is heard, from when to when."""
    return [(each.kind, each.start, each.end) for each in hears(call, sounds, responses, music, awaited, talks)]


def tones(hertz: tuple[int, ...], lasts: float, pause: float, count: int, at: float = 1.0) -> list[SoundCame]:
    """A tone by its cadence."""
    return [came(at + number * (lasts + pause), lasts, "tone", *hertz) for number in range(count)]


def test_nothing_is_silence() -> None:
    """From the INVITE to the end."""
    assert heard() == [("silence", 0.0, 60.0)]


def test_his_own_phone_makes_ringback_after_180() -> None:
    """Until 183, 200 or the end."""
    assert heard(responses=(got(0.1, 100), got(2.0, 180))) == [("silence", 0.0, 2.0), ("ringing", 2.0, 60.0)]
    for code in (183, 200, 486):
        seen = heard(responses=(got(2.0, 180), got(2.0, 180), got(30.0, code)))
        assert seen == [("silence", 0.0, 2.0), ("ringing", 2.0, 30.0), ("silence", 30.0, 60.0)]


@pytest.mark.parametrize(
    ("sounds", "tone"),
    [
        (tones((440, 480), 2.0, 4.0, 3), "ringing"),
        (tones((425,), 0.4, 0.4, 20), "busy"),
        ([came(1.0, 5.0)], None),
        ([*tones((440, 480), 2.0, 4.0, 1), came(3.5, 5.0)], None),  # it rang, and then there was the prompt
        ([came(1.0, 5.0, "voices")], None),
        ([], None),
    ],
)
def test_a_tone_of_the_line_is_no_prompt(sounds: list[SoundCame], tone: str | None) -> None:
    """Where nothing else was heard while a prompt was waited for."""
    sounds_heard = hears(CALL, sounds, (), (), (), ())
    assert tone_for_prompt(sounds_heard, 0.5, 6.0) == tone
    assert tone_for_prompt(sounds_heard, 0.0, 0.5) is None


def test_what_the_pbx_sends_takes_the_place_of_his_own_ringback() -> None:
    """Also where it sends packets of silence: dead air is what he hears."""
    silent = came(10.0, 50.0, "silence")
    assert heard(silent, responses=(got(0.0, 180),)) == [("ringing", 0.0, 10.0), ("silence", 10.0, 60.0)]
    prompt = came(10.0, 50.0)
    assert heard(prompt, responses=(got(0.0, 180),)) == [("ringing", 0.0, 10.0), ("sound", 10.0, 60.0)]


@pytest.mark.parametrize(
    ("hertz", "lasts", "pause", "kind"),
    [
        ((440, 480), 2.0, 4.0, "ringing"),  # us
        ((425,), 0.8, 3.2, "ringing"),  # ru
        ((400, 450), 1.0, 2.0, "ringing"),
        ((425,), 0.4, 0.4, "busy"),
        ((480, 620), 0.5, 0.5, "busy"),
        ((480, 620), 0.25, 0.25, "busy"),  # congestion
    ],
)
def test_tones_are_told_apart_by_their_cadence(hertz: tuple[int, ...], lasts: float, pause: float, kind: str) -> None:
    """The frequency is another one in each country."""
    seen = heard(*tones(hertz, lasts, pause, 5))
    assert [each for each, _, _ in seen] == ["silence", kind, "silence"]
    assert seen[1][1:] == (1.0, pytest.approx(1.0 + 5 * lasts + 4 * pause))


@pytest.mark.parametrize(
    ("pauses", "silent"),
    [
        ((3.2, 3.2, 3.2, 3.2), []),
        ((3.2, 3.2, 5.0, 3.2), [(10.4, 15.4, 3.2)]),
        ((3.2, 1.5, 3.2, 0.1), []),  # begun anew for the next wave
        ((0.2, 2.0, 0.2, 2.0, 0.2), []),  # a double ring
        ((0.2, 2.0, 0.2, 2.0, 0.2, 4.0, 0.2), [(11.6, 15.6, 2.0)]),
        ((5.9,), [(2.0, 7.9, 5.0)]),  # nowhere longer than 5 s
        ((4.0, 1.0), []),
    ],
)
def test_ringback_is_interrupted_where_its_cadence_is(
    pauses: tuple[float, ...], silent: list[tuple[float, float, float]]
) -> None:
    """Two tones are never further apart than its pause, which is the one that comes most often."""
    at, sounds = 1.0, []
    for pause in (*pauses, 0.0):
        sounds.append(came(at, 1.0, "tone", 425))
        at += 1.0 + pause
    seen = [each for each in hears(Span(1.0, at), sounds, [], [], [], []) if each.kind == "silence"]
    assert [(each.start, each.end, each.pause) for each in seen] == [pytest.approx(each) for each in silent]


def test_one_tone_is_ringback_a_beep_or_a_dial_tone() -> None:
    """By how long it lasts."""
    assert heard(came(1.0, 2.0, "tone", 425))[1][0] == "ringing"
    assert heard(came(1.0, 20.0, "tone", 425))[1][0] == "sound"
    assert heard(came(1.0, 0.2, "tone", 425)) == [("silence", 0.0, 60.0)]


def test_one_tone_that_begins_with_a_file_is_what_the_file_holds() -> None:
    """A customer's own greeting may be a chime; a cadence is none."""
    seen = hears(CALL, [came(1.0, 2.0, "tone", 425)], [], [], [], [], [0.9])
    assert [each.kind for each in seen] == ["silence", "sound", "silence"]
    seen = hears(CALL, tones((425,), 1.0, 4.0, 3), [], [], [], [], [0.9])
    assert [each.kind for each in seen] == ["silence", "ringing", "silence"]


def test_music_on_hold_is_music_while_it_is_on() -> None:
    """The PBX says when; sound behind it is something else."""
    seen = heard(came(0.0, 60.0), music=(Span(0.0, 40.0),))
    assert seen == [("music", 0.0, 40.0), ("sound", 40.0, 60.0)]


def test_music_of_pure_tones_is_music() -> None:
    """Whatever its cadence: the PBX says that it plays music."""
    for sounds in ([came(0.0, 60.0, "tone", 440, 550)], tones((440,), 2.0, 4.0, 10)):
        seen = hears(CALL, sounds, [], [Span(0.0, 60.0)], [], [])
        assert {each.kind for each in seen if each.end - each.start > 4.0} == {"music"}, seen


def test_music_that_nobody_hears_is_silence() -> None:
    """A class without a file is begun, and nothing comes."""
    assert heard(came(0.0, 60.0, "silence"), music=(Span(0.0, 60.0),)) == [("silence", 0.0, 60.0)]


def test_while_he_talks_nothing_else_is_heard() -> None:
    """The other end's silence is none of the PBX's."""
    seen = heard(came(5.0, 1.0, "voices"), came(20.0, 1.0), talks=(Span(5.0, 30.0), Span(8.0, 9.0)))
    assert seen == [("silence", 0.0, 5.0), ("talk", 5.0, 30.0), ("silence", 30.0, 60.0)]


def test_sounds_with_a_pause_between_are_one() -> None:
    """And what is shorter than somebody can hear is none."""
    assert heard(came(0.0, 5.0), came(6.5, 53.5)) == [("sound", 0.0, 60.0)]
    assert heard(came(0.0, 5.0), came(30.0, 0.1)) == [("sound", 0.0, 5.0), ("silence", 5.0, 60.0)]


def test_silence_in_which_a_key_is_awaited() -> None:
    """It is the caller's turn."""
    seen = hears(CALL, [came(0.0, 5.0)], [], [], [Span(5.0, 60.0)], [])
    assert [(each.kind, each.awaited) for each in seen] == [("sound", False), ("silence", True)]
    seen = hears(CALL, [came(0.0, 5.0)], [], [], [Span(0.0, 5.0)], [])
    assert [each.awaited for each in seen] == [False, False]


def test_spans_of_the_channels_of_a_call() -> None:
    """Those of others are left out; what is on to the end has none."""
    events: list[MusicBegan | MusicEnded | KeysAwaited | KeysAwaitedNoMore] = [
        MusicBegan(at=S(1.0), channel="a"),
        MusicBegan(at=S(1.5), channel="stranger"),
        MusicBegan(at=S(2.0), channel="a"),
        MusicEnded(at=S(3.0), channel="a"),
        MusicEnded(at=S(4.0), channel="b"),
        KeysAwaited(at=S(6.0), channel="b"),
        KeysAwaitedNoMore(at=S(7.0), channel="b"),
        MusicBegan(at=S(8.0), channel="b"),
    ]
    assert list(spans_of(events, {"a", "b"})) == [Span(1.0, 3.0), Span(6.0, 7.0), Span(8.0, float("inf"))]
