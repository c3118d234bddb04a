"""The way of a call through the dialplan, out of Asterisk's log."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import CallerPlaced, LegBelongs
from ringproof.events.record import to_json
from ringproof.report.route import route_hint
from stories import story

CHANNEL = "PJSIP/trunk-00000000"
DIALPLAN = """\
[general]
static=yes

[from-trunk]
exten => 84950000001,1,Goto(elsewhere,s,1)

[elsewhere]
exten => s,1,NoOp(one)
 same => n(again),GosubIf($[0]?never,s,1)
 same => n,Gosub(look,s,1)
 same => n,Queue(q5,,,,30)
 same => n,Hangup(17)
exten => 7,1,Dial(PJSIP/107)
exten => 7,n,Hangup()
"""


def evidence(folder: Path, *executed: str) -> Path:
    """Write what a play leaves; `executed`: `s@elsewhere:1 NoOp(one)`."""
    (folder / "pbx" / "conf").mkdir(parents=True)
    (folder / "pbx" / "conf" / "extensions.conf").write_text(DIALPLAN, "utf-8")
    lines = []
    for step in executed:
        place, _, call = step.partition(" ")
        application, _, data = call.removesuffix(")").partition("(")
        told = f'Executing [{place}] {application}("{CHANNEL}", "{data}") in new stack'
        lines.append(f"[2026-11-28 02:54:38.345] VERBOSE[65][C-00000001] pbx.c: {told}")
    lines.append(lines[-1].replace(CHANNEL, "PJSIP/trunk-00000009").replace("elsewhere", "another") if lines else "")
    (folder / "pbx" / "full.log").write_text("\n".join(lines), "utf-8")
    placed = CallerPlaced(at=PbxSeconds(0.0), caller="anna", call_id="a")
    leg = LegBelongs(at=PbxSeconds(0.1), call_id="a", channel=CHANNEL, endpoint="trunk", linked="1.1")
    (folder / "events.ndjson").write_text(f"{to_json(placed)}\n{to_json(leg)}\n", "utf-8")
    return folder


IN = ("84950000001@from-trunk:1 Goto(elsewhere,s,1)", "s@elsewhere:1 NoOp(one)", "s@elsewhere:2 GosubIf(0?never,s,1)")
LOOKED = ("s@elsewhere:3 Gosub(look,s,1)", "s@look:1 Set(A=1)", "s@look:2 Return()")


@pytest.mark.parametrize(
    ("executed", "hint"),
    [
        (
            (*IN, *LOOKED, "s@elsewhere:4 Queue(q5,,,,30)"),
            "84950000001 > elsewhere: Queue(q5,,,,30) at pbx/conf/extensions.conf:11",
        ),
        (
            (*IN, *LOOKED, "s@elsewhere:4 Queue(q5,,,,30)", "s@elsewhere:5 Hangup(17)"),
            "84950000001 > elsewhere: Queue(q5,,,,30) at pbx/conf/extensions.conf:11",
        ),
        ((*IN, "s@elsewhere:5 Hangup(17)"), "84950000001 > elsewhere: Hangup(17) at pbx/conf/extensions.conf:12"),
        (
            (*IN, "7@elsewhere:1 Dial(PJSIP/107)", "7@elsewhere:2 Hangup()"),
            "84950000001 > elsewhere > 7: Dial(PJSIP/107) at pbx/conf/extensions.conf:13",
        ),
        (
            (*IN, "s@look:1 Dial(PJSIP/101/sip:101@198.51.100.2:5060;ob&PJSIP/102,5)"),
            "84950000001 > elsewhere > look: Dial(PJSIP/101&PJSIP/102,5) at s@look:1",
        ),
        ((), ""),
    ],
)
def test_the_way_of_a_call(executed: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    """Up to the last application that rang phones, or else to the last step; subroutines are left out."""
    assert route_hint(story([]), "anna", evidence(tmp_path, *executed)) == hint


def test_without_evidence_nothing_is_told(tmp_path: Path) -> None:
    """The office may say another way than the one that the call went."""
    assert route_hint(story([]), "anna", None) == ""
    assert route_hint(story([]), "anna", tmp_path) == ""
