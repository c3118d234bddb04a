"""The image step: when an image is built, of what, and what is said when it cannot be."""

import io
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from ringproof.setup import apt, base, image, library
from ringproof.setup.dockerapi import Engine, EngineError
from ringproof.setup.output import SetupError

RECIPE = image.Recipe("22", "forky")
HOST = apt.HostApt("https://mirror.example/debian", 'Acquire::Check-Date "false";\n', {"http": "http://proxy:1"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a small asterisk-image/, and a phones-image/ beside it."""
    monkeypatch.setattr(image, "image_dir", lambda name="asterisk-image": tmp_path / name)
    (tmp_path / "phones-image").mkdir()
    (tmp_path / "phones-image" / "Dockerfile").write_text("FROM ${BASE} AS builder\nFROM ${BASE}\n")
    place = tmp_path / "asterisk-image"
    (place / "clock").mkdir(parents=True)
    (place / "Dockerfile").write_text("FROM ${BASE}\n")
    (place / "clock" / "clock.c").write_text("int rate;\n")
    (place / "README.md").write_text("words\n")
    return place


class FakeEngine:
    """An engine that remembers what it was asked."""

    address = "unix:///nowhere"

    def __init__(self) -> None:
        self.images: dict[str, dict[str, str]] = {"ringproof-base:forky": {}}
        self.asked: list[str] = []
        self.discarded: list[str] = []
        self.built: dict[str, str] = {}
        self.left: dict[str, str] = {"another build": "4711"}
        self.registry: Exception | None = TimeoutError()
        self.words: list[str | Exception] = ["Step 1\n"]

    def labels(self, name: str) -> dict[str, str] | None:
        self.asked.append(f"labels {name}")
        return self.images.get(name)

    def identity(self, name: str) -> str | None:
        return self.images[name][image.HASH_LABEL] if name in self.images else None

    def discard(self, identity: str) -> None:
        self.discarded.append(identity)

    def with_label(self, label: str, value: str) -> list[str]:
        assert label == image.BUILDER_LABEL
        return [name for name, number in self.left.items() if number == value]

    def pull(self, repository: str, tag: str, *, silence_seconds: float) -> None:
        self.asked.append(f"pull {repository}:{tag} within {silence_seconds:.0f} s")
        if self.registry:
            raise self.registry

    def import_image(self, chunks: Iterable[bytes], *, repository: str, tag: str, labels: dict[str, str]) -> None:
        self.asked.append(f"import {b''.join(chunks)!r} as {repository}:{tag}")
        self.images[f"{repository}:{tag}"] = labels

    def build(self, _: bytes, *, tag: str, labels: dict[str, str], build_args: dict[str, str]) -> Iterator[str]:
        self.asked.append(f"build {tag}")
        self.built = build_args
        for word in self.words:
            if isinstance(word, Exception):
                raise word
            yield word
        self.images[tag] = labels
        if "BUILD" in build_args:
            self.left["this build"] = build_args["BUILD"]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> FakeEngine:
    """Put a fake engine, host and mmdebstrap in place."""
    assert folder.is_dir()
    fake = FakeEngine()
    monkeypatch.setattr(Engine, "of_environment", lambda: fake)
    monkeypatch.setattr(apt, "host_apt", lambda: apt.HostApt(apt.DEBIAN, "", HOST.proxies))
    monkeypatch.setattr(base, "find", lambda _: "/usr/bin/mmdebstrap")
    monkeypatch.setattr(base, "root_file_system", lambda *_: iter([b"ro", b"ot"]))
    return fake


def test_an_image_that_matches_costs_one_question(engine: FakeEngine) -> None:
    """Built once, then only looked at."""
    assert image.ensure(RECIPE) == "ringproof-asterisk:22"
    assert "build ringproof-asterisk:22" in engine.asked
    engine.asked.clear()
    image.ensure(RECIPE)
    assert engine.asked == ["labels ringproof-asterisk:22"]


def test_a_changed_file_rebuilds_and_a_changed_word_does_not(engine: FakeEngine, folder: Path) -> None:
    """The label is a hash of what goes into the image."""
    image.ensure(RECIPE)
    first = engine.identity("ringproof-asterisk:22")
    engine.asked.clear()
    (folder / "README.md").write_text("other words\n")
    image.ensure(RECIPE)
    assert "build ringproof-asterisk:22" not in engine.asked
    (folder / "clock" / "clock.c").write_text("int speed;\n")
    (folder / "Dockerfile").write_text("FROM ${BASE}\nRUN true\n")
    image.ensure(RECIPE)
    assert "build ringproof-asterisk:22" in engine.asked
    assert engine.discarded == [first]


def test_the_hash_knows_names_and_base(folder: Path) -> None:
    """Renaming a file, another release or another version is another image; a folder below is a part of its own.

    What is mounted is no part of any.
    """
    library = image.Recipe("bullseye", "bullseye", folder="asterisk-image/clock")
    recipes = (RECIPE, image.Recipe("16", "bullseye"), library)
    hashes = {image.content_hash(recipe) for recipe in recipes}
    (folder / "clock" / "clock.c").rename(folder / "clock" / "page.c")
    assert image.content_hash(RECIPE) in hashes
    hashes.add(image.content_hash(library))
    (folder / "cleaning").write_text("#!/bin/bash\n")
    hashes.add(image.content_hash(RECIPE))
    assert len(hashes) == 5
    (folder / "init").write_text("#!/bin/bash\n")
    assert image.content_hash(RECIPE) in hashes


def test_a_part_beside_another_is_a_folder_of_its_own(folder: Path) -> None:
    """In the context; and what it holds is in the hash, too."""
    (folder / "seal").mkdir()
    (folder / "seal" / "seal.c").write_text("int closed;\n")
    (folder / "clock" / "Dockerfile").write_text("FROM ${BASE}\n")
    recipe = image.Recipe("bullseye", "bullseye", folder="asterisk-image/clock", beside=("asterisk-image/seal",))
    with tarfile.open(fileobj=io.BytesIO(image.context(recipe, HOST))) as tar:
        names = [name for name in tar.getnames() if not name.startswith("apt/")]
    assert names == ["Dockerfile", "clock.c", "seal/seal.c"]
    before = image.content_hash(recipe)
    (folder / "seal" / "seal.c").write_text("int open;\n")
    assert image.content_hash(recipe) != before


def test_without_a_registry_the_base_is_made_from_packages(engine: FakeEngine) -> None:
    """One attempt to pull, then mmdebstrap; the build gets base, version and proxy."""
    engine.images.clear()
    image.ensure(RECIPE)
    assert engine.asked[-3:] == [
        "pull debian:forky-slim within 5 s",
        "import b'root' as ringproof-base:forky",
        "build ringproof-asterisk:22",
    ]
    assert engine.built == {"BASE": "ringproof-base:forky", "ASTERISK": "22", "http_proxy": "http://proxy:1"}


def test_where_mmdebstrap_cannot_be_installed_there_is_another_way(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    """A machine without a network has no use for apt's commands."""
    engine.images.clear()
    monkeypatch.setattr(base, "find", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/apt-get")
    with pytest.raises(SetupError) as failed:
        image.ensure(RECIPE)
    golden("setup/image-no-mmdebstrap.txt", f"{failed.value}\n")


def test_with_a_registry_the_base_is_pulled(engine: FakeEngine) -> None:
    """Nothing is made that can be had."""
    engine.images.clear()
    engine.registry = None
    image.ensure(RECIPE)
    assert engine.built["BASE"] == "debian:forky-slim"


def test_what_a_build_in_stages_leaves_is_removed(engine: FakeEngine) -> None:
    """A gigabyte with a compiler; what another build is about to copy from stays."""
    assert image.ensure(image.PHONES) == "ringproof-phones:2"
    assert engine.built["BUILD"] == engine.left["this build"]
    assert "ASTERISK" not in engine.built
    assert engine.discarded == ["this build"]


def test_the_phones_have_a_folder_of_their_own(folder: Path) -> None:
    """What changes in it changes their image, and no PBX's."""
    before = image.content_hash(RECIPE), image.content_hash(image.PHONES)
    (folder.parent / "phones-image" / "config_site.h").write_text("#define PJSUA_MAX_CALLS 8\n")
    assert image.content_hash(RECIPE) == before[0]
    assert image.content_hash(image.PHONES) != before[1]


def test_a_failed_build_shows_its_last_words(
    engine: FakeEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
) -> None:
    """And leaves no image that would pass for one."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    refusal = EngineError(500, "The command '/bin/sh -c set -eu;     apt-get update' returned a non-zero code: 100")
    engine.words = ["Step 4 : RUN apt-get update\n", "E: no such package\n", refusal]
    with pytest.raises(SetupError) as failed:
        image.ensure(RECIPE)
    (log,) = tmp_path.glob("ringproof-asterisk-*.log")
    golden("setup/image-build-failed.txt", f"{failed.value}\n".replace(str(log), "LOG"))
    assert "ringproof-asterisk:22" not in engine.images


def test_a_build_without_a_mirror_says_how_images_get_here(
    engine: FakeEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
) -> None:
    """Mending the build is no help to whoever has no network; apt's last words do not say that it has none."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    engine.words = [
        "W: Failed to fetch http://deb.debian.org/debian/dists/forky/InRelease  Temporary failure resolving 'deb...'\n",
        "\x1b[91mE: \x1b[0m\x1b[91mUnable to locate package gcc\n\x1b[0m",
        EngineError(500, "The command '/bin/sh -c set -eu' returned a non-zero code: 100"),
    ]
    with pytest.raises(SetupError) as failed:
        image.ensure(image.PHONES)
    (log,) = tmp_path.glob("ringproof-phones-*.log")
    golden("setup/image-no-mirror.txt", f"{failed.value}\n".replace(str(log), "LOG"))


def test_an_unknown_version_is_refused(engine: FakeEngine, golden: Callable[[str, str], None]) -> None:
    """Before anything is asked."""
    with pytest.raises(SetupError) as refused:
        image.recipe_of("11")
    golden("setup/image-unknown-version.txt", f"{refused.value}\n")
    assert engine.asked == []


def test_no_engine_is_told(monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]) -> None:
    """The image step alone starts none."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(SetupError) as refused:
        image.ensure(RECIPE)
    golden("setup/image-no-engine.txt", f"{refused.value}\n")


@pytest.mark.usefixtures("folder")
def test_the_context_carries_the_hosts_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Mirror, policy and, where the mirror is https, the certificates; the files as they are."""
    bundle = tmp_path / "ca.crt"
    bundle.write_text("CERTIFICATE\n")
    monkeypatch.setattr(apt, "CA_BUNDLE", bundle)
    with tarfile.open(fileobj=io.BytesIO(image.context(RECIPE, HOST))) as tar:
        files = {entry.name: tar.extractfile(entry).read().decode() for entry in tar}  # type: ignore[union-attr]
    assert files == {
        "Dockerfile": "FROM ${BASE}\n",
        "apt/host.conf": 'Acquire::Check-Date "false";\nAcquire::https::CaInfo "/tmp/apt/host.crt";\n',
        "apt/host.list": "deb https://mirror.example/debian forky main\n",
        "apt/host.crt": "CERTIFICATE\n",
    }


def test_a_broken_mmdebstrap_gives_no_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    """Half a root file system is never the end of the stream."""
    program = tmp_path / "mmdebstrap"
    program.write_text("#!/bin/sh\necho half; echo 'E: Release file is expired' >&2; exit 25\n")
    program.chmod(0o755)
    monkeypatch.setattr(base, "find", lambda _: str(program))
    log = tmp_path / "log"
    chunks = base.root_file_system("forky", HOST, log)
    assert next(chunks) == b"half\n"
    with pytest.raises(SetupError) as failed:
        next(chunks)
    golden("setup/image-no-base.txt", f"{failed.value}\n".replace(str(log), "LOG"))
    program.write_text("#!/bin/sh\necho 'E: Could not connect to proxy:3128 (10.0.0.1)' >&2; exit 25\n")
    with pytest.raises(SetupError) as failed:
        next(base.root_file_system("forky", HOST, log))
    golden("setup/image-no-base-no-mirror.txt", f"{failed.value}\n".replace(str(log), "LOG"))


def test_the_image_folder_travels_in_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed Ringproof builds the same images as a checkout, and has the clock's library where it was made."""
    checkout = Path(image.__file__).parents[3]
    (wheel,) = WheelBuilder(str(checkout)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")  # noqa: S202 (packed a moment ago)
    installed = tmp_path / "site" / "ringproof" / "_data"
    for made in (library.LIBRARY, library.SEAL, library.MADE_FROM):
        place = tmp_path / "site" / "ringproof" / made.relative_to(library.PACKAGE)
        assert place.read_bytes() == made.read_bytes()
    with zipfile.ZipFile(wheel) as packed:
        assert packed.getinfo(f"ringproof/containers/{library.SEAL.name}").external_attr >> 16 & 0o111, (
            "no program any more"
        )
    recipes = (RECIPE, library.BUILDER, image.PHONES)
    made_here = [image.content_hash(recipe) for recipe in recipes]
    monkeypatch.setattr(image, "image_dir", lambda name="asterisk-image": installed / name)
    assert [image.content_hash(recipe) for recipe in recipes] == made_here
