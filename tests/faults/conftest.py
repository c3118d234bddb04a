"""A scripted engine, and a run on it."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ringproof.containers import engine as engines
from ringproof.containers import seal
from ringproof.containers.run import PHONES_IMAGE, RunEnvironment
from ringproof.pbx import banner
from testcontainers.core.config import ConnectionMode, testcontainers_config

from faults.manager_peer import ManagerPort
from faults.scripted_engine import ScriptedEngine

IMAGE = "scripted-asterisk:1"
DIALLED_WITHIN_S = 0.02


def until(condition: Callable[[], object]) -> None:
    """Wait until a thread has made it true, 5 s at most."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def forget_engine() -> None:
    """Close the client of this process, if there is one, so that the next question makes another."""
    if engines.engine.cache_info().currsize:
        engines.engine().close()
    engines.engine.cache_clear()
    engines.named_once.cache_clear()
    engines._security_options.cache_clear()  # noqa: SLF001 - what it keeps is this engine's


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedEngine]:
    """The engine that answers at DOCKER_HOST: it has the images of PBX and phones."""
    forget_engine()
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/docker.sock")
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    monkeypatch.setattr(testcontainers_config, "tc_host_override", "127.0.0.1")
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
    monkeypatch.setattr(seal, "SEAL", Path(__file__))
    monkeypatch.setattr(banner, "DIALLED_WITHIN_S", DIALLED_WITHIN_S)
    part = random.SystemRandom().randrange
    scripted = ScriptedEngine(folder / "docker.sock", f"127.{part(1, 255)}.{part(1, 255)}.{part(1, 255)}")
    scripted.images = {IMAGE: {"Cmd": ["asterisk", "-f"]}, PHONES_IMAGE: {"Cmd": ["python3"]}}
    yield scripted
    scripted.close()
    forget_engine()
    shutil.rmtree(folder)


@pytest.fixture
def environment(engine: ScriptedEngine) -> Iterator[RunEnvironment]:
    """A run on that engine: its networks are there."""
    folder = Path(tempfile.mkdtemp(prefix="run-"))
    (folder / "lease").mkdir()
    (folder / "init").touch()
    for name in ("office", "trunk"):
        engine.networks[name] = {"Id": name, "Name": name, "Labels": {}}
    yield RunEnvironment(
        run="scripted", owner="nobody", image=IMAGE, phones_image=PHONES_IMAGE, office_network="office",
        trunk_network="trunk", subnets="127.0.0.0/8", gateways="172.18.0.1,172.19.0.1", folder=str(folder),
        init=str(folder / "init"),
    )  # fmt: skip
    shutil.rmtree(folder)


@pytest.fixture
def manager_port() -> Iterator[Callable[..., ManagerPort]]:
    """Return a maker of manager ports, which are closed at the end."""
    made: list[ManagerPort] = []

    def make(*args: object, **kwargs: object) -> ManagerPort:
        made.append(ManagerPort(*args, **kwargs))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for port in made:
        port.close()
