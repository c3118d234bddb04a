"""Which engine is meant, and what it takes to mean another one; docker-py, which plays use, means the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from docker.context import ContextAPI
from docker.utils import kwargs_from_env
from ringproof.setup.dockerapi import Engine
from ringproof.setup.named import DEFAULT_ADDRESS, NamedEngine, named_engine
from ringproof.setup.output import SetupError

ROOTLESS = "unix:///run/user/1000/docker.sock"
TO_OWN = "to use this machine's own"
CURRENT = NamedEngine(ROOTLESS, "the docker context rootless", f"`docker context use default` {TO_OWN}")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The docker command's folder, with one context; no variable names an engine."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    number = hashlib.sha256(b"rootless").hexdigest()
    meta = tmp_path / "contexts" / "meta" / number / "meta.json"
    meta.parent.mkdir(parents=True)
    context = {"Name": "rootless", "Metadata": {}, "Endpoints": {"docker": {"Host": ROOTLESS, "SkipTLSVerify": False}}}
    meta.write_text(json.dumps(context))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def choose(config: Path, context: str) -> None:
    """Do what `docker context use` does."""
    (config / "config.json").write_text(json.dumps({"currentContext": context}))


def address_of_docker_py() -> str:
    """Return where docker.from_env() would connect."""
    arguments = kwargs_from_env()
    return str(arguments.get("base_url") or ContextAPI.kwargs_from_context().get("base_url") or DEFAULT_ADDRESS)


@pytest.mark.parametrize(
    ("variables", "current", "named"),
    [
        ({}, "", NamedEngine(DEFAULT_ADDRESS)),
        ({}, "default", NamedEngine(DEFAULT_ADDRESS)),
        ({}, "gone", NamedEngine(DEFAULT_ADDRESS)),
        ({}, "rootless", CURRENT),
        (
            {"DOCKER_CONTEXT": "rootless"},
            "gone",
            NamedEngine(ROOTLESS, "the docker context rootless", f"unset DOCKER_CONTEXT {TO_OWN}"),
        ),
        ({"DOCKER_CONTEXT": "default"}, "rootless", NamedEngine(DEFAULT_ADDRESS)),
        (
            {"DOCKER_HOST": "tcp://10.0.0.7:2375", "DOCKER_CONTEXT": "rootless"},
            "rootless",
            NamedEngine("tcp://10.0.0.7:2375", "DOCKER_HOST", f"unset DOCKER_HOST {TO_OWN}"),
        ),
        ({"DOCKER_HOST": ""}, "rootless", CURRENT),
    ],
)
def test_who_names_an_engine(
    config: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], current: str, named: NamedEngine
) -> None:
    """The set-up asks it, too."""
    if current:
        choose(config, current)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert named_engine() == named
    assert Engine.of_environment().address == named.address
    assert address_of_docker_py().replace("http+unix", "unix") == named.address


@pytest.mark.parametrize("text", ["", "[]", '{"currentContext": 7}', "{"])
def test_settings_that_cannot_be_read(config: Path, text: str) -> None:
    """They name nothing, as for the docker library."""
    (config / "config.json").write_text(text)
    assert named_engine() == NamedEngine(DEFAULT_ADDRESS)


def test_a_context_that_nobody_can_use_is_named(config: Path) -> None:
    """Where docker's command speaks SSH."""
    (meta,) = config.rglob("meta.json")
    meta.write_text(meta.read_text().replace(ROOTLESS, "ssh://anna@pbx"))
    choose(config, "rootless")
    with pytest.raises(SetupError, match=r"^the docker context rootless=ssh://anna@pbx is not understood"):
        Engine.of_environment().answers()
