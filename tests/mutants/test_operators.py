"""Slips of the hand: what each operator makes of a line, and that Asterisk's reader would still take it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .dialplan import DIALPLAN, Dialplan, read
from .operators import Slip, slips
from .players import render
from .stories import all_stories, office_of

TEXT = """\
[general]
static=yes

[extensions]
exten => 101,1,Hangup(19)
exten => 102,1,Hangup(19)

; A comment about Goto(nowhere,s,1).
[group-a]
exten => s,1,Set(LEFT=101&102&103)
 same => n(look),GotoIf($["${LEFT}" = "" & ${TRY} > 3]?over)
 same => n,Dial(${LEFT:1},15,rb(rung^s^1(${CHANNEL})))
 same => n,Set(__CALL=${MASTER_CHANNEL(RANG)}) ; whose
 same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?look)
 same => n(over),Goto(extensions,101,1)
exten => _X.,1,NoOp()

[group-b]
include => extensions
exten => s,1,Goto(group-a,s,1)
exten => t,1,GotoIfTime(09:00-12:29,tue,*,*,Europe/Berlin?s,1)
"""
SAMPLE = read(TEXT)


def made(operator: str, dialplan: Dialplan = SAMPLE) -> set[str]:
    """What all slips of one kind put in the place of lines."""
    return {line or "" for slip in slips(dialplan) if slip.operator == operator for _, line in slip.lines}


@pytest.mark.parametrize(
    ("operator", "lines"),
    [
        ("dropped", {" same => n(look),NoOp()", " same => n(over),NoOp()", "exten => s,1,NoOp()", ""}),
        ("member dropped", {f"exten => s,1,Set(LEFT={left})" for left in ("102&103", "101&103", "101&102")}),
        ("members swapped", {f"exten => s,1,Set(LEFT={left})" for left in ("102&101&103", "101&103&102")}),
        ("extension", {" same => n(over),Goto(extensions,102,1)"}),
        ("not inherited", {" same => n,Set(CALL=${MASTER_CHANNEL(RANG)}) ; whose"}),
        ("of this channel", {" same => n,Set(__CALL=${RANG}) ; whose"}),
        ("option", {" same => n,Dial(${LEFT:1},15,b(rung^s^1(${CHANNEL})))", " same => n,Dial(${LEFT:1},15,r)"}),
    ],
)
def test_all_slips_of_a_kind(operator: str, lines: set[str]) -> None:
    """Every one, and no other."""
    assert made(operator) == lines


@pytest.mark.parametrize(
    ("operator", "line"),
    [
        ("lines swapped", ' same => n(over),GotoIf($["${DIALSTATUS}" = "BUSY"]?look)'),
        ("number", " same => n,Dial(${LEFT:1},16,rb(rung^s^1(${CHANNEL})))"),
        ("number", "exten => 101,1,Hangup(18)"),
        ("number", "exten => t,1,GotoIfTime(09:00-12:30,tue,*,*,Europe/Berlin?s,1)"),
        ("negated", ' same => n(look),GotoIf($[!("${LEFT}" = "" & ${TRY} > 3)]?over)'),
        ("sign", ' same => n(look),GotoIf($["${LEFT}" != "" & ${TRY} > 3]?over)'),
        ("sign", ' same => n(look),GotoIf($["${LEFT}" = "" | ${TRY} > 3]?over)'),
        ("sign", ' same => n(look),GotoIf($["${LEFT}" = "" & ${TRY} >= 3]?over)'),
        ("label", ' same => n(look),GotoIf($["${LEFT}" = "" & ${TRY} > 3]?look)'),
        ("context", "exten => s,1,Goto(group-b,s,1)"),
        ("word", ' same => n,GotoIf($["${DIALSTATUS}" = "ANSWER"]?look)'),
        ("variable", " same => n,Dial(${TRY:1},15,rb(rung^s^1(${CHANNEL})))"),
        ("time", "exten => t,1,GotoIfTime(09:00-12:29,wed,*,*,Europe/Berlin?s,1)"),
        ("time", "exten => t,1,GotoIfTime(09:00-12:29,tue,*,*,Europe/London?s,1)"),
        ("extensions swapped", "exten => t,1,Goto(group-a,s,1)"),
    ],
)
def test_some_slips_of_a_kind(operator: str, line: str) -> None:
    """The kinds that make many."""
    assert line in made(operator)


def test_a_slip_changes_its_lines_and_no_other() -> None:
    """A line that is dropped is gone."""
    (slip,) = [slip for slip in slips(SAMPLE) if slip.operator == "dropped" and slip.place.extension == "t"]
    assert slip.apply(SAMPLE) == TEXT.replace("exten => t,1,GotoIfTime(09:00-12:29,tue,*,*,Europe/Berlin?s,1)\n", "")


def test_every_slip_of_every_office_is_read_again(tmp_path: Path) -> None:
    """So it is of a form that Asterisk takes; and none is the same as another, or as what was there."""
    for story in {office_of(story): story for story in all_stories()}.values():
        dialplan = read((render(story, tmp_path / office_of(story)) / DIALPLAN).read_text("utf-8"))
        there: set[str] = {"".join(f"{line}\n" for line in dialplan.lines)}
        found: list[Slip] = list(slips(dialplan))
        assert len(found) > 200
        for slip in found:
            text = slip.apply(dialplan)
            assert text not in there
            there.add(text)
            read(text)


def test_where_asterisk_is() -> None:
    """Patterns, and contexts that are included; a place that no line makes is none."""
    assert SAMPLE.ran_at("group-a", "s", 3) == next(code for code in SAMPLE.code if code.application == "Dial")
    assert SAMPLE.ran_at("group-a", "55", 1) == next(code for code in SAMPLE.code if code.extension == "_X.")
    assert SAMPLE.ran_at("group-b", "102", 1) == next(code for code in SAMPLE.code if code.extension == "102")
    assert SAMPLE.ran_at("group-b", "s", 2) is None
    assert SAMPLE.ran_at("nowhere", "s", 1) is None


def test_a_line_of_no_known_form_is_refused() -> None:
    """It would not be mutated, and nobody would know."""
    with pytest.raises(ValueError, match="line 2 of the dialplan is of no known form: switch => Realtime"):
        read("[a]\nswitch => Realtime\n")
