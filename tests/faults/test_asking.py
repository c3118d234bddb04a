"""What a play asks of the PBX, against a scripted manager interface: what it answers, refuses, or does not keep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ringproof.clock.clock import PbxClock, PbxEpoch
from ringproof.clock.page import Page
from ringproof.containers.errors import BrokenError
from ringproof.core.duration import PbxSeconds
from ringproof.core.speed import FASTEST
from ringproof.events.model import NextCall
from ringproof.pbx.manager import Manager
from ringproof.phones import protocol as say
from ringproof.playing import failed_registration, own_modules
from ringproof.playing.between_calls import interval
from ringproof.playing.context import PlayContext
from ringproof.playing.media_watch import MediaWatch
from ringproof.playing.own_modules import Use
from ringproof.playing.recorder import Recorder

from faults.manager_peer import OK, Answers, played
from faults.virtual import VirtualLoop

NO = ["Response: Error\r\nID\r\nMessage: Module not loaded"]


def asked(answers: Answers, question: Callable[[Manager], Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Return what comes of a question to a PBX that answers so."""
    came: list[Any] = []

    async def test(manager: Manager, _: list[BrokenError]) -> None:
        came.append(await question(manager))

    played(answers, test)
    return came[0]


def endpoint(*details: str) -> Answers:
    """Return the answers of a PBX whose extension 101 has these details."""
    blocks = ["Response: Success\r\nID", *(f"Event: {detail}" for detail in details)]
    return {"PJSIPShowEndpoint": [*blocks, "Event: EndpointDetailComplete\r\nID\r\nEventList: Complete"]}


def aor(most: int, *more: str) -> Answers:
    """Return those of one that keeps so many contacts."""
    return endpoint("EndpointDetail\r\nID", "\r\n".join(["AorDetail", "ID", f"MaxContacts: {most}", *more]))


@pytest.mark.parametrize(
    ("answers", "registered", "why"),
    [
        (aor(1), ["101/desk"], "101/desk is registered, and the PBX takes 1 contact of 101 (max_contacts=1)"),
        (
            aor(2),
            ["101/desk", "102", "101"],
            "101 and 101/desk are registered, and the PBX takes 2 contacts of 101 (max_contacts=2)",
        ),
        (aor(0), ["102"], "it takes no contact of 101 (max_contacts=0)"),
        (aor(2), ["101/desk"], ""),
        (endpoint("EndpointDetail\r\nID"), ["101/desk"], ""),
        ({"PJSIPShowEndpoint": ["Response: Error\r\nID\r\nMessage: Unable to retrieve endpoint 101"]}, ["101/a"], ""),
    ],
)
def test_why_a_phone_is_refused(answers: Answers, registered: list[str], why: str) -> None:
    """By the number of contacts that the PBX takes; of other reasons nothing is said."""
    assert asked(answers, lambda manager: failed_registration.why_refused(manager, "101/mobile", registered)) == why


@pytest.mark.parametrize(
    ("answers", "kept", "why"),
    [
        (
            aor(1, "RemoveExisting: true", "RemoveUnavailable: no"),
            ["101/desk"],
            "101/desk registered later, and the PBX keeps 1 contact of 101 (max_contacts=1, remove_existing=yes)",
        ),
        (
            aor(1, "RemoveUnavailable: Yes"),
            ["101"],
            "101 registered later, and the PBX keeps 1 contact of 101 (max_contacts=1, remove_unavailable=yes)",
        ),
        (aor(2), ["101/desk"], ""),
        (aor(0), [], ""),
        (endpoint(), ["101/desk"], ""),
    ],
)
def test_why_a_contact_is_lost(answers: Answers, kept: list[str], why: str) -> None:
    """By whom it was displaced, and by which settings."""
    assert asked(answers, lambda manager: failed_registration.why_lost(manager, "101/mobile", kept)) == why


@pytest.mark.parametrize(
    ("transports", "why"),
    [
        (["Transport:  udp  udp  0  0  0.0.0.0:5060"], ""),
        (["Transport:  tcp  tcp  0  0  0.0.0.0:5060", "Transport:  u  UDP  0  0  127.0.0.4:5060"], ""),
        (
            ["Transport:  tcp  tcp  0  0  0.0.0.0:5060", "Transport:  u  udp  0  0  0.0.0.0:5080"],
            "TCP at 0.0.0.0:5060 and UDP at 0.0.0.0:5080",
        ),
        (["Transport:  u  udp  0  0  10.0.0.1:5060"], "UDP at 10.0.0.1:5060"),
    ],
)
def test_why_a_registrar_is_mute(transports: list[str], why: str) -> None:
    """Where it listens instead."""
    printed = "\r\n".join(["Response: Success", "ID", *(f"Output: {line}" for line in transports)])
    sentence = f"it listens for SIP by {why}, and phones send it by UDP to port 5060" if why else ""
    assert asked({"Command": [printed]}, lambda manager: failed_registration.why_mute(manager, "127.0.0.4")) == sentence


def test_modules_that_are_loaded(tmp_path: Path) -> None:
    """Nothing is loaded, whatever the dialplan uses."""
    (tmp_path / "extensions.conf").write_text("same => n,Set(X=${CHANNEL(name)})\n")
    answers: Answers = {"ModuleCheck": OK}
    assert asked(answers, lambda manager: own_modules.load_own_modules(manager, tmp_path)) is None
    assert asked(answers, own_modules.load_logger) is None


def test_modules_that_are_not_loaded(tmp_path: Path) -> None:
    """Loaded where the dialplan does not use them; a use is reported with its line, and a comment is none."""
    answers: Answers = {"ModuleCheck": NO, "ModuleLoad": OK}
    file = tmp_path / "more" / "extensions.ael"
    file.parent.mkdir()
    file.write_text("; CHANNEL(name)\nfoo => 1;\n")
    assert asked(answers, lambda manager: own_modules.load_own_modules(manager, tmp_path)) is None
    assert asked(answers, own_modules.load_logger) is None
    file.write_text("; CHANNEL(name)\nx\n ${DEVICE_STATE(PJSIP/101)}\n")
    with pytest.raises(own_modules.FunctionMissingError) as missing:
        asked({"ModuleCheck": NO, "ModuleLoad": OK}, lambda manager: own_modules.load_own_modules(manager, tmp_path))
    assert missing.value.use == Use("func_devstate.so", "DEVICE_STATE", Path("more/extensions.ael"), 3)


@pytest.mark.parametrize(
    ("question", "what"),
    [
        (lambda manager: own_modules.load_own_modules(manager, Path("nowhere")), "the function CHANNEL()"),
        (own_modules.load_logger, "the PBX's own capture of its SIP"),
    ],
)
def test_modules_that_cannot_be_loaded(question: Callable[[Manager], Awaitable[Any]], what: str) -> None:
    """What is needed, which module has it, and the PBX's own reason."""
    answers: Answers = {"ModuleCheck": NO, "ModuleLoad": ["Response: Error\r\nID\r\nMessage: Could not load module."]}
    with pytest.raises(BrokenError) as failed:
        asked(answers, question)
    sentence = failed.value.sentence
    assert sentence.startswith(f"Ringproof needs {what}, and the PBX cannot load ")
    assert sentence.endswith(".so: the PBX refused the manager action ModuleLoad: Could not load module.")
    assert "asterisk-image/README.md" in failed.value.hint


def test_a_module_that_nobody_knows_of(tmp_path: Path) -> None:
    """An answer that is none is no word that it is not loaded."""
    with pytest.raises(BrokenError, match="with what is no answer: Response: Maybe"):
        asked(
            {"ModuleCheck": ["Response: Maybe\r\nID"], "ModuleLoad": OK},
            lambda manager: own_modules.load_own_modules(manager, tmp_path),
        )


def in_context(folder: Path, test: Callable[[PlayContext], Awaitable[None]]) -> None:
    """Do a test on a context whose clock passes when nobody has anything to do."""

    def new_loop() -> VirtualLoop:
        return VirtualLoop()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        page = Page.make(folder / "page")
        clock = PbxClock(page, speed=FASTEST)
        loop.drive(page)
        recorder = Recorder(folder / "events.ndjson")
        context = PlayContext(clock, recorder)
        try:
            await test(context)
        finally:
            context.end_tasks()
            clock.close()
            recorder.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())


class Sounding:
    """A phone in a call, which sends sound when it is told, or not."""

    def __init__(self, name: str, watch: list[MediaWatch], *, sends: bool) -> None:
        self.name, self._watch, self._sends = name, watch, sends
        self.told: list[say.Verb] = []

    def tell(self, verb: say.Verb) -> None:
        self.told.append(verb)
        if self._sends:
            message = say.SoundSent(at_ns=1, call_id="c1")
            asyncio.get_running_loop().call_soon(self._watch[0].take, self.name, message)


@pytest.mark.parametrize("sends", [True, False])
def test_sound_for_a_pbx_that_waits_for_it(tmp_path: Path, *, sends: bool) -> None:
    """At every third of its timeout; who sends none breaks the play, and is named."""

    async def test(context: PlayContext) -> None:
        watch: list[MediaWatch] = []
        phones = [Sounding(name, watch, sends=sends or name == "anna") for name in ("anna", "101")]
        watch.append(MediaWatch(context, lambda: [(phone.name, phone, "c1") for phone in phones]))  # type: ignore[misc]
        begun = context.clock.now()
        watch[0].begin(PbxSeconds(30))
        if sends:
            await context.wait_until(PbxEpoch(begun + 35))
            assert [phone.told for phone in phones] == [[say.SendSound(call_id="c1")] * 3] * 2
            return
        with pytest.raises(BrokenError) as failed:
            await context.wait_until(PbxEpoch(begun + 35))
        assert failed.value.sentence == "101 sent no sound for 10 s, as a phone in a call does"
        assert context.clock.now() - begun == pytest.approx(20, abs=0.5)

    in_context(tmp_path, test)


def setup_with(left: set[str], *, callers_over: bool = True, states: BrokenError | None = None) -> mock.Mock:
    """Return a setup in which these channels are left after a call."""
    setup = mock.Mock()
    setup.standing_calls.channels = {"PJSIP/104-1"}
    setup.tracker.channels = {"PJSIP/104-1", *left}
    setup.callers.over = callers_over
    setup.extensions.ringing = False
    setup.extensions.seats = {"101": mock.Mock()}

    async def prove_states(_: PbxEpoch) -> None:
        if states is not None:
            raise states

    setup.registration.prove_states = prove_states
    return setup


@pytest.mark.parametrize(
    ("left", "over", "what"),
    [
        ({"PJSIP/102-3", "Local/x@y-1;1"}, True, "Local/x@y-1;1, PJSIP/102-3"),
        (set(), False, "a phone that has not hung up"),
    ],
)
def test_what_a_call_leaves_behind(tmp_path: Path, left: set[str], what: str, *, over: bool) -> None:
    """It is named, and the next call does not begin; the calls that phones are on are none of it."""

    async def test(context: PlayContext) -> None:
        begun, setup = context.clock.now(), setup_with(left, callers_over=over)
        with pytest.raises(BrokenError) as failed:
            await interval(mock.Mock(), setup, context, 3)
        assert failed.value.sentence == f"call 2 is over, but 40 s later there still is {what}"
        assert failed.value.hint == "the next call could not tell whose that is: let the dialplan end it"
        assert context.clock.now() - begun == pytest.approx(40, abs=0.5)
        setup.seat_callers.assert_not_called()

    in_context(tmp_path, test)


def test_between_two_calls(tmp_path: Path) -> None:
    """Everybody behaves as at the beginning, and the next call is recorded; what the PBX says of a phone counts."""

    async def test(context: PlayContext) -> None:
        recorded = mock.Mock(wraps=context.record)
        context.record = recorded  # type: ignore[method-assign]
        scenario, setup = mock.Mock(phones={"101": "answers"}), setup_with(set())
        begun = context.clock.now()
        await interval(scenario, setup, context, 3)
        assert setup.extensions.seats["101"].behaviour == "answers"
        setup.extensions.forget.assert_called_once_with()
        setup.seat_callers.assert_called_once_with()
        (event,) = recorded.call_args.args
        assert isinstance(event, NextCall)
        assert (event.number, event.at) == (3, pytest.approx(begun, abs=0.5))
        busy = setup_with(set(), states=BrokenError("101 is still INUSE"))
        with pytest.raises(BrokenError, match="101 is still INUSE"):
            await interval(scenario, busy, context, 4)
        busy.seat_callers.assert_not_called()

    in_context(tmp_path, test)
