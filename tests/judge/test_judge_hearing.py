"""What a caller hears, judged by where it is written: before the first wave, during one, after a talk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ringproof.core.duration import PbxSeconds as S
from ringproof.judge import judge
from ringproof.observe import Observation
from ringproof.observe.model import ObservedPrompt, ObservedRing, ObservedSound
from ringproof.scenario.model.scenario import Answer, CallerGets, CallerHears, Expectation, Nobody, Prompt, Ring
from story_book import at, rang, scenario, seen

FIRST = Ring(source=at(11), phones=("101",))
SECOND = Ring(source=at(13), phones=("101", "102"))
RINGS = (rang("101", 5.0, 35.0), rang("102", 20.0, 35.0))


def hears(line: int, *sounds: str, prompts: tuple[Prompt, ...] = ()) -> CallerHears:
    """Write what is to be heard."""
    return CallerHears(source=at(line), sounds=sounds, prompts=prompts)  # type: ignore[arg-type]


def heard(*sounds: tuple[str, float], rings: tuple[ObservedRing, ...] = RINGS, **more: object) -> Observation:
    """Return the observation of a call in which these are heard, one after the other, each until its moment."""
    begun, found = 0.0, []
    for kind, until in sounds:
        found.append(ObservedSound(kind=kind, start=S(begun), end=S(until)))  # type: ignore[arg-type]
        begun = until
    observation = seen(*rings, connected=0.1, **more)  # type: ignore[arg-type]
    view = replace(observation.callers["anna"], hears=tuple(found))
    return replace(observation, callers={"anna": view})


def kinds(observation: Observation, *expectations: Expectation) -> list[str]:
    """Judge, and return the kinds of what is found."""
    story = scenario(Ring(source=at(11), phones=("101",), after=S(5.0)), *expectations)
    story = replace(story, expect={"anna": (*story.expect["anna"], answered_by_pbx())})
    return [finding.kind for finding in judge(story, observation)]


def answered_by_pbx() -> Expectation:
    """The PBX answers in all these stories."""
    return CallerGets(source=at(20), by_pbx=True)


def test_what_is_written_of_a_wave_is_heard_while_it_rings() -> None:
    """Ringback while 101 rings, music while both do."""
    lines = (hears(12, "ringing"), SECOND, hears(14, "music"))
    assert kinds(heard(("sound", 5.0), ("ringing", 20.0), ("music", 35.0)), *lines) == []
    assert kinds(heard(("sound", 5.0), ("ringing", 35.0)), *lines) == ["hears-other"]
    assert kinds(heard(("sound", 5.0), ("music", 35.0)), *lines) == ["hears-other"]


def test_what_belongs_to_the_neighbour_is_heard_for_a_moment() -> None:
    """A second at each end of a wave, and no more."""
    lines = (hears(12, "ringing"), SECOND)
    assert kinds(heard(("sound", 5.9), ("ringing", 35.0)), *lines) == []
    assert kinds(heard(("sound", 6.1), ("ringing", 35.0)), *lines) == ["hears-other"]


def test_several_lines_follow_each_other() -> None:
    """And the sounds of one line come in any order, each at least once."""
    in_turn = (hears(12, "sound"), hears(13, "ringing"), SECOND)
    assert kinds(heard(("silence", 5.0), ("sound", 10.0), ("ringing", 35.0)), *in_turn) == []
    assert kinds(heard(("silence", 5.0), ("ringing", 10.0), ("sound", 20.0), ("ringing", 35.0)), *in_turn) == [
        "hears-other"
    ]
    mixed = (hears(12, "music", "sound"), SECOND)
    assert kinds(heard(("silence", 5.0), ("sound", 8.0), ("music", 12.0), ("sound", 35.0)), *mixed) == []
    assert kinds(heard(("silence", 5.0), ("music", 35.0)), *mixed) == ["hears-other"]


def test_silence_is_heard_where_it_is_written() -> None:
    """Else five seconds of it are heard as a pause, but in ringback."""
    dead = heard(("ringing", 10.0), ("silence", 35.0))
    assert kinds(dead, hears(12, "ringing"), SECOND, hears(14, "silence")) == ["hears-other"]
    assert kinds(heard(("ringing", 20.0), ("silence", 35.0)), hears(12, "ringing"), SECOND, hears(14, "silence")) == []
    short = heard(("music", 10.0), ("silence", 14.9), ("music", 35.0))
    assert kinds(short, hears(12, "music"), SECOND) == []


@pytest.mark.parametrize(("pause", "until", "found"), [(0.0, 10.9, []), (0.0, 11.1, ["hears-other"]),
    (4.0, 14.9, []), (4.0, 15.1, ["hears-other"])])  # fmt: skip
def test_ringback_is_silent_for_the_pause_of_its_cadence(pause: float, until: float, found: list[str]) -> None:
    """And for no more than a second beyond; his own phone's ringback has no pause in it."""
    call = heard(("ringing", 10.0), ("silence", until), ("ringing", 35.0))
    view = call.callers["anna"]
    sounds = tuple(replace(each, pause=S(pause if each.kind == "silence" else 0.0)) for each in view.hears)
    call = replace(call, callers={"anna": replace(view, hears=sounds)})
    assert kinds(call, hears(12, "ringing"), SECOND) == found
    assert kinds(call, SECOND) == []


def test_the_silence_before_ringback_is_no_pause() -> None:
    """While somebody rings; before that it is."""
    call = heard(("sound", 4.0), ("silence", 6.5), ("ringing", 35.0))
    assert kinds(call, hears(12, "ringing"), SECOND) == ["hears-other"]
    story = scenario(
        hears(10, "ringing"), Ring(source=at(11), phones=("101",), after=S(5.0)), SECOND, answered_by_pbx()
    )
    assert judge(story, heard(("silence", 3.0), ("ringing", 35.0))) == ()


def test_a_long_silence_is_found_where_nothing_is_written() -> None:
    """Of more than five seconds and the tolerance; not where a key is awaited."""
    dead = heard(("ringing", 10.0), ("silence", 15.5), ("ringing", 35.0))
    assert kinds(dead, SECOND) == ["hears-nothing"]
    assert kinds(heard(("ringing", 10.0), ("silence", 15.3), ("ringing", 35.0)), SECOND) == []
    view = dead.callers["anna"]
    awaited = replace(view, hears=tuple(replace(each, awaited=True) for each in view.hears))
    assert kinds(replace(dead, callers={"anna": awaited}), SECOND) == []


def test_a_silence_that_only_touches_what_is_written_is_found() -> None:
    """What is written of the wave before does not excuse dead air behind it."""
    silence = heard(("sound", 5.0), ("ringing", 19.5), ("silence", 35.0))
    assert kinds(silence, hears(12, "ringing"), SECOND) == ["hears-nothing"]


def test_before_anybody_rings_and_after_the_talk() -> None:
    """A prompt before, an announcement behind."""
    rings = (rang("101", 5.0, 10.0, "answered"),)
    call = heard(
        ("sound", 5.0), ("ringing", 10.0), ("talk", 20.0), ("sound", 30.0), rings=rings, answers=(("101", 10.0),)
    )
    answer = Answer(source=at(14), phone="101")
    assert kinds(call, answer, hears(15, "sound")) == []
    assert kinds(call, answer, hears(15, "music")) == ["hears-other"]
    story = scenario(hears(10, "music"), Ring(source=at(11), phones=("101",), after=S(5.0)), answer, answered_by_pbx())
    (finding,) = judge(story, call)
    assert finding.sentence == (
        "expected anna to hear music before anybody rings; observed: other sound from 0 s to 5 s"
    )


def test_a_final_response_is_a_busy_tone() -> None:
    """486 makes one in the caller's own phone."""
    refused = replace(heard(("silence", 0.3), rings=()), strays=())
    view = replace(refused.callers["anna"], code=486, ended=S(0.3), ended_by="pbx", connected=None, waves=(), rings=())
    refused = replace(refused, callers={"anna": view})
    lines = (Nobody(source=at(11), does="rings"), CallerGets(source=at(12), code=486, ended_by="pbx"))
    assert judge(scenario(*lines, hears(13, "busy")), refused) == ()
    assert [each.kind for each in judge(scenario(*lines, hears(13, "ringing")), refused)] == ["hears-other"]
    dead = replace(view, hears=(ObservedSound(kind="silence", start=S(0.0), end=S(20.0)),), ended=S(20.0))
    silent = replace(refused, callers={"anna": dead})
    assert "hears-other" in [each.kind for each in judge(scenario(*lines, hears(13, "busy")), silent)]
    story = scenario(*lines, hears(13, "silence"))
    assert "hears-other" not in [each.kind for each in judge(story, silent)]


@pytest.mark.parametrize(
    ("played", "found"),
    [
        ([("welcome", "en")], []),
        ([("/srv/sounds/welcome", "en")], []),
        ([("welcome", "en"), ("bye", "en")], ["hears-other"]),
        ([("hello", "en"), ("welcome", "en")], ["hears-other"]),
        ([("/usr/share/asterisk/sounds/en/welcome", "en")], []),
        ([("en/welcome", "ru")], []),
        ([("ru/welcome", "en")], ["hears-other"]),  # the dialplan names the language itself
        ([("/usr/share/asterisk/sounds/ru/welcome", "en")], ["hears-other"]),
        ([("/srv/sounds/evil/welcome", "en")], ["hears-other"]),
        ([("evil/welcome", "en")], ["hears-other"]),
        ([("welcome", "ru")], ["hears-other"]),
        ([("hello", "en")], ["hears-other"]),
        ([], ["hears-other"]),
    ],
)
def test_a_named_prompt_is_played_in_its_language(played: list[tuple[str, str]], found: list[str]) -> None:
    """By its name without the folder of all sounds, or with it; and no other."""
    call = heard(("silence", 5.0), ("sound", 20.0), ("ringing", 35.0))
    prompts = tuple(ObservedPrompt(at=S(6.0), name=name, language=language) for name, language in played)
    call = replace(call, callers={"anna": replace(call.callers["anna"], prompts=prompts)})
    wanted = hears(12, "sound", prompts=(Prompt(name="welcome", language="en"),))
    assert kinds(call, wanted, SECOND) == found


def test_a_prompt_is_heard_to_its_end() -> None:
    """Of one that was cut off the finding says how much was heard; another file is told as another file."""
    story = scenario(
        hears(10, "sound", prompts=(Prompt(name="welcome"),)),
        Ring(source=at(11), phones=("101",), after=S(5.0)),
        SECOND,
        answered_by_pbx(),
    )

    def played(*, cut: bool, name: str = "welcome", sound: str = "sound") -> list[str]:
        call = heard((sound, 4.6), ("ringing", 35.0))
        prompt = ObservedPrompt(at=S(0.5), name=name, language="en", length=S(8.04), heard=S(4.02), cut=cut)
        view = replace(call.callers["anna"], prompts=(prompt,))
        return [finding.sentence for finding in judge(story, replace(call, callers={"anna": view}))]

    cut_off = (
        "expected anna to hear all of welcome before anybody rings; observed: 4 s of its 8 s, and neither a key nor "
        "the caller nor an answer ended it"
    )
    assert played(cut=False) == []
    assert played(cut=True) == [cut_off]
    assert played(cut=True, sound="silence") == [cut_off]
    assert played(cut=True, name="goodbye") == [
        "expected anna to hear welcome before anybody rings; the PBX plays goodbye in en"
    ]


def test_a_refused_call_is_told_as_refused() -> None:
    """With its code and moment; a silence of no length is nobody's concern."""
    call = heard(("silence", 0.03), rings=())
    gone = replace(call.callers["anna"], code=404, ended=S(0.03), ended_by="pbx", connected=None, waves=(), rings=())
    lines = (Nobody(source=at(11), does="rings"), CallerGets(source=at(12), code=404, ended_by="pbx"))
    (finding,) = judge(scenario(hears(10, "sound"), *lines), replace(call, strays=(), callers={"anna": gone}))
    assert finding.sentence == (
        "expected anna to hear other sound before anybody rings; observed: the PBX refuses the call at 0 s with 404"
    )


def test_what_to_write_of_a_silence_has_all_that_is_heard_with_it() -> None:
    """An announcement between two tries is heard beside the silence behind it."""
    rings = (rang("101", 5.0, 10.0), rang("101", 30.0, 35.0))
    call = heard(("sound", 5.0), ("ringing", 10.0), ("sound", 13.0), ("silence", 30.0), ("ringing", 35.0), rings=rings)
    nobody = Ring(source=at(12), phones=())
    found = judge(
        scenario(
            Ring(source=at(11), phones=("101",), after=S(5.0)),
            nobody,
            Ring(source=at(13), phones=("101",)),
            answered_by_pbx(),
        ),
        call,
    )
    silence = next(finding for finding in found if finding.kind == "hears-nothing")
    assert silence.fix == "where that is right, write `- caller hears: [sound, silence]` behind its wave"


def test_a_prompt_of_which_nothing_is_sent() -> None:
    """Before an answer Asterisk sends sound only in early media."""
    story = scenario(
        hears(10, "sound", prompts=(Prompt(name="welcome"),)),
        Ring(source=at(11), phones=("101",), after=S(5.0)),
        SECOND,
    )
    call = heard(("ringing", 35.0))
    prompt = ObservedPrompt(at=S(0.5), name="welcome", language="en", length=S(4.0), heard=S(0.0), cut=True)
    view = replace(call.callers["anna"], connected=None, prompts=(prompt,))
    (finding,) = judge(story, replace(call, callers={"anna": view}))
    assert finding.sentence.endswith("observed: the PBX plays it, and nothing of it is heard")
    assert finding.fix == "before an answer Asterisk sends sound only where Progress() or Answer() comes first"
