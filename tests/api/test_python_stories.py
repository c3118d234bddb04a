"""Stories written in Python: the same models as the file's, and each mistake in one sentence at its Python line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import ringproof
from mistakes import sentence_of
from ringproof.api.python_source import calling_place
from ringproof.api.scenario import read_story
from ringproof.core.source import Source
from ringproof.scenario.model.scenario import Scenario as Story

OFFICE = Path("scenarios/offices/trading-company.yaml").resolve()
TEXT = f"""
pbx: {OFFICE}
callers:
  anna: {{from: "+74951234567", to: "84950000001"}}
scenarios:
  support:
    phones:
      103: {{answers: 3s}}
    when:
      - call: anna
      - press: "2"
    expect:
      - ring: [101]
        for: 15s
      - ring: [101, 102]
        for: 15s
      - ring: [101, 102, 103]
        for: 3s
      - answer: 103
"""
CALLERS: Mapping[str, Mapping[str, str]] = {"anna": {"from": "+74951234567", "to": "84950000001"}}
WHEN: list[dict[str, Any]] = [{"call": "anna"}, {"press": "2"}]


def support(**more: Any) -> ringproof.Scenario:  # noqa: ANN401 - a scenario's words
    """The same with keyword arguments; `more` replaces some of them."""
    words: dict[str, Any] = {
        "name": "support",
        "pbx": OFFICE,
        "callers": CALLERS,
        "phones": {103: {"answers": timedelta(seconds=3)}},
        "when": WHEN,
        "expect": [
            {"ring": [101], "for": "15s"},
            {"ring": (101, 102), "for": timedelta(seconds=15)},
            {"ring": ["101", "102", "103"], "for": "3s"},
            {"answer": 103},
        ],
    }
    return ringproof.Scenario(**{**words, **more})


def read(story: Any, name: str | None = None) -> Story:  # noqa: ANN401 - whatever a test gives
    """Read as `play` does."""
    return read_story(story, name, calling_place())


def without_places(value: Any) -> Any:  # noqa: ANN401 - a model, or a part of it
    """Return a model as plain values that say nothing of where it was written."""
    if isinstance(value, Source):
        return None
    if isinstance(value, Mapping):
        return {key: without_places(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_places(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        fields = value.__dataclass_fields__
        return {name: without_places(getattr(value, name)) for name in fields if name not in {"lines", "id"}}
    return value


def test_text_dict_and_keywords_are_one_story() -> None:
    """All three make the model of the file."""
    words = {"pbx": OFFICE, "callers": CALLERS, "phones": {"103": {"answers": "3s"}}, "when": WHEN}
    expect = [
        {"ring": [101], "for": "15s"},
        {"ring": [101, 102], "for": "15s"},
        {"ring": [101, 102, 103], "for": "3s"},
        {"answer": 103},
    ]
    text = without_places(read(TEXT))
    assert without_places(read(support())) == text
    flat = read({**words, "expect": expect})
    assert without_places(replace(flat, name="support")) == text
    own = {key: value for key, value in words.items() if key not in {"pbx", "callers"}}
    shared = {"pbx": OFFICE, "callers": CALLERS, "scenarios": {"support": {**own, "expect": expect}}}
    assert without_places(read(shared)) == text


def test_a_story_without_a_name_has_that_of_its_function() -> None:
    """So that its evidence is found."""
    story = read_story({"pbx": OFFICE, "callers": CALLERS, "when": WHEN}, None, calling_place())
    assert story.name == "test a story without a name has that of its function"
    assert read(support(name="")).name == "support"  # the function that writes it


def test_without_expectations_nothing_is_expected() -> None:
    """Of the caller who calls."""
    story = read({"pbx": OFFICE, "callers": CALLERS, "when": WHEN})
    assert story.expect == {"anna": ()}


def test_a_path_is_a_scenario_file_and_name_chooses() -> None:
    """One of several."""
    file = Path("scenarios/menu.ring.yaml")
    assert read(file, "102 is dialled directly").name == "102 is dialled directly"


def test_reds_point_at_the_python_line_and_the_path() -> None:
    """Each expectation knows where it was written."""
    source = support().story().expect["anna"][1].source
    assert source.within == "expect[1].ring"
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert "ringproof.Scenario(" in lines[source.line - 1]


class _Cyclic(dict[str, Any]):
    """A dict that holds itself."""


def _cyclic() -> dict[str, Any]:
    cyclic = _Cyclic()
    cyclic["of"] = cyclic
    return cyclic


def unknown_keyword() -> None:
    """A word that no scenario has."""
    ringproof.Scenario(pbx=OFFICE, callers=CALLERS, wen=WHEN)  # type: ignore[call-arg]


def unknown_key() -> None:
    """In a step."""
    ringproof.Scenario(pbx=OFFICE, callers=CALLERS, when=[{"call": "anna"}, {"pres": "2"}])


def unknown_key_of_a_dict() -> None:
    """Of a story that is a dict, in the line of the key."""
    ringproof.play({
        "pbx": OFFICE, "callers": CALLERS, "when": WHEN,
        "expcet": [{"ring": [101]}],
    })  # fmt: skip


def unknown_key_of_a_variable() -> None:
    """Not written in the call: the call's own line, and the path."""
    expect = [{"ring": [101], "fro": "15s"}]
    support(expect=expect)


def wrong_type() -> None:
    """A list where one text belongs."""
    ringproof.Scenario(pbx=OFFICE, callers=CALLERS, when=[{"call": "anna"}, {"press": ["2"]}])


def value_without_a_place() -> None:
    """An object that no file could hold."""
    ringproof.Scenario(pbx=OFFICE, callers=CALLERS, when=[{"call": "anna"}, {"wait": {"5s"}}])


def number_without_a_unit() -> None:
    """Seconds as a bare number."""
    ringproof.Scenario(pbx=OFFICE, callers=CALLERS, when=[{"call": "anna"}], quiet=40)  # type: ignore[arg-type]


def key_twice() -> None:
    """101 and "101"."""
    ringproof.Scenario(pbx=OFFICE, callers=CALLERS, when=WHEN, phones={101: "silent", "101": "silent"})  # type: ignore[arg-type]


def nested_in_itself() -> None:
    """A dict that never ends."""
    ringproof.Scenario(pbx=OFFICE, callers=CALLERS, when=WHEN, clock=_cyclic())


def control_character() -> None:
    """What would break a line of a configuration."""
    ringproof.Scenario(pbx=OFFICE, callers={"anna": {"from": "1\n2", "to": "84950000001"}}, when=WHEN)


def no_office() -> None:
    """The path counts from the Python file."""
    ringproof.Scenario(pbx="offices/trading.yaml", callers=CALLERS, when=WHEN)


def nobody_calls() -> None:
    """An office without a story."""
    ringproof.play(ringproof.Scenario(pbx=OFFICE, callers=CALLERS))


def no_scenario_of_that_name() -> None:
    """A name that is nearly right."""
    ringproof.play(Path("scenarios/menu.ring.yaml"), name="102 is dialed directly")


def several_scenarios() -> None:
    """Without a name."""
    ringproof.play(Path("scenarios/menu.ring.yaml"))


def text_in_the_call() -> None:
    """A literal: its own line."""
    ringproof.play("""
        pbx: ../../scenarios/offices/trading-company.yaml
        callers:
          anna: {from: "+74951234567", to: "84950000001"}
        when:
          - call: anna
          - pres: 2
    """)


def text_that_is_computed() -> None:
    """An f-string: the call's line, and that of the text."""
    ringproof.play(f"""
        pbx: {OFFICE}
        when:
          - pres: {2}
    """)


def name_of_a_file() -> None:
    """Text is the story itself."""
    ringproof.play("scenarios/menu.ring.yaml")


def no_story() -> None:
    """Something else."""
    ringproof.play(42)  # type: ignore[arg-type]


def speed_that_is_none() -> None:
    """Of a run."""
    ringproof.Run(speed=0.5)


def run_that_is_not_open() -> None:
    """Without `with`."""
    ringproof.Run().play(support())


def in_a_running_loop() -> None:
    """A play has a loop of its own."""

    async def test() -> None:
        ringproof.play(support())

    asyncio.run(test())


BAD = [
    unknown_keyword,
    unknown_key,
    unknown_key_of_a_dict,
    unknown_key_of_a_variable,
    wrong_type,
    value_without_a_place,
    number_without_a_unit,
    key_twice,
    nested_in_itself,
    control_character,
    no_office,
    nobody_calls,
    no_scenario_of_that_name,
    several_scenarios,
    text_in_the_call,
    text_that_is_computed,
    name_of_a_file,
    no_story,
    speed_that_is_none,
    run_that_is_not_open,
    in_a_running_loop,
]


@pytest.mark.parametrize("mistake", BAD, ids=lambda mistake: mistake.__name__)
def test_a_mistake_is_one_sentence_at_its_line(mistake: Callable[[], None], golden: Callable[[str, str], None]) -> None:
    """The place in this file, what is wrong, and what to do."""
    golden(f"api/{mistake.__name__}.txt", sentence_of(mistake).replace(str(OFFICE.parents[2]), "REPOSITORY"))
