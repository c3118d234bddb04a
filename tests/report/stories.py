"""Hand-written scenarios and observations for the tests of the reports: values, no play."""

from __future__ import annotations

from collections.abc import Sequence

from ringproof.core.duration import PbxSeconds
from ringproof.core.source import Source
from ringproof.observe.chart import brief_rings, waves_of
from ringproof.observe.model import CallerView, Ending, Observation, ObservedRing
from ringproof.scenario.model.office import Extension, Menu, Office, Progressive, RingAll, Trunk
from ringproof.scenario.model.scenario import Call, Caller, Expectation, Press, Ring, RingsOn, Scenario

FILE = "scenarios/support.ring.yaml"


def office() -> Office:
    """A menu with two groups behind it, and an operator."""
    operator = {"extension": "100"}
    return Office(
        office="Trading company",
        extensions={number: Extension() for number in ("100", "101", "102", "103")},
        groups={
            "accounting": RingAll.model_validate(
                {
                    "strategy": "ring_all",
                    "members": ("101", "102", "103"),
                    "ring_time": "15s",
                    "destination": operator,
                }
            ),
            "support": Progressive.model_validate(
                {
                    "strategy": "progressive",
                    "members": ("101", "102", "103"),
                    "ring_time": "20s",
                    "destination": operator,
                }
            ),
        },
        extension_ring_time=PbxSeconds(15.0),
        extension_destination={"hang up": "no answer"},  # type: ignore[arg-type]
        menus={
            "main": Menu.model_validate(
                {
                    "greeting": {"sound": "vm-enter-num-to-call"},
                    "direct_dialling": True,
                    "keys": {"1": {"group": "accounting"}, "2": {"group": "support"}},
                    "wrong_key": {"times": 3, "destination": operator},
                    "silence": {"after": "5s", "destination": operator},
                }
            )
        },
        trunk=Trunk.model_validate({"numbers": {"84950000001": {"menu": "main"}}}),
    )


LINES = (
    "pbx: offices/trading-company.yaml",
    "callers:",
    '  anna: {from: "+74951234567", to: "84950000001"}',
    "scenarios:",
    "  support grows by one phone every 20 s:",
    "    phones:",
    "      103: {answers: 5s}",
    "    when:",
    "      - call: anna",
    '      - press: "2"',
    "    expect:",
    "      - ring: [101]",
    "        for: 20s",
    "      - ring: [101, 102]",
    "        for: 5s",
    "      - answer: 102",
)


def at(line: int, column: int = 9) -> Source:
    """A place in the scenario file."""
    return Source(FILE, line, column)


def wave(line: int, phones: str, lasts: float | None, after: float | None = None) -> Ring:
    """An expected wave: phones separated by blanks."""
    return Ring(
        source=at(line),
        phones=tuple(phones.split()),
        lasts=None if lasts is None else PbxSeconds(lasts),
        after=None if after is None else PbxSeconds(after),
    )


def story(expect: Sequence[Expectation], *, name: str = "support grows by one phone every 20 s") -> Scenario:
    """Anna calls, presses 2, and this is expected."""
    return Scenario(
        id="support-grows-3fa9c1",
        name=name,
        source=at(5, 3),
        office=office(),
        office_file="scenarios/offices/trading-company.yaml",
        callers={"anna": Caller(name="anna", shows="+74951234567", dials="84950000001", source=at(3, 3))},
        phones=dict.fromkeys(("100", "101", "102", "103"), RingsOn()),
        when=(
            Call(caller="anna", source=at(9, 9)),
            Press(caller="anna", source=at(10, 9), digits="2"),
        ),
        expect={"anna": tuple(expect)},
        lines=LINES,
    )


def ring(
    phone: str,
    start: float,
    end: float,
    ending: Ending = "cancelled",
    code: int | None = None,
    *,
    missed: bool = False,
    alerted: bool = True,
) -> ObservedRing:
    """An observed ring of Anna's call."""
    return ObservedRing(
        phone=phone,
        call_id=f"{phone}-{start}",
        start=PbxSeconds(start),
        end=PbxSeconds(end),
        ending=ending,
        code=code,
        missed=missed,
        alerted=alerted,
        shows="+74951234567",
        caller="anna",
    )


def view(rings: Sequence[ObservedRing], *, acted: float = 2.0) -> CallerView:
    """Anna's call with these rings; she pressed 2 at `acted`."""
    answered = [(entry.phone, entry.end) for entry in rings if entry.ending == "answered"]
    return CallerView(
        caller="anna",
        placed=PbxSeconds(0.0),
        acted=PbxSeconds(acted),
        rings=tuple(rings),
        waves=waves_of(rings),
        brief=brief_rings(rings),
        answers=tuple(answered),
        parted=(),
        code=200,
        connected=None,
        ended=PbxSeconds(30.0),
        ended_by="harness",
        pressed="2",
        keys="2",
    )


def seen(rings: Sequence[ObservedRing]) -> Observation:
    """One play in which Anna's call rang like this and nothing else happened."""
    return Observation(
        callers={"anna": view(rings)},
        strays=(),
        failed_steps=(),
        dial_failures=(),
        late_rings=(),
        late_legs=(),
        trunk_legs=(),
        watched=PbxSeconds(5.0),
        over=PbxSeconds(29.5),
        registrations_refused=(),
    )
