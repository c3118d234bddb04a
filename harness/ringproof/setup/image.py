"""Build the images that calls need, on any base: those of PBXs, mainly `ringproof-asterisk:22`, and of the phones."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import secrets
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringproof.setup import apt, base
from ringproof.setup.dockerapi import Engine, EngineError
from ringproof.setup.engine import NO_ENGINE
from ringproof.setup.offline import OFFLINE, no_mirror_in
from ringproof.setup.output import SetupError, step, tail

REPOSITORY = "ringproof-asterisk"
FOLDER = "asterisk-image"
DEFAULT_VERSION = "22"

RELEASES = {"22": "forky", "16": "bullseye"}
"""The Debian release that has each major version of Asterisk."""

NOT_BUILT_IN = frozenset({"init"})
"""Files of asterisk-image/ that are mounted into every container instead, also of images that users bring."""

HASH_LABEL = "ringproof.image.hash"
BUILDER_LABEL = "ringproof.image.builder"
"""The label on the image that a build with several stages leaves behind; its value identifies the build."""
_COLOUR = re.compile(r"\x1b\[\d*m")
"""The builder writes a command's stderr in colour."""
_COMMAND = re.compile(r"The command '.*' returned a non-zero code: (\d+)", re.DOTALL)


@dataclass(frozen=True)
class Recipe:
    """What an image is made of: a version, the Debian release that has it, folders of the repository."""

    version: str
    release: str
    repository: str = REPOSITORY
    folder: str = FOLDER
    """The folder with the Dockerfile: asterisk-image, asterisk-image/clock, phones-image. Subfolders do not count."""
    beside: tuple[str, ...] = ()
    """Further folders in the build context, each under the last part of its path."""
    leaves_builder: bool = False
    """Its Dockerfile has a stage that compiles, labelled BUILDER_LABEL, which is not needed afterwards."""

    @property
    def name(self) -> str:
        """The image's name."""
        return f"{self.repository}:{self.version}"


PHONES = Recipe("2", "forky", "ringproof-phones", "phones-image", leaves_builder=True)
"""pjproject's major version, and the release of Debian whose source package of Asterisk carries it."""


def image_dir(name: str = FOLDER) -> Path:
    """Return a folder that images are made of: from the wheel, else from the checkout. Raises SetupError for none."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "_data" / name, package.parents[1] / name):
        if place.is_dir():
            return place
    raise SetupError(f"{name}/ is missing: this installation of Ringproof is not complete, install it again.")


def recipe_of(version: str) -> Recipe:
    """Return the recipe of the image of this Asterisk version. Raises SetupError where there is none."""
    if version not in RELEASES:
        known = ", ".join(RELEASES)
        raise SetupError(f"There is no recipe for Asterisk {version}, only for {known}: name an image of your own.")
    return Recipe(version, RELEASES[version])


def ensure(recipe: Recipe) -> str:
    """Ensure that the engine has this image, made of the present content of its folder; return its name.

    Raises:
        SetupError: no engine answers, no base can be had, or the build failed.

    """
    engine = Engine.of_environment()
    wanted = content_hash(recipe)
    if labelled(engine, recipe, wanted):
        return recipe.name
    with one_at_a_time(recipe):
        if not labelled(engine, recipe, wanted):
            build(engine, recipe, wanted)
    return recipe.name


def labelled(engine: Engine, recipe: Recipe, wanted: str) -> bool:
    """Return whether the engine's image has the wanted hash, by one request. Raises SetupError for no engine."""
    try:
        labels = engine.labels(recipe.name)
    except OSError as error:
        raise SetupError(
            f"{NO_ENGINE} at {engine.address} ({error.strerror or error}): `make engine` starts one."
        ) from error
    return labels is not None and labels.get(HASH_LABEL) == wanted


@contextmanager
def one_at_a_time(recipe: Recipe) -> Iterator[None]:
    """Make a second build of an image wait for the first; the lock ends with the process."""
    descriptor = os.open(image_dir(recipe.folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def content_hash(recipe: Recipe) -> str:
    """Return the hash of what an image is made of: version, Debian release, and the files except documentation."""
    digest = hashlib.sha256(f"{recipe.version}\0{recipe.release}\0".encode())
    for name, content in files_of(recipe).items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def files_of(recipe: Recipe) -> dict[str, bytes]:
    """Return the files of the build context, sorted by name; documentation and NOT_BUILT_IN are left out."""
    files = {}
    for prefix, folder in (("", recipe.folder), *((f"{Path(each).name}/", each) for each in recipe.beside)):
        for path in image_dir(folder).iterdir():
            if path.is_file() and path.suffix != ".md" and path.name not in NOT_BUILT_IN:
                files[f"{prefix}{path.name}"] = path.read_bytes()
    return dict(sorted(files.items()))


def build(engine: Engine, recipe: Recipe, wanted: str) -> None:
    """Build the image on the base that can be had; remove the image that it replaces and what the build leaves."""
    on = base.ensure(engine, recipe.release)
    superseded = engine.identity(recipe.name)
    host = apt.host_apt()
    number = secrets.token_hex(8)
    log = Path(tempfile.gettempdir()) / f"{recipe.repository}-{recipe.version}-{os.getuid()}.log"
    with step(f"building {recipe.name} on {on}"), log.open("w") as output:
        said = engine.build(
            context(recipe, host),
            tag=recipe.name,
            labels={HASH_LABEL: wanted, base.LABEL: on},
            build_args={
                "BASE": on,
                **({"ASTERISK": recipe.version} if recipe.repository == REPOSITORY else {}),
                **({"BUILD": number} if recipe.leaves_builder else {}),
                **{f"{scheme}_proxy": proxy for scheme, proxy in host.proxies.items()},
            },
        )
        try:
            for text in said:
                output.write(_COLOUR.sub("", text))
        except (EngineError, OSError) as error:
            output.flush()
            raise _failed(recipe, error, log) from error
    if superseded is not None and superseded != engine.identity(recipe.name):
        engine.discard(superseded)
    if recipe.leaves_builder:
        for left in engine.with_label(BUILDER_LABEL, number):
            engine.discard(left)


def _failed(recipe: Recipe, error: EngineError | OSError, log: Path) -> SetupError:
    """Return the error of a failed build, without the Dockerfile's command, which can fill a page."""
    why = _COMMAND.sub(r"a command returned \1", str(error))
    todo = OFFLINE if no_mirror_in(log) else "mend what the build says below, then run this again."
    return SetupError(f"{recipe.name} could not be built ({why}): {todo}", f"{tail(log)}\n(all of it: {log})")


def context(recipe: Recipe, host: apt.HostApt) -> bytes:
    """Return the build context as a tar: the recipe's files, and the settings of the host's apt under apt/."""
    files = files_of(recipe)
    policy = host.policy
    if host.needs_certificates:
        files["apt/host.crt"] = apt.CA_BUNDLE.read_bytes()
        policy += 'Acquire::https::CaInfo "/tmp/apt/host.crt";\n'
    files["apt/host.conf"] = policy.encode()
    files["apt/host.list"] = f"deb {host.mirror} {recipe.release} main\n".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
