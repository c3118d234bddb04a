"""Every message of the reader, as the user sees it. The files are in bad/ and bad_offices/; each makes one mistake."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ringproof.core.problem import Problem, render_problem
from ringproof.scenario.reading import read_office, read_scenarios
from ringproof.scenario.syntax import tree

HERE = Path(__file__).parent
GOLDENS = HERE.parent / "golden" / "scenario"
SCENARIOS = sorted((HERE / "bad").glob("*.yaml"))
OFFICES = sorted((HERE / "bad_offices").glob("*.yaml"))
SEVERAL = {"anchor-and-alias", "missing-keys", "several"}
"""Files that make more than one mistake."""
MADE = {
    "binary": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "utf-16": "pbx: x\n".encode("utf-16"),
    "latin-1": "pbx: x\n# Büro\n".encode("latin-1"),
    "hundred-thousand-lines": b"# one more line of a file that somebody generated\n" * 100_000,
    "too-many-lines": b"#\n" * 20_001,
    "byte-order-mark-inside": "pbx: \ufeffx\n".encode(),
    "nested-without-end": b"[" * 100_000,
}
"""Files that no editor should have to open."""


def told(problems: tuple[Problem, ...]) -> str:
    """Return what the user reads."""
    return "\n".join(map(render_problem, problems)) + "\n"


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_a_bad_scenario_file_is_told_as_in_its_golden(
    file: Path, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mistake, one message, and no scenario of the file can be played."""
    monkeypatch.chdir(file.parent)
    read = read_scenarios(Path(file.name))
    assert read.scenarios == ()
    assert (len(read.problems) > 1) == (file.stem in SEVERAL), told(read.problems)
    golden(f"scenario/{file.stem}.err", told(read.problems))


@pytest.mark.parametrize("file", OFFICES, ids=lambda file: file.stem)
def test_a_bad_office_file_is_told_as_in_its_golden(
    file: Path, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mistake, one message, and no office."""
    monkeypatch.chdir(file.parent)
    read = read_office(Path(file.name))
    assert read.office is None
    assert (len(read.problems) > 1) == (file.stem in SEVERAL), told(read.problems)
    golden(f"scenario/office/{file.stem}.err", told(read.problems))


@pytest.mark.parametrize("name", MADE)
def test_what_is_no_scenario_file_at_all_is_told_as_in_its_golden(
    name: str, golden: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too long, binary, in another encoding: a sentence, and soon."""
    monkeypatch.chdir(tmp_path)
    Path("made.ring.yaml").write_bytes(MADE[name])
    golden(f"scenario/made/{name}.err", told(read_scenarios(Path("made.ring.yaml")).problems))


@pytest.mark.parametrize("name", ["nothing.ring.yaml", ".", "\0", "/dev/null"])
def test_what_is_no_file_is_a_problem(name: str) -> None:
    """No exception leaves the reader, whatever path it is given."""
    assert len(read_scenarios(Path(name)).problems) == 1
    assert len(read_office(Path(name)).problems) == 1


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_messages_are_the_same_without_libyaml(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML may come without its C part."""
    quick = read_scenarios(file).problems
    monkeypatch.setattr(tree, "QUICK_LOADER", yaml.SafeLoader)
    assert read_scenarios(file).problems == quick


@pytest.mark.parametrize("file", sorted(GOLDENS.rglob("*.err")), ids=lambda file: file.stem)
def test_every_message_is_one_sentence_with_a_place_and_a_fix(file: Path) -> None:
    """`file:line:col: sentence`, the line with a caret, `hint: what to do`."""
    lines = file.read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if not re.match(r" |\d+ \|", line)]
    hints = [line for line in lines if line.startswith("   hint: ")]
    assert len(heads) == len(hints) >= 1
    for head in heads:
        match = re.fullmatch(r"(\S+):([1-9]\d*):([1-9]\d*): (\S.*[^.\s])", head)
        assert match, head
        assert len(match[4]) <= 160, "a sentence, not a paragraph"
    for hint in hints:
        assert re.fullmatch(r" {3}hint: \S.{3,}[^.\s]", hint), hint
    quoted = [index for index, line in enumerate(lines) if re.match(r" +\d+ \| ", line)]
    for index in quoted:
        assert len(lines[index]) <= 120


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("office/corner-shop.yaml", "offices/corner-shop.yaml"),
        ("offices/corner-shp.yaml", "offices/corner-shop.yaml"),
        ("./ofices/corner-shop.yml", "offices/corner-shop.yaml"),
        ("corner-shop.yaml", "offices/corner-shop.yaml"),
        ("corner_shop.yaml", "offices/corner-shop.yaml"),
        ("../here/ofice/corner-shop.yaml", "../here/offices/corner-shop.yaml"),
        ("elsewhere/corner-shop.yaml", None),
        ("..", None),
        ("/", None),
        ("x" * 300, None),
        ("x" * 300 + "/corner-shop.yaml", None),
    ],
)
def test_an_office_is_looked_for_where_it_may_be_meant(written: str, meant: str | None, tmp_path: Path) -> None:
    """In a folder of a similar name, by a similar name, in a folder beside the file."""
    here = tmp_path / "here"
    (here / "offices").mkdir(parents=True)
    (here / "offices" / "corner-shop.yaml").write_text("office: x\n", encoding="utf-8")
    (here / "story.ring.yaml").write_text(f'pbx: "{written}"\nscenarios: {{}}\n', encoding="utf-8")
    fix = next(p.fix for p in read_scenarios(here / "story.ring.yaml").problems if "office file" in p.sentence)
    assert (fix == f"did you mean `{meant}`?") == (meant is not None), fix
    assert meant or fix.startswith("the path counts from the folder of this file")


def test_there_is_no_golden_without_its_bad_file() -> None:
    """A message that nobody says any more is not kept."""
    told_of = {file.stem for file in GOLDENS.glob("*.err")}
    assert told_of == {file.stem for file in SCENARIOS}
    assert {file.stem for file in (GOLDENS / "office").glob("*.err")} == {file.stem for file in OFFICES}
    assert {file.stem for file in (GOLDENS / "made").glob("*.err")} == set(MADE)


def test_after_a_hundred_mistakes_the_rest_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generated file may have one in every line; nobody reads them all."""
    monkeypatch.chdir(tmp_path)
    stories = "".join(f"  story {n}: {{when: [call: anna], expect: [rings: [101]]}}\n" for n in range(500))
    head = f'pbx: {HERE}/small-office.yaml\ncallers: {{anna: {{from: "1", to: "84950000001"}}}}\nscenarios:\n'
    Path("many.ring.yaml").write_text(head + stories, encoding="utf-8")
    problems = read_scenarios(Path("many.ring.yaml")).problems
    assert len(problems) == 101
    assert problems[0].sentence.startswith("there are more than 100 mistakes")
    assert {problem.sentence for problem in problems[1:]} == {"unknown verb `rings` in this expectation"}
    assert problems[-1].source.line == 3 + 100


def test_the_caret_stands_below_its_sign_also_behind_wide_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Chinese sign takes two columns of a terminal."""
    monkeypatch.chdir(tmp_path)
    Path("wide.ring.yaml").write_text("电话: *97\n", encoding="utf-8")
    message = told(read_scenarios(Path("wide.ring.yaml")).problems).splitlines()
    assert message[0].startswith("wide.ring.yaml:1:5: ")
    assert message[1:3] == ["    1 | 电话: *97", "      | " + " " * 6 + "^"]


def test_a_long_line_is_cut_around_the_caret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte in one line is no message."""
    monkeypatch.chdir(tmp_path)
    Path("long.ring.yaml").write_text("[" + "a" * 5000 + ", *97]\n", encoding="utf-8")
    message = told(read_scenarios(Path("long.ring.yaml")).problems).splitlines()
    assert message[0].startswith("long.ring.yaml:1:5004: `*97`")
    caret = message[2].index("^")
    assert len(message[1]) < 120
    assert message[1][caret] == "*"
