"""A run on a scripted engine: what the engine refuses is reported in a sentence, and nothing of the run is left."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path

import docker
import pytest
from ringproof.containers import engine as engines
from ringproof.containers import folders, run, sweep
from ringproof.containers.engine import is_remapped, is_rootless
from ringproof.containers.errors import BrokenError
from ringproof.containers.owner import own_name
from ringproof.containers.run import PHONES_IMAGE, RunEnvironment, open_run
from ringproof.setup.output import SetupError

from faults.conftest import IMAGE, forget_engine, until
from faults.scripted_engine import FULL, ScriptedEngine

DEAD = "another-process-that-has-ended"


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders of these runs are."""
    monkeypatch.setattr(folders, "MEMORY", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def left_by_the_dead(engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch) -> str:
    """Number of a container that a dead process has left; one of a living process is beside it."""
    monkeypatch.setattr(sweep, "owner_is_dead", lambda owner: owner == DEAD)
    for owner in (own_name(), DEAD):
        labels = {"ringproof": "1", "ringproof.run": owner, "ringproof.owner": owner}
        engine.networks[f"net-{owner}"] = {"Id": f"net-{owner}", "Name": f"net-{owner}", "Labels": labels}
        body = {"Labels": labels, "HostConfig": {}}
        engine._made(body, f"pbx-{owner}")  # noqa: SLF001 - as if it had been asked for
    return engine.last.number


def left(engine: ScriptedEngine) -> list[str]:
    """Return the names of what the engine still has."""
    containers = [each.name for each in engine.containers.values() if not each.is_gone]
    return sorted([*containers, *engine.networks])


def test_a_run_begins_and_ends(engine: ScriptedEngine, memory: Path) -> None:
    """Networks, folder and lease are there while it lasts; what travels to a worker comes back the same."""
    mask = os.umask(0o077)
    try:
        run_on(engine)
    finally:
        os.umask(mask)
    assert left(engine) == []
    assert list(memory.glob("ringproof-*")) == []


def run_on(engine: ScriptedEngine) -> None:
    """Open a run, and look at it; whatever the runner's umask is, users of containers can read the lease."""
    with open_run(IMAGE, "edited") as made:
        names = [made.office_network, made.trunk_network]
        assert names == [f"ringproof-{made.run}-office", f"ringproof-{made.run}-trunk"]
        assert left(engine) == sorted([made.office_network, made.trunk_network])
        assert made.subnets == "172.18.0.0/16,172.18.0.0/16"
        assert made.gateways == "172.18.0.1,172.18.0.1"
        assert RunEnvironment.from_dict(made.to_dict()) == made
        assert made.rendered == "edited"
        assert (made.lease / "renewed").exists()
        assert made.lease.stat().st_mode & 0o777 == 0o755
        assert engine.networks[made.office_network]["Labels"]["ringproof.owner"] == own_name()


@pytest.mark.usefixtures("left_by_the_dead")
def test_a_run_begins_where_another_one_died(engine: ScriptedEngine) -> None:
    """What that has left is removed first; what belongs to a living process stays."""
    with open_run(IMAGE):
        assert not [name for name in left(engine) if DEAD in name]
    assert left(engine) == sorted([f"pbx-{own_name()}", f"net-{own_name()}"])


def name_by_context(folder: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the docker command's current context name this engine."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    meta = folder / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": {"docker": {"Host": address}}}))
    (folder / "config.json").write_text('{"currentContext": "mine"}')


@pytest.mark.parametrize("named_by", ["DOCKER_HOST", "context", "nobody"])
def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named_by: str) -> None:
    """The sentence names where it was looked for, the hint what to do about that place."""
    forget_engine()
    where = nowhere = f"unix://{tmp_path}/nobody.sock"
    hint = "start it, or unset DOCKER_HOST to use this machine's own"
    monkeypatch.setenv("DOCKER_HOST", nowhere)
    if named_by == "context":
        name_by_context(tmp_path / "docker", nowhere, monkeypatch)
        hint = "start it, or `docker context use default` to use this machine's own"
    elif named_by == "nobody":
        from_env = docker.from_env
        elsewhere = {"DOCKER_HOST": nowhere}
        monkeypatch.setattr(docker, "from_env", lambda **kwargs: from_env(**kwargs, environment=elsewhere))
        monkeypatch.delenv("DOCKER_HOST")
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        where, hint = "/var/run/docker.sock", engines.OWN
    with pytest.raises(BrokenError) as failed, open_run(IMAGE):
        pytest.fail("nothing may begin")
    assert failed.value.sentence == f"no Docker engine answers at {where}"
    assert failed.value.hint == hint


def test_the_engine_of_a_context(engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one that is played on, and testcontainers goes to the same; who named it is remembered."""
    address = os.environ["DOCKER_HOST"]
    forget_engine()
    name_by_context(tmp_path / "docker", address, monkeypatch)
    asked = len(engine.asked)
    with open_run(IMAGE) as run:
        assert run.office_network in engine.networks
        assert len(engine.asked) > asked
        monkeypatch.setenv("DOCKER_HOST", address)  # as testcontainers does, for itself
        assert engines.named_once().by == "the docker context mine"
    forget_engine()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("MyPBX:20", "the engine does not take 'MyPBX:20' for the name of an image: repository name must be lowercase"),
        ("", "the engine does not take '' for the name of an image: Resource ID was not provided"),
    ],
)
def test_a_name_that_no_image_can_have(engine: ScriptedEngine, name: str, sentence: str) -> None:
    """The engine's own word, in one sentence."""
    engine.refuse("GET /images/MyPBX:20/json", 400, "repository name must be lowercase")
    with pytest.raises(BrokenError) as failed, open_run(name):
        pytest.fail("nothing may begin")
    assert failed.value.sentence == sentence


@pytest.mark.parametrize(
    ("asked", "missing", "hint"),
    [
        (IMAGE, IMAGE, "`ringproof image` makes those of PBX and phones; --image names any other PBX"),
        (IMAGE, PHONES_IMAGE, "`ringproof image` makes it"),
        ("ringproof-asterisk:16", "ringproof-asterisk:16", "`ringproof image --version 16` makes it"),
    ],
)
def test_an_image_that_is_missing(engine: ScriptedEngine, memory: Path, asked: str, missing: str, hint: str) -> None:
    """It is named, with the command that makes it, and not pulled; nothing has been made."""
    engine.images.pop(missing, None)
    with pytest.raises(BrokenError) as failed, open_run(asked):
        pytest.fail("nothing may begin")
    assert failed.value.sentence == f"the engine has no image {missing}"
    assert failed.value.hint == hint
    assert engine.pulled == []
    assert left(engine) == []
    assert list(memory.glob("ringproof-*")) == []


@pytest.mark.usefixtures("engine")
def test_an_installation_without_init(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence is that of the set-up."""

    def missing() -> Path:
        raise SetupError("asterisk-image/ is missing: install it again.")

    monkeypatch.setattr(run, "image_dir", missing)
    with pytest.raises(BrokenError) as failed, open_run(IMAGE):
        pytest.fail("nothing may begin")
    assert failed.value.sentence == "asterisk-image/ is missing: install it again."
    assert isinstance(failed.value.__cause__, SetupError)


@pytest.mark.parametrize("granted", [0, 1])
def test_networks_are_exhausted(engine: ScriptedEngine, memory: Path, granted: int) -> None:
    """The engine's own words, and what holds the pools; the network that was made before is removed, too."""
    make = engine._network  # noqa: SLF001
    asked = iter(range(9))
    engine._network = (  # type: ignore[method-assign]  # noqa: SLF001
        lambda method, rest, body: (
            (500, {"message": FULL}) if rest == "create" and next(asked) >= granted else make(method, rest, body)
        )
    )
    with pytest.raises(BrokenError) as failed, open_run(IMAGE):
        pytest.fail("nothing may begin")
    assert failed.value.sentence == f"the engine could not make a network: {FULL}"
    assert failed.value.hint.startswith("its address pools hold about 31 networks: `ringproof clean`")
    assert next(asked) >= 2, "both were asked for"
    assert left(engine) == []
    assert list(memory.glob("ringproof-*")) == []


def test_a_lease_whose_file_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is renewed: the file comes back, with the time of now. Where its folder is gone nothing is raised."""
    monkeypatch.setattr(run, "LEASE_RENEWED_EVERY_S", 0.002)
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    others = set(threading.enumerate())  # such as those of a run that this process has open
    folder = tmp_path / "lease"
    folder.mkdir()
    file = folder / "renewed"
    with run._renewing(file):  # noqa: SLF001
        file.unlink()
        until(file.exists)
        shutil.rmtree(folder)
        folder_is_gone_for = time.monotonic() + 0.02
        while time.monotonic() < folder_is_gone_for:
            assert not file.exists()
        folder.mkdir()
        until(file.exists)
    assert raised == []
    assert "lease" not in [thread.name for thread in set(threading.enumerate()) - others]


def test_only_what_the_dead_left_is_swept(engine: ScriptedEngine, left_by_the_dead: str) -> None:
    """Of the living nothing is removed."""
    assert sweep.sweep() == [f"pbx-{DEAD}", f"net-{DEAD}"]
    assert left(engine) == sorted([f"pbx-{own_name()}", f"net-{own_name()}"])
    assert f"DELETE /containers/{left_by_the_dead}" in engine.asked


def test_a_container_that_is_being_removed_is_waited_for(engine: ScriptedEngine, left_by_the_dead: str) -> None:
    """The engine answers 409; networks come after its end, because until then they are in use."""
    engine.refuse(f"DELETE /containers/{left_by_the_dead}", 409, "removal of container is already in progress")
    engine.containers[left_by_the_dead].end(0)
    assert sweep.sweep_run(DEAD) == [f"pbx-{DEAD}", f"net-{DEAD}"]
    waited = engine.asked.index(f"POST /containers/{left_by_the_dead}/wait")
    assert waited < engine.asked.index(f"DELETE /networks/net-{DEAD}")


@pytest.mark.parametrize("status", [404, 500])
def test_one_that_cannot_be_removed_does_not_keep_the_rest(
    engine: ScriptedEngine, left_by_the_dead: str, status: int
) -> None:
    """Whatever the engine answers, the network is tried, and the sweep ends."""
    engine.refuse(f"(DELETE|POST) /containers/{left_by_the_dead}(/wait)?", status, "gone, or stuck")
    engine.refuse(f"DELETE /networks/net-{DEAD}", status, "has active endpoints", times=1)
    assert sweep.sweep() == [f"pbx-{DEAD}", f"net-{DEAD}"]
    assert f"DELETE /networks/net-{DEAD}" in engine.asked


@pytest.mark.parametrize("options", [[], ["name=rootless"], ["name=userns", "name=seccomp"]])
def test_what_kind_of_engine_it_is(engine: ScriptedEngine, options: list[str]) -> None:
    """Its own list says so; it is asked once."""
    engine.security_options = options
    for _ in range(2):
        assert is_rootless() is ("name=rootless" in options)
        assert is_remapped() is ("name=userns" in options)
    assert len([path for path in engine.asked if re.fullmatch("GET /info", path)]) == 1
