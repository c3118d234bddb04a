"""Mistakes at random: what a slip of the hand makes of a line of the dialplan, and Asterisk still takes.

An operator is given one line and yields every slip of its kind there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .dialplan import DIALPLAN, GENERAL, Code, Dialplan

TRUNK = "from-trunk"
"""The context in which calls from outside begin."""
STATES = ("NOT_INUSE", "INUSE", "RINGING", "BUSY", "UNAVAILABLE", "UNKNOWN")
STATUSES = ("ANSWER", "NOANSWER", "BUSY", "CANCEL", "CHANUNAVAIL", "CONGESTION")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("Europe/Berlin", "Europe/London", "Europe/Moscow")
LOGIC = {
    " = ": (" != ",),
    " != ": (" = ",),
    " > ": (" >= ", " < "),
    " >= ": (" > ", " < "),
    " < ": (" <= ", " > "),
    " <= ": (" < ", " > "),
    " & ": (" | ",),
    " | ": (" & ",),
    " + ": (" - ",),
    " - ": (" + ",),
}
_NUMBER = re.compile(r"(?<![\w.$-])\d{1,2}(?![\w.])")
_LIST = re.compile(r"(?<!\d)\d+(?:&\d+)+")
_TARGET = re.compile(r"(?P<before>[?,:(]|^)(?P<label>[a-z][a-z-]*)(?=$|[:)])")


@dataclass(frozen=True, slots=True)
class Slip:
    """A line of a dialplan, changed."""

    operator: str
    place: Code
    lines: tuple[tuple[int, str | None], ...]
    """What stands at each index instead; None: nothing, not even a line."""

    def apply(self, dialplan: Dialplan) -> str:
        """Return the changed file."""
        changed = dict(self.lines)
        lines = (changed.get(index, line) for index, line in enumerate(dialplan.lines))
        return "".join(f"{line}\n" for line in lines if line is not None)

    def make(self, dialplan: Dialplan, folder: Path) -> Path:
        """Write the changed file into a rendered folder, and return the folder."""
        (folder / DIALPLAN).write_text(self.apply(dialplan), "utf-8")
        return folder


Operator = Callable[[Dialplan, Code], Iterator[Slip]]


def drop(dialplan: Dialplan, code: Code) -> Iterator[Slip]:
    """A line that is forgotten; its label, or the extension that it begins, stays where there is more of it."""
    alone = code.begins and len(dialplan.extension(code)) == 1
    instead = None if alone or not (code.begins or code.label) else f"{code.head}NoOp(){code.tail}"
    yield Slip("dropped", code, ((code.index, instead),))


def swap(dialplan: Dialplan, code: Code) -> Iterator[Slip]:
    """Two neighbouring lines of one extension, in the wrong order; labels stay where they are."""
    following = [each for each in dialplan.extension(code) if each.priority == code.priority + 1]
    for other in following:
        if (other.application, other.arguments) != (code.application, code.arguments):
            one, two = code.doing(other.application, other.arguments), other.doing(code.application, code.arguments)
            yield Slip("lines swapped", code, ((code.index, one), (other.index, two)))


def number(_: Dialplan, code: Code) -> Iterator[Slip]:
    """A number of one or two digits, one more or one less."""
    for found in _NUMBER.finditer(code.arguments):
        for value in (int(found[0]) + 1, int(found[0]) - 1):
            if value >= 0:
                yield _given("number", code, _with(code.arguments, found, f"{value:0{len(found[0])}}"))


def extension(dialplan: Dialplan, code: Code) -> Iterator[Slip]:
    """Another extension of the office."""
    there = sorted({each.extension for each in dialplan.contexts.get("extensions", ())})
    for found in re.finditer(r"(?<![\w&])\d{3}(?![\w&])", code.arguments):
        for other in there:
            if other != found[0]:
                yield _given("extension", code, _with(code.arguments, found, other))


def members(_: Dialplan, code: Code) -> Iterator[Slip]:
    """In a list of members two are swapped, or one is left out."""
    for found in _LIST.finditer(code.arguments):
        listed = found[0].split("&")
        for place in range(len(listed)):
            yield _given("member dropped", code, _with(code.arguments, found, "&".join(_without(listed, place))))
            if place:
                swapped = [*listed[: place - 1], listed[place], listed[place - 1], *listed[place + 1 :]]
                yield _given("members swapped", code, _with(code.arguments, found, "&".join(swapped)))


def negation(_: Dialplan, code: Code) -> Iterator[Slip]:
    """The other branch of a condition."""
    if code.application == "GotoIf":
        condition, _mark, branch = code.arguments.rpartition("?")
        inside = condition[2:-1] if condition.startswith("$[") else condition
        yield _given("negated", code, f"$[!({inside})]?{branch}")


def sign(_: Dialplan, code: Code) -> Iterator[Slip]:
    """Another sign of comparison, arithmetic or logic."""
    for old, others in LOGIC.items():
        for found in re.finditer(re.escape(old), code.arguments):
            for new in others:
                yield _given("sign", code, _with(code.arguments, found, new))


def target(dialplan: Dialplan, code: Code) -> Iterator[Slip]:
    """Another label of the extension, another context of the dialplan."""
    labels = sorted({each.label for each in dialplan.extension(code)} - {""})
    contexts = sorted(name for name, lines in dialplan.contexts.items() if any(each.extension == "s" for each in lines))
    if code.application in {"Goto", "GotoIf", "GotoIfTime"}:
        for found in _TARGET.finditer(code.arguments):
            for label in labels if found["label"] in labels else ():
                if label != found["label"]:
                    yield _given("label", code, _with(code.arguments, found, found["before"] + label))
    if code.application in {"Goto", "Gosub"} and code.arguments.count(",") >= 2:
        context, _, rest = code.arguments.partition(",")
        for other in contexts if rest.startswith("s,") else ():
            if other != context:
                yield _given("context", code, f"{other},{rest}")


def option(_: Dialplan, code: Code) -> Iterator[Slip]:
    """An option of Dial is left out."""
    if code.application == "Dial" and code.arguments.count(",") >= 2:
        dialled, seconds, options = code.arguments.split(",", 2)
        for found in re.finditer(r"[a-zA-Z](\([^()]*(\([^()]*\))*[^()]*\))?", options):
            yield _given("option", code, f"{dialled},{seconds},{_with(options, found, '')}")


def word(_: Dialplan, code: Code) -> Iterator[Slip]:
    """Another state of a device, another status of a Dial; one of several states left out."""
    for words in (STATES, STATUSES):
        for found in re.finditer(r"\b[A-Z]+(_[A-Z]+)?\b(?!\})", code.arguments):
            for other in words if found[0] in words and code.arguments[found.start() - 1] in '"|' else ():
                if other != found[0]:
                    yield _given("word", code, _with(code.arguments, found, other))
    for found in re.finditer(r"\b[A-Z]+\|", code.arguments):
        yield _given("word dropped", code, _with(code.arguments, found, ""))


def inheritance(_: Dialplan, code: Code) -> Iterator[Slip]:
    """A variable that is not handed to the channels that are made, or is not the caller's own."""
    for found in re.finditer(r"\b__(?=[A-Z])", code.arguments):
        yield _given("not inherited", code, _with(code.arguments, found, ""))
    for found in re.finditer(r"MASTER_CHANNEL\((\w+)\)", code.arguments):
        yield _given("of this channel", code, _with(code.arguments, found, found[1]))


def variable(dialplan: Dialplan, code: Code) -> Iterator[Slip]:
    """Another variable of the same context."""
    lines = dialplan.contexts[code.context]
    there = sorted({name for each in lines for name in re.findall(r"\$\{([A-Z_]+)(?=[:}])", each.arguments)})
    for found in re.finditer(r"(?<=\$\{)[A-Z_]+(?=[:}])", code.arguments):
        for other in there:
            if other != found[0]:
                yield _given("variable", code, _with(code.arguments, found, other))


def times(_: Dialplan, code: Code) -> Iterator[Slip]:
    """Another day, another time zone, an hour or a minute more or less."""
    for words in (DAYS, ZONES):
        for found in re.finditer(r"\b[A-Za-z]+(/[A-Za-z]+)?\b", code.arguments):
            for other in words if found[0] in words else ():
                if other != found[0]:
                    yield _given("time", code, _with(code.arguments, found, other))


def key(dialplan: Dialplan, code: Code) -> Iterator[Slip]:
    """Another key, number or exit of the context."""
    if not code.begins or code.extension.startswith("_"):
        return
    others = sorted({each.extension for each in dialplan.contexts[code.context]} - {code.extension})
    for other in others:
        (first,) = [each for each in dialplan.contexts[code.context] if each.extension == other and each.begins]
        one = _renamed(code, other), _renamed(first, code.extension)
        if code.index < first.index:
            yield Slip("extensions swapped", code, ((code.index, one[0]), (first.index, one[1])))


def widened(dialplan: Dialplan) -> Iterator[Slip]:
    """A number that is dialled from outside becomes a pattern, so that numbers which nobody has lead there, too.

    A call to such a number runs through no line, so this is no operator that is given one.
    """
    for code in dialplan.contexts.get(TRUNK, ()):
        if code.begins and code.extension.isdigit():
            yield Slip("number widened", code, ((code.index, _renamed(code, "_X.")),))


OPERATORS: Sequence[Operator] = (
    drop,
    swap,
    number,
    extension,
    members,
    negation,
    sign,
    target,
    option,
    word,
    inheritance,
    variable,
    times,
    key,
)


def slips(dialplan: Dialplan) -> Iterator[Slip]:
    """Yield every slip of every kind, each text once."""
    seen: set[tuple[tuple[int, str | None], ...]] = set()
    for code in dialplan.code:
        for operator in OPERATORS if code.context != GENERAL else ():
            for slip in operator(dialplan, code):
                if slip.lines not in seen and slip.apply(dialplan).splitlines() != list(dialplan.lines):
                    seen.add(slip.lines)
                    yield slip


def _given(operator: str, code: Code, arguments: str) -> Slip:
    return Slip(operator, code, ((code.index, code.given(arguments)),))


def _with(text: str, found: re.Match[str], new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]


def _without(listed: Sequence[str], place: int) -> list[str]:
    return [*listed[:place], *listed[place + 1 :]]


def _renamed(code: Code, name: str) -> str:
    line = code.doing(code.application, code.arguments)
    return line.replace(f"exten => {code.extension},", f"exten => {name},", 1)
