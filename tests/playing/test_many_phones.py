"""Two hundred phones in one play."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment
from ringproof.core.speed import FASTEST
from ringproof.judge import judge
from ringproof.observe import observe
from ringproof.playing import play
from ringproof.scenario.reading import read_scenarios

from playing.conftest import events_of

PHONES = [str(number) for number in range(1000, 1200)]
GROUP = PHONES[-20:]


@pytest.mark.pbx
def test_two_hundred_phones_register_and_twenty_of_them_ring(environment: RunEnvironment, tmp_path: Path) -> None:
    """A caller beside them; nobody else rings."""
    extensions = "\n".join(f'  "{number}": {{name: Phone {number}}}' for number in PHONES)
    members = ", ".join(f'"{number}"' for number in GROUP)
    (tmp_path / "office.yaml").write_text(
        f"office: Many phones\nlanguage: en\nextensions:\n{extensions}\n"
        f"groups:\n  all:\n    strategy: ring_all\n    members: [{members}]\n    ring_time: 15s\n"
        f'    destination: {{extension: "1000"}}\nextension_ring_time: 15s\n'
        'extension_destination: {hang up: no answer}\ntrunk:\n  numbers:\n    "84950000001": {group: all}\n',
        encoding="utf-8",
    )
    (tmp_path / "many.ring.yaml").write_text(
        'pbx: office.yaml\ncallers:\n  anna: {from: "+74951234567", to: "84950000001"}\nscenarios:\n  many:\n'
        f'    phones:\n      "{GROUP[-1]}": {{answers: 5s}}\n    when: [{{call: anna}}]\n'
        f'    expect:\n      - {{ring: [{members}], for: 5s}}\n      - answer: "{GROUP[-1]}"\n',
        encoding="utf-8",
    )
    read = read_scenarios(tmp_path / "many.ring.yaml")
    assert read.problems == ()
    (scenario,) = read.scenarios
    play(scenario, environment, tmp_path / "out", speed=FASTEST)
    assert not judge(scenario, observe(scenario, events_of(tmp_path / "out")))
