"""An office whose dialplan somebody wrote by hand, the story that is true of it, and one mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ringproof.containers.run import RunEnvironment

from playing.conftest import kinds_found, rendered_otherwise, story

NUMBER = "84950000002"
CALLERS = {
    "anna": '{from: "+74951234567", to: "84950000002"}',
    "boris": '{from: "+74957654321", to: "84950000002"}',
    "hidden": '{from: anonymous, to: "84950000002"}',
}


@dataclass(frozen=True)
class Office:
    """What the number does, the story that is to be true of it, and one mistake."""

    number: str
    """Its steps, one a line, and the contexts that they use."""
    story: str
    """Of one scenario, as it is written in a file."""
    mistake: tuple[str, str]
    """What is written in the place of what, once, in the steps or in a file."""
    kinds: frozenset[str]
    """Of what is found then."""
    modules: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def kinds_played(
    office: Office,
    mistake: tuple[str, str] | None,
    environment: RunEnvironment,
    folder: Path,
    patch: pytest.MonkeyPatch,
) -> list[str]:
    """Play the story on the office, with this mistake; the kinds of what is found."""
    texts = {"": office.number, **office.files}
    if mistake:
        assert sum(text.count(mistake[0]) for text in texts.values()) == 1
        texts = {name: text.replace(*mistake) for name, text in texts.items()}
    lead_to(texts.pop(""), texts, office.modules, patch)
    callers = "".join(f"  {name}: {number}\n" for name, number in CALLERS.items() if f"call: {name}" in office.story)
    return kinds_found(
        story(f"callers:\n{callers}scenarios:\n      it is so:{office.story}", folder), environment, folder
    )


def pair_of_tests(offices: Mapping[str, Office]) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return two tests of each office: right, nothing is found; broken, what is wrong with it, and nothing else."""

    @pytest.mark.pbx
    @pytest.mark.parametrize("name", offices)
    def right(name: str, environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert kinds_played(offices[name], None, environment, tmp_path, monkeypatch) == []

    @pytest.mark.pbx
    @pytest.mark.parametrize("name", offices)
    def broken(name: str, environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        office = offices[name]
        assert frozenset(kinds_played(office, office.mistake, environment, tmp_path, monkeypatch)) == office.kinds

    return right, broken


def lead_to(number: str, files: Mapping[str, str], modules: Sequence[str], patch: pytest.MonkeyPatch) -> None:
    """Have every PBX that boots from now on do these steps for NUMBER, with these files and modules, too."""
    steps = number.split("\n")
    plain = next((place for place, step in enumerate(steps) if step.startswith((" ", "["))), len(steps))
    first = "\n same => n,".join((f"exten => {NUMBER},1,{steps[0]}", *steps[1:plain]))
    rest = "\n".join(steps[plain:])
    same, _, contexts = rest.partition("[") if not rest.startswith("[") else ("", "", rest[1:])
    contexts = contexts and f"\n[{contexts}\n"

    def lead(rendered: Path) -> None:
        file = rendered / "extensions.conf"
        dialplan = file.read_text("utf-8")
        led, count = re.subn(rf"exten => {NUMBER},1,.*", lambda _: f"{first}\n{same}", dialplan)
        assert count == 1
        file.write_text(led + contexts, "utf-8")
        for name, text in files.items():
            (rendered / name).write_text(text, "utf-8")
            (rendered / name).chmod(0o755 if name.endswith(".sh") else 0o644)
        with (rendered / "modules.conf").open("a") as file_of_modules:
            file_of_modules.writelines(f"load={name}.so\n" for name in modules)

    rendered_otherwise(patch, lead)
