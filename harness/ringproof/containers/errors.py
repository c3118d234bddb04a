"""What makes a play broken: the environment or the harness failed, so nothing is said about the PBX's routing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringproof.clock.report import ClockReport
from ringproof.core.needs import Needs
from ringproof.core.problem import Problem


class BrokenError(Exception):
    """Exit 3. One sentence that says what failed, and a hint that says what to do."""

    report: ClockReport | None = None
    """How the clock went until then; None: it was not made yet."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        """Keep both apart: front ends lay them out."""
        super().__init__(sentence, hint)
        self.sentence = sentence
        self.hint = hint

    def note_later(self, fault: BaseException) -> None:
        """Add a failure that came after this one."""
        sentence = fault.sentence if isinstance(fault, BrokenError) else f"{type(fault).__name__}: {fault}"
        self.hint = "; ".join(filter(None, [self.hint, f"then this failed, too: {sentence}"]))

    def __str__(self) -> str:
        """Sentence, and the hint on a line of its own."""
        return f"{self.sentence}\n   hint: {self.hint}" if self.hint else self.sentence


class ComplaintError(BrokenError):
    """Asterisk did not like its configuration: it ended or complained while it booted; `said` are its own words."""

    def __init__(self, sentence: str, hint: str, said: Sequence[str], *, booted: bool = False) -> None:
        """Keep what Asterisk said: lines of its log, else the last one of its console; and whether it booted."""
        super().__init__(sentence, hint)
        self.said = tuple(said)
        self.booted = booted


class LogMissingError(BrokenError):
    """Asterisk has booted, and its log is not where it is read: nobody knows what it complained of."""

    def __init__(self, name: str, folder: str, configuration: str, *, here: bool) -> None:
        """`folder` is where Asterisk logs, `configuration` where it reads; `here`: that is the evidence, without a log.

        All of them are paths of its container.
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
    """Exit 2: what somebody edited cannot be played; `problems` say where."""

    def __init__(self, problem: Problem, *more: Problem) -> None:
        """Keep all problems; the first is the one that a single line is about."""
        super().__init__(problem.sentence, problem.fix)
        self.problems = (problem, *more)


class UnmetNeedsError(Exception):
    """The PBX is older than a scenario needs: it is not played, which is neither its fault nor the harness's."""

    def __init__(self, needs: Needs, version: str) -> None:
        """`version` is what the PBX says of itself."""
        super().__init__(f"needs Asterisk {needs.asterisk}, and this PBX is {version}: {needs.because}")


def broken_by(fault: BaseException, during: str) -> BrokenError:
    """Return what is to be raised of an exception that nobody foresaw; `during` continues "the harness failed ..."."""
    if isinstance(fault, BrokenError):
        return fault
    broken = BrokenError(f"the harness failed {during}: {type(fault).__name__}: {fault}")
    broken.__cause__ = fault
    return broken


def note_later(first: BaseException, later: BaseException) -> None:
    """Note with a failure another one that came after it."""
    if isinstance(first, BrokenError):
        first.note_later(later)
    else:
        first.add_note(f"then this failed, too: {type(later).__name__}: {later}")


def raise_first(faults: Iterable[BaseException]) -> None:
    """Raise the first of these, if any; the others are noted with it."""
    first: BaseException | None = None
    for fault in faults:
        if first is None:
            first = fault
        else:
            note_later(first, fault)
    if first is not None:
        raise first
