"""Mutants that are none: why a slip changes nothing that a caller, a phone or a record could notice.

A rule proves it from the lines themselves; what no rule proves has been looked at by somebody, and stands in REVIEWED.
What somebody could notice, although nothing looks at it, stands in `not_looked_at.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .dialplan import Code, Dialplan
from .operators import Slip
from .reviewed import Reviewed, reason_of

GOES_AWAY = frozenset({"Goto", "Return", "Hangup"})
"""Applications behind which Asterisk never comes to the next line."""
COUNTS = "Gosub(sent-on,s,1)"
"""The line that counts how often a call was sent on; in FORWARDED_TO it notes who did it with a 302, too."""
FORWARDED_TO = "extensions"
DOES_NOTHING = ("await", "phones-if-free", "phones-if-registered", "rung", "tell")
"""What changes nothing where a group or menu begins and gives no argument; nor does the log complain of it."""
_READ = re.compile(r"\$\{([A-Z_]+)")
_FAR = re.compile(r"GotoIf\(\$\[\$\{SENT_ON\} >=? [45]\d\]\?enough\)")
"""The question whether a call has been sent on too often, with about the same limit."""
_FEW = re.compile(r"Set\(_*SENT_ON=\$\[0\$\{SENT_ON\} [+-] [12]\]\)")
"""The count, by another step."""


REVIEWED: Sequence[Reviewed] = (
    Reviewed(
        "group-.*",
        'GotoIf($["${GOSUB_RETVAL}" = ""]?look)',
        r'"\$\{[A-Z_]+\}" = ""\]\?look|^$|NoOp',
        "A Dial towards nobody ends at once, as a refusal does, and the next is looked for.",
    ),
    Reviewed(
        "group-.*",
        "Set(END=nobody)",
        r'DIALSTATUS\)\}" = "ANSWER"\]\?answered',
        "END is read only where there is no answer, so it is all one whether it is set before or after that is asked.",
    ),
    Reviewed(
        "group-.*",
        "same => n,Set(PHONES=)",
        r"Gosub\(phones-if-free,s,1\(\d+\)\)",
        "What looks for the first phone does not read PHONES, which is empty before that phone is added, either way.",
    ),
    Reviewed(
        "group-.*",
        '"${MASTER_CHANNEL(REFUSED)}" =~',
        r'"\$\{REFUSED\}" =~',
        "It is the caller's own channel that asks, and nobody is its master.",
    ),
    Reviewed(
        "group-.*|extensions",
        "Dial(${",
        r"Dial\(\$\{(GOSUB_RETVAL|PHONES):0\}",
        "The & before the first phone is passed over by Dial (since Asterisk 16.8).",
    ),
    Reviewed(
        "extensions",
        'GotoIf($["${GOSUB_RETVAL}" = ""]?nobody)',
        r"^$|Dial|NoOp",
        "A Dial towards nobody ends at once without a ringback, and leads to the same line.",
    ),
    Reviewed(
        "group-.*|extensions",
        "b(rung^s^1)",
        r"rung\^s\^2",
        "Dial calls nothing for a leg that was sent on, so every leg that comes here is one to a phone.",
    ),
    Reviewed(
        "rung",
        "CHANNEL(channeltype)",
        r"NoOp\(\)$",
        "Dial calls nothing for a leg that was sent on, so every leg that comes here is one to a phone.",
    ),
    Reviewed(
        "menu-.*",
        "same => n,Answer()",
        r"^$|NoOp",
        "Background answers by itself, and nothing is heard before it.",
    ),
    Reviewed(
        "group-.*",
        "Set(MEMBER=${CUT(TRY,&,${RAND(",
        r"LISTFILTER\(TRY,&,\$\{MEMBER\}\)",
        "Who is not free is left out as well; where nobody is left an empty name is looked at, which is not free.",
    ),
    Reviewed(
        "opening-hours",
        '"2026-12-31"',
        r"Europe/(London|Moscow),",
        "In the hours of these days in which the two differ it is closed anyway.",
    ),
    Reviewed(
        "phones-if-registered",
        "UNAVAILABLE|INVALID|UNKNOWN",
        r'=~ "[A-Z_|]+"\]\?gone',
        "Who is not registered has no contacts: the & that comes back is passed over by Dial (since Asterisk 16.8).",
    ),
)


def proven(dialplan: Dialplan, slip: Slip) -> str:
    """Return why nobody could see the slip, as a sentence; empty where no rule proves it."""
    return next(((rule.__doc__ or "").partition("\n")[0] for rule in RULES if rule(dialplan, slip)), "")


def reviewed(dialplan: Dialplan, slip: Slip) -> str:
    """Return why somebody who has looked at it says that nobody could see the slip; empty: nobody has."""
    return reason_of(REVIEWED, dialplan, slip)


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


def no_circle(dialplan: Dialplan, slip: Slip) -> bool:
    """No way leads from here in a circle, so nobody sees whether it is counted how often the call was sent on.

    What is called in the place of the count does nothing.
    """
    code = next((code for code in _changed(dialplan, slip) if code.calls == COUNTS), None)
    if code is None:
        return _passes_by(dialplan, slip)
    if code.context == FORWARDED_TO or not _counts_for_nobody(dialplan, code.context):
        return False
    if slip.operator == "lines swapped":
        return {each.application for each in _changed(dialplan, slip)} == {"Gosub", "Set"}
    instead = {code.given(f"{name},s,1") for name in DOES_NOTHING}
    return slip.lines[0][1] in {None, code.doing("NoOp", ""), code.given("sent-on,s,2"), *instead}


def never_so_often(dialplan: Dialplan, slip: Slip) -> bool:
    """No way of this office leads in a circle, so nobody is sent on so often that his call is ended."""
    (index, new), *others = slip.lines
    if others or slip.place.context != "sent-on" or any(_leads_back(dialplan, name) for name in dialplan.contexts):
        return False
    line = new or ""
    if slip.place.label == "enough" or (slip.place.application == "GotoIf" and "NoOp()" in line):
        return True
    read_elsewhere = any("SENT_ON}" in code.arguments for code in dialplan.code if code.context != "sent-on")
    handed_on = "__SENT_ON" in dialplan.lines[index] and ("__SENT_ON" in line or not read_elsewhere)
    return bool(_FAR.search(line) or (handed_on and _FEW.search(line)))


def single_keys(dialplan: Dialplan, slip: Slip) -> bool:
    """No key begins another one here, and nobody is dialled: each acts at once, however long another is waited for."""
    here = slip.place.context
    if len(slip.lines) > 1 or not slip.place.arguments.startswith("TIMEOUT(digit)="):
        return False
    keys = {code.extension for code in dialplan.contexts[here]}
    new = slip.lines[0][1] or ""
    unchanged_but_in_length = new == slip.place.doing("NoOp", "") or re.search(r"Set\(TIMEOUT\(digit\)=\d+\)", new)
    return (
        bool(not new or unchanged_but_in_length)
        and all(len(key) == 1 for key in keys)
        and not any(include.context == here for include in dialplan.includes)
    )


def _passes_by(dialplan: Dialplan, slip: Slip) -> bool:
    """True where a way leads to the second line of an extension whose first one only counts, which nobody sees."""
    context, _, extension = slip.place.arguments.removesuffix(",1").partition(",")
    if slip.lines != ((slip.place.index, slip.place.given(f"{context},{extension},2")),):
        return False
    onward = dialplan.ran_at(context, extension, 1)
    return onward is not None and onward.calls == COUNTS and _counts_for_nobody(dialplan, context)


def _counts_for_nobody(dialplan: Dialplan, context: str) -> bool:
    """True where no circle is reached from a context, and nothing there has the same name as in one before."""
    if any(_leads_back(dialplan, name) for name in {context} | _reached(dialplan, context)):
        return False
    named = {name for name, lines in dialplan.contexts.items() if any("SENT_ON}" in code.arguments for code in lines)}
    before = {name for name in dialplan.contexts if context in _reached(dialplan, name)}
    return context not in named or not before & named


def _leads_back(dialplan: Dialplan, context: str) -> bool:
    """True where the ways out of a context lead into it again."""
    return context in _reached(dialplan, context)


def _reached(dialplan: Dialplan, context: str) -> set[str]:
    """Return the contexts to which the ways out of a context lead, also by a phone that sends the call on.

    A phone that has sent a call on does not get it back, so extensions that send a call to one another are no circle.
    """
    contexts = dialplan.contexts
    seen: set[str] = set()
    ways = [context]
    while ways:
        here = ways.pop()
        onward = {include.name for include in dialplan.includes if include.context == here}
        for code in contexts.get(here, ()):
            if code.application == "Goto" and code.arguments.count(",") > 1:
                onward.add(code.arguments.partition(",")[0])
            if code.application == "Dial" and here != FORWARDED_TO:
                onward.add(FORWARDED_TO)
        ways += onward - seen
        seen |= onward
    return seen


RULES: Sequence[Callable[[Dialplan, Slip], bool]] = (
    dead_code,
    independent,
    either_way,
    no_circle,
    never_so_often,
    single_keys,
)


def _changed(dialplan: Dialplan, slip: Slip) -> list[Code]:
    """The lines that a slip changes, as they were."""
    places = {index for index, _ in slip.lines}
    return [code for code in dialplan.code if code.index in places]


def _set(code: Code) -> tuple[str, set[str]]:
    """The variable that a Set sets, and those that it reads."""
    name, _, value = code.arguments.partition("=")
    return name.lstrip("_"), {*_READ.findall(value), *_READ.findall(name), *re.findall(r"\((\w+),", value)}
