"""The phones' image: what it can do as anybody and without a network, and what its build refuses."""

import json
import re
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ringproof.phones.handle import CALLS
from ringproof.setup import base, image, library
from ringproof.setup.dockerapi import Engine

pytestmark = pytest.mark.pbx

PROGRAMS = Path(__file__).parent / "in_phones_image"
COMPILERS = "gcc cc g++ c++ cpp ld as make swig"


def docker_run(*words: str) -> str:
    """Return what a container of an image prints, as `docker run` words say it."""
    ended = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", *words], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def in_image(*command: str) -> str:
    """Return what a command prints in the phones' image, run by nobody, who may write nowhere."""
    mounted = ["--user", "65534", "--read-only", "--volume", f"{PROGRAMS}:/programs:ro"]
    return docker_run(*mounted, image.ensure(image.PHONES), *command)


def said_by(*command: str) -> Any:  # noqa: ANN401 - JSON
    """Return what one of our programs says in the image; the library's own log goes before it."""
    return json.loads(in_image("python3", *command).splitlines()[-1])


def test_a_phone_has_all_its_calls_at_once() -> None:
    """The library's own limit is 4 calls, and it clamps a larger one in silence."""
    said = said_by("/programs/full.py", str(CALLS))
    assert (said["user"], said["up"]) == (65534, CALLS)
    assert said["codecs"] == ["G722", "GSM", "L16", "PCMA", "PCMU", "opus"]


def test_a_burst_of_refused_calls_exhausts_nothing() -> None:
    """1,000 INVITEs at once: with the library's own 64 places the process is aborted at the 33rd."""
    said = said_by("/programs/burst.py", "1000")
    assert said["codes"] == {"486": 1000}


def test_it_has_no_compiler() -> None:
    """The look finds one where there is one."""
    look = ["sh", "-c", f"for each in {COMPILERS}; do command -v $each || true; done"]
    assert in_image(*look) == ""
    assert "/usr/bin/gcc" in docker_run(library.BUILDER.name, *look)


def test_it_says_what_it_was_built_from() -> None:
    """As the library itself does."""
    version = in_image("cat", "/usr/local/share/ringproof-phones/pjproject").strip()
    assert version == said_by("/programs/full.py", "2")["version"]
    assert version.startswith(f"{image.PHONES.version}.")
    source = in_image("cat", "/usr/local/share/ringproof-phones/source")
    assert re.fullmatch(rf"pjproject {version}, out of Debian's source package asterisk_22\.\S+\n", source)


def test_the_label_tells_whether_it_is_fresh() -> None:
    """Of the folder that it was made of."""
    name = image.ensure(image.PHONES)
    labels = Engine.of_environment().labels(name)
    assert labels is not None
    assert labels[image.HASH_LABEL] == image.content_hash(image.PHONES)


def source_step() -> str:
    """Return the Dockerfile's first command, which takes pjproject out of the source package."""
    dockerfile = (image.image_dir("phones-image") / "Dockerfile").read_text()
    return dockerfile.partition("\nRUN ")[2].partition("\n\n")[0]


@pytest.fixture
def take_source(tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs that command where Debian's source package has such a pjproject, or none.

    It returns what the command complains of, and the version that it wrote down.
    """
    bare = base.ensure(Engine.of_environment(), "forky")

    def take(version: str | None) -> str:
        packed = tmp_path / f"asterisk_9.orig-X{'mp3' if version is None else 'pjproject'}.tar.gz"
        (tmp_path / "COPYING").write_text("free\n")
        numbers = zip(("MAJOR", "MINOR", "REV"), (version or "").split("."), strict=False)
        text = "".join(f"export PJ_VERSION_{name}  := {number}\n" for name, number in numbers)
        (tmp_path / "version.mak").write_text(text + "export PJ_VERSION_SUFFIX :=\n")
        with tarfile.open(packed, "w:gz") as tar:
            for name in ("COPYING", "version.mak"):
                tar.add(tmp_path / name, f"pjproject/{name}")
        apt = '#!/bin/sh\ncase "$1" in source) cp /given/asterisk_* .; touch asterisk_9.dsc;; esac\n'
        (tmp_path / "apt-get").write_text(apt)
        (tmp_path / "apt-get").chmod(0o755)
        (tmp_path / "command").write_text(
            f"PJPROJECT=2.17\n{source_step()}\ncat /built/share/ringproof-phones/pjproject\n"
        )
        mounts = ["--volume", f"{tmp_path}:/given:ro", "--volume", f"{tmp_path}/apt-get:/usr/bin/apt-get:ro"]
        run = ["docker", "run", "--rm", "--network", "none", *mounts, bare, "sh", "/given/command"]
        ended = subprocess.run(run, check=False, capture_output=True, text=True)
        packed.unlink()
        assert (ended.returncode == 0) == (ended.stderr == "")
        return ended.stderr or ended.stdout

    return take


@pytest.mark.parametrize("version", ["2.17", "2.17.1", "2.18", "2.100"])
def test_a_pjproject_that_will_do_is_taken(version: str, take_source: Callable[..., str]) -> None:
    """Debian's testing moves on, and the build with it."""
    assert take_source(version) == f"{version}\n"


@pytest.mark.parametrize(
    ("name", "version"), [("absent", None), ("too-old", "2.16"), ("too-old-by-far", "2.2"), ("too-new", "3.0")]
)
def test_another_source_package_is_refused(
    name: str, version: str | None, take_source: Callable[..., str], golden: Callable[[str, str], None]
) -> None:
    """In a sentence that ends the build, and so is the last that its log says."""
    golden(f"setup/phones-source-{name}.txt", take_source(version))
