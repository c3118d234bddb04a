"""Hand-written stories and observations for the tests of the pure parts."""

from __future__ import annotations

from ringproof.core.duration import PbxSeconds
from ringproof.core.source import Source
from ringproof.observe.chart import brief_rings, waves_of
from ringproof.observe.model import (
    CallerView,
    Ending,
    Observation,
    ObservedCommand,
    ObservedLead,
    ObservedRing,
    ObservedTalk,
)
from ringproof.scenario.model.office import Extension, Office, ToExtension, ToHangUp, Trunk
from ringproof.scenario.model.scenario import Call, Caller, Expectation, RingsOn, Scenario, Step


def at(line: int) -> Source:
    """A place in the story's file."""
    return Source("story.ring.yaml", line, 9)


ANNA = Caller("anna", "+74951234567", "84950000001", at(3))
CALL = Call(caller="anna", source=at(8))


def scenario(*expectations: Expectation, when: tuple[Step, ...] = (CALL,)) -> Scenario:
    """Build a story of one caller in an office of 100 to 103 in which nobody picks up."""
    office = Office(
        office="Test",
        extensions={number: Extension() for number in ("100", "101", "102", "103")},
        extension_ring_time=PbxSeconds(15.0),
        extension_destination=ToHangUp.model_validate({"hang up": "no answer"}),
        trunk=Trunk(numbers={"84950000001": ToExtension(extension="101")}),
    )
    return Scenario(
        id="story-1",
        name="story",
        source=at(5),
        office=office,
        office_file="offices/test.yaml",
        callers={"anna": ANNA},
        phones=dict.fromkeys(office.extensions, RingsOn()),
        when=when,
        expect={"anna": expectations},
    )


def rang(
    phone: str,
    start: float,
    end: float,
    ending: Ending = "cancelled",
    *,
    code: int | None = None,
    alerted: bool = True,
    missed: bool = False,
    caller: str | None = "anna",
) -> ObservedRing:
    """Build one ring."""
    return ObservedRing(
        phone=phone,
        call_id=f"{phone}@{start}",
        start=PbxSeconds(start),
        end=PbxSeconds(end),
        ending=ending,
        code=code,
        alerted=alerted,
        missed=missed,
        caller=caller,
    )


def lead(who: str, at: float = 1.2) -> ObservedLead:
    """Somebody who is told to send sound to another address."""
    line = "c=IN IP4 198.51.100.77"
    return ObservedLead(who=who, at=PbxSeconds(at), address="198.51.100.77", message="INVITE", line=line)


def seen(  # noqa: PLR0913 - one keyword for each fact that a test varies
    *rings: ObservedRing,
    answers: tuple[tuple[str, float], ...] = (),
    acted: float = 0.0,
    other_acts: tuple[float, ...] = (),
    code: int | None = 487,
    connected: float | None = None,
    parted: tuple[tuple[str, PbxSeconds], ...] = (),
    company: tuple[tuple[str, PbxSeconds], ...] = (),
    talks: tuple[ObservedTalk, ...] = (),
    ended: float | None = 60.0,
    ended_by: str | None = "harness",
    pressed: str = "",
    keys: str = "",
    strays: tuple[ObservedRing, ...] = (),
    late_rings: tuple[ObservedRing, ...] = (),
    late_legs: tuple[tuple[str, PbxSeconds], ...] = (),
    failed_steps: tuple[tuple[int, str], ...] = (),
    dial_failures: tuple[tuple[PbxSeconds, str, str], ...] = (),
    trunk_legs: tuple[PbxSeconds, ...] = (),
    registrations_refused: tuple[tuple[str, int, str], ...] = (),
    registrations_lost: tuple[tuple[str, str], ...] = (),
    talks_refused: tuple[tuple[str, int, str], ...] = (),
    crashed: int | None = None,
    endless: str | None = None,
    elsewhere: tuple[ObservedLead, ...] = (),
    dropped: tuple[tuple[str, PbxSeconds], ...] = (),
    commands: tuple[ObservedCommand, ...] = (),
) -> Observation:
    """Build the observation of one caller's call."""
    view = CallerView(
        caller="anna",
        placed=PbxSeconds(0.0),
        acted=PbxSeconds(acted),
        rings=rings,
        waves=waves_of(rings),
        brief=brief_rings(rings),
        answers=tuple((phone, PbxSeconds(moment)) for phone, moment in answers),
        parted=parted,
        company=company,
        talks=talks,
        code=code,
        connected=PbxSeconds(connected) if connected is not None else None,
        ended=PbxSeconds(ended) if ended is not None else None,
        ended_by=ended_by,
        pressed=pressed,
        keys=keys,
        other_acts=tuple(map(PbxSeconds, other_acts)),
    )
    return Observation(
        callers={"anna": view},
        strays=strays,
        failed_steps=failed_steps,
        dial_failures=dial_failures,
        late_rings=late_rings,
        late_legs=late_legs,
        trunk_legs=trunk_legs,
        watched=PbxSeconds(5.0),
        over=PbxSeconds(60.0),
        registrations_refused=registrations_refused,
        registrations_lost=registrations_lost,
        talks_refused=talks_refused,
        crashed=crashed,
        endless=endless,
        elsewhere=elsewhere,
        dropped=dropped,
        commands=commands,
    )
