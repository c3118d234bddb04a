"""What a scenario file means: merging, defaults, texts as written, identity, the shelf of offices."""

import os
from pathlib import Path

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.core.duration import PbxSeconds as S
from ringproof.scenario.model.identity import scenario_id
from ringproof.scenario.model.office import FirstFree, OwnSound, Progressive, RingAll, ToGroup, ToHangUp
from ringproof.scenario.model.scenario import (
    Answer,
    Answers,
    AsRung,
    Call,
    Caller,
    CallerGets,
    HangUp,
    Hear,
    Missed,
    Moment,
    Nobody,
    Offline,
    OnACall,
    Press,
    Refused,
    Refuses,
    Ring,
    RingsOn,
    Scenario,
    Unseen,
    Wait,
)
from ringproof.scenario.reading import read_office, read_scenarios, render_problem

ROOT = Path(__file__).parents[2]
BUNDLED = sorted(ROOT.glob("scenarios/**/*.ring.yaml"))
SMALL = Path(__file__).parent / "small-office.yaml"


def read(folder: Path, text: str) -> dict[str, Scenario]:
    """Return the scenarios of a text by name; a problem fails the test."""
    file = folder / "story.ring.yaml"
    file.write_text(f"pbx: {SMALL}\n{text}", encoding="utf-8")
    found = read_scenarios(file)
    assert not found.problems, "\n".join(map(render_problem, found.problems))
    return {scenario.name: scenario for scenario in found.scenarios}


@pytest.mark.parametrize("file", BUNDLED, ids=lambda file: file.stem)
def test_every_bundled_file_reads_without_a_problem(file: Path) -> None:
    """The reader's checks have no false alarm there."""
    found = read_scenarios(file)
    assert found.problems == ()
    assert found.scenarios


def test_ids_are_unique_and_fit_for_folders() -> None:
    """Over all bundled files, those in other folders included."""
    ids = [scenario.id for file in BUNDLED for scenario in read_scenarios(file).scenarios]
    assert len(ids) > 40
    assert len(set(ids)) == len(ids)
    assert all(set(each) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(each) < 80 for each in ids)


def test_an_id_depends_on_file_and_name_alone() -> None:
    """So that evidence of two runs can be compared; Cyrillic stays readable, and two names that look alike differ."""
    assert scenario_id("scenarios/ring-all.ring.yaml", "All offline!") == "ring-all-all-offline-fb2b5ecd"
    russian = scenario_id("меню.ring.yaml", "Клавиша 1: звонят все")
    assert russian.startswith("menyu-klavisha-1-zvonyat-vse-")
    assert scenario_id("a.ring.yaml", "key 1") != scenario_id("a.ring.yaml", "key-1")
    assert scenario_id("a/x.ring.yaml", "key 1") != scenario_id("b/x.ring.yaml", "key 1")
    assert len(scenario_id("电话", "电话")) == 8


def test_a_story_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Steps and waves with their places; phones that are not named ring on."""
    text = """
callers:
  anna: {from: "+74951234567", to: "84950000001"}
scenarios:
  a story:
    phones:
      102: {answers: 5s}
    when:
      - call: anna
      - press: "5"
      - wait: 2500ms
      - hear: prompt
      - press: "1"
        after: 0s
    expect:
      - ring: [102]            # a comment
        after: 1m
        for: 2s
      - ring: [101, 102]
        again: [102]
      - answer: 102
"""
    (story,) = read(tmp_path, text).values()
    call, press, wait, hear, again = story.when
    assert (type(call), type(hear)) == (Call, Hear)
    assert isinstance(press, Press)
    assert (press.digits, press.after, press.at, press.caller) == ("5", None, None, "anna")
    assert isinstance(wait, Wait)
    assert wait.time == 2.5
    assert isinstance(again, Press)
    assert again.after == 0
    first, second, answer = story.expect["anna"]
    assert isinstance(first, Ring)
    assert (first.phones, first.lasts, first.after, first.again) == (("102",), 2, 60, ())
    assert isinstance(second, Ring)
    assert (second.phones, second.lasts, second.after, second.again) == (("101", "102"), None, None, ("102",))
    assert isinstance(answer, Answer)
    line = story.lines[first.source.line - 1]
    assert line.strip() == "- ring: [102]            # a comment"
    assert first.source.column == line.index("ring") + 1
    assert story.phones == {"100": RingsOn(), "101": RingsOn(), "102": Answers(S(5.0))}
    assert (story.tolerance, story.quiet, story.speed, story.starts) == (0.4, None, None, None)
    assert story.dialplan_step is None
    assert story.office_file == str(SMALL.relative_to(Path.cwd())) if SMALL.is_relative_to(Path.cwd()) else str(SMALL)


@pytest.mark.parametrize("version", ["ringproof: 1\n", 'ringproof: "1"\n', ""])
def test_a_file_may_say_its_version(tmp_path: Path, version: str) -> None:
    """1 is the only one, and what is meant where nothing is said."""
    (tmp_path / "office.yaml").write_text(version + SMALL.read_text("utf-8"), encoding="utf-8")
    stories = (
        'pbx: office.yaml\ncallers: {anna: {from: "1", to: "84950000001"}}\n'
        "scenarios: {story: {when: [call: anna], expect: [ring: [101, 102]]}}\n"
    )
    (tmp_path / "story.ring.yaml").write_text(version + stories, encoding="utf-8")
    read = read_scenarios(tmp_path / "story.ring.yaml")
    assert read.problems == ()
    assert read.scenarios[0].office.ringproof == 1


def test_the_bundled_office_is_read_as_it_was_written() -> None:
    """Strategies, destinations and prompts are picked by their keys."""
    office = read_office(ROOT / "scenarios/offices/trading-company.yaml").office
    assert office is not None
    assert [type(group) for group in office.groups.values()] == [RingAll, Progressive, FirstFree]
    assert office.extension_destination == ToHangUp.model_validate({"hang up": "no answer"})
    assert office.menus["main"].keys["1"] == ToGroup(group="accounting")
    assert office.menus["after-sales"].greeting == OwnSound(wav="sounds/after-sales.wav")
    assert office.menus["main"].direct_dialling
    assert not office.menus["after-sales"].direct_dialling
    assert office.extensions["101"].name == "Anna Petrova"


def test_what_scenarios_share_stands_once_and_each_may_differ(tmp_path: Path) -> None:
    """Callers and phones merge by key; when, expect, tolerance and quiet replace."""
    found = read(
        tmp_path,
        """
callers:
  anna: {from: "+74951234567", to: "84950000001"}
phones:
  101: offline
  102: {answers: 5s, hangs up: 2s}
when:
  - call: anna
expect:
  - ring: [102]
    for: 5s
  - answer: 102
tolerance: 1s
quiet: 10s
dialplan step: 10ms
scenarios:
  as shared: {}
  with more:
    callers:
      boris: {from: "0555123", to: "84950000002"}
    phones:
      100: {refuses: 603, after: 3s}
    when:
      - call: boris
      - wait: 2s
      - call: anna
      - press: "*97#"
        by: anna
        at: {after: 500ms, of: {ring: 102}}
      - hang up: boris
    expect:
      anna:
        - answer: 102
      boris:
        - ring: [100]
        - refused: {100: 603}
        - caller gets: {code: 487, ended by: caller}
        - missed: []
    tolerance: 300ms
    quiet: 1m
    dialplan step: 25ms
""",
    )
    shared, more = found["as shared"], found["with more"]
    assert shared.phones == {"100": RingsOn(), "101": Offline(), "102": Answers(S(5.0), S(2.0))}
    assert list(shared.callers) == ["anna"]
    assert (shared.tolerance, shared.quiet, shared.dialplan_step) == (1, 10, 0.01)
    assert more.phones == {"100": Refuses(603, S(3.0)), "101": Offline(), "102": Answers(S(5.0), S(2.0))}
    assert list(more.callers) == ["boris", "anna"]
    assert more.callers["boris"] == Caller("boris", "0555123", "84950000002", more.callers["boris"].source)
    assert (more.tolerance, more.quiet, more.dialplan_step) == (0.3, 60, 0.025)
    assert [(type(step), step.caller) for step in more.when] == [
        (Call, "boris"),
        (Wait, "boris"),
        (Call, "anna"),
        (Press, "anna"),
        (HangUp, "boris"),
    ]
    assert more.when[3].at == Moment(S(0.5), "ring", "102")
    assert [type(each) for each in more.expect["boris"]] == [Ring, Refused, CallerGets, Missed]


@pytest.mark.parametrize("number", ["0555123", "+4512345678", "*97", "010", "0x1F", "1e3", "anonymous"])
def test_a_number_is_text_in_quotes_or_not(number: str, tmp_path: Path) -> None:
    """YAML would make integers of some of them; only *97 needs its quotes."""
    written = f'"{number}"' if number.startswith("*") else number
    text = """
callers:
  anna: {{from: {}, to: 84950000001}}
scenarios:
  {}:
    when: [call: anna]
    expect: [ring: [101, 102]]
"""
    (scenario,) = read(tmp_path, text.format(written, "0555")).values()
    assert scenario.callers["anna"].shows == number
    assert scenario.name == "0555"


def test_an_unknown_number_may_be_the_point(tmp_path: Path) -> None:
    """Then it says that nobody rings."""
    text = """
callers:
  anna: {from: "1", to: "999"}
scenarios:
  nobody has this number:
    when: [call: anna]
    expect: [nobody: rings, caller gets: {code: 404}]
"""
    (scenario,) = read(tmp_path, text).values()
    assert [type(each) for each in scenario.expect["anna"]] == [Nobody, CallerGets]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(ends: str, tmp_path: Path) -> None:
    """Files come from Windows, too; places stay right."""
    text = (ROOT / "scenarios/menu.ring.yaml").read_text(encoding="utf-8")
    text = text.replace("offices/", f"{ROOT}/scenarios/offices/")
    file = tmp_path / "menu.ring.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", ends).encode())
    found = read_scenarios(file)
    assert found.problems == ()
    assert [s.source.line for s in found.scenarios] == [
        s.source.line for s in read_scenarios(ROOT / "scenarios/menu.ring.yaml").scenarios
    ]


def test_an_office_is_read_once_while_it_stays_as_it_is(tmp_path: Path) -> None:
    """A thousand files may share it; a change of the office or of its sounds is seen."""
    for name in ("trading-company.yaml", "sounds/after-sales.wav"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((ROOT / "scenarios/offices" / name).read_bytes())
    file = tmp_path / "trading-company.yaml"
    first = read_office(file)
    assert first.office is not None
    assert read_office(file) is first
    os.utime(file, ns=(1, 1))
    second = read_office(file)
    assert second is not first
    assert second.office == first.office
    (tmp_path / "sounds/after-sales.wav").unlink()
    assert [problem.sentence for problem in read_office(file).problems] == [
        "`sounds/after-sales.wav`: there is no such sound file"
    ]


def test_files_are_named_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the current folder where they lie below it, however they were given."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/bad.ring.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for given in (Path("deep/bad.ring.yaml"), tmp_path / "deep/bad.ring.yaml", Path("deep/../deep/bad.ring.yaml")):
        assert [problem.source.file for problem in read_scenarios(given).problems] == ["deep/bad.ring.yaml"]
    monkeypatch.chdir(tmp_path / "deep")
    assert [problem.source.file for problem in read_scenarios(Path("../deep/bad.ring.yaml")).problems] == [
        "../deep/bad.ring.yaml"
    ]


def test_choices_and_behaviours_in_the_order_of_ringing(tmp_path: Path) -> None:
    """`one_of`, `as`, `not`, `rung`, `any`, a code for each refusal, how many calls were missed."""
    (scenario,) = read(
        tmp_path,
        """
callers:
  anna: {from: "1", to: "84950000001"}
scenarios:
  story:
    rung: [rings, {refuses: 603, after: 2s}]
    phones:
      100: {refuses: 486}
    when:
      - call: anna
      - hang up: anna
        at: {after: 40s, of: {ring: any}}
    expect:
      - ring: {one_of: [101, 102], as: first}
        for: 15s
      - ring: {one_of: [101, 102], as: second, not: [first]}
        for: 2s
      - refused: {second: 603, 100: [486, 486]}
      - missed: {first: 2}
""",
    ).values()
    first, second, refused, missed = scenario.expect["anna"]
    assert isinstance(first, Ring)
    assert isinstance(second, Ring)
    assert isinstance(refused, Refused)
    assert isinstance(missed, Missed)
    assert (first.phones, first.one_of, first.name, first.excluded) == ((), ("101", "102"), "first", ())
    assert (second.one_of, second.name, second.excluded) == (("101", "102"), "second", ("first",))
    assert not first.silent
    assert refused.codes == {"second": (603,), "100": (486, 486)}
    assert (missed.phones, missed.times) == (("first",), {"first": 2})
    assert scenario.choices == {"first": ("101", "102"), "second": ("101", "102")}
    assert scenario.rung == (RingsOn(), Refuses(603, after=PbxSeconds(2.0)))
    assert scenario.phones == {"100": Refuses(486), "101": AsRung(), "102": AsRung()}
    assert scenario.when[1].at == Moment(after=PbxSeconds(40.0), event="ring", phone="any")


def test_how_often_a_silent_phone_is_dialled(tmp_path: Path) -> None:
    """Once, where nothing is said."""
    (scenario,) = read(
        tmp_path,
        """
callers:
  anna: {from: "+74951234567", to: "84950000001"}
scenarios:
  story:
    phones: {100: silent, 101: silent}
    when:
      - call: anna
    expect:
      - unseen: {101: 2, 100: 1}
""",
    ).values()
    (unseen,) = scenario.expect["anna"]
    assert isinstance(unseen, Unseen)
    assert (unseen.phones, unseen.times) == (("101", "100"), {"101": 2, "100": 1})


def test_who_is_on_a_call_or_does_not_want_to_be_disturbed(tmp_path: Path) -> None:
    """For how long, and what happens to a second call; do not disturb is a refusal at once."""
    (scenario,) = read(
        tmp_path,
        """
callers:
  anna: {from: "1", to: "84950000001"}
scenarios:
  story:
    phones:
      100: {on a call: always, call waiting: {answers: 5s}}
      101: {on a call: 10s}
      102: {do not disturb: 480}
    when:
      - call: anna
    expect:
      - ring: [101]
      - refused: {102: 480}
""",
    ).values()
    assert scenario.phones == {
        "100": OnACall(waiting=Answers(after=PbxSeconds(5.0))),
        "101": OnACall(ends=PbxSeconds(10.0)),
        "102": Refuses(480),
    }
