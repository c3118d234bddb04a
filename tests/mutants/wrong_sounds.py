"""Wrong PBXes that ring the right phones: what callers hear, what phones show, and how long a talk may last."""

from __future__ import annotations

from .change import Append, Replace
from .mutant import Mutant

_SHOWS_ALL = "all phones of a group show the caller's number"
_FUNCTION = Append("modules.conf", "load=func_callerid.so\n")
_TO_ACCOUNTING = "exten => 84950000002,1,Goto(group-accounting,s,1)"


def _first(step: str) -> Replace:
    """A step before the call goes to accounting."""
    return Replace(
        "from-trunk", _TO_ACCOUNTING, f"exten => 84950000002,1,{step}\n same => n,Goto(group-accounting,s,1)"
    )


WRONG_SOUNDS: tuple[Mutant, ...] = (
    Mutant(
        "music without a file in the place of ringback",
        (
            Replace("group-accounting", ",15,rb(", ",15,mrb("),
            Append("modules.conf", "load=res_musiconhold.so\n"),
            Append("musiconhold.conf", "[general]\n"),
        ),
        "heard",
        _SHOWS_ALL,
        {"hears-other"},
    ),
    Mutant(
        "the greeting in another language",
        Replace("", "language=en", "language=ru", file="pjsip.conf"),
        "heard",
        "the greeting, and then ringback",
        {"hears-other"},
    ),
    Mutant(
        "ringing in the place of the greeting",
        Replace("menu-main", "Background(vm-enter-num-to-call)", "Ringing()\n same => n,Wait(2)"),
        "menu",
        "silence leads to the operator",
        {"step-failed"},
    ),
    Mutant(
        "another greeting",
        Replace("menu-after-sales", "after-sales)", "after-sales&pbx-invalid)"),
        "heard",
        "the customer's own greeting of a second menu",
        {"hears-other"},
    ),
    Mutant(
        "a greeting that begins in its middle",
        (
            Replace(
                "menu-main",
                "Background(vm-enter-num-to-call)",
                "ControlPlayback(vm-enter-num-to-call,,,,,,,o(1000))",
            ),
            Append("modules.conf", "load=app_controlplayback.so\n"),
        ),
        "heard",
        "the greeting, and then ringback",
        {"hears-other"},
    ),
    Mutant(
        "no word about a wrong key",
        Replace("menu-main", "Background(pbx-invalid)", "NoOp()"),
        "heard",
        "a wrong key is called wrong, and the greeting comes again",
        {"hears-other"},
    ),
    Mutant(
        "the caller's number is overwritten",
        (_first("Set(CALLERID(num)=000)"), _FUNCTION),
        "heard",
        _SHOWS_ALL,
        {"shows-other"},
    ),
    Mutant(
        "the trunk has a number of its own",
        Replace("", "[trunk](endpoint)\n", "[trunk](endpoint)\ncallerid=Provider <000>\n", file="pjsip.conf"),
        "heard",
        "who joins later shows it too",
        {"shows-other"},
    ),
    Mutant(
        "who hides his number is turned away",
        (_first('ExecIf($["${CALLERID(num)}" = "anonymous"]?Hangup(21))'), _FUNCTION),
        "heard",
        "a caller who hides his number is called back by nobody, and is answered all the same",
        {"caller-ended-by", "ring-missing"},
    ),
    Mutant(
        "a talk ends after a minute",
        Replace("group-accounting", ",15,rb(", ",15,L(60000)rb("),
        "heard",
        "a talk of eleven minutes, in a group that rings all",
        {"caller-ended-by", "talk-too-short"},
    ),
    Mutant(
        "a talk ends after half a minute",
        Replace("group-sales", ",15,rb(", ",15,S(30)rb("),
        "heard",
        "a talk of eleven minutes, with who is the first to be free",
        {"caller-ended-by", "talk-too-short"},
    ),
    Mutant(
        "a call ends after ten minutes",
        Replace("menu-main", "TIMEOUT(digit)=2", "TIMEOUT(absolute)=600"),
        "heard",
        "a talk of an hour, behind a key of the menu",
        {"caller-ended-by", "talk-too-short"},
    ),
    Mutant(
        "phones are commanded to pick up",
        (
            Replace("rung", "exten => s,1,", "exten => s,1,Set(PJSIP_HEADER(add,Alert-Info)=Ring Answer)\n same => n,"),
            Append("modules.conf", "load=res_pjsip_header_funcs.so\n"),
        ),
        "heard",
        _SHOWS_ALL,
        {"command-unexpected"},
    ),
    Mutant(
        "a key in a talk transfers the caller anywhere",
        (
            Replace("group-sales", ",10,rb(", ",10,Trb("),
            Replace(
                "from-trunk",
                "exten => 84950000001,1,",
                "exten => 84950000001,1,Set(__TRANSFER_CONTEXT=extensions)\n same => n,",
            ),
            Append("modules.conf", "load=bridge_builtin_features.so\n"),
        ),
        "keys",
        "keys in a talk do nothing",
        {"caller-ended-by", "missed-unexpected", "ring-unexpected"},
    ),
)
