"""Wrong PBXes whose single calls are right: only many of them, or two at once, tell."""

from __future__ import annotations

from .change import Append, Replace
from .mutant import Mutant

CHOICE = "Set(MEMBER=${CUT(TRY,&,${RAND(1,${FIELDQTY(TRY,&)})})})"
REMEMBERS = Append("modules.conf", "load=func_global.so\n")
EQUALLY = "random, three are free, each is rung equally often and whoever was rung before"
OF_TWO = "random, one is on a call, the two others are rung equally often"

WRONG_CHANCES: tuple[Mutant, ...] = (
    Mutant(
        "random is always the first",
        Replace("group-random", CHOICE, "Set(MEMBER=${CUT(TRY,&,1)})"),
        "chance",
        EQUALLY,
        {"choice-share"},
    ),
    Mutant(
        "random is round robin",
        (
            REMEMBERS,
            Replace(
                "group-random",
                CHOICE,
                "Set(GLOBAL(NTH)=$[0${NTH} % 3 + 1])\n same => n,Set(MEMBER=${CUT(TRY,&,${NTH})})",
            ),
        ),
        "chance",
        EQUALLY,
        {"choice-order"},
    ),
    Mutant(
        "random never takes the same one twice running",
        (
            REMEMBERS,
            Replace("group-random", "Set(TRY=${LEFT})", "Set(TRY=${LISTFILTER(LEFT,&,${LAST})})"),
            Replace("group-random", CHOICE, f"{CHOICE}\n same => n,Set(GLOBAL(LAST)=${{MEMBER}})"),
        ),
        "chance",
        EQUALLY,
        {"choice-order"},
    ),
    Mutant(
        "random is an order of nine in which each follows each as often",
        (
            REMEMBERS,
            Replace(
                "group-random",
                CHOICE,
                "Set(GLOBAL(NTH)=$[0${NTH} % 9 + 1])\n same => n,Set(ORDER=0112132233)\n"
                " same => n,Set(MEMBER=${CUT(TRY,&,${ORDER:${NTH}:1})})",
            ),
        ),
        "chance",
        EQUALLY,
        {"choice-order"},
    ),
    Mutant(
        "random takes the first three times out of five",
        Replace("group-random", CHOICE, "Set(MEMBER=${CUT(TRY,&,${IF($[${RAND(1,5)} > 3]?${RAND(2,3)}:1)})})"),
        "chance",
        EQUALLY,
        {"choice-share"},
    ),
    Mutant(
        "random leaves one out",
        Replace("group-random", "LEFT=101&102&103)", "LEFT=101&102)"),
        "chance",
        EQUALLY,
        {"choice-share"},
    ),
    Mutant(
        "random of those who are free is always the last",
        Replace("group-random", CHOICE, "Set(MEMBER=${CUT(TRY,&,${FIELDQTY(TRY,&)})})"),
        "chance",
        OF_TWO,
        {"choice-share"},
    ),
    Mutant(
        "of two callers the second one has nobody",
        Replace("group-hunt", "n(nobody),Goto(extensions,100,1)", "n(nobody),Hangup(19)"),
        "race",
        "two callers at the same moment, one free",
        {"caller-ended-by", "ring-missing"},
    ),
    Mutant(
        "the ring time at which somebody picks up is one second shorter",
        Replace("group-accounting", "Dial(${PHONES:1},15,rb(rung^s^1))", "Dial(${PHONES:1},14,rb(rung^s^1))"),
        "ring-all",
        "picked up as the ring time ends, at the same moment",
        {"ring-too-short"},
    ),
)
