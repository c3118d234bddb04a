"""A scenario: one story, resolved and frozen. What the reader makes of a `*.ring.yaml` file.

Nothing here knows YAML; every part carries the place it was written at (`source`), for findings.
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
"""How far a moment may be from the expected one: 150 ms were needed (tests/exactness.py), 250 ms may a machine stall
without being noticed (clock/clock.py)."""
CLOCK_RESOLUTION = PbxSeconds(0.05)
"""How exactly moments are known at speed 1; no tolerance may be tighter."""
SETTLE_WINDOW = PbxSeconds(0.2)
"""Change points of the ring chart that are closer together than this are one boundary."""
ACTS_WITHIN = PbxSeconds(0.5)
"""The first wave starts this soon after the action that caused it, unless `after:` says otherwise."""
ENDS_WITHIN = PbxSeconds(1.0)
"""The PBX ends a call that nobody answers this soon after the last that happened in it."""
OK = 200
BUSY = 486
ANY = "any"
AT_ONCE = PbxSeconds(0.0)
HEARD_WITHIN = PbxSeconds(10.0)
"""How long a prompt may keep a caller waiting, unless `within:` says otherwise."""
HEARS_IN = PbxSeconds(2.0)
"""Who talks for so long hears the other one, if anything is to be heard."""
FALSE_ALARM = 1e-6
"""How often a PBX that chooses as it should may be called wrong by what is expected over many calls."""
QUIET_RACED = PbxSeconds(40.0)
QUIET_REAL = PbxSeconds(5.0)
"""How long nothing may ring after the end of a story, unless `quiet:` says: where the clock races, and where not."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An outside caller: the number he shows and the number he dials; `anonymous` hides his number."""

    name: str
    shows: str
    dials: str
    source: Source


@dataclass(frozen=True, slots=True)
class RingsOn:
    """Rings and nobody picks up (the default)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers `after` the first INVITE of an unbroken stretch of ringing; hangs up `hangs_up` after that."""

    after: PbxSeconds
    hangs_up: PbxSeconds | None = None


@dataclass(frozen=True, slots=True)
class AnswersWith:
    """Answers in the very instant in which another phone does: which of them gets the call is the PBX's decision."""

    phone: str


@dataclass(frozen=True, slots=True)
class Refuses:
    """Refuses with a SIP final response 400-699, at once (0) or after some ringing."""

    code: int
    after: PbxSeconds = AT_ONCE

    @property
    def at_once(self) -> bool:
        """True where it never rings."""
        return self.after <= AT_ONCE


@dataclass(frozen=True, slots=True)
class Forwards:
    """Sends the call on to another number by 302 (RFC 3261, 21.3.3), at once (0) or after some ringing."""

    to: str
    after: PbxSeconds = AT_ONCE

    @property
    def at_once(self) -> bool:
        """True where it never rings."""
        return self.after <= AT_ONCE


@dataclass(frozen=True, slots=True)
class Offline:
    """Never registered; has no phone process."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Registered, and then gone without a word: answers nothing any more, not even 100. Its socket stays open."""


@dataclass(frozen=True, slots=True)
class OnACall:
    """Talks with somebody outside when the story begins: a real call, which the PBX itself tells of (device state)."""

    ends: PbxSeconds | None = None
    """It hangs up so long after the story's begin, and rings on from then; None: talks to the end."""
    waiting: RingsOn | Answers | Refuses | None = None
    """What it does with a second call (call waiting); None: refuses it with BUSY."""


@dataclass(frozen=True, slots=True)
class AsRung:
    """Does what the scenario's `rung` says of the phone that is the first, the second... to be rung."""


Behaviour = RingsOn | Answers | AnswersWith | Refuses | Forwards | Offline | Silent | OnACall | AsRung


@dataclass(frozen=True, slots=True)
class Moment:
    """`at: {after: 5s, of: {ring: 101}}`: a time after something that the play observes."""

    after: PbxSeconds
    event: Literal["ring", "answer"]
    phone: str
    """ANY: whichever comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseStep:
    """What all steps have. Steps run one after the other, in the order written."""

    caller: str
    source: Source
    at: Moment | None = None
    """When stated: not before this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(BaseStep):
    """Place the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hear(BaseStep):
    """Wait until the caller received 300 ms of sound since his last step; not heard within `within`: a finding."""

    within: PbxSeconds = HEARD_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Press(BaseStep):
    """Send digits by RFC 4733, one after the other.

    Without a stated moment (`at`, or `after` counted from the end of the last step) the first digit is sent once the
    caller has received 300 ms of sound since his last step.
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
"""One thing a caller does. Closed: what tells steps apart ends in `assert_never`; mypy finds where one is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseExpectation:
    """What all expectations have."""

    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(BaseExpectation):
    """A wave: exactly these phones ring, or exactly one of `one_of`. Neither: silence while the caller waits.

    Wherever an expectation names a phone, the name of a choice that was made before may stand: see `is_choice`.
    """

    phones: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    """`{one_of: [101, 102], as: first}`: which of these the PBX rings is its own choice."""
    name: str = ""
    """`as:`, the name by which the chosen phone is meant from here on."""
    excluded: tuple[str, ...] = ()
    """`not:`, choices made before that this one is not."""
    lasts: PbxSeconds | None = None
    """`for:`; None: any time."""
    after: PbxSeconds | None = None
    """First wave: after the caller's last call or press step. A later wave takes no `after`; silence is `ring: []`."""
    again: tuple[str, ...] = ()
    """Phones of the wave before which get a fresh INVITE here (FreePBX's blink)."""

    @property
    def silent(self) -> bool:
        """True where nobody is to ring."""
        return not self.phones and not self.one_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTurn(BaseExpectation):
    """Something at one moment that makes no wave: it happens where it stands, before the next wave begins."""

    into: PbxSeconds | None = None
    """So far into the wave before it, which rings on: it stood between two parts of that wave (`turns.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(BaseTurn):
    """These phones, and no others, refused, each with these codes, one for each of its refusals in their order."""

    codes: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded(BaseTurn):
    """These phones, and no others, sent the call on, each to these numbers, one for each time in their order."""

    targets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen(BaseTurn):
    """These phones, and no others, were dialled and answered nothing: the PBX alone tells of it."""

    phones: tuple[str, ...]
    times: Mapping[str, int] = field(default_factory=dict)
    """How often, of those for whom it is not once: `unseen: {101: 2}`."""


Turn = Refused | Forwarded | Unseen
"""What happens at one moment and makes no wave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(BaseExpectation):
    """This phone answered: it was bridged with the caller. Or exactly one of `one_of`, of whom no other is at fault."""

    phone: str
    """Empty where `one_of` says who."""
    one_of: tuple[str, ...] = ()
    """`{one_of: [101, 102], as: winner}`: they pick up at the same moment, and one of them gets the call."""
    name: str = ""
    """`as:`, the name by which the one who got it is meant from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk(BaseExpectation):
    """The caller and this phone are in one bridge, and each hears the other's own tone."""

    phone: str
    lasts: PbxSeconds | None = None
    """`for:`; they talk for so long, and then hear each other again. None: only the beginning is listened to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nobody(BaseExpectation):
    """Nobody rings (so nobody answers either), or nobody answers."""

    does: Literal["rings", "answers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed(BaseExpectation):
    """These phones, and no others, show a missed call afterwards."""

    phones: tuple[str, ...]
    times: Mapping[str, int] = field(default_factory=dict)
    """How many, of those of which it is said: `missed: {101: 2}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(BaseExpectation):
    """These phones, and no others, pick up and are never connected with the caller."""

    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGets(BaseExpectation):
    """What the caller saw: the final response to his INVITE, who answered it, and who ended the call.

    `ended_by` is `caller`, `pbx`, or the extension whose hang-up ended it. At least one of the three is set.
    """

    code: int | None = None
    ended_by: str | None = None
    by_pbx: bool = False
    """The PBX itself answers, before any phone does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over(BaseExpectation):
    """What must hold over all calls of a story that is told many times: how often the PBX chose which phone."""

    choice: str
    """The name of a choice of the list that this stands in."""
    shares: Mapping[str, float]
    """By phone; they add up to 1."""
    independent: bool = True
    """No choice depends on the one before it."""
    false_alarm: float = FALSE_ALARM


Sound = Literal["ringing", "music", "busy", "sound", "silence"]
"""What a caller may hear while nobody talks with him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """`{prompt: welcome, language: en}`: a file of sound, by its name without a folder or format, or with both."""

    name: str
    language: str | None = None
    """The language of the channel, as the PBX knows it; None: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHears(BaseExpectation):
    """What the caller hears where it stands: while the wave before it rings, before the first one, or after a talk.

    Each of `sounds` at least once, in any order, and nothing else; several such lines in one place follow each other.
    Sound that the PBX reads from a file may be named: these prompts, in this order.
    """

    sounds: tuple[Sound, ...]
    prompts: tuple[Prompt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows(BaseExpectation):
    """What phones show of the caller in each of his rings: his number, his name, or `name <number>`."""

    phones: Mapping[str, str]
    diverted: Mapping[str, str] = field(default_factory=dict)
    """By which number the call was diverted, by phone; a phone that is not here shows no diversion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicksUpByItself(BaseExpectation):
    """The PBX commands these phones, and no others, to pick up by themselves, by a header of its INVITE."""

    phones: tuple[str, ...]


Expectation = (
    Ring | Turn | Answer | Talk | Nobody | Missed | Lost | CallerGets | CallerHears | Shows | PicksUpByItself | Over
)
"""One line of `expect:`. Closed, as `Step` is; at run time `judge/expected.py` refuses one that no judge looks at."""


def verb_of(line: Step | Expectation) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each
    """Return the verb by which a step or an expectation is written."""
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
    """Tell the name of a choice from an extension, which is a number."""
    return not phone[:1].isdigit()


def extension_of(phone: str) -> str:
    """Return the extension of a phone: `101/desk` is one of several at 101, `101` the only one there."""
    return phone.partition("/")[0]


def choices_of(expect: Mapping[str, Sequence[Expectation]]) -> Mapping[str, tuple[str, ...]]:
    """Return the phones that each choice of one reading can mean, by its name."""
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
    """One story, ready to be played."""

    id: str
    """Slug and short hash, unique in a run: `key-1-rings-accounting-all-at-once-3fa9c1`; names its evidence folder."""
    name: str
    source: Source
    office: Office
    office_file: str
    callers: Mapping[str, Caller]
    phones: Mapping[str, Behaviour]
    """Every phone of the office, named in the file or not: the extension, or `101/desk` where it has several."""
    when: tuple[Step, ...]
    expect: Mapping[str, tuple[Expectation, ...]]
    """By caller's name; every caller of `callers` that calls is here. Of several `readings` the first."""
    otherwise: tuple[Mapping[str, tuple[Expectation, ...]], ...] = ()
    """The further readings, where more than one outcome is right (`either`, `together`)."""
    too_late: frozenset[str] = frozenset()
    """Phones of a reading that pick up too late, if they do: in another reading they answer in time."""
    calls: int = 1
    """So many times the story is told, one call after the other on the same PBX."""
    tolerance: PbxSeconds = DEFAULT_TOLERANCE
    rung: tuple[Behaviour, ...] = ()
    """What the phones do that the files do not name, in the order in which they are first rung; the rest rings on."""
    quiet: PbxSeconds | None = None
    """After the end of the story nothing may ring for this long; None: as long as the clock makes cheap."""
    speed: float | None = None
    """The highest rate at which the clock may race, where the file says one; else the run's."""
    dialplan_step: PbxSeconds | None = None
    """How long each step of the dialplan takes the PBX; None: as long as this machine needs for it."""
    starts: datetime | None = None
    """What the PBX's clock shows when it boots, with its time zone; None: the present."""
    needs: Needs | None = None
    """On a PBX that has not got it the scenario is not played."""
    lines: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The scenario file's lines, for findings that quote them."""

    @property
    def readings(self) -> tuple[Scenario, ...]:
        """The scenario once for each of its right outcomes: one of them has to hold, whole."""
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
        """Say whether the PBX may answer before any phone: it is written, the caller is to get 200, or presses keys."""
        gets = [entry for entry in self.expect.get(caller, ()) if isinstance(entry, CallerGets)]
        presses = any(isinstance(step, Press) and step.caller == caller for step in self.when)
        return presses or any(entry.by_pbx or entry.code == OK for entry in gets)

    @property
    def has_choices(self) -> bool:
        """True where chance decides: who is rung, who of several gets the call, which of several outcomes it is."""
        return bool(self.otherwise) or any(True for _ in _chosen(self.expect))

    @property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """The phones that each choice can mean, by its name."""
        return choices_of(self.expect)

    @property
    def over(self) -> tuple[Over, ...]:
        """What must hold over all calls."""
        return tuple(entry for listed in self.expect.values() for entry in listed if isinstance(entry, Over))
