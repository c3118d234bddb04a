"""The model of a scenario: one story of a `*.ring.yaml` file, resolved and frozen.

Nothing here depends on YAML. Every part has the place where it was written (`source`), for findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, assert_never

from ringproof.core.duration import PbxSeconds
from ringproof.core.needs import Needs
from ringproof.core.source import Source
from ringproof.scenario.model.office import Office

DEFAULT_TOLERANCE = PbxSeconds(0.4)
"""How far a moment may be from the expected one: measurements need 150 ms (tests/exactness.py), and a machine may stall
for up to 250 ms without being reported (clock/report.py)."""
CLOCK_RESOLUTION = PbxSeconds(0.05)
"""The precision of moments at speed 1; no tolerance may be smaller."""
SETTLE_WINDOW = PbxSeconds(0.2)
"""Changes in the ring chart that are closer together than this count as one boundary."""
ACTS_WITHIN = PbxSeconds(0.5)
"""The first wave starts within this time after the action that caused it, unless `after:` gives another time."""
ENDS_WITHIN = PbxSeconds(1.0)
"""The PBX ends a call that nobody answers within this time after the last event of the call."""
OK = 200
BUSY = 486
ANY = "any"
AT_ONCE = PbxSeconds(0.0)
HEARD_WITHIN = PbxSeconds(10.0)
"""How long a caller waits for a prompt, unless `within:` gives another time."""
HEARS_IN = PbxSeconds(2.0)
"""After this time of talking each side has heard the other, if there is anything to hear."""
FALSE_ALARM = 1e-6
"""Default probability that `over` calls a PBX wrong although it chooses correctly."""
QUIET_RACED = PbxSeconds(40.0)
QUIET_REAL = PbxSeconds(5.0)
"""How long nothing may ring after the end of a story, unless `quiet:` is given: with a raced clock, and without."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An outside caller: the number shown and the number dialled; with `anonymous` the number is hidden."""

    name: str
    shows: str
    dials: str
    source: Source


@dataclass(frozen=True, slots=True)
class RingsOn:
    """The phone rings, and nobody picks up (the default)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The phone answers `after` the first INVITE of an unbroken stretch of ringing; it hangs up `hangs_up` later."""

    after: PbxSeconds
    hangs_up: PbxSeconds | None = None


@dataclass(frozen=True, slots=True)
class AnswersWith:
    """The phone answers at the same moment as another phone; the PBX decides which of them gets the call."""

    phone: str


@dataclass(frozen=True, slots=True)
class Refuses:
    """The phone refuses with a SIP final response 400-699, at once (0) or after some ringing."""

    code: int
    after: PbxSeconds = AT_ONCE

    @property
    def at_once(self) -> bool:
        """True where it never rings."""
        return self.after <= AT_ONCE


@dataclass(frozen=True, slots=True)
class Forwards:
    """The phone forwards the call to another number by 302 (RFC 3261, 21.3.3), at once (0) or after some ringing."""

    to: str
    after: PbxSeconds = AT_ONCE

    @property
    def at_once(self) -> bool:
        """True where it never rings."""
        return self.after <= AT_ONCE


@dataclass(frozen=True, slots=True)
class Offline:
    """The phone is never registered and has no process."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The phone registers and then sends no response any more, not even 100. Its socket stays open."""


@dataclass(frozen=True, slots=True)
class OnACall:
    """The phone is in a real call with an outside party when the story begins; the PBX reports it as device state."""

    ends: PbxSeconds | None = None
    """The phone hangs up this long after the story begins, and from then on it rings; None: it talks to the end."""
    waiting: RingsOn | Answers | Refuses | None = None
    """What the phone does with a second call (call waiting); None: it refuses the call with BUSY."""


@dataclass(frozen=True, slots=True)
class AsRung:
    """The phone does what `rung` of the scenario says of the phone that is rung first, second..."""


Behaviour = RingsOn | Answers | AnswersWith | Refuses | Forwards | Offline | Silent | OnACall | AsRung


@dataclass(frozen=True, slots=True)
class Moment:
    """A time after an event that the play observes: `at: {after: 5s, of: {ring: 101}}`."""

    after: PbxSeconds
    event: Literal["ring", "answer"]
    phone: str
    """ANY: the first phone with this event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseStep:
    """The fields of every step. Steps run one after the other, in the order written."""

    caller: str
    source: Source
    at: Moment | None = None
    """The step does not start before this moment; None: no such limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(BaseStep):
    """Place the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hear(BaseStep):
    """Wait until the caller has received 300 ms of sound since the last step; report a finding if not in `within`."""

    within: PbxSeconds = HEARD_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Press(BaseStep):
    """Send digits by RFC 4733, one after the other.

    Without a stated moment (`at`, or `after`, counted from the end of the last step) the first digit is sent as soon as
    the caller has received 300 ms of sound since its last step.
    """

    digits: str
    after: PbxSeconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(BaseStep):
    """Let time pass."""

    time: PbxSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp(BaseStep):
    """End the call: CANCEL before the answer, BYE after it."""


Step = Call | Hear | Press | Wait | HangUp
"""One action of a caller. The union is closed: each `match` ends in `assert_never`, so mypy finds a missing case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseExpectation:
    """The fields of every expectation."""

    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(BaseExpectation):
    """A wave: exactly these phones ring, or exactly one of `one_of`. If both are empty: silence while the caller waits.

    An expectation may name an earlier choice wherever it may name a phone: see `is_choice`.
    """

    phones: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    """The phones of which the PBX chooses one: `{one_of: [101, 102], as: first}`."""
    name: str = ""
    """`as:`, the name of the chosen phone in later expectations."""
    excluded: tuple[str, ...] = ()
    """`not:`, the names of earlier choices; their phones are excluded from this one."""
    lasts: PbxSeconds | None = None
    """`for:`; None: any duration."""
    after: PbxSeconds | None = None
    """First wave only: the time after the caller's last call or press step; later silence is written `ring: []`."""
    again: tuple[str, ...] = ()
    """Phones of the previous wave that get a new INVITE at the start of this one (in FreePBX: a blink)."""

    @property
    def silent(self) -> bool:
        """True if no phone is expected to ring."""
        return not self.phones and not self.one_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTurn(BaseExpectation):
    """A turn: an event that is no wave and happens at its place in the list, before the next wave begins."""

    into: PbxSeconds | None = None
    """The time since the start of the wave before it, if the turn stood between two parts of that wave
    (`split_waves.py`); else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(BaseTurn):
    """Exactly these phones refused, each with these codes: one code per refusal, in order."""

    codes: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded(BaseTurn):
    """Exactly these phones forwarded the call, each to these numbers: one number per forward, in order."""

    targets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen(BaseTurn):
    """Exactly these phones were dialled and sent no response; only the PBX can report this."""

    phones: tuple[str, ...]
    times: Mapping[str, int] = field(default_factory=dict)
    """Expected count per phone, from `unseen: {101: 2}`; phones without an entry count once."""


Turn = Refused | Forwarded | Unseen
"""An event at one moment that is no wave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(BaseExpectation):
    """This phone, or exactly one phone of `one_of`, answered: it was bridged with the caller.

    The other phones of `one_of` may pick up without getting the call.
    """

    phone: str
    """Empty if `one_of` is set."""
    one_of: tuple[str, ...] = ()
    """Phones that pick up at the same moment; one of them gets the call: `{one_of: [101, 102], as: winner}`."""
    name: str = ""
    """`as:`, the name of the phone that got the call in later expectations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk(BaseExpectation):
    """The caller and this phone are in one bridge, and each hears the tone that the other plays."""

    phone: str
    lasts: PbxSeconds | None = None
    """`for:`; they talk for this long and still hear each other at its end. None: only the beginning is checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nobody(BaseExpectation):
    """No phone rings (and so none answers), or no phone answers."""

    does: Literal["rings", "answers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed(BaseExpectation):
    """Exactly these phones show a missed call afterwards."""

    phones: tuple[str, ...]
    times: Mapping[str, int] = field(default_factory=dict)
    """Expected count per phone, from `missed: {101: 2}`; phones without an entry count once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(BaseExpectation):
    """Exactly these phones pick up and are never connected with the caller."""

    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGets(BaseExpectation):
    """What the caller saw: the final response to its INVITE, an answer by the PBX, and which side ended the call.

    `ended_by` is `caller`, `pbx`, or the extension whose hang-up ended the call. At least one of the three is set.
    """

    code: int | None = None
    ended_by: str | None = None
    by_pbx: bool = False
    """The PBX itself answers before any phone does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over(BaseExpectation):
    """What must hold over all calls of a story that is played many times: how often the PBX chose each phone."""

    choice: str
    """The name of a choice in the same list."""
    shares: Mapping[str, float]
    """The expected share of each phone; they add up to 1."""
    independent: bool = True
    """True: no choice may depend on the one before it."""
    false_alarm: float = FALSE_ALARM


Sound = Literal["ringing", "music", "busy", "sound", "silence"]
"""What a caller may hear while no phone talks with the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A sound file, named without folder and format, or with both: `{prompt: welcome, language: en}`."""

    name: str
    language: str | None = None
    """The language of the channel in the PBX; None: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHears(BaseExpectation):
    """What the caller hears at this place: while the wave before it rings, before the first wave, or after a talk.

    The caller hears each of `sounds` at least once, in any order, and nothing else. Several such lines in one place
    follow each other. `prompts` names the sound files that the PBX plays, in their order.
    """

    sounds: tuple[Sound, ...]
    prompts: tuple[Prompt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows(BaseExpectation):
    """What phones show of the caller in each ring of its call: its number, its name, or `name <number>`."""

    phones: Mapping[str, str]
    diverted: Mapping[str, str] = field(default_factory=dict)
    """The number by which the call was diverted, by phone; a phone without an entry shows no diversion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicksUpByItself(BaseExpectation):
    """The PBX commands exactly these phones to pick up by themselves, by a header of its INVITE."""

    phones: tuple[str, ...]


Expectation = (
    Ring | Turn | Answer | Talk | Nobody | Missed | Lost | CallerGets | CallerHears | Shows | PicksUpByItself | Over
)
"""One line of `expect:`. The union is closed, as `Step` is; `judge/expected.py` raises for a line without a judge."""


def verb_of(line: Step | Expectation) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each
    """Return the verb with which a step or an expectation is written."""
    match line:
        case Call():
            return "call"
        case Hear():
            return "hear"
        case Press():
            return "press"
        case Wait():
            return "wait"
        case HangUp():
            return "hang up"
        case Ring():
            return "ring"
        case Refused():
            return "refused"
        case Forwarded():
            return "forwarded"
        case Unseen():
            return "unseen"
        case Answer():
            return "answer"
        case Talk():
            return "talk"
        case Nobody():
            return "nobody"
        case Missed():
            return "missed"
        case Lost():
            return "lost"
        case CallerGets():
            return "caller gets"
        case CallerHears():
            return "caller hears"
        case Shows():
            return "shows"
        case PicksUpByItself():
            return "picks up by itself"
        case Over():
            return "over"
        case _:
            assert_never(line)


def is_choice(phone: str) -> bool:
    """Return whether a text is the name of a choice; a phone begins with a digit."""
    return not phone[:1].isdigit()


def extension_of(phone: str) -> str:
    """Return the extension of a phone: 101 of `101/desk`, one of its several phones, or of `101`, its only phone."""
    return phone.partition("/")[0]


def choices_of(expect: Mapping[str, Sequence[Expectation]]) -> Mapping[str, tuple[str, ...]]:
    """Return the phones that each choice of one reading can mean, by the name of the choice."""
    return {entry.name: entry.one_of for entry in _chosen(expect) if entry.name}


def _answering(expect: Mapping[str, Sequence[Expectation]]) -> frozenset[str]:
    """Return the phones that may answer in one reading."""
    choices = choices_of(expect)
    answers = (entry for listed in expect.values() for entry in listed if isinstance(entry, Answer))
    return frozenset(phone for each in answers for phone in each.one_of or choices.get(each.phone, (each.phone,)))


def _chosen(expect: Mapping[str, Sequence[Expectation]]) -> Iterator[Ring | Answer]:
    entries = (entry for listed in expect.values() for entry in listed)
    return (entry for entry in entries if isinstance(entry, Ring | Answer) and entry.one_of)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story, complete and ready to be played."""

    id: str
    """Slug and short hash, unique in a run: `key-1-rings-accounting-at-once-3fa9c1d2`; names its evidence folder."""
    name: str
    source: Source
    office: Office
    office_file: str
    callers: Mapping[str, Caller]
    phones: Mapping[str, Behaviour]
    """Every phone of the office, named in the file or not: the extension, or `101/desk` if that has several phones."""
    when: tuple[Step, ...]
    expect: Mapping[str, tuple[Expectation, ...]]
    """By caller's name; every caller of `callers` has an entry. With several `readings`, this is the first."""
    otherwise: tuple[Mapping[str, tuple[Expectation, ...]], ...] = ()
    """The other readings, if more than one outcome is right (`either`, `together`)."""
    too_late: frozenset[str] = frozenset()
    """Phones that may pick up too late in this reading, because in another reading they answer in time."""
    calls: int = 1
    """How many times the story is played, one call after the other on the same PBX."""
    tolerance: PbxSeconds = DEFAULT_TOLERANCE
    rung: tuple[Behaviour, ...] = ()
    """What the phones not named in the file do, in the order in which they are first rung; further phones only ring."""
    quiet: PbxSeconds | None = None
    """How long nothing may ring after the end of the story; None: QUIET_RACED or QUIET_REAL, depending on the clock."""
    speed: float | None = None
    """The highest speed of the clock, if the file gives one; None: that of the run."""
    dialplan_step: PbxSeconds | None = None
    """How long the PBX takes for each step of the dialplan; None: as long as this machine needs."""
    starts: datetime | None = None
    """The time that the PBX's clock shows at boot, with its time zone; None: the present."""
    needs: Needs | None = None
    """The scenario is not played on a PBX that does not meet this; None: any PBX."""
    lines: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The scenario file's lines, for findings that quote them."""

    @property
    def readings(self) -> tuple[Scenario, ...]:
        """Return the scenario once for each of its right outcomes; one of these readings has to hold completely."""
        if not self.otherwise:
            return (self,)
        readings = (self.expect, *self.otherwise)
        answering = [_answering(expect) for expect in readings]
        anybody = frozenset[str]().union(*answering)
        return tuple(
            replace(self, expect=expect, otherwise=(), too_late=anybody - in_time)
            for expect, in_time in zip(readings, answering, strict=True)
        )

    def lets_pbx_answer(self, caller: str) -> bool:
        """Return whether the PBX may answer first: its answer or a 200 is expected, or the caller presses keys."""
        gets = [entry for entry in self.expect.get(caller, ()) if isinstance(entry, CallerGets)]
        presses = any(isinstance(step, Press) and step.caller == caller for step in self.when)
        return presses or any(entry.by_pbx or entry.code == OK for entry in gets)

    @property
    def has_choices(self) -> bool:
        """True if chance decides which phone is rung, which phone gets the call, or which of several outcomes it is."""
        return bool(self.otherwise) or any(True for _ in _chosen(self.expect))

    @property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """Return the phones that each choice can mean, by the name of the choice."""
        return choices_of(self.expect)

    @property
    def over(self) -> tuple[Over, ...]:
        """Return the expectations that must hold over all calls."""
        return tuple(entry for listed in self.expect.values() for entry in listed if isinstance(entry, Over))
