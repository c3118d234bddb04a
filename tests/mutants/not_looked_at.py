"""Slips that a caller, a phone or a record could notice, and that neither Ringproof nor a bundled scenario looks at.

Each says who could notice, and when. All scenarios that run through the line are played, whatever stands here.
"""

from __future__ import annotations

from collections.abc import Sequence

from .dialplan import Dialplan
from .equivalent import COUNTS, FORWARDED_TO
from .operators import Slip
from .reviewed import Reviewed, reason_of

REVIEWED: Sequence[Reviewed] = (
    Reviewed(
        "group-.*",
        "Gosub(phones-if-free,s,1(${MEMBER}))",
        r"Set\(PHONES=",
        "A blink rings the same phones, in another order: it matters only where somebody else calls the newest in the"
        " milliseconds between two looks at it.",
    ),
    Reviewed(
        "group-.*",
        'same => n(ring),GotoIf($["${PHONES}" = ""]?next)',
        r"NoOp|GOSUB_RETVAL|STEP_OVER",
        "The newest of a blink was free a moment before: it matters only where somebody else calls it in between.",
    ),
    Reviewed(
        "group-.*",
        '"${JOINED}" != "" & ${UNANSWERED} = 0]?refused',
        r"STEP_OVER",
        "Who joins a blink is rung, which sets STEP_OVER, unless somebody else calls it between two looks at it.",
    ),
    Reviewed(
        "group-.*",
        "Set(TURN=${UNLOCK(turns)}) ; where there was no phone after all",
        r"^$|NoOp",
        "Another call would wait for the lock where a phone is gone in the milliseconds between look and Dial.",
    ),
    Reviewed(
        "group-.*|extensions",
        "Gosub(phones-if-free,s,1(",
        r"phones-if-free,s,2\(",
        "LOOKS is not set anew: a phone that stopped ringing for this call some milliseconds ago may be passed over.",
    ),
    Reviewed(
        "group-.*|menu-.*",
        COUNTS,
        r"Gosub\((note-refusal|refusal|rung-in-turn),s,1\)",
        "What is called in the place of the count does nothing here but for an error in the log.",
    ),
    Reviewed(
        "rung-in-turn",
        "Gosub(rung,s,1)",
        r"Gosub\(tell,s,1\)",
        "A leg is not counted before its phone rings: two calls that look in the same milliseconds choose the same one"
        " by chance, and steps of the dialplan that take time (`dialplan step:`) leave no such milliseconds.",
    ),
    Reviewed(
        "group-.*",
        "Gosub(tell,s,1(refusal-",
        r"Gosub\(tell,s,2\(refusal-",
        "Who begins to wait in the same milliseconds misses the refusal, and waits its time out.",
    ),
    Reviewed(
        "extensions",
        "Dial(${GOSUB_RETVAL:1},20,rb(rung^s^1))",
        r",21,",
        "A phone of the office that calls this extension hears it ring a second longer, and callers of scenarios come"
        " from outside; who is sent on to it comes out of a Dial of 20 s, which ends this one.",
    ),
    Reviewed(
        "group-.*",
        "DIALSTATUS)}",
        r'= "(?!ANSWER")\w+"\]\?answered|ChannelRedirect',
        "An answer ends the leg that asks: it matters only where it comes in the milliseconds in which the leg asks.",
    ),
    Reviewed(
        "phones-if-free",
        "Set(MASTER_CHANNEL(RANG)=",
        r"Set\(RANG=",
        "What a leg of the caller's notes is lost: a phone that it rang is passed over by the caller who rings it again"
        " within milliseconds of its hanging up.",
    ),
    Reviewed(
        "phones-if-free",
        "LOOKS",
        r"LOOKS=1\)|LOOKS\} (<= 10|< 9|< 11)|LOOKS\} \+ 2\]",
        "It is looked some times more or fewer, within a fifth of a second, which is below the tolerance.",
    ),
    Reviewed(
        "group-(at-)?random",
        "Set(TURN=${LOCK(turns)})",
        r"NoOp",
        "Two calls that look for a phone in the same milliseconds choose the same one by chance: one play in three is"
        " red.",
    ),
    Reviewed(
        "phones-if-free",
        "< 10]?again)",
        r"^$|NoOp",
        "A phone is passed over that stopped ringing for this very call some milliseconds ago: it matters only where a"
        " group rings it anew at once.",
    ),
    Reviewed(
        "phones-if-free",
        "Goto(look)",
        r"^$|NoOp",
        "A phone that this call rang before is dialled although it talks to somebody else by now: no story can have a"
        " phone that refuses its first call and answers its second.",
    ),
)


def not_looked_at(dialplan: Dialplan, slip: Slip) -> str:
    """Return who could notice the slip, and when, although nothing looks at it; empty: nobody has said so."""
    if ringback(dialplan, slip):
        return (ringback.__doc__ or "").partition("\n")[0]
    return reason_of(REVIEWED, dialplan, slip)


def ringback(_: Dialplan, slip: Slip) -> bool:
    """Dial without `r`: who is sent on to it hears the ringback of the Dial before; no phone of the office calls it.

    Elsewhere, where all that are rung are silent, the caller hears nothing: `hears-nothing` after 5 s.
    """
    dialled, _comma, options = slip.place.arguments.rpartition(",r")
    without = slip.place.given(f"{dialled},{options}")
    return slip.place.context == FORWARDED_TO and slip.operator == "option" and slip.lines[0][1] == without
