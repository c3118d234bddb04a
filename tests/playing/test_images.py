"""Images that are not ours: what Ringproof needs of them, and what it says when that is missing.

They are made of ours, by taking away what a customer's would not have; no registry is asked for one.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from ringproof.setup import image as own_images
from ringproof.setup import library

from playing.conftest import IMAGE

HERE = Path(__file__).parent
REPOSITORY = "ringproof-test"
pytestmark = [pytest.mark.pbx, pytest.mark.alone]  # they share layers of images, which each of them removes

BARE = """
RUN rm -rf /ringproof /etc/asterisk && mkdir /etc/asterisk && echo 'not ours' > /etc/asterisk/asterisk.conf
WORKDIR /tmp
ENTRYPOINT ["false"]
CMD ["-rvvv"]
"""
"""Nothing of Ringproof's is left in it, and nothing of what it says about its start would work."""
OF_A_CUSTOMER = """
RUN usermod -u 999 asterisk && groupmod -g 999 asterisk && cd /var && touch lib/asterisk/astdb.sqlite3 && \\
    chown -R asterisk: run/asterisk/ spool/asterisk lib/asterisk cache/asterisk && \\
    chmod -R o-rwx run/asterisk/ spool/asterisk lib/asterisk cache/asterisk
ENV LD_PRELOAD=libanl.so.1
USER asterisk
HEALTHCHECK --interval=1s CMD false
"""
STAND_IN = """
COPY {behaviour} /usr/local/bin/stand-in
RUN for name in {names}; do \\
        where=$(command -v $name) && mv $where $where.real && cp /usr/local/bin/stand-in $where; \\
    done
"""
MENU = """
pbx: {office}
callers:
  anna: {{from: "+74951234567", to: "84950000001"}}
scenarios:
  a key and two waves:
    {clock}
    phones:
      102: {{answers: 3s}}
    when:
      - call: anna
      - press: "2"
    expect:
      - ring: [101]
        for: 15s
      - ring: [101, 102]
        for: 3s
      - answer: 102
"""
STARTS = 'clock: {starts: "2026-12-31 17:59:50 Europe/Moscow"}'


@dataclass
class Workshop:
    """Makes images, each once, and takes them away again."""

    folder: Path
    client: docker.DockerClient = field(default_factory=docker.from_env)
    made: dict[str, str] = field(default_factory=dict)

    def image(self, lines: str) -> str:
        """Return the name of an image with nothing of ours, changed by these lines of a Dockerfile."""
        if lines not in self.made:
            name = f"{REPOSITORY}:{os.getpid()}-{len(self.made)}"
            text = f"FROM {IMAGE}\n{BARE}{lines}"
            context = io.BytesIO()
            with tarfile.open(fileobj=context, mode="w") as tar:
                for file, content in {"Dockerfile": text.encode(), **self.stand_ins(lines)}.items():
                    entry = tarfile.TarInfo(file)
                    entry.size, entry.mode = len(content), 0o755
                    tar.addfile(entry, io.BytesIO(content))
            context.seek(0)
            self.client.images.build(fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True)
            self.made[lines] = name
        return self.made[lines]

    def stand_ins(self, lines: str) -> dict[str, bytes]:
        """Return the compiled programs that the lines copy."""
        behaviours = [name for name in ("static", "musl", "elsewhere", "own-time") if f"COPY {name} " in lines]
        made = {name: self.compiled(name, "-static", f'-DBEHAVIOUR="{name}"') for name in behaviours}
        if "own-time.so" in lines:
            made["own-time.so"] = self.compiled("own-time.so", "-shared", "-fPIC", "-DTIME_OF_ITS_OWN")
        return made

    def compiled(self, name: str, *flags: str) -> bytes:
        """Compile tests/playing/stand_in.c in the image that compiles the clock."""
        mounts = [f"--volume={HERE}:/tests:ro", f"--volume={self.folder}:/made"]
        docker_run = ["docker", "run", "--rm", "--network", "none", *mounts, library.BUILDER.name]
        gcc = ["gcc", "-Wall", "-Wextra", *flags, "-o", f"/made/{name}", "/tests/stand_in.c"]
        subprocess.run([*docker_run, *gcc], check=True, timeout=60)
        return (self.folder / name).read_bytes()

    def close(self) -> None:
        """Remove what was made."""
        for name in self.made.values():
            self.client.images.remove(name, force=True)
        self.client.close()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One for all tests here."""
    own_images.ensure(library.BUILDER)
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    yield made
    made.close()


@dataclass(frozen=True)
class Ran:
    """What `ringproof run` left."""

    exit: int
    printed: str
    scenario: dict[str, Any]

    @property
    def sentence(self) -> str:
        """The one finding's sentence."""
        (finding,) = self.scenario["findings"]
        return str(finding["sentence"])


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that has the command play one story on an image."""

    def run(image: str, *, clock: str = "", speed: str = "auto") -> Ran:
        office = Path("scenarios/offices/trading-company.yaml").resolve()
        (tmp_path / "story.ring.yaml").write_text(MENU.format(office=office, clock=clock), encoding="utf-8")
        command = [sys.executable, "-c", "from ringproof.cli import main; main()", "run", "story.ring.yaml"]
        environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"}
        done = subprocess.run(
            [*command, "--image", image, "--out", "out", "--speed", speed],
            check=False, capture_output=True, text=True, timeout=240, cwd=tmp_path, env=environment,
        )  # fmt: skip
        results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
        (scenario,) = results["scenarios"]
        assert results["exit"] == done.returncode, done.stdout + done.stderr
        return Ran(done.returncode, done.stdout + done.stderr, scenario)

    return run


def test_an_image_of_somebody_else(workshop: Workshop, run: Run) -> None:
    """Another user, folders closed to all others, a preload, a health check and an entrypoint of its own: all races."""
    ran = run(workshop.image(OF_A_CUSTOMER), clock=STARTS)
    assert ran.exit == 0, ran.printed
    assert ran.scenario["outcome"] == "passed"
    assert ran.scenario["speed"] > 1
    assert not ran.scenario.get("why_not")


MISSING = {
    "bash": "RUN mv /bin/bash /bin/gnu-sh; ln -sf gnu-sh /bin/sh",
    "asterisk": "RUN rm /usr/sbin/asterisk",
    "setpriv": "RUN rm $(command -v setpriv)",
    "find": "RUN rm $(command -v find)",
    "sounds": "RUN rm -r /usr/share/asterisk/sounds/*",
}


@pytest.mark.parametrize("what", MISSING)
def test_what_an_image_lacks_is_named(
    workshop: Workshop, run: Run, what: str, golden: Callable[[str, str], None]
) -> None:
    """One sentence, exit 3; a caller who hears nothing is no verdict on the dialplan."""
    name = workshop.image(MISSING[what])
    ran = run(name)
    assert ran.exit == 3
    golden(f"play/image-lacks-{what}.err", ran.sentence.replace(name, "IMAGE") + "\n")


LOADS_NOTHING = {
    "static": STAND_IN.format(behaviour="static", names="asterisk"),
    "musl": STAND_IN.format(behaviour="musl", names="asterisk sleep"),
}


@pytest.mark.parametrize("kind", LOADS_NOTHING)
def test_an_image_without_usable_clock_is_played_at_speed_1(workshop: Workshop, run: Run, kind: str) -> None:
    """The verdict is the same; results and summary say why it took so long."""
    ran = run(workshop.image(LOADS_NOTHING[kind]))
    assert ran.exit == 0, ran.printed
    why_not = "the image's Asterisk takes no library from outside (musl, or linked statically)"
    assert (ran.scenario["speed"], ran.scenario["why_not"]) == (1, why_not)
    assert f"played at speed 1: {why_not}" in ran.printed
    assert ran.scenario["seconds"]["wall"] > ran.scenario["seconds"]["pbx"] > 18


def test_an_image_without_usable_clock_has_no_date(
    workshop: Workshop, run: Run, golden: Callable[[str, str], None]
) -> None:
    """A night that is not there is not played by day."""
    ran = run(workshop.image(LOADS_NOTHING["static"]), clock=STARTS)
    assert ran.exit == 3
    golden("play/image-takes-no-date.err", ran.sentence + "\n")


def test_an_image_without_usable_clock_has_no_steps(
    workshop: Workshop, run: Run, golden: Callable[[str, str], None]
) -> None:
    """Calls that were to meet between two steps would meet by luck."""
    ran = run(workshop.image(LOADS_NOTHING["static"]), clock="dialplan step: 10ms")
    assert ran.exit == 3
    golden("play/image-takes-no-steps.err", ran.sentence + "\n")


IGNORES = {
    "elsewhere": STAND_IN.format(behaviour="elsewhere", names="asterisk"),
    "own-time": "COPY own-time.so /usr/local/lib/" + STAND_IN.format(behaviour="own-time", names="asterisk"),
}
"""The library is in another program, which has the page; or in Asterisk, but the time is somebody else's."""


@pytest.mark.parametrize("clock", ["", STARTS])
@pytest.mark.parametrize("how", IGNORES)
def test_an_asterisk_that_ignores_the_clock_is_found_at_boot(
    workshop: Workshop, run: Run, how: str, clock: str, golden: Callable[[str, str], None]
) -> None:
    """Exit 3: what it would be told of waves and dates would be wrong."""
    ran = run(workshop.image(IGNORES[how]), clock=clock)
    assert ran.exit == 3
    golden(f"play/clock-ignored-{how}.err", re.sub(r"\d+", "N", ran.sentence) + "\n")


def test_an_asterisk_that_ignores_the_clock_can_be_played_on_real_time(workshop: Workshop, run: Run) -> None:
    """As the hint says."""
    assert run(workshop.image(IGNORES["elsewhere"]), speed="1").exit == 0
