"""A story that can never be green is refused, and none that could be."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringproof.scenario.reading import read_scenarios

OFFICE = """
office: Support desk
extensions: {"100": {}, "101": {}, "102": {}, "103": {}}
groups:
  g: {strategy: ring_all, members: ["101", "102", "103"], ring_time: 15s, destination: {extension: "100"}}
extension_ring_time: 15s
extension_destination: {hang up: no answer}
menus:
  m:
    greeting: {sound: vm-enter-num-to-call}
    keys: {"1": {group: g}}
    wrong_key: {times: 2, destination: {hang up: normal}}
    silence: {after: 10s, destination: {extension: "100"}}
trunk: {numbers: {"1": {group: g}, "2": {menu: m}}}
"""
STORY = """
pbx: office.yaml
callers:
  anna: {{from: "5", to: "{number}"}}{boris}
scenarios:
  story:
    phones: {phones}
    when: [{when}]
    expect: {expect}
"""
BORIS = '\n  boris: {from: "6", to: "1"}'


def sentences(
    folder: Path, phones: str, expect: str, *, when: str = "call: anna", number: str = "1", boris: str = ""
) -> list[str]:
    """Return the problems' sentences of a story."""
    (folder / "office.yaml").write_text(OFFICE, encoding="utf-8")
    file = folder / "story.ring.yaml"
    story = STORY.format(phones=phones, expect=expect, when=when, number=number, boris=boris)
    file.write_text(story, encoding="utf-8")
    return [problem.sentence for problem in read_scenarios(file).problems]


@pytest.mark.parametrize(
    ("phones", "lasts", "refused"),
    [
        ("{101: {answers: 5s}}", "15s", True),
        ("{101: {answers: 5s}}", "5600ms", True),
        ("{101: {answers: 5s}}", "5200ms", False),  # the tolerance
        ("{101: {answers: 20s}}", "15s", False),
        ("{101: {refuses: 486, after: 5s}}", "15s", True),
        ('{101: {forwards: "100", after: 5s}}', "15s", True),
        ("{101: {on a call: always, call waiting: {answers: 5s}}}", "15s", False),  # too little is known of it
        ("{}", "15s", False),
    ],
)
def test_a_phone_that_acts_before_its_ring_ends(
    phones: str,
    lasts: str,
    refused: bool,  # noqa: FBT001 - a column of a table
    tmp_path: Path,
) -> None:
    """It picks up, refuses or forwards, and does not ring any more."""
    told = sentences(tmp_path, phones, f"[{{ring: [101], for: {lasts}}}]")
    assert any("and is expected to ring for" in sentence for sentence in told) == refused


@pytest.mark.parametrize(
    "expect",
    [
        # each time it rings anew
        "[{ring: [101], for: 4s}, {ring: [102], for: 4s}, {ring: [101], for: 4s}]",
        "[{ring: [101], for: 5s}, answer: 101, {ring: [], for: 3s}, {ring: [101], for: 4s}]",
        # the file does not say how long it rings
        "[{ring: [101]}, {ring: [101, 102]}]",
    ],
)
def test_a_phone_that_rings_several_times_counts_anew(expect: str, tmp_path: Path) -> None:
    """Only an unbroken ring is too long."""
    assert sentences(tmp_path, "{101: {answers: 5s}}", expect) == []


def test_a_refusal_counts_from_each_invite(tmp_path: Path) -> None:
    """An answer from the first INVITE of the stretch, a refusal from its own."""
    blink = "[{ring: [101], for: 4s}, {ring: [101, 102], for: 4s, again: [101]}]"
    assert sentences(tmp_path, "{101: {refuses: 486, after: 6s}}", blink) == []
    assert len(sentences(tmp_path, "{101: {answers: 6s}}", blink)) == 1


@pytest.mark.parametrize(
    ("phones", "expect", "refused"),
    [
        ("{102: {answers: 5s}}", "[{ring: [101], for: 5s}, answer: 102]", True),
        ("{102: {answers: 5s}}", "[answer: 102]", True),
        ("{102: {answers: 100ms}}", "[answer: 102]", False),  # at once: in no wave
        ("{102: {answers: 5s}}", "[{ring: [101, 102], for: 5s}, answer: 102]", False),
        ("{102: {answers: 5s}}", "[ring: {one_of: [101, 102], as: first}, answer: 102]", False),
        ("{102/desk: {answers: 5s}}", "[{ring: [102/desk], for: 5s}, answer: 102]", False),
        ("{101: {answers: 5s}, 102: {answers with: 101}}", "[ring: [101], answer: {one_of: [101, 102]}]", False),
    ],
)
def test_who_answers_has_rung(phones: str, expect: str, refused: bool, tmp_path: Path) -> None:  # noqa: FBT001 - as above
    """Unless it picks up at once."""
    told = sentences(tmp_path, phones, expect)
    assert (told == ["102 rings before it answers, and no wave has it"]) == refused
    assert refused or told == []


def test_who_answers_may_ring_in_the_call_of_another(tmp_path: Path) -> None:
    """Whose ring it answers is the PBX's affair."""
    expect = "{anna: [answer: 102], boris: [ring: [101, 102]]}"
    when = "call: anna, call: boris"
    assert sentences(tmp_path, "{102: {answers: 5s}}", expect, when=when, boris=BORIS) == []


@pytest.mark.parametrize(
    ("when", "lasts", "refused"),
    [
        ("call: anna, {hang up: anna, at: {after: 2s, of: {ring: 101}}}", "15s", True),
        ("call: anna, {hang up: anna, at: {after: 2s, of: {ring: any}}}", "15s", True),
        ("call: anna, {hang up: anna, at: {after: 15s, of: {ring: 101}}}", "15s", False),
        ("call: anna, {hang up: anna, at: {after: 2s, of: {answer: 101}}}", "15s", False),
        ("call: anna, {hang up: anna, at: {after: 2s, of: {ring: 102}}}", "15s", False),  # 102 rings later
        ("call: anna, wait: 5s, hang up: anna", "15s", True),
        ("call: anna, wait: 14s, hang up: anna", "15s", False),  # within the second in which the legs end
        ("call: anna, wait: 20s, {hang up: anna, at: {after: 2s, of: {ring: 101}}}", "15s", False),
        ("call: anna, hear: prompt, wait: 5s, hang up: anna", "15s", False),  # who knows how long that takes
    ],
)
def test_nobody_rings_after_the_hang_up(when: str, lasts: str, refused: bool, tmp_path: Path) -> None:  # noqa: FBT001 - as above
    """Where the file says when the caller hangs up, and for how long they ring."""
    told = sentences(
        tmp_path, "{101: {answers: 40s}}", f"[{{ring: [101], for: {lasts}}}, ring: [102], answer: 101]", when=when
    )
    assert any(", and this wave ends " in sentence for sentence in told) == refused, told


@pytest.mark.parametrize(
    ("phones", "expect", "refused"),
    [
        ("{101: {refuses: 486}}", "[{refused: {101: 603}}, ring: [102]]", True),
        ("{101: {refuses: 486}}", "[{refused: {101: [486, 603]}}, ring: [102]]", True),
        ("{101: {refuses: 486}}", "[{refused: {101: [486, 486]}}, ring: [102]]", False),
        ("{101: {refuses: 486}}", "[{refused: {101: 488}}, ring: [102]]", False),  # its SIP stack does so by itself
        ("{101: do not disturb}", "[{refused: {101: 603}}, ring: [102]]", True),
        ("{101: on a call}", "[{refused: {101: 486}}, ring: [102]]", False),
        ("{101: on a call}", "[{refused: {101: 603}}, ring: [102]]", True),
    ],
)
def test_a_phone_refuses_as_it_is_told(phones: str, expect: str, refused: bool, tmp_path: Path) -> None:  # noqa: FBT001 - as above
    """With no other code."""
    told = sentences(tmp_path, phones, expect)
    assert (told == ["101 refuses with 486 in this scenario, not with 603"]) == refused
    assert refused or told == []


@pytest.mark.parametrize(
    ("expect", "refused"),
    [
        ("[{ring: [101, 102], for: 5s}, answer: 101, missed: [101]]", True),
        ("[{ring: [101, 102], for: 5s}, answer: 101, missed: [102]]", False),
        ("[{ring: [101], for: 4s}, {ring: [102], for: 4s}, {ring: [101]}, answer: 101, missed: [101, 102]]", False),
        ("[{ring: [101], for: 4s}, {ring: [101, 102], again: [101]}, answer: 101, missed: [101]]", False),
        ("[{ring: [101], for: 4s}, {ring: [102], for: 4s}, {ring: [101]}, answer: 101, missed: {101: 2}]", True),
        ("[ring: {one_of: [101, 102], as: first}, {ring: [101]}, answer: 101, missed: [101]]", False),
    ],
)
def test_who_answers_its_only_ring_misses_none(expect: str, refused: bool, tmp_path: Path) -> None:  # noqa: FBT001 - as above
    """A missed call is a ring that ended otherwise."""
    told = sentences(tmp_path, "{101: {answers: 5s}}", expect)
    assert (told == ["101 answers every ring that is expected of it, so it misses no call"]) == refused, told
    assert refused or told == []


@pytest.mark.parametrize(
    ("number", "phones", "when", "refused"),
    [
        ("1", "{}", "call: anna", True),
        ("2", "{}", "call: anna", False),  # a menu answers
        ("1", '{101: {forwards: "9", after: 1s}}', "call: anna", False),  # who knows what answers there
        ("1", "{}", "call: anna, hear: prompt", False),  # somebody edited what was rendered
    ],
)
def test_only_a_menu_answers_by_itself(number: str, phones: str, when: str, refused: bool, tmp_path: Path) -> None:  # noqa: FBT001 - as above
    """200 where nobody answers and no menu is reached."""
    told = sentences(
        tmp_path, phones, "[nobody: answers, caller gets: {code: 200, ended by: pbx}]", when=when, number=number
    )
    assert (told == ["anna gets 200, and nothing answers: nobody does, and 1 leads to no menu"]) == refused
    assert refused or told == []


def test_what_answers_behind_the_ring_may_be_the_pbx(tmp_path: Path) -> None:
    """A mailbox, say, of a dialplan that somebody edited."""
    listed = "[{ring: [101], for: 5s}, nobody: answers, caller gets: {code: 200, answered by: pbx, ended by: pbx}]"
    assert sentences(tmp_path, "{}", listed) == []


def test_of_several_right_outcomes_one_that_can_hold_is_enough(tmp_path: Path) -> None:
    """Only where none can is the story refused, by what is wrong with the first."""
    either = "[{{ring: [101], for: 15s}}, either: [[answer: 101], [{}]]]"
    phones = "{101: {answers: 15s}, 102: {answers: 5s}}"
    assert sentences(tmp_path, phones, either.format("answer: 102")) == []
    wrong = "[{ring: [101], for: 3s}, either: [[answer: 102], [answer: 102, missed: [101]]]]"
    assert sentences(tmp_path, phones, wrong) == ["102 rings before it answers, and no wave has it"]
