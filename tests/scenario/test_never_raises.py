"""Whatever a file holds, the reader returns: scenarios without a problem, or problems without a scenario."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ringproof.core.problem import render_problem
from ringproof.scenario.reading import read_office, read_scenarios

ROOT = Path(__file__).parents[2]
GOOD = sorted(ROOT.glob("scenarios/*.ring.yaml"))
OFFICE = ROOT / "scenarios/offices/trading-company.yaml"
PIECES = st.sampled_from(
    [
        "*97",
        "&a",
        "!t",
        "<<: x",
        "---\n",
        "\t",
        "- ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "#",
        " #x",
        "|",
        ">",
        "? ",
        "%",
        "@",
        "~",
        "null",
        "[]",
        "{}",
        "0s",
        "-5s",
        "101",
        "109",
        "anna",
        "ring",
        "again: [101]\n",
        "\n",
        "\r",
        "\x85",
        "\u2028",
        "\ufeff",
    ]
)
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def mutated(draw: st.DrawFn, files: list[Path]) -> str:
    """Return a good file with some of it cut out, doubled, or replaced by what YAML or the grammar stumbles over."""
    text = draw(st.sampled_from(files)).read_text(encoding="utf-8")
    text = text.replace("offices/trading-company.yaml", str(OFFICE))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 40, len(text))))
        piece = draw(st.one_of(PIECES, st.just(text[start:end] * 2), st.text(max_size=5)))
        text = text[:start] + piece + text[end:]
    return text


@QUIET
@given(content=st.binary(max_size=200))
@example(content=b"\xff\xfe")
@example(content=b"a: &a [*a]")
@example(content=b"? ? ? a")
@example(content=b"%YAML 9.9\n---\n")
@example(content=b"'")
def test_any_bytes(content: bytes, tmp_path: Path) -> None:
    """Arbitrary bytes are a problem, never an exception."""
    file = tmp_path / "any.ring.yaml"
    file.write_bytes(content)
    read = read_scenarios(file)
    assert read.problems
    assert not read.scenarios
    assert all(render_problem(problem).count(str(file)) == 1 for problem in read.problems)
    assert read_office(file).problems


@QUIET
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@`,? \n\t0"), max_size=60))
def test_any_yaml_signs(text: str, tmp_path: Path) -> None:
    """YAML's own signs in any order are a problem with a fix."""
    file = tmp_path / "signs.ring.yaml"
    file.write_text(text, encoding="utf-8")
    problems = read_scenarios(file).problems
    assert problems
    assert all(problem.fix for problem in problems)


@QUIET
@given(text=mutated(GOOD))
def test_mutated_scenarios(text: str, tmp_path: Path) -> None:
    """A damaged file has scenarios or problems, and never both."""
    file = tmp_path / "mutated.ring.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    read = read_scenarios(file)
    assert bool(read.scenarios) != bool(read.problems)
    for problem in read.problems:
        assert problem.source.line >= 1
        assert problem.source.column >= 1
        assert "hint: " in render_problem(problem)


@QUIET
@given(text=mutated([OFFICE]))
def test_mutated_offices(text: str, tmp_path: Path) -> None:
    """A damaged office is an office or problems, and never both."""
    file = tmp_path / "mutated.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    read = read_office(file)
    assert (read.office is None) == bool(read.problems)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x24\x00\x00\x00WAVEfmt \x10\0\0\0" + bytes(40)])
def test_a_damaged_sound_is_a_problem(content: bytes, tmp_path: Path) -> None:
    """The wave module raises this and that; the reader does not."""
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds/after-sales.wav").write_bytes(content)
    file = tmp_path / "office.yaml"
    file.write_bytes(OFFICE.read_bytes())
    read = read_office(file)
    assert [problem.source.line for problem in read.problems] == [
        next(n for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if "after-sales.wav" in line)
    ]
