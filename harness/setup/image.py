"""The images, above all `ringproof-asterisk:22`: built from asterisk-image/ on a base that needs no registry."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.setup import apt
from harness.setup.dockerapi import Engine, EngineError
from harness.setup.engine import NO_ENGINE, find
from harness.setup.telling import SetupError, say, step, tail

REPOSITORY = "ringproof-asterisk"
BASE_REPOSITORY = "ringproof-base"
DEFAULT_VERSION = "22"
PULL_SECONDS = 5.0
CHUNK_BYTES = 1 << 20

RELEASES = {"22": "forky", "16": "bullseye"}
"""Which release of Debian has which major version of Asterisk."""

NOT_BUILT_IN = frozenset({"init"})
"""Of asterisk-image/: what is mounted into every container, those of other people's images included."""

HASH_LABEL = "ringproof.image.hash"
BASE_LABEL = "ringproof.image.base"


@dataclass(frozen=True)
class Recipe:
    """What an image is made of: an Asterisk version, the Debian release that has it, a part of asterisk-image/."""

    version: str
    release: str
    repository: str = REPOSITORY
    part: str = "."
    beside: tuple[str, ...] = ()
    """Further parts that are copied into it, each a folder of its own in the build context."""

    @property
    def name(self) -> str:
        """The image's name."""
        return f"{self.repository}:{self.version}"

    @property
    def public_base(self) -> tuple[str, str]:
        """Repository and tag of the base that a registry has."""
        return "debian", f"{self.release}-slim"

    @property
    def own_base(self) -> str:
        """The name of the base that is made from Debian's packages here."""
        return f"{BASE_REPOSITORY}:{self.release}"


def image_dir() -> Path:
    """Return asterisk-image/: of the checkout, else the one that came in the wheel."""
    package = Path(__file__).resolve().parents[1]
    for place in (package.parent / "asterisk-image", package / "_data" / "asterisk-image"):
        if (place / "Dockerfile").is_file():
            return place
    raise SetupError("asterisk-image/ is missing: this installation of Ringproof is not complete, install it again.")


def recipe_of(version: str) -> Recipe:
    """Return what the image of this Asterisk is made of. Raises SetupError where nobody knows."""
    if version not in RELEASES:
        known = ", ".join(RELEASES)
        raise SetupError(f"There is no recipe for Asterisk {version}, only for {known}: name an image of your own.")
    return Recipe(version, RELEASES[version])


def ensure(recipe: Recipe) -> str:
    """See to it that the engine has this image, made from what asterisk-image/ is now; return its name.

    Raises:
        SetupError: no engine answers, no base can be had, or the build failed.

    """
    engine = Engine.of_environment()
    wanted = content_hash(recipe)
    if labelled(engine, recipe, wanted):
        return recipe.name
    with one_at_a_time():
        if not labelled(engine, recipe, wanted):
            build(engine, recipe, wanted)
    return recipe.name


def labelled(engine: Engine, recipe: Recipe, wanted: str) -> bool:
    """Say whether the engine's image is the one wanted: one question to the engine."""
    try:
        labels = engine.labels(recipe.name)
    except OSError as error:
        raise SetupError(
            f"{NO_ENGINE} at {engine.address} ({error.strerror or error}): `make engine` starts one."
        ) from error
    return labels is not None and labels.get(HASH_LABEL) == wanted


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Make a second build wait for the first; the lock is gone with the process."""
    descriptor = os.open(image_dir(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def content_hash(recipe: Recipe) -> str:
    """Return the hash of what an image is made of: base, version, and the files but for their documentation."""
    digest = hashlib.sha256(f"{recipe.version}\0{recipe.release}\0".encode())
    for name, content in files_of(recipe).items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def files_of(recipe: Recipe) -> dict[str, bytes]:
    """Return the files that matter to the build, sorted by their names in its context."""
    files = {}
    for part, folder in (
        ("", image_dir() / recipe.part),
        *((f"{part}/", image_dir() / part) for part in recipe.beside),
    ):
        for path in folder.iterdir():  # a folder below is a part of its own
            if path.is_file() and path.suffix != ".md" and path.name not in NOT_BUILT_IN:
                files[f"{part}{path.name}"] = path.read_bytes()
    return dict(sorted(files.items()))


def build(engine: Engine, recipe: Recipe, wanted: str) -> None:
    """Build the image on whatever base can be had."""
    base = base_for(engine, recipe)
    superseded = engine.identity(recipe.name)
    host = apt.host_apt()
    log = Path(tempfile.gettempdir()) / f"{recipe.repository}-{recipe.version}-{os.getuid()}.log"
    with step(f"building {recipe.name} on {base}"), log.open("w") as output:
        said = engine.build(
            context(recipe, host),
            tag=recipe.name,
            labels={HASH_LABEL: wanted, BASE_LABEL: base},
            build_args={
                "BASE": base,
                **({"ASTERISK": recipe.version} if recipe.repository == REPOSITORY else {}),
                **{f"{scheme}_proxy": proxy for scheme, proxy in host.proxies.items()},
            },
        )
        try:
            for text in said:
                output.write(text)
        except (EngineError, OSError) as error:
            output.flush()
            raise SetupError(
                f"{recipe.name} could not be built ({error}): mend what the build says below, then run this again.",
                f"{tail(log)}\n(all of it: {log})",
            ) from error
    if superseded is not None and superseded != engine.identity(recipe.name):
        engine.discard(superseded)


def context(recipe: Recipe, host: apt.HostApt) -> bytes:
    """Return the build context as a tar: the files of its parts, and under apt/ what the host's apt is set to."""
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


def base_for(engine: Engine, recipe: Recipe) -> str:
    """Return the name of a base: one the engine has, else one that is pulled, else one made from packages."""
    repository, tag = recipe.public_base
    public = f"{repository}:{tag}"
    for name in (recipe.own_base, public):
        if engine.labels(name) is not None:
            return name
    say(f"asking the registry for {public}, {PULL_SECONDS:.0f} s at most")
    try:
        engine.pull(repository, tag, silence_seconds=PULL_SECONDS)
    except (OSError, EngineError):
        say("no registry answers, and none is needed: Debian's packages make the base")
        make_base(engine, recipe)
        return recipe.own_base
    return public


def make_base(engine: Engine, recipe: Recipe) -> None:
    """Make a minimal root file system with mmdebstrap, as the host's apt would, and hand it to the engine."""
    if find("mmdebstrap") is None:
        apt.install(["mmdebstrap"], "No container registry is reachable, and a base needs mmdebstrap")
    host = apt.host_apt()
    log = Path(tempfile.gettempdir()) / f"ringproof-base-{recipe.release}-{os.getuid()}.log"
    with step(f"making {recipe.own_base} with mmdebstrap from {host.mirror}"):
        try:
            engine.import_image(
                root_file_system(recipe, host, log),
                repository=BASE_REPOSITORY,
                tag=recipe.release,
                labels={BASE_LABEL: f"mmdebstrap {recipe.release}"},
            )
        except (EngineError, OSError) as error:
            raise SetupError(f"The engine did not take the base ({error}): look into its log.") from error


def root_file_system(recipe: Recipe, host: apt.HostApt, log: Path) -> Iterator[bytes]:
    """Run mmdebstrap and yield the tar it writes.

    Raises:
        SetupError: it failed; whoever takes the tar gets no end of it then, and so nothing half-made.

    """
    keyring = f"[signed-by={apt.KEYRING}] " if apt.KEYRING.exists() else ""
    command = [find("mmdebstrap") or "mmdebstrap", "--variant=minbase", "--format=tar", "--quiet"]
    command += [f"--aptopt={line.removesuffix(';')}" for line in host.policy.splitlines()]
    command += [f"--dpkgopt=path-exclude=/usr/share/{what}/*" for what in ("man", "doc", "locale", "info")]
    command += [
        # what the host is set to is not the image's
        '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap',
        recipe.release,
        "-",
        f"deb {keyring}{host.mirror} {recipe.release} main",
    ]
    env = {**os.environ, **{f"{scheme}_proxy": proxy for scheme, proxy in host.proxies.items()}}
    with log.open("wb") as words:
        making = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, env=env, cwd="/"
        )
        with making:
            assert making.stdout is not None  # noqa: S101 (a pipe was asked for)
            try:
                while chunk := making.stdout.read(CHUNK_BYTES):
                    yield chunk
            except BaseException:  # whoever takes the tar gave up: it is of no use any more
                making.terminate()
                raise
    if making.returncode != 0:
        raise SetupError(
            f"mmdebstrap could not make a base of {recipe.release} from {host.mirror}: mend what it says below, "
            "then run this again.",
            f"{tail(log)}\n(all of it: {log})",
        )
