"""What the doctor says, each check green and red, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from machines import CASES, GOOD, OTHERS, other, without
from ringproof.doctor.checks import CHECKS, diagnose
from ringproof.doctor.output import diagnoses_text, exit_code

GOLDENS = Path(__file__).parents[1] / "golden" / "doctor"


@pytest.mark.parametrize("name", CASES)
def test_a_check_says_what_its_golden_says(name: str, golden: Callable[[str, str], None]) -> None:
    """What was found, and where it is not good what to do."""
    check, facts = CASES[name]
    diagnoses = list(check(facts))
    golden(f"doctor/{name}.txt", f"{diagnoses_text(diagnoses)}\n")
    assert all(bool(each.fix) == (each.state != "ok") for each in diagnoses)


def test_every_check_is_seen_good_and_not_good() -> None:
    """A check that cannot fail is none."""
    for check in CHECKS:
        states = {each.state for case, facts in CASES.values() if case is check for each in check(facts)}
        assert "ok" in states, check
        assert states - {"ok"}, check
    assert {file.stem for file in GOLDENS.glob("*.txt")} == {*CASES, "all-good", "no-engine"}


def test_a_machine_on_which_all_is_good(golden: Callable[[str, str], None]) -> None:
    """0, and no word too many."""
    diagnoses = diagnose(GOOD)
    golden("doctor/all-good.txt", f"{diagnoses_text(diagnoses)}\n")
    assert exit_code(diagnoses) == 0


def test_a_machine_without_an_engine(golden: Callable[[str, str], None]) -> None:
    """3: what only an engine knows is left out, the rest is looked at all the same."""
    diagnoses = diagnose(without(is_installed=False))
    golden("doctor/no-engine.txt", f"{diagnoses_text(diagnoses)}\n")
    assert exit_code(diagnoses) == 3


def test_what_is_not_good_does_not_always_stop_a_run() -> None:
    """A note is none; two things in the way are counted."""
    noted = diagnose(other(left_behind=("ringproof-1f-office",)))
    assert exit_code(noted) == 0
    assert diagnoses_text(noted).endswith("\ncalls can be played")
    broken = diagnose(other(networks=OTHERS, images={"22": None}))
    assert exit_code(broken) == 3
    assert diagnoses_text(broken).endswith("\n2 things stand in the way of calls")


def test_marks_are_coloured_and_nothing_else() -> None:
    """A terminal gets colours, a log none."""
    text = diagnoses_text(diagnose(GOOD)[:1], lambda state, mark: f"<{state}>{mark}</>")
    assert text.startswith("<ok>ok     </>python     Python 3.11.7")
