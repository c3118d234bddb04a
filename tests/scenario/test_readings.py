"""More than one right outcome: what a scenario with `either` or `together` can mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.scenario.model.scenario import Answer, Expectation, Missed, Over, Ring, Scenario, Talk
from ringproof.scenario.reading import read_scenarios, render_problem

SMALL = Path(__file__).parent / "small-office.yaml"
HEAD = f"""pbx: {SMALL}
callers:
  anna: {{from: "1", to: "84950000001"}}
scenarios:
  story:
"""
TWO = HEAD.replace("scenarios:", '  boris: {from: "2", to: "84950000001"}\nscenarios:')


def read(folder: Path, head: str, text: str) -> Scenario:
    """Return the one scenario of a text; a problem fails the test."""
    file = folder / "story.ring.yaml"
    file.write_text(head + text, encoding="utf-8")
    found = read_scenarios(file)
    assert not found.problems, "\n".join(map(render_problem, found.problems))
    (scenario,) = found.scenarios
    return scenario


def short(listed: tuple[Expectation, ...]) -> str:
    """Write a list of expectations in a word each."""

    def word(entry: Expectation) -> str:
        match entry:
            case Ring(phones=phones, one_of=one_of):
                return "ring " + " ".join(phones or one_of)
            case Answer(phone=phone) | Talk(phone=phone):
                return f"{type(entry).__name__.lower()} {phone}"
            case Missed(phones=phones):
                return "missed " + " ".join(phones)
            case _:
                return type(entry).__name__.lower()

    return ", ".join(map(word, listed))


def readings(scenario: Scenario) -> list[dict[str, str]]:
    """All readings, in words."""
    return [{who: short(listed) for who, listed in each.expect.items()} for each in scenario.readings]


def test_a_list_without_a_choice_has_one_reading(tmp_path: Path) -> None:
    """And that is the scenario itself."""
    story = read(tmp_path, HEAD, "    when: [call: anna]\n    expect: [ring: [101, 102]]\n")
    assert story.readings == (story,)
    assert not story.has_choices


def test_either_is_one_of_its_lists_with_what_stands_beside_it(tmp_path: Path) -> None:
    """Two of them are every pair; one inside another is one list more."""
    story = read(
        tmp_path,
        HEAD,
        """
    phones: {101: {answers: 5s}}
    when: [call: anna]
    expect:
      - ring: [101, 102]
      - either:
          - - answer: 101
            - either:
                - [missed: []]
                - [missed: [102]]
          - [nobody: answers]
      - either:
          - [caller gets: {code: 200}]
          - [caller gets: {code: 480}, unseen: []]
""",
    )
    first, second, nobody = "answer 101, missed ", "answer 101, missed 102", "nobody"
    assert readings(story) == [
        {"anna": f"ring 101 102, {one}, {other}"}
        for one in (first, second, nobody)
        for other in ("callergets", "callergets, unseen")
    ]
    assert story.expect == story.readings[0].expect
    assert story.has_choices
    assert [each.too_late for each in story.readings] == [frozenset()] * 4 + [frozenset({"101"})] * 2


def test_a_name_is_known_in_its_own_list(tmp_path: Path) -> None:
    """Each list may use it for a choice of its own."""
    story = read(
        tmp_path,
        HEAD,
        """
    when: [call: anna]
    expect:
      - ring: {one_of: [101, 102], as: first}
      - either:
          - [ring: {one_of: [100, 101], as: second}, missed: [first, second]]
          - [ring: {one_of: [100, 102], as: second}, missed: [second]]
""",
    )
    assert [each.choices["second"] for each in story.readings] == [("100", "101"), ("100", "102")]


def test_together_gives_the_lists_to_the_callers_in_every_way(tmp_path: Path) -> None:
    """Names are known in the order of the lists, whoever has them; `caller` is whose call it is."""
    story = read(
        tmp_path,
        TWO,
        """
    rung: [{answers: 5s}]
    when: [call: anna, call: boris]
    expect:
      together:
        - - ring: {one_of: [101, 102], as: one}
          - answer: one
          - talk: [caller, one]
        - - ring: {one_of: [101, 102], as: other, not: [one]}
          - nobody: answers
""",
    )
    one, other = "ring 101 102, answer one, talk one", "ring 101 102, nobody"
    assert readings(story) == [{"anna": one, "boris": other}, {"boris": one, "anna": other}]
    assert [list(each.expect) for each in story.readings] == [["anna", "boris"], ["boris", "anna"]]


def test_a_caller_may_be_called_together(tmp_path: Path) -> None:
    """Then it is his list."""
    text = "    when: [call: together]\n    expect:\n      together: [ring: [101, 102]]\n"
    story = read(tmp_path, HEAD.replace("anna", "together"), text)
    assert readings(story) == [{"together": "ring 101 102"}]


BOUNDARY = """
    phones: {{102: {{answers: 15s}}}}
    when: [call: anna]
    expect:
      - ring: [101, 102]{lasts}
      - either:
          - [answer: 102]
          - [ring: [100], nobody: answers]
"""


@pytest.mark.parametrize("lasts", ["\n        for: 15s", ""])
def test_an_action_at_a_boundary_of_which_both_outcomes_are_expected(lasts: str, tmp_path: Path) -> None:
    """It is no longer left to chance; tests/scenario/bad/either-neither-says-it.yaml is the other side."""
    assert len(read(tmp_path, HEAD, BOUNDARY.format(lasts=lasts)).readings) == 2


def test_what_holds_over_many_calls(tmp_path: Path) -> None:
    """Shares add up to 1; what is not said is equal shares, looked at for an order, at one in a million."""
    text = """
    calls: 300
    when: [call: anna, hang up: anna, at: {after: 300ms, of: {ring: any}}]
    expect:
      - ring: {one_of: [101, 102], as: first}
      - over: first
""".replace("hang up: anna, at", "{hang up: anna, at").replace("any}}]", "any}}}]")
    story = read(tmp_path, HEAD, text)
    (over,) = story.over
    assert (story.calls, over.choice, over.shares) == (300, "first", {"101": 0.5, "102": 0.5})
    assert (over.independent, over.false_alarm) == (True, 1e-6)
    said = "over: first\n        shares: {102: 1, 101: 3}\n        independent: false\n        false alarm: 1e-4"
    (over,) = read(tmp_path, HEAD, text.replace("over: first", said)).over
    assert isinstance(over, Over)
    assert (over.shares, over.independent, over.false_alarm) == ({"102": 0.25, "101": 0.75}, False, 1e-4)
