"""How much of a prompt is heard, and what ends one rightly."""

from __future__ import annotations

import pytest
from ringproof.core.duration import PbxSeconds as S
from ringproof.events.model import PromptPlayed, SoundCame
from ringproof.observe.hearing import Span
from ringproof.observe.model import ObservedPrompt
from ringproof.observe.prompts import prompts_heard

CHANNEL = "PJSIP/trunk-1"


def came(start: float, end: float, kind: str = "sound") -> SoundCame:
    """Sound of this kind that the PBX sent."""
    return SoundCame(at=S(start), caller="anna", lasts=S(end - start), kind=kind)  # type: ignore[arg-type]


def heard(
    *sounds: SoundCame,
    length: float | None = 4.0,
    others: tuple[Span, ...] = (),
    endings: tuple[float, ...] = (),
    channel: str = CHANNEL,
) -> ObservedPrompt:
    """Return what is heard of a file of four seconds that is played at 10 s, and of which another follows at 20 s."""
    played = [
        PromptPlayed(
            at=S(10.0), channel=channel, name="welcome", language="en", length=None if length is None else S(length)
        ),
        PromptPlayed(at=S(20.0), channel=channel, name="goodbye", language="en"),
    ]
    first, second = prompts_heard(played, sounds, others, endings, CHANNEL)
    assert (second.heard, second.cut) == (None, False)
    return first


@pytest.mark.parametrize(
    ("sounds", "lasts", "cut"),
    [
        ((came(9.98, 13.98),), 3.98, False),
        ((came(9.98, 10.1, "silence"), came(10.1, 13.0), came(13.0, 14.0, "silence")), 4.0, False),
        ((came(9.98, 13.72),), 3.72, False),
        ((came(9.98, 13.65),), 3.65, True),
        ((came(9.98, 10.2),), 0.2, True),
        ((came(8.0, 10.1), came(10.1, 14.0, "tone")), 4.0, False),  # behind another file, which has just ended
        ((came(9.98, 10.2), came(10.2, 30.0, "voices")), 0.2, True),
        ((came(9.98, 10.2), came(12.0, 14.0)), 0.2, True),
        ((came(9.98, 14.0, "tone"),), 4.0, False),  # a beep
        ((came(9.98, 14.0, "silence"),), 0.0, True),  # far too quiet
        ((came(5.0, 9.9),), 0.0, True),
        ((), 0.0, True),
    ],
)
def test_how_much_is_heard(sounds: tuple[SoundCame, ...], lasts: float, cut: bool) -> None:  # noqa: FBT001
    """As long as packets come without a gap, some of them with a sound, and no other sound begins."""
    prompt = heard(*sounds)
    assert prompt.heard == pytest.approx(lasts)
    assert prompt.cut is cut


@pytest.mark.parametrize("ending", [10.2, 10.49])
def test_what_ends_a_prompt_rightly(ending: float) -> None:
    """A key, a hang-up, an answer while it plays; not one that comes before or later."""
    assert not heard(came(9.98, 10.2), endings=(ending,)).cut
    assert heard(came(9.98, 10.2), endings=(9.9,)).cut
    assert heard(came(9.98, 10.2), endings=(10.6,)).cut


def test_other_sound_ends_it() -> None:
    """Music on hold, ringback; that which was on before is not behind it."""
    music = (Span(11.0, 30.0),)
    assert heard(came(9.98, 30.0), others=music).heard == pytest.approx(1.0)
    assert heard(came(9.98, 30.0), others=(Span(0.0, 9.0),)).heard == pytest.approx(10.0)


def test_what_nobody_knows_is_not_judged() -> None:
    """A file of unknown length, and one that a Local channel plays to nobody."""
    assert heard(length=None) == ObservedPrompt(at=S(10.0), name="welcome", language="en")
    assert heard(channel="Local/1@x-1;2").heard is None
    assert heard(came(9.98, 10.2), channel="Local/1@x-1;2").cut
