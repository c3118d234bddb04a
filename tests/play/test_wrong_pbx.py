"""A wrong PBX does not pass: a change in what was rendered, a story, and the finding that must tell of it.

The same stories are green on the PBX as it was rendered: they are the bundled ones, which `make e2e` plays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from pprint import pformat

import pytest

from harness.judge import Kind, judge
from harness.observe import observe
from harness.pbx.run import RunEnvironment
from harness.play import theatre
from harness.play.conductor import conduct
from harness.scenario.reading import read_scenarios
from harness.scenario.speed import FASTEST
from harness.scenario.story import Scenario
from play.conftest import events_of, on_a_clock

AT_ONCE = 4
SCENARIOS = Path("scenarios")
ALL = "Dial(${PHONES:1},15,r)"
ONE = "Dial(${GOSUB_RETVAL:1},15,r)"

Change = tuple[str, str]
"""What is replaced where it stands first, and by what. `[group-hunt]…Dial(`: first after the context begins."""
CASES: dict[str, tuple[Change, str, str, set[Kind]]] = {
    "a Dial towards an extension that is not there": (
        (ALL, "Dial(${PHONES:1}&PJSIP/109,15,r)"), "ring-all", "the second member answers", {"dial-nowhere"}),
    "a call that leaves by the trunk": (
        (ALL, "Dial(${PHONES:1}&PJSIP/trunk/sip:84957770000@127.0.0.9,15,r)"), "ring-all", "the second member answers",
        {"call-leaves"}),
    "answered elsewhere is lost": (
        (ALL, "Dial(${PHONES:1},15,rQ(NO_ANSWER))"), "ring-all", "the second member answers", {"missed-unexpected"}),
    "a member is dropped": (
        ("Gosub(phones-if-free,s,1(103))\n same => n,Set(PHONES=${PHONES}${GOSUB_RETVAL})\n", "NoOp()\n"),
        "ring-all", "the second member answers", {"ring-missing"}),
    "two members are swapped": (
        ("[group-sales]…LEFT=101&102&103)", "LEFT=102&101&103)"), "first-free", "the first answers",
        {"ring-instead", "answer-missing"}),
    "the ring time is one second longer": (
        (ALL, "Dial(${PHONES:1},16,r)"), "ring-all", "one refuses 486 at once", {"ring-too-long"}),
    "the ring time is one second shorter": (
        (ALL, "Dial(${PHONES:1},14,r)"), "ring-all", "one refuses 486 at once", {"ring-too-short"}),
    "another phone is rung for a tenth of a second": (
        (ALL, "Dial(${PJSIP_DIAL_CONTACTS(100)},0.1)\n same => n,Dial(${PHONES:1},15,r)"), "ring-all",
        "the second member answers", {"ring-unnamed", "missed-unexpected"}),
    "the group answers by itself": (
        ("n,Set(PHONES=)", "n,Answer()\n same => n,Set(PHONES=)"), "ring-all", "the second member answers",
        {"answer-by-pbx"}),
    "the call is cut shortly after the answer": (
        (ALL, "Dial(${PHONES:1},15,rL(600))"), "ring-all", "the second member answers", {"caller-ended-by"}),
    "a phone gets two INVITEs at once": (
        (ALL, "Dial(${PHONES:1}${PHONES},15,r)"), "ring-all", "the second member answers", {"ring-twice"}),
    "the talk breaks and the caller is kept": (
        (ALL, "Dial(${PHONES:1},15,rgL(300))\n same => n,Wait(60)"), "ring-all", "the second member answers",
        {"talk-broken"}),
    "a call to an address outside": (
        (ALL, "Dial(${PHONES:1}&PJSIP/101/sip:84957770000@127.0.0.9,15,r)"), "ring-all", "the second member answers",
        {"call-leaves"}),
    "a Dial towards an extension of nobody": (
        (ALL, "Dial(${PHONES:1}&Local/999@extensions,15,r)"), "ring-all", "the second member answers",
        {"dial-nowhere"}),
    "the ring begins late": (
        (ALL, "Wait(1.5)\n same => n,Dial(${PHONES:1},15,r)"), "ring-all", "the second member answers", {"ring-late"}),
    "a phone blinks": (
        (ALL, "Dial(${PHONES:1},2,r)\n same => n,Dial(${PHONES:1},13,r)"), "ring-all", "the second member answers",
        {"ring-too-short", "ring-unexpected", "missed-unexpected"}),
    "nobody is the destination": (
        ("Goto(extensions,100,1)\n\n[group-support]", "Hangup(19)\n\n[group-support]"),
        "ring-all", "all are offline", {"ring-missing", "answer-missing", "caller-ended-by"}),
    "two keys of the menu are swapped": (
        ("exten => 4,1,Goto(extensions,103,1)", "exten => 4,1,Goto(extensions,102,1)"), "menu",
        "a key that leads to an extension", {"ring-instead", "answer-missing"}),
    "the digit timeout is doubled": (
        ("TIMEOUT(digit)=2", "TIMEOUT(digit)=4"), "menu", "key 1 rings accounting all at once", {"ring-late"}),
    "the menu's greeting is missing": (
        ("Background(vm-enter-num-to-call)", "NoOp()"), "menu", "a key during the greeting",
        {"ring-instead", "answer-missing"}),
    "the way out of silence is missing": (
        ("exten => t,1,Goto(extensions,100,1)", "exten => t,1,Hangup()"), "menu", "silence leads to the operator",
        {"ring-missing", "answer-missing", "caller-ended-by"}),
    "it closes a minute late": (
        ("13:00-17:59,tue", "13:00-18:00,tue"), "hours", "just after it has closed",
        {"ring-instead", "missed-missing", "missed-unexpected"}),
    "it opens a minute late": (
        ("09:00-12:29,tue", "09:01-12:29,tue"), "hours", "just after it has opened",
        {"ring-instead", "missed-missing", "missed-unexpected"}),
    "the hours are those of another country": (
        ("12:29,tue,*,*,Europe/Berlin?open", "12:29,tue,*,*,Europe/London?open"), "hours", "just after it has opened",
        {"ring-instead", "missed-missing", "missed-unexpected"}),
    "a holiday is forgotten": (
        ('"12-25"', '"12-26"'), "hours", "on a holiday of every year",
        {"ring-instead", "missed-missing", "missed-unexpected"}),
    "a day of the week is forgotten": (
        ("00:00-05:59,sun", "00:00-05:59,mon"), "hours", "after the clocks were put back",
        {"ring-instead", "missed-missing", "missed-unexpected"}),
    "hours are looked at again while it rings": (
        ("Dial(${PHONES:1},20,r)", "Dial(${PHONES:1},10,r)\n same => n,Goto(from-trunk,84950000001,1)"), "hours",
        "a call that crosses closing time",
        {"ring-too-short", "ring-unexpected", "caller-code", "caller-ended-by"}),
    "a hunt ends after its first member": (
        ("[group-hunt]…same => n,Goto(turn)", "same => n,NoOp()"), "in-order", "the second of the list answers",
        {"ring-instead", "answer-missing"}),
    "a hunt goes on after the refusal that ends it": (
        ("[group-hunt-stops]…GotoIf($[1 - ${REFUSED}]?turn)", "Goto(turn)"), "in-order",
        "a refusal that stops the hunt", {"ring-instead", "answer-missing"}),
    "a hunt rings a member twice": (
        ("[group-hunt]…LEFT=${TRY}", "LEFT=${LEFT}"), "in-order", "the second of the list answers",
        {"ring-instead", "answer-missing"}),
    "a hunt goes backwards": (
        ("[group-hunt]…CUT(TRY,&,1)", "CUT(TRY,&,${FIELDQTY(TRY,&)})"), "in-order", "the first of the list answers",
        {"ring-instead", "answer-missing"}),
    "first free goes on where it is to stop": (
        ("[group-sales]…GotoIf(${REFUSED}?turn)", "Goto(turn)"), "first-free", "nobody answers to the end",
        {"ring-instead", "caller-code", "caller-ended-by", "missed-missing", "missed-unexpected"}),
    "first free stops where it is to go on": (
        ("[group-go-on]…same => n,Goto(turn)", "same => n,NoOp()"), "options", "first free goes on, the second answers",
        {"ring-instead", "answer-missing"}),
    "random forgets whom it has rung": (
        ("[group-random]…LEFT=${LISTFILTER(LEFT,&,${MEMBER})}", "LEFT=${MEMBER}"), "random-free",
        "random, the third that is rung answers", {"ring-instead", "answer-missing", "missed-missing"}),
    "random rings two at once": (
        ("[group-random]…Dial(${GOSUB_RETVAL:1}", "Dial(${GOSUB_RETVAL:1}&${PJSIP_DIAL_CONTACTS(100)}"), "random-free",
        "random, the first that is rung answers", {"ring-instead", "answer-instead"}),
    "random rings one who is no member": (
        ("[group-random]…LEFT=101&102&103)", "LEFT=100)"), "random-free", "random, the first that is rung answers",
        {"ring-instead", "answer-instead"}),
    "who blinks is not rung again": (
        ("[group-blink]…JOINED=${JOINED}&${MEMBER}", "JOINED=&${MEMBER}"), "blink",
        "blinking, the first answers while two ring", {"ring-missing", "answer-missing"}),
    "a refuser is rung again where he is out": (
        ("[note-refusal]…Set(CHANNEL(hangup_handler_push)=refusal,s,1(${ARG1}))", "NoOp()"), "blink",
        "blinking, a refuser is left out where the group says so",
        {"ring-unexpected", "refusal-unexpected"}),
    "a refuser is out where he is rung again": (
        ("[group-blink]…Dial(${PHONES:1},15,r)", "Set(JOINED=)\n same => n,Dial(${PHONES:1},15,r)"), "blink",
        "blinking, a refuser is rung again at the next step", {"ring-missing", "refusal-missing"}),
    "who is on a call is dialled": (
        ('[phones-if-free]…" = "NOT_INUSE"', '" != "UNAVAILABLE"'), "on-a-call", "ring all, one is on a call",
        {"refusal-unexpected"}),
    "who is on a call is not dialled where he is to be": (
        ("[phones-if-registered]…UNAVAILABLE|INVALID|UNKNOWN", "UNAVAILABLE|INVALID|UNKNOWN|INUSE"), "on-a-call",
        "ring all that rings who is on a call, call waiting takes it", {"ring-instead", "answer-missing"}),
    "a hunt looks at everybody only once, at its start": (
        ("[group-go-on]…LEFT=${LISTFILTER(LEFT,&,${MEMBER})}", "LEFT=${TRY}"), "on-a-call",
        "first free goes on, and looks from the start of the list each time", {"ring-instead", "missed-missing"}),
    "who was passed over has his turn later": (
        ("[group-hunt]…LEFT=${TRY}", "LEFT=${LISTFILTER(LEFT,&,${MEMBER})}"), "on-a-call",
        "in order, who is on a call at his turn is passed over", {"ring-instead", "answer-missing"}),
    "nobody free is no answer": (
        ("[group-everybody-outcomes]…?none)", "?nobody)"), "options", "ring all, nobody free is busy",
        {"ring-unexpected", "caller-code", "caller-ended-by"}),
    "a refusal is no answer": (
        ("[group-hunt-outcomes]…?refused)", "?nobody)"), "options", "hunt, all refuse",
        {"ring-instead", "answer-missing"}),
    "no answer is a refusal": (
        ("[group-hunt-outcomes]…& ${UNANSWERED} = 0]", "]"), "options", "hunt, one refuses and one does not answer",
        {"ring-instead", "answer-missing"}),
    "the second group is left out": (
        ("[group-everybody-then-hunt]…Goto(group-hunt,s,1)", "Goto(extensions,100,1)"), "options",
        "everybody, then a hunt through the same phones",
        {"ring-instead", "answer-missing", "caller-ended-by", "missed-unexpected"}),
}  # fmt: skip


def scenario(file: str, name: str) -> Scenario:
    """Return a bundled scenario."""
    read = read_scenarios(SCENARIOS / f"{file}.ring.yaml")
    return next(entry for entry in read.scenarios if entry.name == name)


def spoiling(render: Callable[..., theatre.RenderedOffice]) -> Callable[..., theatre.RenderedOffice]:
    """Wrap the renderer so that each case's change is made to its own configuration, before its PBX boots."""

    def spoilt(office: object, out: Path, **kwargs: object) -> theatre.RenderedOffice:
        rendered = render(office, out, **kwargs)
        old, new = CASES[out.parent.parent.name][0]
        file = out / "extensions.conf"
        before = file.read_text("utf-8")
        context, _, old = old.rpartition("…")
        head, found, rest = before.partition(f"{context}\n") if context else ("", "", before)
        assert old in rest, f"the dialplan no longer holds {old!r} in {context or 'any context'}"
        file.write_text(head + found + rest.replace(old, new, 1), "utf-8")
        return rendered

    return spoilt


@pytest.mark.pbx
def test_each_wrong_pbx_is_caught(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly the findings that say what is wrong, no more."""
    monkeypatch.setattr(theatre, "render_office", spoiling(theatre.render_office))
    places = asyncio.Semaphore(AT_ONCE)

    async def play(case: str) -> None:
        async with places:
            (tmp_path / case).mkdir()
            _, file, name, _ = CASES[case]
            await conduct(scenario(file, name), environment, tmp_path / case, FASTEST)

    async def play_all() -> None:
        async with asyncio.TaskGroup() as group:
            for case in CASES:
                group.create_task(play(case))

    on_a_clock(play_all())
    found: dict[str, set[str]] = {}
    for case, (_, file, name, _) in CASES.items():
        story = scenario(file, name)
        found[case] = {finding.kind for finding in judge(story, observe(story, events_of(tmp_path / case)))}
    expected = {case: kinds for case, (_, _, _, kinds) in CASES.items()}
    wrong = {case: sorted(kinds) for case, kinds in found.items() if kinds != expected[case]}
    assert not wrong, pformat(wrong)
