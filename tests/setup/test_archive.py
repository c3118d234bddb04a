"""Images in one file: what is in it, what is refused, and that nothing half-done is left, here or in the engine."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from ringproof import __version__
from ringproof.setup import archive, image, library, loading, saving
from ringproof.setup.archive import ArchiveError
from ringproof.setup.dockerapi import Engine, EngineError
from ringproof.setup.output import SetupError

Golden = Callable[[str, str], None]
PBX, PHONES = "ringproof-asterisk:22", "ringproof-phones:2"
SEAL, CLOCK = b"seal", b"clock of this machine"


class FakeEngine:
    """An engine with images that are a hash each, in an archive as an engine's is."""

    def __init__(self, **images: str) -> None:
        self.images = dict(images)
        """Their hashes, by name; of those without one, by id."""
        self.processor = "amd64"
        self.ends: bytes | Exception | None = None
        """With which its archive ends early."""
        self.fails: BaseException | None = None
        """After the first image that it takes."""
        self.takes = 9

    def architecture(self) -> str:
        return self.processor

    def labels(self, name: str) -> dict[str, str] | None:
        return {image.HASH_LABEL: self.images[name]} if name in self.images else None

    def identity(self, name: str) -> str | None:
        return f"id of {self.images[name]}" if name in self.images else None

    def discard(self, name: str) -> None:
        if not name.startswith("id of "):
            del self.images[name]

    def name(self, identity: str, repository: str, tag: str) -> None:
        self.images[f"{repository}:{tag}"] = identity.removeprefix("id of ")

    def archive(self, names: Iterable[str]) -> Iterator[bytes]:
        given = engines_archive({name: self.images[name] for name in names})
        yield given[:2048]
        if isinstance(self.ends, Exception):
            raise self.ends
        yield given[2048:] if self.ends is None else self.ends

    def load(self, chunks: Iterable[bytes]) -> None:
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            for each in json.load(tar.extractfile("manifest.json") or io.BytesIO())[: self.takes]:
                self.images[each["RepoTags"][0]] = each["Config"].removesuffix(".json")
                if self.fails is not None:
                    raise self.fails


def engines_archive(images: Mapping[str, str]) -> bytes:
    """Return what an engine makes of images: layers and configurations, and its table of contents last."""
    files = {"layer.tar": bytes(1 << 16)}
    files |= {f"{made_from}.json": b"{}" for made_from in images.values()}
    index = [{"Config": f"{of}.json", "RepoTags": [name], "Layers": ["layer.tar"]} for name, of in images.items()]
    return packed({**files, archive.INDEX: json.dumps(index).encode()})


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a tar."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return into.getvalue()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Ringproof whose clock and seal are somebody's, and whose images are made of what is named so."""
    place = tmp_path / "here"
    place.mkdir()
    for name, file in (("LIBRARY", "ringproof-clock.so"), ("SEAL", "ringproof-seal"), ("MADE_FROM", "made-from")):
        monkeypatch.setattr(library, name, place / file)
    monkeypatch.setattr(image, "content_hash", lambda recipe: f"sources-of-{recipe.repository}")
    library.keep({"ringproof-clock.so": CLOCK, "ringproof-seal": SEAL}, "sources-of-ringproof-clock-build")
    return place


def sources(*names: str) -> dict[str, str]:
    """Return the hashes of images that are made of what is here."""
    return {name: f"sources-of-{name.partition(':')[0]}" for name in names}


@pytest.fixture
def file(here: Path, tmp_path: Path) -> Path:
    """A file that was saved here."""
    assert here.is_dir()
    place = tmp_path / "images.tar"
    saving.save(engine_with(PBX, PHONES), [PBX, PHONES], place)
    return place


def engine_with(*names: str) -> Engine:
    """Return an engine that has images that are made of what is here."""
    return FakeEngine(**sources(*names))  # type: ignore[return-value]  # it has what is asked for here


def test_what_is_saved_is_loaded(here: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Images and what is compiled; of a whole engine without a word of network."""
    for each in here.iterdir():
        each.unlink()
    engine = FakeEngine()
    capsys.readouterr()
    assert loading.load(engine, file) == [PBX, PHONES]  # type: ignore[arg-type]
    assert engine.images == sources(PBX, PHONES)
    assert (library.LIBRARY.read_bytes(), library.SEAL.read_bytes()) == (CLOCK, SEAL)
    assert os.access(library.SEAL, os.X_OK)
    assert library.ensure() == library.LIBRARY, "it would be compiled anew"
    said = capsys.readouterr().out.replace(str(file), "FILE")
    assert said.startswith("setup: loading images and what is compiled from FILE: done in ", said.index("\n") + 1)


def test_what_is_saved_is_told(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line at its beginning and its end, then how large it is and what to do; nothing else is left there."""
    assert here.is_dir()
    place = tmp_path / "to" / "images.tar"
    place.parent.mkdir()
    saving.save(engine_with(PBX), [PBX], place)
    first, second, third = capsys.readouterr().out.replace(str(place), "FILE").splitlines()
    assert first == f"setup: saving {PBX} and what is compiled to FILE ..."
    assert second.startswith(f"setup: saving {PBX} and what is compiled to FILE: done in ")
    assert third == "setup: FILE has 0 MB; there, `ringproof image --load images.tar` takes it"
    assert list(place.parent.iterdir()) == [place]


def test_what_it_replaces_is_removed(file: Path) -> None:
    """As a build does."""
    engine = FakeEngine(**{PBX: "older"})
    discarded: list[str] = []
    engine.discard = discarded.append  # type: ignore[method-assign, assignment]
    loading.load(engine, file)  # type: ignore[arg-type]
    assert discarded == ["id of older"]


def refused(file: Path, engine: FakeEngine | None = None) -> str:
    """Return what is said of a file that is not loaded, its folder left out; the engine stays as it was."""
    engine = engine or FakeEngine(**{PBX: "older"})
    before = dict(engine.images)
    with pytest.raises(SetupError) as fault:
        loading.load(engine, file)  # type: ignore[arg-type]
    assert engine.images == before
    return f"{fault.value}\n".replace(f"{file.parent}/", "")


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("absent", Path.unlink),
        ("folder", lambda file: (file.unlink(), file.mkdir())),
        ("no-tar", lambda file: file.write_bytes(b"no tar at all\n" * 999)),
        ("empty", lambda file: file.write_bytes(b"")),
        ("another-tar", lambda file: file.write_bytes(packed({"README": b"words"}))),
        ("engines-own", lambda file: file.write_bytes(engines_archive(sources(PBX)))),
        ("cut", lambda file: os.truncate(file, file.stat().st_size // 2)),
        ("cut-in-ours", lambda file: os.truncate(file, 600)),
        ("another-kind", lambda file: file.write_bytes(packed({archive.CONTENTS: b'{"images": []}'}))),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_is_no_such_file_is_refused(
    name: str, spoil: Callable[[Path], object], file: Path, golden: Golden
) -> None:
    """As a wrong argument, in a sentence, before the engine is asked anything."""
    spoil(file)
    with pytest.raises(ArchiveError) as fault:
        loading.require_fitting(file)
    golden(f"setup/load-{name}.txt", f"{fault.value}\n".replace(f"{file.parent}/", ""))
    assert refused(file) == f"{fault.value}\n".replace(f"{file.parent}/", "")


@pytest.mark.usefixtures("here")
def test_one_that_was_cut_between_two_parts_is_refused(file: Path, golden: Golden) -> None:
    """A tar without its end mark is a tar; an engine would take what there is."""
    with tarfile.open(file) as tar:
        parts = list(tar)
    for part in parts[4:]:
        whole = file.read_bytes()
        os.truncate(file, part.offset)
        said = refused(file)
        assert said.startswith("images.tar is not whole ("), part.name
        file.write_bytes(whole)
    os.truncate(file, parts[-1].offset)
    golden("setup/load-cut-between.txt", refused(file))


@pytest.mark.usefixtures("here")
def test_a_part_that_is_missing_is_named(file: Path, golden: Golden) -> None:
    """The engine's own table of contents has it."""
    with tarfile.open(file) as tar:
        files = {
            entry.name: (tar.extractfile(entry) or io.BytesIO()).read() for entry in tar if entry.name != "layer.tar"
        }
    file.write_bytes(packed(files))
    golden("setup/load-part-missing.txt", refused(file))


def test_one_of_other_sources_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    """`make image` would build them anew at once, for which there is no network."""
    monkeypatch.setattr(loading, "__version__", "9.8.7")
    monkeypatch.setattr(image, "content_hash", lambda recipe: f"sources-of-{recipe.repository.replace('phones', 'x')}")
    golden("setup/load-other-phones.txt", refused(file).replace(f"Ringproof {__version__},", "Ringproof 1.2.3,"))
    monkeypatch.setattr(image, "content_hash", lambda _: "other sources")
    golden("setup/load-other-all.txt", refused(file).replace(f"Ringproof {__version__},", "Ringproof 1.2.3,"))


def test_one_of_another_processor_is_refused(file: Path, golden: Golden) -> None:
    """An engine takes it, and nothing in it would run."""
    engine = FakeEngine()
    engine.processor = "arm64"
    golden("setup/load-processor.txt", refused(file, engine))


@pytest.mark.parametrize("there", [{}, {PBX: "older"}, {PBX: "older", PHONES: "older, too"}])
def test_an_engine_that_fails_half_way_keeps_nothing(there: dict[str, str], file: Path, golden: Golden) -> None:
    """Not the first image, which is whole; and what was there before has its name again."""
    engine = FakeEngine(**there)
    engine.fails = EngineError(500, "write /layer.tar: no space left on device")
    golden("setup/load-disk-full.txt", refused(file, engine))


def test_an_engine_that_takes_it_and_has_it_not_is_told(file: Path, golden: Golden) -> None:
    """What was loaded is looked at."""
    engine = FakeEngine()
    engine.takes = 1
    golden("setup/load-not-there.txt", refused(file, engine))


def test_ctrl_c_keeps_nothing(file: Path) -> None:
    """Neither."""
    engine = FakeEngine(**{PBX: "older"})
    engine.fails = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        loading.load(engine, file)  # type: ignore[arg-type]
    assert engine.images == {PBX: "older"}


def test_where_what_is_compiled_cannot_be_kept_nothing_is(
    file: Path, here: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    """Images without their clock would be played at speed 1, in silence."""
    monkeypatch.setattr(library, "SEAL", here / "no such folder" / "ringproof-seal")
    golden("setup/load-not-kept.txt", refused(file).replace(f"{here}/", ""))


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        (
            "engine-disk-full",
            b'{"errorDetail":{"message":"write /tmp/x: no space left on device"},"error":"write"}\r\n',
        ),
        ("engine-ends-early", b""),
        ("engine-breaks-off", ConnectionResetError(104, "Connection reset by peer")),
        ("image-gone", EngineError(404, "reference does not exist")),
    ],
)
@pytest.mark.usefixtures("here")
def test_an_engine_that_gives_no_whole_archive_is_told(
    name: str, ends: bytes | Exception, tmp_path: Path, golden: Golden
) -> None:
    """By then it has answered that all is well; a file that was there before is still there."""
    engine = FakeEngine(**sources(PBX, PHONES))
    engine.ends = ends
    place = tmp_path / "images.tar"
    place.write_bytes(b"saved yesterday")
    with pytest.raises(SetupError) as fault:
        saving.save(engine, [PBX, PHONES], place)  # type: ignore[arg-type]
    golden(f"setup/save-{name}.txt", f"{fault.value}\n")
    assert not isinstance(fault.value, ArchiveError)
    assert [each for each in tmp_path.iterdir() if each.is_file()] == [place]
    assert place.read_bytes() == b"saved yesterday"


def test_where_no_file_can_be_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    """Before images are built."""
    said = []
    for place in (tmp_path, tmp_path / "none" / "images.tar"):
        with pytest.raises(ArchiveError) as fault:
            saving.require_place(place)
        said.append(f"{fault.value}\n".replace(str(tmp_path), "FOLDER"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ArchiveError) as fault:
        saving.require_place(tmp_path / "images.tar")
    golden("setup/save-no-place.txt", "".join([*said, f"{fault.value}\n".replace(str(tmp_path), "FOLDER")]))
    monkeypatch.undo()
    saving.require_place(tmp_path / "images.tar")


@pytest.mark.pbx
def test_a_full_disk_leaves_nothing(tmp_path: Path, golden: Golden) -> None:
    """A real one of 1 MB: the folder is as empty as before."""
    assert os.geteuid() == 0, "mounting a small disk for one command needs root"
    program = "import sys; sys.argv[0] = 'ringproof'; from ringproof.cli import main; main()"
    save = f'{sys.executable} -c "{program}" image --save {tmp_path}/images.tar'
    look = f'code=$?; ls -A {tmp_path}; exit "$code"'
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs -o size=1m none {tmp_path} && {{ {save}; {look}; }}"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout.splitlines()[-1].endswith("images.tar ..."), "there is a file"
    golden("setup/save-disk-full.txt", ended.stderr.splitlines()[-1].replace(f"{tmp_path}/", "") + "\n")


@pytest.mark.pbx
def test_a_small_image_goes_out_of_an_engine_and_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    """A real engine: two images with the labels that make them fresh, of which it has none in between."""
    assert here.is_dir()
    number = os.getpid()
    recipes = [image.Recipe(f"{number}", "forky", f"ringproof-archive-test-{each}") for each in ("a", "b")]
    monkeypatch.setattr(image, "RELEASES", {recipes[0].version: "forky"})
    monkeypatch.setattr(image, "recipe_of", lambda _: recipes[0])
    monkeypatch.setattr(image, "PHONES", recipes[1])
    names = [recipe.name for recipe in recipes]
    engine = Engine.of_environment()
    try:
        for recipe in recipes:
            engine.import_image(
                iter([packed({recipe.repository: b"content"})]),
                repository=recipe.repository,
                tag=recipe.version,
                labels={image.HASH_LABEL: image.content_hash(recipe)},
            )
        before = [engine.identity(name) for name in names]
        saving.save(engine, names, tmp_path / "images.tar")
        for name in names:
            engine.discard(name)
        assert [engine.labels(name) for name in names] == [None, None]
        assert loading.load(engine, tmp_path / "images.tar") == names
        assert [engine.identity(name) for name in names] == before
        assert image.ensure(recipes[0]) == names[0], "it would be built anew"
        assert engine.file_of(names[1], "/ringproof-archive-test-b") == b"content"
    finally:
        for name in names:
            engine.discard(name)
