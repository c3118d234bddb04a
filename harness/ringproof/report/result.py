"""The result of one scenario, as it is sent from the process that played it to the one that reports it."""

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
"""The end of a scenario's name where it is played several times: the number of the play, and how many there are."""

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
    """What every sink reports: a finding, or the reason why a play is broken, a file invalid or a scenario skipped."""

    kind: str
    sentence: str
    line: int
    follows: bool = False
    """It may follow from an earlier one."""


def and_more(findings: Sequence[Told | Finding]) -> str:
    """Return how many findings there are besides the first: ` (+1 more, and 2 that may follow)`; empty: none."""
    following = sum(finding.follows for finding in findings[1:])
    more = len(findings) - 1 - following
    said = [f"+{more} more"] if more else []
    if following:
        said.append(f"and {following} that may follow" if more else f"+{following} that may follow")
    return f" ({', '.join(said)})" if said else ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One text that Asterisk logged at WARNING or ERROR in a play."""

    text: str
    level: str
    when: Literal["boot", "story"]
    """When it was logged; `story` is any time after the boot."""
    count: int
    """How often it was logged; texts that differ only in the numbers of channels count as one."""
    allowed: tuple[str, ...] = ()
    """The patterns of `--allow` that match it, if it was logged at boot."""


@dataclass(frozen=True, slots=True)
class Play:
    """One play of a scenario.

    `stall` is the longest time that this machine kept the play waiting and `wall` is how long it took, both in real
    seconds. `became` is its own outcome: `green`, `red` or `broken`.
    """

    speed: float
    stall: float
    became: str = ""
    wall: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of one scenario, or of one invalid file.

    `wall` and `pbx` are seconds of real and of PBX time; 0 where nothing was played. `observation` is the plain form
    that `plain_observation` makes; None where there is none. `complaints` are Asterisk's in the play that is reported;
    they do not change the outcome here. `plays` are all plays that were made; the last one is reported. `fast` is the
    observation of a red at a racing clock before it was confirmed. `why_not` says why the clock could not race, `held`
    what kept it at real time for a while.
    `starts` is the date that the scenario gives the PBX, in ISO 8601 with its offset; None: the present.
    `text` is the text of the failure; empty: passed.
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
        """Return whether it is the result of a file with mistakes, of which nothing is played, not of a scenario."""
        return self.outcome == "invalid" and not any(told.kind == "configuration" for told in self.findings)

    @property
    def place(self) -> tuple[str, int, float]:
        """The key that sorts it among all results: by file and line, then by date."""
        return self.file, self.line, datetime.fromisoformat(self.starts).timestamp() if self.starts else 0.0

    def to_plain(self) -> dict[str, Any]:
        """Return the entry of results.json: plain JSON values only, without `text`."""
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
        """Return the result that `to_message` turned into a message."""
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
    """Return a run's exit code: that of an interruption comes first, then 3 before 2 before 1.

    `lost` counts scenarios that should have been played and of which nothing is known: they are broken. Where all
    scenarios were skipped nothing was played, and the code is that of a run in which nothing was selected.
    """
    if interrupted is not None:
        return EXIT_OF_SIGNAL[interrupted]
    results = list(results)
    counted = (result.outcome for result in results if not (allow_unsteady and result.outcome == "unsteady"))
    nothing = EXIT_INVALID if all_skipped(results) else 0
    return max([EXIT_BROKEN if lost else 0, nothing, *(_EXIT[outcome] for outcome in counted)])


def all_skipped(results: Sequence[Result]) -> bool:
    """Return whether there were scenarios and all were skipped."""
    return bool(results) and all(result.outcome == "skipped" for result in results)
