"""The schema refuses nothing that the reader takes, and of the reader's mistakes all that have a wrong shape."""

from __future__ import annotations

from pathlib import Path

import editor
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ringproof.scenario.reading import read_office, read_scenarios, render_problem

ROOT = Path(__file__).parents[2]
READER = ROOT / "tests" / "scenario"
BAD = sorted((READER / "bad").glob("*.yaml"))
BAD_OFFICES = sorted((READER / "bad_offices").glob("*.yaml"))
GOOD = [*sorted(ROOT.glob("scenarios/*.ring.yaml")), ROOT / "scenarios/known-red/right.ring.yaml"]
GOOD_OFFICES = sorted(ROOT.glob("scenarios/offices/*.yaml"))

BEYOND = """
answer-in-no-wave answer-leaves-a-wave answer-not-said-at-the-end answers-and-misses answers-before-its-ring-ends
at-of-an-answer-not-written connected-with-nobody dialplan-step-too-long dialplan-step-too-short
forwards-before-its-ring-ends hang-up-after-a-wait-too-soon
hang-up-before-the-wave-ends missing-office-near-folder refused-with-another-code refuses-before-its-ring-ends
unknown-caller-of-the-only-call
again-in-the-first again-not-in-both anchor anchor-and-alias answer-at-the-end answer-at-the-next-wave answer-is-chance
answer-not-told answer-offline answer-one-of-not-told answer-unknown-phone answers-with-nobody
answers-with-one-who-rings at-never-comes at-unknown-phone by-missing by-unknown call-twice caller-gets-ended-by-caller
caller-gets-ended-by-phone caller-name-reserved caller-never-calls caller-number-unknown caller-of-scenario-never-calls
calls-hung-up-after-a-time calls-hung-up-too-soon calls-never-enough calls-of-a-menu calls-too-few calls-too-few-in-turn
calls-with-a-key calls-with-either calls-without-hang-up calls-without-over choice-answer-unknown
choice-before-it-is-made choice-leaves-nobody choice-name-taken choice-nobody-answers choice-not-unknown choice-offline
contact-after-extension contact-ambiguous contact-and-extension contact-in-a-choice contact-never-described
contact-of-nobody contact-twice contact-unknown control-character duplicate-key either-name-after-it either-name-twice
either-neither-says-it either-too-many either-wrong-in-the-second expectation-for-each-caller
expectation-of-silent-caller expectation-of-unknown-caller forwarded-and-nobody-rings forwarded-elsewhere
forwarded-not-told forwards-at-once-in-a-wave forwards-with-the-next-wave hang-up-at-the-next-wave missed-offline
missing-office missing-office-folder moment-any-of-nothing name-blank needs-control-character
no-expectation-for-a-caller
nobody-answers-but-somebody-does nobody-rings-but-somebody-does office-with-problems on-a-call-answers on-a-call-rings
on-a-call-waiting-offline over-a-choice-that-depends over-shares-of-a-stranger over-twice over-unknown-choice
over-without-calls press-two-moments quiet-too-short refusal-at-the-next-wave refused-not-told
ring-after-in-the-middle ring-answers-at-once ring-offline ring-refuses-at-once ring-shorter-than-settle
ring-unknown-phone rung-answers-with rung-forwards-at-once rung-offline rung-refuses-at-once silences-equal silent-rings
starts-no-such-day starts-no-zone-like-it starts-skipped starts-too-early starts-twice starts-unknown-zone
step-after-hang-up step-before-call tag talk-cut-by-the-caller talk-of-phones talk-too-short talk-without-answer
hears-twice picks-up-by-itself-offline shows-offline talk-for-no-time talk-longer-than-the-phone-talks
time-longer together-beside-another together-too-many-ways tolerance-tighter-than-clock tolerance-too-loose
two-actions-at-once unknown-caller unseen-is-not-silent wait-zero wave-in-two-parts-without-for waves-equal
every-half-a-day every-half-a-second every-shown-twice every-skipped every-zero for-not-longer for-too-late
for-too-long name-of-a-date starts-no-offset starts-same-moment sweep-too-many
"""
"""Scenario files whose shape is right: what is wrong with them only the reader knows."""
BEYOND_OFFICES = """
sound-misspelt sound-unknown
destination-unknown-extension destination-unknown-group destination-unknown-menu extension-duplicate
extension-leads-to-itself extension-name-breaks-conf extension-name-with-comma group-leads-to-itself groups-in-a-circle
hours-closed-unknown hours-holiday-no-such-day hours-no-time hours-overlap hours-overlap-overnight hours-past-midnight
hours-unknown-zone
member-twice menu-without-digit-timeout name-breaks-conf name-cut-by-hash refusers-of-a-group-that-keeps time-too-short
unknown-member wav-missing wav-no-sound wav-wrong-rate
"""

OFFICE = """\
office: Small office
extensions:
  "100": {name: Operator}
  "101": {name: Anna Petrova}
groups:
  sales: {strategy: progressive, members: ["100", "101"], ring_time: 15s, destination: {extension: "100"}}
menus:
  main:
    greeting: {sound: hello}
    direct_dialling: true
    digit_timeout: 2s
    keys: {"1": {group: sales}}
    wrong_key: {times: 2, destination: {hang up: normal}}
    silence: {after: 4s, destination: {extension: "100"}}
hours:
  timezone: Europe/Berlin
  open: {mon-fri: "09:00-18:00"}
  holidays: ["12-25"]
  closed: {extension: "100"}
extension_ring_time: 15s
extension_destination: {hang up: no answer}
trunk: {numbers: {"84950000001": {group: sales}, "0555123": {menu: main}}}
"""
STORY = """\
pbx: office.yaml
speed: 20
dialplan step: 10ms
clock: {starts: 2026-12-31 17:59:50 Europe/Moscow}
callers:
  anna: {from: "+74951234567", to: "0555123"}
scenarios:
  a story:
    phones: {101: {answers: 5s}, 100: {refuses: 486}}
    when: [{call: anna}, {press: "1"}]
    expect:
      - refused: {100: 486}
      - ring: [101]
        for: 5s
      - answer: 101
"""
ODD = {
    "keys without quotes": ('press: "1"', "press: 1"),
    "a leading zero without quotes": ('to: "0555123"', "to: 0555123"),
    "a number with plus without quotes": ('from: "+74951234567"', "from: +74951234567"),
    "a number that YAML 1.2 takes for a fraction": ('"+74951234567"', "1e-6"),
    "a name that YAML 1.2 takes for a truth": ("anna", "true"),
    "a code in quotes": ("refuses: 486", 'refuses: "486"'),
    "a speed in quotes": ("speed: 20", 'speed: "20"'),
    "a speed with a fraction": ("speed: 20", "speed: 2.5"),
    "a scenario with a number for its name": ("a story", "2026"),
    "a list of dates": (
        "2026-12-31 17:59:50 Europe/Moscow",
        "[2026-12-31 17:59:50 Europe/Moscow, 2027-01-01 00:00 +03:00]",
    ),
    "a sweep of hours": ("Europe/Moscow", "Europe/Moscow, every: 30m, for: 1.5h"),
    "a sweep of days": ("Europe/Moscow", 'Europe/Moscow, for: "7d", every: 1d'),
    "an expectation for each caller": ("- refused: {100: 486}", "- refused: {100: [486]}"),
}
"""In STORY, what else may stand for something: the reader takes it for the same text, an editor for something else."""
ODD_OFFICES = {
    "an extension without quotes": ('"101": {name', "101: {name"),
    "an extension with nothing behind it": ('"101": {name: Anna Petrova}', '"101":'),
    "members without quotes": ('["100", "101"]', "[100, 101]"),
    "keep without quotes": ("progressive,", "progressive, keep: false,"),
    "keep in quotes": ("progressive,", 'progressive, keep: "false",'),
    "yes": ("direct_dialling: true", "direct_dialling: yes"),
    "no in capitals": ("direct_dialling: true\n    digit_timeout: 2s", "direct_dialling: NO"),
    "1 for true": ("direct_dialling: true", "direct_dialling: 1"),
    "a number in quotes": ("times: 2", 'times: "2"'),
    "an office with a number for its name": ("office: Small office", "office: 4711"),
    "an office with a fraction for its name": ("office: Small office", "office: 12.50"),
    "somebody called No": ("name: Operator", "name: No"),
    "a holiday without quotes": ('["12-25"]', "[12-25, 2026-12-31]"),
    "spans in a list": ('"09:00-18:00"', "[09:00-12:00, 13:00-18:00]"),
}
WRONG = {
    "an unknown verb": ("- ring: [101]", "- rings: [101]", "scenarios/a story/expect/1"),
    "two verbs": ("- answer: 101", "- {answer: 101, nobody: rings}", "scenarios/a story/expect/2"),
    "a modifier of another verb": ("- answer: 101", "- {answer: 101, for: 5s}", "scenarios/a story/expect/2"),
    "an unknown modifier": ("        for: 5s", "        four: 5s", "scenarios/a story/expect/1"),
    "an unknown verb of a step": ('{press: "1"}', '{dial: "1"}', "scenarios/a story/when/1"),
    "two verbs in a step": ("{call: anna}", "{call: anna, wait: 5s}", "scenarios/a story/when/0"),
    "an unknown behaviour": ("{answers: 5s}", "answering", "scenarios/a story/phones/101"),
    "an unknown key of the file": ("speed: 20", "sped: 20", ""),
    "an unknown key of a scenario": ("    phones:", "    phone:", "scenarios/a story"),
    "an unknown key of a caller": ("from:", "form:", "callers/anna"),
    "a time that is a number": ("for: 5s", "for: 5", "scenarios/a story/expect/1"),
    "a list where a text belongs": ("call: anna", "call: [anna]", "scenarios/a story/when/0"),
    "a text where a list belongs": ("ring: [101]", "ring: 101", "scenarios/a story/expect/1/ring"),
    "a word where a mapping belongs": (
        "phones: {101: {answers: 5s}, 100: {refuses: 486}}",
        "phones: rings",
        "scenarios/a story/phones",
    ),
    "nothing where a value belongs": ("for: 5s", "for:", "scenarios/a story/expect/1"),
    "a code out of bounds": ("refuses: 486", "refuses: 200", "scenarios/a story/phones/100"),
    "an unknown key of a clock": ("starts:", "start:", "clock"),
    "an empty list of dates": ("starts: 2026-12-31 17:59:50 Europe/Moscow", "starts: []", "clock/starts"),
    "a date that is none in a list": ("2026-12-31 17:59:50 Europe/Moscow", "[tomorrow]", "clock/starts"),
    "a sweep without an end": ("Europe/Moscow", "Europe/Moscow, every: 30m", "clock"),
    "a sweep without a step": ("Europe/Moscow", "Europe/Moscow, for: 7d", "clock"),
    "a sweep from two dates": (
        "2026-12-31 17:59:50 Europe/Moscow",
        "[2026-12-31 17:59 Europe/Moscow, 2026-12-30 17:59 Europe/Moscow], every: 30m, for: 7d",
        "clock",
    ),
    "a step that is a number": ("Europe/Moscow", "Europe/Moscow, every: 30, for: 7d", "clock/every"),
    "a dialplan step that is a number": ("dialplan step: 10ms", "dialplan step: 10", "dialplan step"),
    "a speed out of bounds": ("speed: 20", "speed: 501", "speed"),
    "no expectation": ("expect:", "rung:", "scenarios/a story"),
}
"""In STORY, each kind of mistake, and where an editor underlines it."""
WRONG_OFFICES = {
    "an unknown key": ("hours:", "our hours:", ""),
    "an unknown key of a group": ("ring_time: 15s, d", "ring_time: 15s, loud: true, d", "groups/sales"),
    "an unknown strategy": ("progressive", "growing", "groups/sales"),
    "an option of another strategy": ("progressive,", "progressive, on_no_answer: stop,", "groups/sales"),
    "two destinations": ('{extension: "100"}}', '{extension: "100", group: sales}}', "groups/sales"),
    "an extension of letters": ('"101": {', '"10a": {', "extensions"),
    "a time that is a number": ("extension_ring_time: 15s", "extension_ring_time: 15", "extension_ring_time"),
    "a group with nothing behind it": ("groups:\n", "groups:\n  support:\n", "groups/support"),
    "a key that is missing": ("office: Small office\n", "", ""),
    "a weekday that is none": ("mon-fri", "mon-fry", "hours/open"),
    "a number out of bounds": ("times: 2", "times: 10", "menus/main/wrong_key/times"),
    "maybe": ("direct_dialling: true", "direct_dialling: maybe", "menus/main/direct_dialling"),
}


def replaced(text: str, old: str, new: str) -> str:
    """Return the text with one thing changed; it must have been there."""
    assert old in text
    return text.replace(old, new)


def reader_says(folder: Path, story: str = STORY, office: str = OFFICE) -> str:
    """Return the reader's complaints about a scenario file and its office."""
    (folder / "office.yaml").write_text(office, encoding="utf-8")
    (folder / "story.ring.yaml").write_text(story, encoding="utf-8")
    return "\n".join(map(render_problem, read_scenarios(folder / "story.ring.yaml").problems))


@pytest.mark.parametrize("name", ODD)
def test_both_take_a_scenario_file(name: str, tmp_path: Path) -> None:
    """Text for the one, whatever it looks like; a number or a truth for the other."""
    story = replaced(STORY, *ODD[name])
    assert (reader_says(tmp_path, story), editor.complaint(story, editor.scenarios())) == ("", "")


@pytest.mark.parametrize("name", ODD_OFFICES)
def test_both_take_an_office(name: str, tmp_path: Path) -> None:
    """The same of offices."""
    office = replaced(OFFICE, *ODD_OFFICES[name])
    assert (reader_says(tmp_path, office=office), editor.complaint(office, editor.offices())) == ("", "")


@pytest.mark.parametrize("name", WRONG)
def test_both_refuse_a_scenario_file(name: str, tmp_path: Path) -> None:
    """And the editor underlines where the mistake is."""
    old, new, where = WRONG[name]
    story = replaced(STORY, old, new)
    assert reader_says(tmp_path, story)
    place, _, sentence = editor.complaint(story, editor.scenarios()).partition(": ")
    assert sentence
    assert place.startswith(where)


@pytest.mark.parametrize("name", WRONG_OFFICES)
def test_both_refuse_an_office(name: str, tmp_path: Path) -> None:
    """The same of offices."""
    old, new, where = WRONG_OFFICES[name]
    office = replaced(OFFICE, old, new)
    assert reader_says(tmp_path, office=office)
    place, _, sentence = editor.complaint(office, editor.offices()).partition(": ")
    assert sentence
    assert place.startswith(where)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_what_the_reader_refuses_for_its_shape_the_schema_refuses(file: Path) -> None:
    """A mistake of another kind belongs into BEYOND."""
    refused = bool(editor.complaint(file.read_text(encoding="utf-8"), editor.scenarios()))
    assert refused == (file.stem not in BEYOND.split()), "BEYOND is for files of which only the meaning is wrong"


@pytest.mark.parametrize("file", BAD_OFFICES, ids=lambda file: file.stem)
def test_what_the_reader_refuses_in_an_office_for_its_shape_the_schema_refuses(file: Path) -> None:
    """A mistake of another kind belongs into BEYOND_OFFICES."""
    refused = bool(editor.complaint(file.read_text(encoding="utf-8"), editor.offices()))
    assert refused == (file.stem not in BEYOND_OFFICES.split()), "only where the meaning is wrong, BEYOND_OFFICES"


WORDS = """101 "101" 0101 true no 5s 5 0.5 1e3 -1 always any first rings offline [] {} [101] ~ '' anna ring answers
, - 15s 486 '486' #"""
PIECES = st.sampled_from([*WORDS.split(), "for: 2s", "{101: 2}", "[[]]"])


@st.composite
def mended(draw: st.DrawFn, files: list[Path]) -> str:
    """Return a good file in which some words are others, or gone."""
    lines = draw(st.sampled_from(files)).read_text(encoding="utf-8").splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.integers(0, len(lines) - 1))
        words = lines[number].split(" ")
        place = draw(st.integers(0, len(words) - 1))
        end = "\n" if words[place].endswith("\n") else ""
        words[place] = draw(PIECES) + end if draw(st.booleans()) else end
        lines[number] = " ".join(words)
    return "".join(lines)


MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(text=mended(GOOD))
def test_no_scenario_file_that_the_reader_takes_is_refused(text: str, tmp_path: Path) -> None:
    """No false alarm in an editor, whatever a file says."""
    text = text.replace("pbx: offices/", f"pbx: {ROOT}/scenarios/offices/").replace("../offices", "offices")
    file = tmp_path / "mended.ring.yaml"
    file.write_text(text, encoding="utf-8")
    if not read_scenarios(file).problems:
        assert editor.complaint(text, editor.scenarios()) == ""


@MANY
@given(text=mended(GOOD_OFFICES))
def test_no_office_that_the_reader_takes_is_refused(text: str, tmp_path: Path) -> None:
    """The same of offices."""
    file = tmp_path / "mended.yaml"
    file.write_text(text, encoding="utf-8")
    if read_office(file).office is not None:
        assert editor.complaint(text, editor.offices()) == ""
