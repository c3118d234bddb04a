"""The pages that people read say what is so: their files are valid, their links and commands lead somewhere."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import shutil
import sys
import unittest.mock
from pathlib import Path

import editor
import pytest
from pages import PAGES, ROOT, Block, blocks, broken_links, not_printed, session
from ringproof.cli.program import start

TARGET = re.compile(r"\bmake ([a-z][a-z0-9]+)\b")
COMMAND = re.compile(r"(?:^|`|/)ringproof ([a-z]+)((?: [^`\n#]*)?)", re.MULTILINE)
OPTION = re.compile(r"(?<= )--?[a-z][a-z-]*")
NO_TARGETS = frozenset({"it", "red", "no"})
"""Words that follow "make" in English."""


def ringproof(*words: str, cwd: Path = ROOT) -> tuple[int, str]:
    """Run a command of the program in this process; return its exit code and what it printed."""
    printed = io.StringIO()
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        unittest.mock.patch.object(sys, "argv", ["ringproof", *words]),
        pytest.raises(SystemExit) as ended,
    ):
        start()
    return int(ended.value.code or 0), printed.getvalue()


def read_by_the_program(files: list[Block], folder: Path) -> str:
    """Return what `validate` says of these scenario files, and `render` of these offices; empty: they are valid."""
    shutil.copytree(ROOT / "scenarios/offices", folder / "offices")
    shutil.copy(ROOT / "examples/call-group/office.yaml", folder)
    said = ""
    for number, block in enumerate(files):
        if block.key == "pbx":
            (folder / f"block{number}.ring.yaml").write_text(block.text, "utf-8")
        else:
            (folder / f"block{number}.yaml").write_text(block.text, "utf-8")
            code, printed = ringproof("render", f"block{number}.yaml", "--out", f"rendered{number}", cwd=folder)
            said += printed if code else ""
    if not any(block.key == "pbx" for block in files):
        return said
    code, printed = ringproof("validate", ".", cwd=folder)
    return said + (printed if code else "")


def complaint(block: Block) -> str:
    """Return what an editor underlines in a YAML block of a page."""
    if block.key not in {"pbx", "office"}:
        return f"a yaml block is a whole scenario or office file; this one begins with `{block.key}`"
    return editor.complaint(block.text, editor.scenarios() if block.key == "pbx" else editor.offices())


def yaml_blocks() -> list[Block]:
    """Return those of all pages."""
    return [block for page in PAGES for block in blocks(page.read_text("utf-8"), "yaml")]


def test_each_yaml_block_is_a_valid_file(tmp_path: Path) -> None:
    """People copy them."""
    files = yaml_blocks()
    assert len(files) >= 6
    assert [complaint(block) for block in files if complaint(block)] == []
    assert read_by_the_program(files, tmp_path) == ""


def test_a_yaml_block_that_is_none_is_found(tmp_path: Path) -> None:
    """By its schema, by what the reader alone knows, or since it is only a part of a file."""
    scenario, office = (next(block for block in yaml_blocks() if block.key == key) for key in ("pbx", "office"))
    misspelt = Block("yaml", scenario.text.replace("answers:", "awnsers:"))
    assert "awnsers" in complaint(misspelt)
    assert "begins with `expect`" in complaint(Block("yaml", "expect:\n  - ring: [101]\n"))
    nobody = [Block("yaml", scenario.text.replace("call: anna", "call: boris"))]
    assert "there is no caller `boris`" in read_by_the_program(nobody, tmp_path / "scenario")
    nowhere = [Block("yaml", office.text.replace("{menu: main}", "{menu: other}"))]
    assert "`other`" in read_by_the_program(nowhere, tmp_path / "office")


def test_the_first_page_shows_the_files_of_examples() -> None:
    """Its commands play those files, not what the page says."""
    shown = [block.text for block in blocks((ROOT / "README.md").read_text("utf-8"), "yaml")]
    files = [ROOT / "examples/call-group" / name for name in ("office.yaml", "support.ring.yaml")]
    assert shown == [file.read_text("utf-8") for file in files]


def test_what_validate_would_catch_is_what_it_says() -> None:
    """The sentence on many calls is quoted from the program."""
    (quoted,) = re.findall(r"`(\d+ calls would catch[^`]*)`", (ROOT / "docs/language.md").read_text("utf-8"))
    assert " ".join(quoted.split()) in ringproof("validate", "scenarios/chance.ring.yaml")[1]


def test_the_first_page_is_short() -> None:
    """It is read in one go; everything else has a page of its own."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that is there, and a heading that it has."""
    assert set(broken_links(page.read_text("utf-8"), page.parent)) == set()


def test_a_link_that_leads_nowhere_is_found() -> None:
    """Neither a file nor a heading that is not there."""
    page = "# One\n[a](#one) [b](#two) [c](nowhere.md) [d](README.md#nothing) [e](LICENSE) [f](https://example.org)\n"
    assert broken_links(page, ROOT) == ["#two", "nowhere.md", "README.md#nothing"]


@functools.cache
def help_of(command: str) -> str:
    """Return what a command of the program says of itself; empty: there is none of this name."""
    code, printed = ringproof(command, "--help")
    return "" if code else printed


def unknown_targets(page: str) -> set[str]:
    """Return what a page has `make` do, and the Makefile does not know."""
    known = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    code = "\n".join(re.findall(r"`+[^`]+`+", page))
    return set(TARGET.findall(code)) - known - NO_TARGETS


def unknown_options(page: str) -> set[str]:
    """Return the commands and options of `ringproof` on a page that it does not have."""
    used: dict[str, set[str]] = {}
    for command, words in COMMAND.findall("\n".join(re.findall(r"`+[^`]+`+", page))):
        used.setdefault(command, set()).update(OPTION.findall(words))
    unknown = {command for command in used if not help_of(command)}
    return unknown | {
        f"{command} {option}"
        for command in used.keys() - unknown
        for option in used[command]
        if not re.search(rf"(?<!\S){option}\b", help_of(command))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_known(page: Path) -> None:
    """Targets of make, commands and options of ringproof; what the changelog names may be gone."""
    if page.name == "CHANGELOG.md":
        return
    text = page.read_text("utf-8")
    assert (unknown_targets(text), unknown_options(text)) == (set(), set())


def test_a_command_that_is_unknown_is_found() -> None:
    """A target, a command, an option."""
    page = "`make e2e`, `make tea`\n```\n.venv/bin/ringproof run --speed 1 --fast x\n.venv/bin/ringproof brew\n```\n"
    assert unknown_targets(page) == {"tea"}
    assert unknown_options(page) == {"run --fast", "brew"}


PRINTED = """
1/1 passed   a: b  3.2 s

one
two

1 scenario: 1 passed; 4.7 s for 78 s of PBX time, 17 times as fast; exit 0
"""


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        ("1/1 passed   a: b  99.9 s\n...\n1 scenario: 1 passed; 1.0 s for 77 s of PBX time; exit 0", []),
        ("...\none\ntwo\n...", []),
        ("...\none\n...\ntwo\n...", []),
        ("...\ntwo\n...\none\n...", ["one"]),
        ("...\none\nthree\n...", ["one", "three"]),
        ("one\ntwo\n...", ["one", "two"]),
        ("...\none\ntwo", ["one", "two"]),
        ("...\n1 scenario: 1 failed; 4.7 s for 78 s of PBX time; exit 1", None),
        ("1/1 passed   a: b  3.2 s", ["1/1 passed   a: b  N s"]),
    ],
)
def test_an_output_that_was_not_printed_so_is_found(shown: str, missing: list[str] | None) -> None:
    """Lines in their order, whole; what is left out is marked; seconds of real time may differ."""
    found = not_printed(shown.splitlines(), PRINTED)
    assert found == missing if missing is not None else found


def test_a_session_is_cut_at_its_commands() -> None:
    """Each with what it prints, which may be nothing."""
    assert list(session("$ sed x\n$ run y\none\n\ntwo\n")) == [("sed x", []), ("run y", ["one", "", "two"])]
