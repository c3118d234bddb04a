"""Wrong PBXes whose progressive group keeps ringing, but whose legs do not tell one another what they should."""

from __future__ import annotations

from .change import Append, Replace
from .mutant import Mutant

REFUSED = "Gosub(tell,s,1(refusal-${IMPORT(${CALLER},INC(REFUSALS-${SENT_ON}))}))"

CONFERENCE = """
[conference]
exten => s,1,Goto(room,1)
 same => n,Set(CONFBRIDGE(user,end_marked)=yes)
 same => n,ConfBridge(1)
 same => n,Hangup()
exten => room,1,Set(CONFBRIDGE(user,marked)=yes)
 same => n,ConfBridge(1)
"""
"""Where a Dial sends both of a talk: the caller to the first line, who picked up to the second."""

WRONG_LEGS: tuple[Mutant, ...] = (
    Mutant(
        "a refusal is told to nobody",
        Replace("group-support", REFUSED, "NoOp()"),
        "progressive",
        "the first refuses 486 at once",
        {"ring-late", "ring-missing", "ring-too-short"},
    ),
    Mutant(
        "a step is over one second early",
        Replace("group-support", "+ 15000]", "+ 14000]"),
        "progressive",
        "nobody answers to the end",
        {"ring-too-short"},
    ),
    Mutant(
        "a wait is over before its time",
        Replace("await", "Wait(${SECONDS})", "Wait(3)"),
        "progressive",
        "nobody answers to the end",
        {"ring-too-short", "ring-unexpected"},
    ),
    Mutant(
        "the turn of the second is the third's",
        Replace("group-support", "turn-of-${MEMBER}", "turn-of-${IF($[${MEMBER} = 102]?103:${MEMBER})}"),
        "progressive",
        "the second answers",
        {"ring-instead"},
    ),
    Mutant(
        "the caller is not sent on when nobody is left",
        Replace("group-support", "ChannelRedirect(${CALLER},group-support,s,${END})", "NoOp()"),
        "progressive",
        "nobody answers to the end",
        {"caller-code", "caller-ended-by", "missed-missing", "ring-missing", "ring-too-long"},
    ),
    Mutant(
        "who is dialled is free until his phone says that it rings",
        Replace("group-everybody-outcomes", "rb(rung^s^1)", "r"),
        "taken",
        "ring all",
        {"caller-code", "caller-ended-by", "unseen-unexpected"},
    ),
    Mutant(
        "two calls end up in one conference",
        (
            Replace("group-hunt", "^s^1(${CHANNEL})))", "^s^1(${CHANNEL}))G(conference^s^1))"),
            Append("extensions.conf", CONFERENCE),
            Append("modules.conf", "load=app_confbridge.so\nload=bridge_softmix.so\nload=bridge_holding.so\n"),
            Append("confbridge.conf", "[general]\n"),
        ),
        "in-order",
        "a second caller while the first is being talked to",
        {"leg-outlives-caller", "talk-shared"},
    ),
    Mutant(
        "the caller is held when nobody can be rung",
        Replace("group-everybody-outcomes", "same => n(none),", "same => n(none),Wait(3)\n same => n,"),
        "on-a-call",
        "ring all, all are on a call",
        {"caller-ended-late"},
    ),
    Mutant(
        "the call that somebody is on is ended",
        Replace(
            "group-everybody-outcomes",
            "same => n(none),",
            "same => n(none),ChannelRedirect(${CHANNELS(PJSIP/101-)},sent-on,s,enough)\n same => n,",
        ),
        "on-a-call",
        "ring all, all are on a call",
        {"talk-dropped"},
    ),
)
