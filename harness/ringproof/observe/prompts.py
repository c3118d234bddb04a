"""Find how much of each played file its caller heard, and whether the file was rightly ended there.

While Asterisk plays a file it sends packets without a gap, also where the file is silent. After the file it sends none,
or another sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from ringproof.core.duration import PbxSeconds
from ringproof.events.model import PromptPlayed, SoundCame
from ringproof.observe.hearing import FEW_S, Span
from ringproof.observe.model import ObservedPrompt


def prompts_heard(
    played: Sequence[PromptPlayed],
    came: Sequence[SoundCame],
    others: Sequence[Span],
    endings: Sequence[float],
    channel: str,
) -> Iterator[ObservedPrompt]:
    """Yield the files that were played to a caller, how much of each was heard, and whether it was cut.

    `came`: what the PBX sent to the caller's `channel`. `others`: when the caller heard ringback, a busy tone or music
    on hold, or talked. `endings`: when something rightly ended a prompt: the caller pressed a key, hung up, or was
    connected with somebody.
    """
    for event, later in zip_longest(played, played[1:]):
        behind = [other.start for other in others if other.start > event.at]
        until = min([*behind, *([later.at] if later is not None else [])], default=None)
        heard = None if event.length is None else _heard_from(event.at, until, came)
        if heard == 0.0 and event.channel != channel:
            heard = None  # what is played to a Local channel of the call is not always meant for the caller
        cut = (
            heard is not None
            and event.length is not None
            and event.length - heard > FEW_S
            and not any(event.at <= ending <= event.at + heard + FEW_S for ending in endings)
        )
        yield ObservedPrompt(
            at=event.at, name=event.name, language=event.language, length=event.length, heard=heard, cut=cut
        )


def _heard_from(start: float, until: float | None, came: Iterable[SoundCame]) -> PbxSeconds:
    """Return for how long there are packets from `start` on, until a voice or `until`; 0.0 where all are silent."""
    at, is_heard = start, False
    for event in sorted(came, key=lambda each: each.at):
        begin, end = event.at, event.at + event.lasts
        if end <= start or (until is not None and begin >= until):
            continue
        if begin > at + FEW_S or event.kind == "voices":
            break
        at = max(at, end if until is None else min(end, until))
        is_heard |= event.kind != "silence"
    return PbxSeconds(at - start if is_heard else 0.0)
