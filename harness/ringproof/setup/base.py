"""Provide the base of an image: one the engine has, else one that is pulled, else one made of Debian's packages."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ringproof.setup import apt
from ringproof.setup.dockerapi import Engine, EngineError
from ringproof.setup.engine import find
from ringproof.setup.offline import ELSEWHERE, OFFLINE, no_mirror_in
from ringproof.setup.output import SetupError, say, step, tail

REPOSITORY = "ringproof-base"
LABEL = "ringproof.image.base"
PULL_SECONDS = 5.0
CHUNK_BYTES = 1 << 20


def ensure(engine: Engine, release: str) -> str:
    """Return the name of a base image of this Debian release; pull or make it where the engine has none.

    Raises:
        SetupError: the engine has none, and none can be pulled or made.

    """
    own, public = f"{REPOSITORY}:{release}", f"debian:{release}-slim"
    for name in (own, public):
        if engine.labels(name) is not None:
            return name
    say(f"asking the registry for {public}, {PULL_SECONDS:.0f} s at most")
    try:
        engine.pull("debian", f"{release}-slim", silence_seconds=PULL_SECONDS)
    except (OSError, EngineError):
        say("no registry answers, and none is needed: Debian's packages make the base")
        make(engine, release)
        return own
    return public


def make(engine: Engine, release: str) -> None:
    """Make a minimal root file system with mmdebstrap and the settings of the host's apt, and import it as an image."""
    if find("mmdebstrap") is None:
        try:
            apt.install(["mmdebstrap"], "No container registry is reachable, and a base needs mmdebstrap")
        except SetupError as error:
            sentence = f"{error.sentence} Where no mirror of Debian's packages can be reached, {ELSEWHERE}"
            raise SetupError(sentence, error.evidence) from error
    host = apt.host_apt()
    log = Path(tempfile.gettempdir()) / f"{REPOSITORY}-{release}-{os.getuid()}.log"
    with step(f"making {REPOSITORY}:{release} with mmdebstrap from {host.mirror}"):
        try:
            engine.import_image(
                root_file_system(release, host, log),
                repository=REPOSITORY,
                tag=release,
                labels={LABEL: f"mmdebstrap {release}"},
            )
        except (EngineError, OSError) as error:
            raise SetupError(f"The engine did not take the base ({error}): look into its log.") from error


def root_file_system(release: str, host: apt.HostApt, log: Path) -> Iterator[bytes]:
    """Run mmdebstrap and yield the tar it writes.

    Raises:
        SetupError: it failed; it is raised before the tar ends, so that nothing incomplete is imported.

    """
    keyring = f"[signed-by={apt.KEYRING}] " if apt.KEYRING.exists() else ""
    command = [find("mmdebstrap") or "mmdebstrap", "--variant=minbase", "--format=tar"]
    command += [f"--aptopt={line.removesuffix(';')}" for line in host.policy.splitlines()]
    command += [f"--dpkgopt=path-exclude=/usr/share/{what}/*" for what in ("man", "doc", "locale", "info")]
    command += [
        # the host's settings must not stay in the image
        '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap',
        release,
        "-",
        f"deb {keyring}{host.mirror} {release} main",
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
            except BaseException:  # the consumer gave up, so the tar is of no use any more
                making.terminate()
                raise
    if making.returncode != 0:
        todo = OFFLINE if no_mirror_in(log) else "mend what it says below, then run this again."
        raise SetupError(
            f"mmdebstrap could not make a base of {release} from {host.mirror}: {todo}",
            f"{tail(log)}\n(all of it: {log})",
        )
