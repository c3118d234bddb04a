"""A loop over what the office file has: nobody answers, so each group rings as its strategy says, then the operator."""

from pathlib import Path

import pytest
import ringproof
import yaml

OFFICE = yaml.safe_load(Path(__file__).with_name("office.yaml").read_text(encoding="utf-8"))
NUMBERS = {to["group"]: number for number, to in OFFICE["trunk"]["numbers"].items() if "group" in to}


def call_to(number):
    return ringproof.Scenario(
        pbx="office.yaml",
        callers={"anna": {"from": "+74951234567", "to": number}},
        when=[{"call": "anna"}],
    )


@pytest.mark.parametrize("group", NUMBERS)
def test_a_group_that_nobody_answers_ends_at_the_operator(play, group):
    members = OFFICE["groups"][group]["members"]
    seen = play(call_to(NUMBERS[group]))
    assert seen.order() == [*members, "100"]
    assert seen.missed == ["100", *members]
    assert seen.answered_by is None
    steps = len(members) if OFFICE["groups"][group]["strategy"] == "progressive" else 1
    assert [len(wave.phones) for wave in seen.waves] == [*range(len(members) - steps + 1, len(members) + 1), 1]
    assert all(wave.lasts == pytest.approx(15, abs=0.4) for wave in seen.waves)
