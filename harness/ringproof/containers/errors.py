"""What makes a play broken: the environment or the harness failed, so the play proves nothing about the routing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringproof.clock.report import ClockReport
from ringproof.core.needs import Needs
from ringproof.core.problem import Problem


class BrokenError(Exception):
    """The play is broken (exit 3): one sentence says what failed, and a hint says what to do."""

    report: ClockReport | None = None
    """What the clock reported until then; None: there was no clock yet."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        """Keep sentence and hint apart: each front end lays them out."""
        super().__init__(sentence, hint)
        self.sentence = sentence
        self.hint = hint

    def note_later(self, fault: BaseException) -> None:
        """Add a failure that came after this one."""
        sentence = fault.sentence if isinstance(fault, BrokenError) else f"{type(fault).__name__}: {fault}"
        self.hint = "; ".join(filter(None, [self.hint, f"then this failed, too: {sentence}"]))

    def __str__(self) -> str:
        """Return the sentence, and the hint on a line of its own."""
        return f"{self.sentence}\n   hint: {self.hint}" if self.hint else self.sentence


class ComplaintError(BrokenError):
    """Asterisk ended or complained while it booted; `said` are its own words about the configuration."""

    def __init__(self, sentence: str, hint: str, said: Sequence[str], *, booted: bool = False) -> None:
        """Keep what Asterisk said: lines of its log, else the last one of its console; and whether it booted."""
        super().__init__(sentence, hint)
        self.said = tuple(said)
        self.booted = booted


class LogMissingError(BrokenError):
    """Asterisk has booted, but its log is not where it is read: its complaints are unknown."""

    def __init__(self, name: str, folder: str, configuration: str, *, here: bool) -> None:
        """`folder` is where Asterisk logs, `configuration` where it reads. All paths are those of its container.

        `here`: `folder` is the evidence folder, but has no log.
        """
        if here:
            sentence = f"Asterisk does not log its boot in {name}, so that nobody sees what it complains of"
        else:
            sentence = f"Asterisk logs in {folder}, where nobody sees what it complains of"
        super().__init__(sentence, f"the settings are in asterisk.conf and logger.conf in {configuration}")
        self.folder = folder
        self.configuration = configuration
        self.here = here


class EditedConfigurationError(BrokenError):
    """An edited configuration cannot be played (exit 2); `problems` say where."""

    def __init__(self, problem: Problem, *more: Problem) -> None:
        """Keep all problems; the first one gives sentence and hint."""
        super().__init__(problem.sentence, problem.fix)
        self.problems = (problem, *more)


class UnmetNeedsError(Exception):
    """The PBX is older than a scenario needs, so it is not played; neither the PBX nor the harness is at fault."""

    def __init__(self, needs: Needs, version: str) -> None:
        """`version` is what the PBX says of itself."""
        super().__init__(f"needs Asterisk {needs.asterisk}, and this PBX is {version}: {needs.because}")


def broken_by(fault: BaseException, during: str) -> BrokenError:
    """Return the error to raise for an unforeseen exception; `during` continues "the harness failed ..."."""
    if isinstance(fault, BrokenError):
        return fault
    broken = BrokenError(f"the harness failed {during}: {type(fault).__name__}: {fault}")
    broken.__cause__ = fault
    return broken


def note_later(first: BaseException, later: BaseException) -> None:
    """Add to a failure another one that came after it."""
    if isinstance(first, BrokenError):
        first.note_later(later)
    else:
        first.add_note(f"then this failed, too: {type(later).__name__}: {later}")


def raise_first(faults: Iterable[BaseException]) -> None:
    """Raise the first of these faults, if any, with the others noted on it."""
    first: BaseException | None = None
    for fault in faults:
        if first is None:
            first = fault
        else:
            note_later(first, fault)
    if first is not None:
        raise first
