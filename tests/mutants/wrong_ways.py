"""Wrong PBXes that lead callers elsewhere: menus, hours, numbers, the trunk."""

from __future__ import annotations

from .change import Replace, Swap
from .mutant import Mutant

WRONG_WAYS: tuple[Mutant, ...] = (
    Mutant(
        "the digit timeout is doubled",
        Replace("menu-main", "TIMEOUT(digit)=2", "TIMEOUT(digit)=4"),
        "menu",
        "key 1 rings accounting all at once",
        {"ring-late"},
    ),
    Mutant(
        "the menu's greeting is missing",
        Replace("menu-main", "Background(vm-enter-num-to-call)", "NoOp()"),
        "menu",
        "a key during the greeting",
        {"answer-missing", "ring-instead"},
    ),
    Mutant(
        "the way out of silence hangs up",
        Replace("menu-main", "exten => t,1,Goto(extensions,100,1)", "exten => t,1,Hangup()"),
        "menu",
        "silence leads to the operator",
        {"answer-missing", "caller-ended-by", "ring-missing"},
    ),
    Mutant(
        "it closes a minute late",
        Replace("opening-hours", "13:00-17:59,tue", "13:00-18:00,tue"),
        "hours",
        "just after it has closed",
        {"missed-missing", "missed-unexpected", "ring-instead"},
    ),
    Mutant(
        "it opens a minute late",
        Replace("opening-hours", "09:00-12:29,tue", "09:01-12:29,tue"),
        "hours",
        "just after it has opened",
        {"missed-missing", "missed-unexpected", "ring-instead"},
    ),
    Mutant(
        "the hours are those of another country",
        Replace("opening-hours", "12:29,tue,*,*,Europe/Berlin?open", "12:29,tue,*,*,Europe/London?open"),
        "hours",
        "just after it has opened",
        {"missed-missing", "missed-unexpected", "ring-instead"},
    ),
    Mutant(
        "a holiday is forgotten",
        Replace("opening-hours", '"12-25"', '"12-26"'),
        "hours",
        "on a holiday of every year",
        {"missed-missing", "missed-unexpected", "ring-instead"},
    ),
    Mutant(
        "a day of the week is forgotten",
        Replace("opening-hours", "00:00-05:59,sun", "00:00-05:59,mon"),
        "hours",
        "after the clocks were put back",
        {"missed-missing", "missed-unexpected", "ring-instead"},
    ),
    Mutant(
        "hours are looked at again while it rings",
        Replace(
            "group-sales", "Dial(${PHONES:1},20,r)", "Dial(${PHONES:1},10,r)\n same => n,Goto(from-trunk,84950000001,1)"
        ),
        "hours",
        "a call that crosses closing time",
        {"caller-code", "caller-ended-by", "ring-too-short", "ring-unexpected"},
    ),
    Mutant(
        "two keys of the menu are swapped",
        Swap("menu-main", "exten => 2,1", "exten => 3,1"),
        "menu",
        "key 2 rings support, one more phone each step",
        {"answer-missing", "missed-unexpected", "ring-instead"},
    ),
    Mutant(
        "the digit timeout is halved",
        Replace("menu-main", "TIMEOUT(digit)=2", "TIMEOUT(digit)=1"),
        "menu",
        "key 1 rings accounting all at once",
        {"ring-early"},
    ),
    Mutant(
        "t is removed",
        Replace("menu-main", "exten => t,1,Goto(extensions,100,1)", ""),
        "menu",
        "silence leads to the operator",
        {"answer-missing", "caller-ended-by", "ring-missing"},
    ),
    Mutant(
        "i is removed",
        Replace("menu-main", "exten => i,1", "exten => removed,1"),
        "menu",
        "a wrong key, then the right one",
        {"answer-missing", "caller-ended-by", "ring-missing", "step-failed"},
    ),
    Mutant(
        "nobody can be dialled in the menu",
        Replace("menu-main", "include => extensions", ""),
        "menu",
        "102 is dialled directly",
        {"ring-unexpected"},
    ),
    Mutant(
        "one wrong key is too many too early",
        Replace("menu-main", "${WRONG_KEYS} >= 3", "${WRONG_KEYS} >= 2"),
        "menu",
        "wrong keys to the end",
        {"ring-early"},
    ),
    Mutant(
        "the menu waits a second longer",
        Replace("menu-main", "WaitExten(5)", "WaitExten(6)"),
        "menu",
        "silence leads to the operator",
        {"ring-late"},
    ),
    Mutant(
        "a key of the second menu leads elsewhere",
        Replace("menu-after-sales", "exten => 0,1,Goto(menu-main,s,1)", "exten => 0,1,Goto(s,1)"),
        "menu",
        "a second menu leads back to the first",
        {"answer-missing", "ring-missing"},
    ),
    Mutant(
        "two numbers of the office are swapped",
        Swap("from-trunk", "84950000012", "84950000013"),
        "on-a-call",
        "in order, who is on a call at his turn is passed over",
        {"answer-missing", "ring-instead"},
    ),
    Mutant(
        "calls from outside come in as calls of an extension",
        Replace("", "context=from-trunk", "context=from-extension", file="pjsip.conf"),
        "extension",
        "the extension answers",
        {"answer-missing", "caller-ended-by", "ring-missing"},
    ),
    Mutant(
        "a phone that nobody answers is busy",
        Replace("extensions", "Hangup(19)", "Hangup(17)", everywhere=True),
        "extension",
        "nobody answers",
        {"caller-code"},
    ),
    Mutant(
        "a member's context is changed",
        Replace("", "[101](phone)\n", "[101](phone)\ncontext=from-trunk\n", file="pjsip.conf"),
        "extension",
        "the extension forwards the call to another one",
        {"answer-missing", "caller-ended-by", "dial-nowhere", "ring-missing"},
    ),
)
