"""A container that the engine does not start is told in a sentence, with what to do; nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playing.conftest import left_behind, on_a_clock, story
from ringproof.containers import seal
from ringproof.containers.errors import BrokenError
from ringproof.containers.run import RunEnvironment, open_run
from ringproof.core.speed import FASTEST
from ringproof.pbx import asterisk_container
from ringproof.pbx.asterisk_container import AsteriskContainer
from ringproof.phones.container import PhonesContainer, phones_of
from ringproof.playing.conductor import conduct

pytestmark = pytest.mark.pbx

IMAGE = "ringproof-asterisk:22"
STORY = """
callers:
  anna: {from: "+74951234567", to: "84950000005"}
scenarios:
  a ring:
    when: [{call: anna}]
    expect: [{ring: [101], for: 15s}, {missed: [101]}, {caller gets: {code: 480}}]
"""
ANOTHER_FILE_SYSTEM = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/shm && exec "$@"', "sh"]


@pytest.fixture
def environment() -> Iterator[RunEnvironment]:
    """A run whose containers are not shared with other tests."""
    with open_run(IMAGE) as run:
        yield run


def test_limits_that_the_phones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which limits they are stands in the hint."""
    rights = PhonesContainer.rights
    monkeypatch.setattr(PhonesContainer, "rights", lambda self: {**rights(self), "mem_limit": "1m"})
    with open_run(IMAGE) as environment, pytest.raises(BrokenError) as told:
        phones_of(environment)
    assert told.value.sentence.startswith("the engine could not start the container of the phones: ")
    assert "memory limit" in told.value.sentence
    assert (
        told.value.hint == "the limits are pids_limit=2048, mem_limit=1m: `docker info` lists what this kernel cannot"
    )


def test_limits_that_the_pbx_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The play is broken, and what has been started meanwhile is removed."""
    rights = AsteriskContainer.rights
    monkeypatch.setattr(AsteriskContainer, "rights", lambda self: {**rights(self), "mem_limit": "1m"})
    with open_run(IMAGE) as environment:
        with pytest.raises(BrokenError, match=r"the engine could not start the PBX: .*memory limit") as told:
            on_a_clock(conduct(story(STORY, tmp_path), environment, tmp_path, FASTEST))
        assert "mem_limit=1m" in told.value.hint
        assert not left_behind(environment)


def test_a_seal_that_nobody_made(environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started unsealed."""
    monkeypatch.setattr(seal, "SEAL", tmp_path / "ringproof-seal")
    with pytest.raises(BrokenError) as told:
        on_a_clock(conduct(story(STORY, tmp_path), environment, tmp_path, FASTEST))
    assert told.value.sentence == "the program that seals containers has not been made: there is no ringproof-seal"
    assert told.value.hint == "`ringproof image` makes it"
    assert not left_behind(environment)


def test_an_engine_that_sees_other_files() -> None:
    """The same address, another machine behind it: here another file system, which is all that differs."""
    out = Path.cwd() / ".pytest_cache" / "another-file-system"
    command = [str(Path(sys.executable).with_name("ringproof")), "run", "scenarios/known-red", "-k", "a phone too many"]
    ended = subprocess.run(
        [*ANOTHER_FILE_SYSTEM, *command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 3, ended.stdout
    assert "the Docker engine does not share /dev/shm/" in ended.stdout
    assert "is this process in a container?" in ended.stdout


def test_a_firewall_between_containers(
    environment: RunEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes back: that is not said to be an Asterisk that is slow."""
    monkeypatch.setattr(asterisk_container, "BOOT_DEADLINE_S", 5.0)
    nobody = environment.subnets.partition(".0/")[0] + ".250"
    monkeypatch.setattr(AsteriskContainer, "_manager_address", lambda _: (nobody, 5038))
    with pytest.raises(BrokenError) as told:
        on_a_clock(conduct(story(STORY, tmp_path), environment, tmp_path, FASTEST))
    assert told.value.sentence == "Asterisk is ready, but was not reached at its manager port within 30 s"
    assert "iptables -L FORWARD" in told.value.hint
