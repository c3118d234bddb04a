"""Conducts one play: plays a scenario once, and leaves its events and evidence."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ringproof.clock.clock import PbxClock, PbxEpoch, PlayLoop
from ringproof.clock.page import PageError
from ringproof.clock.report import ClockReport
from ringproof.containers.errors import BrokenError
from ringproof.containers.evidence import is_evidence, read_evidence
from ringproof.containers.run import RunEnvironment
from ringproof.core.duration import PbxSeconds
from ringproof.events.model import (
    DialFailed,
    Event,
    LegAlerting,
    LegCame,
    LegCancelled,
    LegCommanded,
    LegFinal,
    LegInvited,
    LegLeft,
    QuietOver,
    SoundRecorded,
    StoryOver,
)
from ringproof.pbx.container import LOG, RTP_CAPTURE
from ringproof.pbx.manager import ManagerError, ManagerLostError
from ringproof.phones.commands import command_in
from ringproof.playing.between_calls import interval
from ringproof.playing.callers import CallerSeat
from ringproof.playing.captures import CAPTURE
from ringproof.playing.channel_tracker import moment
from ringproof.playing.clock_setup import (
    open_page,
    prove_all_heard,
    prove_clock,
    prove_page_whole,
    prove_steps_take_time,
)
from ringproof.playing.closing import close_all
from ringproof.playing.context import CallEndlessError, LedElsewhereError, PbxFaultError, PlayContext
from ringproof.playing.dialplan_loops import watched_for_loops
from ringproof.playing.frozen_phones import prove_awake, watched_pbx, watched_phones
from ringproof.playing.prompts import names_prompts, prompts_played, stamp_of
from ringproof.playing.recorder import Recorder
from ringproof.playing.registration import RegistrationRefusedError
from ringproof.playing.setup import PlaySetup
from ringproof.scenario.model.scenario import QUIET_RACED, QUIET_REAL, Scenario
from ringproof.scenario.model.story_end import last_answers, longest_talks, patience

if TYPE_CHECKING:
    from ringproof.pbx.capture import Packet

TALKS_FOR = PbxSeconds(2.0)
"""An answered call is left up this long, so that a bridge that breaks at once is seen."""
CONNECTS_WITHIN = PbxSeconds(20.0)
"""A phone that has picked up may hear an announcement first (Dial's A(), a queue's), for at most this time."""
HEARD_OUT_WITHIN = PbxSeconds(30.0)
"""Limit for recordings that still run when a story ends; they have their own, shorter deadlines."""
CLEARS_WITHIN = PbxSeconds(2.0)
"""Twice what a leg may take to end after its caller hung up. A leg that is still up then is ended, and recorded."""
TRYING = 100
OK = 200
UDP = "UDP"
"""The only transport by which phones speak SIP."""
NO_CHANNEL = re.compile(
    r"^\[(?P<stamp>[^\]]+)\] \w+\[.*\.c: "
    r"(?P<sentence>Unable to create channel of type .*|No such extension/context .* while calling Local channel.*)$"
)
"""The line of Asterisk's log about a Dial for which no channel could be made (app_dial.c, core_local.c)."""


async def conduct(
    scenario: Scenario, environment: RunEnvironment, folder: Path, speed: float, *, allow: Sequence[str] = ()
) -> ClockReport:
    """Play `scenario` once, leaving events.ndjson, pbx/, phones/ and the captures of SIP and RTP in `folder`.

    `allow`: shell patterns of complaints at boot for which the configuration is not refused.

    Raises BrokenError, with the clock's report, for a failure that says nothing about the PBX's routing.
    """
    clock = PbxClock(open_page(scenario, environment), speed=speed)
    recorder = Recorder(folder / "events.ndjson")
    context = PlayContext(clock, recorder)
    setup = PlaySetup(scenario, environment, folder, context, allow=allow)
    with context.unforeseen_reported():
        await _conduct(scenario, setup, context, recorder, folder)
    return clock.report()


async def _conduct(
    scenario: Scenario, setup: PlaySetup, context: PlayContext, recorder: Recorder, folder: Path
) -> None:
    """Play, and close everything, also after a failure."""
    clock = context.clock
    failure: BaseException | None = None
    try:
        try:
            await _play_to_its_end(scenario, setup, context, recorder)
        except Exception:
            prove_page_whole(clock.page)  # a cut page is the cause then: it ends PBX and phones by SIGBUS
            raise
        prove_page_whole(clock.page)
    except BaseException as fault:
        failure = fault
        if isinstance(fault, BrokenError):
            fault.report = clock.report()
        raise
    finally:

        def record_testimony() -> None:
            for event in _pbx_testimony(setup, clock):
                recorder.record(event)

        steps = [
            context.end_tasks,
            setup.close,
            record_testimony,
            recorder.close,
            lambda: _keep_capture(setup, folder),
            clock.close,
        ]
        await close_all(steps, failure)


async def _play_to_its_end(scenario: Scenario, setup: PlaySetup, context: PlayContext, recorder: Recorder) -> None:
    """Play; if the PBX itself ended the story, record that it is over."""
    clock = context.clock
    try:
        try:
            with (
                watched_phones(setup.phones, context),
                watched_pbx(setup, context),
                watched_for_loops(setup.evidence / LOG, lambda at: context.fail(CallEndlessError(at, clock.now()))),
            ):
                await _play(scenario, setup, context, recorder, clock)
        except ManagerLostError:
            await setup.explain_loss()
    except RegistrationRefusedError:
        await prove_all_heard(clock)  # otherwise the refusal may be read from an incomplete answer
        recorder.begin(clock.now())
        recorder.record(StoryOver(at=moment(clock.now()), deadline=False))
    except PbxFaultError as fault:
        context.fail(fault)
        recorder.begin(clock.now())  # if the story had not begun: what came before is recorded as earlier
        recorder.record(StoryOver(at=moment(clock.now()), deadline=False))
        if isinstance(fault, LedElsewhereError):  # else the PBX has ended, or is too busy to answer
            with contextlib.suppress(ManagerError):
                await setup.captures.save()


async def _play(
    scenario: Scenario, setup: PlaySetup, context: PlayContext, recorder: Recorder, clock: PbxClock
) -> None:
    with clock.hold():
        await setup.open()
        if await setup.prepare():
            context.check()
            recorder.forget()
    await prove_clock(scenario, clock, setup.pbx)
    recorder.begin(clock.now())
    clock.begin_story(dialplan_step=scenario.dialplan_step or 0.0)
    setup.watch_media()
    setup.extensions.begin_story()
    for number in range(1, scenario.calls + 1):
        if number > 1:
            await interval(scenario, setup, context, number)
        done = await setup.callers.run()
        met = await _expectations(scenario, setup, context)
        await context.until(lambda: setup.audio_checks.over, PbxEpoch(clock.now() + HEARD_OUT_WITHIN))
        over = clock.now()
        context.record(StoryOver(at=moment(over), deadline=not met))
        setup.callers.hang_up_all()
        cleared = PbxEpoch(over + CLEARS_WITHIN)
        if not await context.until(lambda: setup.callers.over and not setup.extensions.ringing, cleared):
            setup.extensions.hang_up_all()
        if not done:
            break  # a step that failed would fail in every call, each time after its whole deadline
    quiet = scenario.quiet if scenario.quiet is not None else QUIET_RACED if clock.races else QUIET_REAL
    end = PbxEpoch(over + max(quiet, CLEARS_WITHIN))
    await context.wait_until(end)
    context.record(QuietOver(at=moment(clock.now()), watched=PbxSeconds(clock.now() - over)))
    await prove_awake(setup.phones, context)
    await setup.captures.compare()
    if names_prompts(scenario):
        await setup.measure_prompts()
    await prove_all_heard(clock)
    if scenario.dialplan_step is not None:
        prove_steps_take_time(scenario, clock, read_evidence(setup.evidence / LOG))
    setup.pbx.refuse_log()
    context.check()


async def _expectations(scenario: Scenario, setup: PlaySetup, context: PlayContext) -> bool:
    """Wait until nothing more is expected of any caller; return False if a deadline passed first."""
    met, lasts = True, longest_talks(scenario)
    for name, seat in setup.callers.seats.items():
        begun = seat.acted if seat.acted is not None else context.clock.now()
        deadline = PbxEpoch(max(begun + patience(scenario, name), context.clock.now()))
        answering = last_answers(scenario, name)
        met &= await _answer(seat, setup, context, answering, deadline)
        while (at := _answered(seat, setup, answering)) is not None and seat.ended is None:
            talked = PbxEpoch(at + TALKS_FOR + lasts.get(name, PbxSeconds(0.0)))
            if not await context.until(lambda: _answered(seat, setup, answering) != at, talked):  # noqa: B023
                break
            # a PBX that takes an answer as too late ends it at once, and another outcome is still to come; a PBX that
            # ends a talk takes a moment between its two legs
            parted = PbxEpoch(max(deadline, context.clock.now() + CLEARS_WITHIN))
            met &= await _answer(seat, setup, context, answering, parted)
    return met


async def _answer(
    seat: CallerSeat, setup: PlaySetup, context: PlayContext, phones: frozenset[str], deadline: PbxEpoch
) -> bool:
    """Wait until one of these phones is connected, or the call has ended; return False if neither came in time.

    A phone that picks up before `deadline` has CONNECTS_WITHIN to be connected.
    """

    def answered() -> bool:
        return _answered(seat, setup, phones) is not None

    def picked_up() -> PbxEpoch | None:
        return _first(setup.extensions.picked_up_since, seat, phones)

    while True:
        await context.until(lambda: answered() or picked_up() is not None, deadline)
        at = picked_up()
        if answered() or at is None:
            return answered()
        connects = PbxEpoch(max(deadline, at + CONNECTS_WITHIN))
        if not await context.until(lambda: answered() or picked_up() != at, connects):  # noqa: B023
            return False


def _answered(seat: CallerSeat, setup: PlaySetup, phones: frozenset[str]) -> PbxEpoch | None:
    """Return since when one of these phones is connected with the caller, or when the call ended; None: neither."""
    if seat.ended is not None:
        return seat.ended
    return _first(setup.extensions.connected_since, seat, phones)


def _first(since: Callable[[str, str], PbxEpoch | None], seat: CallerSeat, phones: frozenset[str]) -> PbxEpoch | None:
    moments = (since(phone, seat.call_id or "") for phone in phones)
    return min((at for at in moments if at is not None), default=None)


def _pbx_testimony(setup: PlaySetup, clock: PbxClock) -> Iterator[Event]:
    """Yield what the PBX itself wrote, as events: captures of SIP and RTP, and prompts and failed Dials in its log."""
    from ringproof.pbx.rtp_capture import LONGEST, MOST, read_rtp  # noqa: PLC0415 - see `load_later` in ringproof.playing
    from ringproof.playing.sent_sound import sent_sound  # noqa: PLC0415

    yield from _commands(setup)
    packets = [packet for packet in setup.captures.packets() if packet.call_id not in setup.standing_calls.call_ids]
    yield from _legs(iter(packets))
    sound = setup.evidence / RTP_CAPTURE
    if packets and is_evidence(sound) and clock.is_in_pbx:
        callers = {
            packet.sound_to: packet.peer
            for packet in packets
            if packet.sound_to is not None and not packet.sent and packet.peer in setup.callers.seats
        }
        yield from sent_sound(read_rtp(sound), callers, setup.tones)
        if sound.stat().st_size < MOST - LONGEST:
            yield SoundRecorded(at=PbxSeconds(packets[-1].at))
    with contextlib.suppress(OSError):
        log = read_evidence(setup.evidence / LOG)
        yield from prompts_played(log, setup.lengths)
        for found in filter(None, map(NO_CHANNEL.match, log.splitlines())):
            yield DialFailed(at=stamp_of(found["stamp"]), target="a phone", sentence=found["sentence"])


def _commands(setup: PlaySetup) -> Iterator[Event]:
    """Yield each command of the PBX that a phone carries out by itself, once; also those in calls before the story."""
    seen: set[tuple[str, str]] = set()
    for packet in setup.captures.packets():
        command = command_in(packet.text) if packet.peer in setup.extensions.seats else None
        if command is None or (packet.call_id, command.header) in seen:
            continue
        seen.add((packet.call_id, command.header))
        yield LegCommanded(
            at=PbxSeconds(packet.at),
            call_id=packet.call_id,
            target=packet.peer,
            message=packet.method,
            header=command.header,
            does=command.does,
        )


def _legs(packets: Iterator[Packet]) -> Iterator[Event]:
    """Yield the first INVITE, alerting response, CANCEL and final response of each leg; of a caller's leg the INVITE.

    Later ones are left out as retransmissions.
    """
    seen: set[tuple[str, str]] = set()
    for packet in packets:
        kind = _kind(packet)
        if (
            kind is None
            or (packet.call_id, kind) in seen
            or (kind not in {"invite", "came"} and (packet.call_id, "invite") not in seen)
        ):
            continue
        seen.add((packet.call_id, kind))
        at = PbxSeconds(packet.at)
        if kind == "invite" and packet.peer and packet.transport != UDP:
            sentence = f"its INVITE goes by {packet.transport}, and the phone is registered by {UDP}"
            yield DialFailed(at=at, target=packet.peer, sentence=sentence)
        elif kind == "invite" and not packet.peer:
            yield LegLeft(at=at, call_id=packet.call_id, target=packet.target)
        elif kind == "invite":
            yield LegInvited(at=at, call_id=packet.call_id, target=packet.peer)
        elif kind == "came":
            yield LegCame(at=at, call_id=packet.call_id)
        elif kind == "alerting":
            yield LegAlerting(at=at, call_id=packet.call_id)
        elif kind == "cancel":
            yield LegCancelled(at=at, call_id=packet.call_id)
        else:
            yield LegFinal(at=at, call_id=packet.call_id, code=packet.code or 0)


def _kind(packet: Packet) -> str | None:
    if packet.code is None and packet.method == "INVITE" and not packet.in_dialog:
        return "invite" if packet.sent else "came"
    if packet.code is None and packet.sent and packet.method == "CANCEL":
        return "cancel"
    if packet.code is not None and not packet.sent and packet.method == "INVITE" and packet.code != TRYING:
        return "final" if packet.code >= OK else "alerting"
    return None


def _keep_capture(setup: PlaySetup, folder: Path) -> None:
    for name in (CAPTURE, RTP_CAPTURE):
        capture = setup.evidence / name
        if is_evidence(capture):
            capture.replace(folder / name)


def run(
    scenario: Scenario, environment: RunEnvironment, folder: Path, speed: float, allow: Sequence[str] = ()
) -> ClockReport:
    """Play from synchronous code, on a loop of its own.

    A SIGINT, SIGTERM or SIGHUP that the program handles ends the play in order, phones and PBX included, and is then
    raised again.
    """
    caught: list[int] = []
    try:
        with asyncio.Runner(loop_factory=PlayLoop) as runner:
            report = runner.run(_interruptible(conduct(scenario, environment, folder, speed, allow=allow), caught))
    except PageError as fault:
        raise BrokenError(str(fault)) from fault
    except OSError as fault:
        message = f"the harness failed: {fault}"
        raise BrokenError(message) from fault
    if caught or report is None:
        signal.raise_signal(caught[0])
        raise asyncio.CancelledError
    return report


async def _interruptible(play: Coroutine[None, None, ClockReport], caught: list[int]) -> ClockReport | None:
    """Run `play`; return None if a signal cancelled it.

    A signal cancels it at its next wait; an exception raised by the handler could come anywhere.
    """
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(play)

    def cancel(number: int) -> None:
        caught.append(number)
        task.cancel()

    mine = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if mine else ()
    handlers = {number: signal.getsignal(number) for number in numbers}
    handlers = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}
    for number in handlers:
        loop.add_signal_handler(number, cancel, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not caught:
            raise
        return None
    finally:
        for number, handler in handlers.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
