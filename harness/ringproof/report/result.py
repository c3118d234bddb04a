"""The result of one scenario, as it travels from the process that played it to the one that tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from ringproof.judge import Finding

from ringproof.clock.report import Held

Outcome = Literal["passed", "failed", "unsteady", "skipped", "invalid", "broken"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

REPEATED = " ({} of {})"
"""Behind a scenario's name, where it is played several times: which play, and of how many."""

EXIT_FAILED = 1
EXIT_INVALID = 2
EXIT_BROKEN = 3
EXIT_OF_SIGNAL = {"SIGHUP": 129, "SIGINT": 130, "SIGTERM": 143}
_EXIT: dict[Outcome, int] = {
    "passed": 0,
    "failed": EXIT_FAILED,
    "unsteady": EXIT_FAILED,
    "skipped": 0,
    "invalid": EXIT_INVALID,
    "broken": EXIT_BROKEN,
}


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, or what made a play broken, a file invalid, a scenario skipped: what every sink tells of it."""

    kind: str
    sentence: str
    line: int
    follows: bool = False
    """It may follow from one before it."""


def and_more(findings: Sequence[Told | Finding]) -> str:
    """Return how many there are beside the first: ` (+1 more, and 2 that may follow)`; empty: none."""
    following = sum(finding.follows for finding in findings[1:])
    more = len(findings) - 1 - following
    said = [f"+{more} more"] if more else []
    if following:
        said.append(f"and {following} that may follow" if more else f"+{following} that may follow")
    return f" ({', '.join(said)})" if said else ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What Asterisk's log says at WARNING or ERROR in a play, each text once."""

    text: str
    level: str
    when: Literal["boot", "story"]
    """`story`: at any time after the boot."""
    count: int
    """How often; texts that differ only in the numbers of channels count as one."""
    allowed: tuple[str, ...] = ()
    """The patterns of `--allow` that match it, where it was made at boot."""


@dataclass(frozen=True, slots=True)
class Play:
    """One play of a scenario: its speed, and for how many real seconds this machine kept it waiting at worst.

    What it came to by itself (`green`, `red` or `broken`), and how many real seconds it took.
    """

    speed: float
    stall: float
    became: str = ""
    wall: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One scenario's outcome, or one invalid file's.

    `wall` and `pbx` are seconds of real and of PBX time; 0 where nothing was played. `observation` is the plain form
    that `plain_observation` makes; None where there is none. `complaints` are Asterisk's in the play that is told; they
    decide nothing here. `plays` are all that were made, the one that is told last;
    `fast` is what the racing clock saw of a red before it was confirmed; `why_not` says why a clock could not race,
    `held` what kept it at real time for a while.
    `starts` is the date that the scenario gives the PBX, in ISO 8601 with its offset; None: the present.
    `text` is the failure in the house form; empty: passed.
    """

    id: str
    name: str
    file: str
    line: int
    starts: str | None = None
    outcome: Outcome
    findings: tuple[Told, ...] = ()
    wall: float = 0.0
    pbx: float = 0.0
    speed: float = 1.0
    plays: tuple[Play, ...] = ()
    why_not: str = ""
    held: tuple[Held, ...] = ()
    observation: Mapping[str, Any] | None = None
    fast: Mapping[str, Any] | None = None
    complaints: tuple[Complaint, ...] = ()
    text: str = ""

    @property
    def whole_file(self) -> bool:
        """True where it stands for a file with mistakes, of which nothing is played; else for a scenario."""
        return self.outcome == "invalid" and not any(told.kind == "configuration" for told in self.findings)

    @property
    def place(self) -> tuple[str, int, float]:
        """Where it stands among all results: by file and line, then by the date."""
        return self.file, self.line, datetime.fromisoformat(self.starts).timestamp() if self.starts else 0.0

    def to_plain(self) -> dict[str, Any]:
        """Return the entry of results.json: plain JSON values only. `text` is not part of it."""
        return {
            "id": self.id,
            "name": self.name,
            "file": self.file,
            "line": self.line,
            "starts": self.starts,
            "outcome": self.outcome,
            "findings": [asdict(told) for told in self.findings],
            "seconds": {"wall": round(self.wall, 3), "pbx": round(self.pbx, 3)},
            "speed": self.speed,
            "plays": [asdict(play) for play in self.plays],
            "why_not": self.why_not,
            "held": [asdict(each) for each in self.held],
            "observation": self.observation,
            "fast": self.fast,
            "complaints": [{**asdict(each), "allowed": list(each.allowed)} for each in self.complaints],
        }

    def to_message(self) -> dict[str, Any]:
        """Return a form that execnet can send between pytest-xdist's processes."""
        return {**self.to_plain(), "text": self.text}

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Result:
        """Read back what `to_message` made."""
        fields = dict(message)
        seconds = fields.pop("seconds")
        fields["findings"] = tuple(Told(**told) for told in fields["findings"])
        fields["plays"] = tuple(Play(**play) for play in fields["plays"])
        fields["held"] = tuple(Held(**each) for each in fields["held"])
        fields["complaints"] = tuple(
            Complaint(**{**complaint, "allowed": tuple(complaint["allowed"])}) for complaint in fields["complaints"]
        )
        return cls(**fields, wall=seconds["wall"], pbx=seconds["pbx"])


def exit_code(
    results: Iterable[Result], *, lost: int = 0, interrupted: str | None = None, allow_unsteady: bool = False
) -> int:
    """Return a run's exit code: an interruption first, then 3 before 2 before 1.

    `lost` counts scenarios that were to be played and of which nothing is known: broken. Where all were skipped nothing
    was played, as where nothing was selected.
    """
    if interrupted is not None:
        return EXIT_OF_SIGNAL[interrupted]
    results = list(results)
    counted = (result.outcome for result in results if not (allow_unsteady and result.outcome == "unsteady"))
    nothing = EXIT_INVALID if all_skipped(results) else 0
    return max([EXIT_BROKEN if lost else 0, nothing, *(_EXIT[outcome] for outcome in counted)])


def all_skipped(results: Sequence[Result]) -> bool:
    """True where there were scenarios, and not one was played."""
    return bool(results) and all(result.outcome == "skipped" for result in results)
