"""An engine that maps users elsewhere (`userns-remap`): nobody in a container owns what is the runner's, root neither.

It is a second dockerd, in namespaces of its own: it shares neither networks nor mounts with this machine's engine.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from ringproof.containers.engine import engine

pytestmark = [pytest.mark.pbx, pytest.mark.alone]

IMAGES = ("ringproof-asterisk:22", "ringproof-phones:2")
REMAPPED = "daemon"
"""A user that each Debian has; users of containers are those from its first subordinate one on."""
FIRST = 200_000
START = """\
mount --bind "$1/subordinate" /etc/subuid && mount --bind "$1/subordinate" /etc/subgid && ip link set lo up &&
exec dockerd --config-file "$1/daemon.json"
"""
STARTS_WITHIN_S = 60
SCENARIO = "options.ring.yaml"
NAME = "hunt, all refuse"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Start the engine, and end it; its address."""
    socket = tmp_path / "docker.sock"
    (tmp_path / "subordinate").write_text(f"{REMAPPED}:{FIRST}:65536\n")
    settings = {
        "data-root": str(tmp_path / "data"),
        "exec-root": str(tmp_path / "exec"),
        "pidfile": str(tmp_path / "pid"),
        "hosts": [f"unix://{socket}"],
        "userns-remap": REMAPPED,
    }
    (tmp_path / "daemon.json").write_text(json.dumps(settings))
    for folder in [tmp_path, *tmp_path.parents][:4]:
        folder.chmod(folder.stat().st_mode | 0o711)  # pytest makes its folders for itself alone
    log = tmp_path / "dockerd.log"
    with log.open("wb") as told:
        command = ["unshare", "--mount", "--net", "sh", "-c", START, "sh", str(tmp_path)]
        dockerd = subprocess.Popen(command, stdout=told, stderr=told, start_new_session=True)
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while "API listen" not in log.read_text():
            assert dockerd.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)  # another program's log: there is no event to wait for
        yield f"unix://{socket}"
    finally:
        dockerd.send_signal(signal.SIGTERM)
        dockerd.wait(30)
        for mount in (tmp_path / "data").glob("*"):
            subprocess.run(["umount", str(mount)], check=False, capture_output=True)


def test_a_play_with_remapped_users(address: str, tmp_path: Path) -> None:
    """It passes, Asterisk was a user that nobody on this machine is, and its evidence can be read."""
    remapped = docker.DockerClient(address)
    for image in IMAGES:
        remapped.images.load(b"".join(engine().images.get(image).save(named=True)))
    assert "name=userns" in remapped.info()["SecurityOptions"]
    there = os.environ | {"DOCKER_HOST": address}
    root = Path(__file__).parents[2]
    out = tmp_path / "out"
    command = [sys.executable, "-c", "from ringproof.cli import main; main()", "run", f"scenarios/{SCENARIO}"]
    played = subprocess.run(
        [*command, "-k", NAME, "--out", str(out)],
        cwd=root,
        env=there,
        check=False,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "1 passed" in played.stdout
    (log,) = out.glob("*/pbx/full.log")
    assert log.stat().st_uid == FIRST + 5060
    assert log.read_text()
    assert log.parent.stat().st_mode & 0o777 == 0o755, "nobody has to write there any more"
