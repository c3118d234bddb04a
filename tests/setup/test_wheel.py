"""The wheel: what is in it, and that whoever has nothing else gets a command, a pytest plugin and a first green."""

import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from platform import machine

import pytest
from bare_debian import CACHE, CHECKOUT, in_chroot, lay_out
from hatchling.builders.wheel import WheelBuilder
from ringproof import __version__
from ringproof.setup import library
from ringproof.setup.dockerapi import Engine

UNIX = "unix://"


def built(into: Path) -> Path:
    """Return the wheel of this checkout."""
    (wheel,) = WheelBuilder(str(CHECKOUT)).build(directory=str(into), versions=["standard"])
    return Path(wheel)


def contents(wheel: Path) -> tuple[list[str], Message]:
    """Return the names of its files, and its metadata."""
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        return names, Parser().parsestr(packed.read(metadata).decode())


def test_one_package_is_in_it(tmp_path: Path) -> None:
    """Called as the project is: a name such as `harness` or `tests` would be taken from somebody else."""
    names, _ = contents(built(tmp_path))
    assert {name.partition("/")[0] for name in names} == {"ringproof", f"ringproof-{__version__}.dist-info"}


def test_its_metadata_is_what_an_index_asks_for(tmp_path: Path) -> None:
    """The version is the package's, the text is the README, every dependency has a lower bound."""
    _, metadata = contents(built(tmp_path))
    assert (metadata["Name"], metadata["Version"]) == ("ringproof", __version__)
    assert (metadata["Requires-Python"], metadata["License-Expression"]) == (">=3.11", "GPL-3.0-or-later")
    assert metadata["Summary"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (CHECKOUT / "README.md").read_text("utf-8")
    assert all(">=" in name for name in metadata.get_all("Requires-Dist", []))


def test_its_name_says_for_which_machines_it_is(tmp_path: Path) -> None:
    """What is compiled in it runs on this processor, with the C library that it was linked against or a later one."""
    wheel = built(tmp_path)
    assert wheel.name == f"ringproof-{__version__}-py3-none-manylinux_2_31_{machine()}.whl"


def test_what_was_compiled_of_other_sources_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel is then one for every machine, and `ringproof image` compiles what is missing."""
    monkeypatch.setattr(library, "is_made_from", lambda _: False)
    wheel = built(tmp_path)
    assert wheel.name == f"ringproof-{__version__}-py3-none-any.whl"
    names, _ = contents(wheel)
    left_out = {library.LIBRARY.name, library.SEAL.name, library.MADE_FROM.name}
    assert left_out.isdisjoint(Path(name).name for name in names)


@pytest.mark.pbx
@pytest.mark.bare
@pytest.mark.alone
def test_a_bare_debian_gets_its_first_green_from_it(root: Path, tmp_path: Path) -> None:
    """`pip install` of the wheel with the locked packages, then every command of the first five minutes.

    The checkout is not there. The engine and its images are the host's; since the engine mounts folders by the names
    that the host gives them, what Ringproof writes is in a folder that has the same name inside and outside.
    """
    lay_out(root)
    place = tmp_path / "place"
    for folder in (place, place / "empty", place / "tmp", CACHE / "pip"):
        folder.mkdir(parents=True, exist_ok=True)
    wheel = built(place)
    (place / "requirements.lock").write_bytes((CHECKOUT / "requirements.lock").read_bytes())
    address = Engine.of_environment().address
    binds = {place: place, CACHE / "pip": Path("/root/.cache/pip")}
    if address.startswith(UNIX):
        socket = Path(address.removeprefix(UNIX)).resolve()
        binds[socket] = socket
        address = f"{UNIX}{socket}"
    environment = {"DOCKER_HOST": address, "TMPDIR": str(place / "tmp"), "COLUMNS": "100"}

    def bare(command: str) -> str:
        return in_chroot(root, f"cd {place}/empty && PATH={place}/venv/bin:$PATH\n{command}", binds, environment)

    bare("apt-get -qq update && apt-get -qq install --no-install-recommends python3-venv ca-certificates")
    bare(f"python3 -m venv {place}/venv && pip install --require-hashes -r {place}/requirements.lock")
    bare(f"pip install {wheel}")
    assert bare("ringproof --version") == f"ringproof {__version__}\n"
    assert bare("ringproof image --version 22") == (
        "ringproof-asterisk:22, ringproof-phones:2: there, and made of what is here now\n"
    )
    assert bare("ringproof init && ringproof validate").endswith("1 scenario in 1 file is valid\n")
    assert "1 scenario: 1 passed" in bare("ringproof run")
    assert "1 scenario: 1 passed" in bare("pytest scenarios --ringproof-out plain")
    assert "plugins: " in bare("pytest --collect-only scenarios")
