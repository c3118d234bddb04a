"""Mutants that are none: why a slip changes nothing that anybody could see.

A rule proves it from the lines themselves; what no rule proves has been looked at by somebody, and stands in REVIEWED.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .dialplan import Code, Dialplan
from .operators import Slip

GOES_AWAY = frozenset({"Goto", "Return", "Hangup"})
"""Applications behind which Asterisk never comes to the next line."""
COUNTS = "Gosub(sent-on,s,1)"
"""The line that counts how often a call was sent on; in FORWARDED_TO it notes who did it with a 302, too."""
FORWARDED_TO = "extensions"
_READ = re.compile(r"\$\{([A-Z_]+)")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A slip that somebody has looked at."""

    context: str
    """A regular expression: the context's whole name."""
    old: str
    """A part of the line as it was."""
    new: str
    """A regular expression that is found in the line as it is then; `^$`: it is gone."""
    reason: str


REVIEWED: Sequence[Reviewed] = (
    Reviewed(
        "group-.*",
        "Gosub(phones-if-free,s,1(${MEMBER}))",
        r"Set\(PHONES=",
        "The newest has just been looked at, so each turn adds the phones of the one before: in all the same phones.",
    ),
    Reviewed(
        "group-.*",
        'same => n(ring),GotoIf($["${PHONES}" = ""]?next)',
        r"NoOp|GOSUB_RETVAL|STEP_OVER",
        "The newest of a blink has just been found free, so there always is a phone.",
    ),
    Reviewed(
        "group-.*",
        '"${MASTER_CHANNEL(REFUSED)}" =~',
        r'"\$\{REFUSED\}" =~',
        "It is the caller's own channel that asks, and nobody is its master.",
    ),
    Reviewed(
        "extensions",
        'GotoIf($["${GOSUB_RETVAL}" = ""]?nobody)',
        r"^$|Dial",
        "A Dial towards nobody ends at once, and leads to the same line.",
    ),
    Reviewed(
        "group-.*",
        "Set(TURN=${UNLOCK(turns)}) ; where there was no phone after all",
        r"^$",
        "Only where a phone is gone in the milliseconds between look and Dial; else its leg has ended the turn.",
    ),
    Reviewed(
        "group-.*|extensions",
        "Gosub(phones-if-free,s,1(",
        r"phones-if-free,s,2\(",
        "LOOKS is not set then, which is read only where this call has rung the phone before: here it has not.",
    ),
    Reviewed(
        "group-.*|menu-.*",
        COUNTS,
        r"Gosub\((await|note-refusal|phones-if-\w+|refusal|rung|rung-in-turn|tell),s,1\)",
        "That the call was sent on is not counted, which nobody sees before the fiftieth time (circles.ring.yaml);"
        " what is called instead does nothing here.",
    ),
    Reviewed(
        "group-.*",
        "Gosub(tell,s,1(refusal-",
        r"Gosub\(tell,s,2\(refusal-",
        "That it was told is read by who begins to wait in the same milliseconds; who waits already is told.",
    ),
    Reviewed(
        "extensions",
        "Dial(${GOSUB_RETVAL:1},20,rb(rung^s^1))",
        r",21,",
        "Nobody dials it from outside; who is sent on to it comes out of a Dial of 20 s, which ends this one.",
    ),
    Reviewed(
        "group-.*|extensions",
        "b(rung^s^1)",
        r"rung\^s\^2",
        "A leg that was sent on has no endpoint, so nothing is counted for it; the line spares the log a warning.",
    ),
    Reviewed(
        "rung",
        "CHANNEL(channeltype)",
        r"NoOp\(\)$",
        "A leg that was sent on has no endpoint, so nothing is counted for it; the line spares the log a warning.",
    ),
    Reviewed(
        "group-.*|extensions",
        "Dial(${GOSUB_RETVAL:1}",
        r"Dial\(\$\{GOSUB_RETVAL:0\}",
        "The & before the first phone is passed over by Dial (since Asterisk 16.8).",
    ),
    Reviewed(
        "group-.*",
        "DIALSTATUS)}",
        r'= "(?!ANSWER")\w+"\]\?answered|ChannelRedirect',
        "An answer ends the leg that asks; only after one in the same milliseconds does it come to ask at all.",
    ),
    Reviewed(
        "phones-if-free",
        "Set(MASTER_CHANNEL(RANG)=",
        r"Set\(RANG=",
        "Nobody is the caller's master. What a leg notes is lost, which is for a phone that it rang and that the caller"
        " rings next: hung up before he looks, it is known to be free by then, a millisecond later.",
    ),
    Reviewed(
        "menu-again|menu-after-sales",
        "TIMEOUT(digit)",
        r"^$|TIMEOUT\(digit\)=\d+",
        "No key begins another one here, and nobody is dialled: each acts at once.",
    ),
    Reviewed(
        "phones-if-registered",
        "UNAVAILABLE|INVALID|UNKNOWN",
        r'=~ "[A-Z_|]+"\]\?gone',
        "Who is not registered has no contacts: the & that comes back is passed over by Dial (since Asterisk 16.8).",
    ),
    Reviewed(
        "phones-if-free",
        "LOOKS",
        r"LOOKS=1\)|LOOKS\} (<= 10|< 9|< 11)|LOOKS\} \+ 2\]",
        "It is looked some times more or fewer, within a fifth of a second: the PBX knows after a few milliseconds.",
    ),
)


def proven(dialplan: Dialplan, slip: Slip) -> str:
    """Return why nobody could see the slip, as a sentence; empty where no rule proves it."""
    return next(((rule.__doc__ or "").partition("\n")[0] for rule in RULES if rule(dialplan, slip)), "")


def reviewed(dialplan: Dialplan, slip: Slip) -> str:
    """Return why somebody who has looked at it says that nobody could see the slip; empty: nobody has."""
    return next((entry.reason for entry in REVIEWED if _is_meant(entry, dialplan, slip)), "")


def dead_code(dialplan: Dialplan, slip: Slip) -> bool:
    """Asterisk never comes to this line: the one before it leads elsewhere, and it has no label."""
    if len(slip.lines) > 1 or slip.place.begins or slip.place.label:
        return False
    before = next(each for each in dialplan.extension(slip.place) if each.priority == slip.place.priority - 1)
    return before.application in GOES_AWAY


def independent(dialplan: Dialplan, slip: Slip) -> bool:
    """Two variables are set, neither of which the other is made of: their order is all one."""
    if slip.operator != "lines swapped":
        return False
    one, other = _changed(dialplan, slip)
    if {one.application, other.application} != {"Set"} or other.label:
        return False
    (first, reads_first), (second, reads_second) = _set(one), _set(other)
    return first != second and first not in reads_second and second not in reads_first


def either_way(dialplan: Dialplan, slip: Slip) -> bool:
    """Two questions about the time lead to the same place, so it is all one which is asked first."""
    if slip.operator != "lines swapped":
        return False
    one, other = _changed(dialplan, slip)
    ways = {each.arguments.partition("?")[2] for each in (one, other)}
    return {one.application, other.application} == {"GotoIfTime"} and len(ways) == 1 and not other.label


def ringback(_: Dialplan, slip: Slip) -> bool:
    """Dial without `r`: what the caller hears while it rings is not looked at (README)."""
    dialled, _, options = slip.place.arguments.rpartition(",r")
    return slip.operator == "option" and slip.lines == ((slip.place.index, slip.place.given(f"{dialled},{options}")),)


def no_circle(dialplan: Dialplan, slip: Slip) -> bool:
    """No way leads back here, so nobody sees whether it is counted how often the call was sent on."""
    code = next((code for code in _changed(dialplan, slip) if code.calls == COUNTS), None)
    if code is None:
        return _passes_by(dialplan, slip)
    if code.context == FORWARDED_TO or _leads_back(dialplan, code.context):
        return False
    if slip.operator == "lines swapped":
        return {each.application for each in _changed(dialplan, slip)} == {"Gosub", "Set"}
    return slip.lines[0][1] in {None, code.doing("NoOp", ""), code.given("sent-on,s,2")}


def _passes_by(dialplan: Dialplan, slip: Slip) -> bool:
    """True where a way leads to the second line of an extension whose first one only counts, and never back to it."""
    context, _, extension = slip.place.arguments.removesuffix(",1").partition(",")
    onward = dialplan.ran_at(context, extension, 1)
    by = slip.place.given(f"{context},{extension},2")
    return (
        slip.lines == ((slip.place.index, by),)
        and onward is not None
        and onward.calls == COUNTS
        and not _leads_back(dialplan, context)
    )


def _leads_back(dialplan: Dialplan, context: str) -> bool:
    """True where the ways out of a context lead into it again."""
    seen: set[str] = set()
    ways = [context]
    while ways:
        here = ways.pop()
        for code in dialplan.contexts.get(here, ()):
            onward = code.arguments.partition(",")[0]
            if code.application == "Goto" and code.arguments.count(",") > 1 and onward not in seen:
                seen.add(onward)
                ways.append(onward)
    return context in seen


RULES: Sequence[Callable[[Dialplan, Slip], bool]] = (dead_code, independent, either_way, no_circle, ringback)


def _changed(dialplan: Dialplan, slip: Slip) -> list[Code]:
    """The lines that a slip changes, as they were."""
    places = {index for index, _ in slip.lines}
    return [code for code in dialplan.code if code.index in places]


def _set(code: Code) -> tuple[str, set[str]]:
    """The variable that a Set sets, and those that it reads."""
    name, _, value = code.arguments.partition("=")
    return name.lstrip("_"), {*_READ.findall(value), *_READ.findall(name), *re.findall(r"\((\w+),", value)}


def _is_meant(entry: Reviewed, dialplan: Dialplan, slip: Slip) -> bool:
    if not re.fullmatch(entry.context, slip.place.context):
        return False
    return any(entry.old in dialplan.lines[index] and re.search(entry.new, new or "") for index, new in slip.lines)
