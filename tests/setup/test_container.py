"""The PBX container's life: who Asterisk is, what it may read and write, and how it ends."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import requests
from docker.models.containers import Container
from ringproof.setup.image import image_dir

pytestmark = pytest.mark.pbx

IMAGE = "ringproof-asterisk:22"
READY_SECONDS = 20.0
EX_TEMPFAIL, EX_CONFIG = 75, 78
WHOLE = "that is all"

CONFIGURATION = {
    "asterisk.conf": "[directories]\nastetcdir => /ringproof/conf\nastlogdir => /ringproof/evidence\n",
    "modules.conf": "[modules]\nautoload=no\nload=pbx_config.so\n",
    "extensions.conf": "[office]\nexten => 1,1,Hangup()\n",
    "logger.conf": "[logfiles]\nfull.log => notice,warning,error,verbose\n",
}

Start = Callable[..., Container]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Lay out what a runner mounts."""
    for name in ("conf", "evidence", "lease"):
        (tmp_path / name).mkdir()
    for name, text in CONFIGURATION.items():
        (tmp_path / "conf" / name).write_text(text)
    (tmp_path / "lease" / "renewed").touch()
    return tmp_path


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Start containers as asterisk-image/README.md says, and leave none."""
    client = docker.from_env()
    started: list[Container] = []

    def start(image: str = IMAGE, **environment: str) -> Container:
        container = client.containers.run(
            image,
            entrypoint=["bash", "/ringproof/init"],
            user="0",
            detach=True,
            environment=environment,
            network_mode="none",
            labels={"ringproof": "1", "ringproof.run": "setup-test", "ringproof.owner": owner()},
            volumes={
                str(place / "conf"): {"bind": "/ringproof/conf", "mode": "ro"},
                str(place / "evidence"): {"bind": "/ringproof/evidence", "mode": "rw"},
                str(place / "lease"): {"bind": "/ringproof/lease", "mode": "ro"},
                str(image_dir() / "init"): {"bind": "/ringproof/init", "mode": "ro"},
            },
        )
        started.append(container)
        return container

    yield start
    for container in started:
        container.remove(force=True)
    client.close()


def owner() -> str:
    """Return who we are, as labels say it: a sweep leaves containers of the living alone."""
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    return f"{os.getpid()}:{started}:{os.uname().nodename}"


def await_ready(place: Path) -> None:
    """Return once Asterisk says that it is ready."""
    log = place / "evidence" / "full.log"
    deadline = time.monotonic() + READY_SECONDS
    while not (log.exists() and "Asterisk Ready." in log.read_text()):
        assert time.monotonic() < deadline, f"Asterisk did not get ready: {said(place)}"
        time.sleep(0.02)


def said(place: Path) -> str:
    """Return what init and Asterisk printed."""
    return (place / "evidence" / "console.log").read_text()


def inside(container: Container, command: str, user: str = "root") -> str:
    """Return what a shell command prints in the container.

    Docker 20.10 loses the whole output of one exec in some 400 on a busy machine: so it ends with a word of ours.
    """
    for _ in range(5):
        status, output = container.exec_run(
            ["bash", "-c", f"{command}\nstatus=$?; echo {WHOLE}; exit $status"], user=user
        )
        assert status == 0, output
        assert isinstance(output, bytes)
        said, _, _ = output.decode().rpartition(f"{WHOLE}\n")
        if output:
            return str(said)
    raise AssertionError(f"the engine lost the output of {command} each time")


def pid_of_asterisk(container: Container) -> str:
    """Return the number that Asterisk has in its container."""
    return inside(container, "cat /var/run/asterisk/asterisk.pid").strip()


def test_asterisk_begins_when_its_configuration_is_complete(start: Start, place: Path) -> None:
    """The container is started while it is being written."""
    gate = place / "evidence" / "gate"
    os.mkfifo(gate)
    configuration = (place / "conf" / "asterisk.conf").read_text()
    (place / "conf" / "asterisk.conf").unlink()
    container = start(RINGPROOF_GATE="/ringproof/evidence/gate")
    with pytest.raises(requests.exceptions.ConnectionError):  # how the client says that it has waited in vain
        container.wait(timeout=1)
    (place / "conf" / "asterisk.conf").write_text(configuration)
    gate.write_text("begin\n")
    await_ready(place)


def test_a_configuration_that_nobody_completes(start: Start, place: Path) -> None:
    """The runner is gone before its PBX has begun: it is not waited for longer than a lease."""
    os.mkfifo(place / "evidence" / "gate")
    container = start(RINGPROOF_GATE="/ringproof/evidence/gate", RINGPROOF_LEASE_SECONDS="1")
    assert container.wait(timeout=20)["StatusCode"] == EX_TEMPFAIL
    assert said(place) == ("ringproof: nobody said within 1 s that the configuration is complete: the runner is gone\n")


def test_it_is_ended_at_once(start: Start, place: Path) -> None:
    """USR1 is the runner's; a TERM would have Asterisk end in its own time."""
    container = start()
    await_ready(place)
    container.kill("USR1")
    assert container.wait(timeout=20)["StatusCode"] == 137
    assert "exit status 137" in said(place)


def test_a_lease_that_is_not_renewed_ends_the_pbx(start: Start, place: Path) -> None:
    """The runner is gone: the container ends by itself, and says why."""
    container = start(RINGPROOF_LEASE_SECONDS="3")
    await_ready(place)
    began = time.monotonic()
    assert container.wait(timeout=20)["StatusCode"] == EX_TEMPFAIL
    assert time.monotonic() - began > 2
    assert "nobody renewed the lease for 3 s: the runner is gone, so the PBX ends" in said(place)


def test_a_lease_that_is_renewed_keeps_the_pbx(start: Start, place: Path) -> None:
    """Twice as long as a lease; then the same container, left alone, ends."""
    container = start(RINGPROOF_LEASE_SECONDS="2")
    await_ready(place)
    done = threading.Event()
    for _ in range(10):
        (place / "lease" / "renewed").touch()
        done.wait(0.4)
    container.reload()
    assert container.status == "running"
    assert container.wait(timeout=20)["StatusCode"] == EX_TEMPFAIL


def test_a_stopped_pbx_ends_cleanly(start: Start, place: Path) -> None:
    """SIGTERM reaches Asterisk, whose status is the container's."""
    container = start()
    await_ready(place)
    container.stop(timeout=8)
    assert container.wait()["StatusCode"] == 0
    assert "Asterisk cleanly ending (0)." in (place / "evidence" / "full.log").read_text()


def test_a_crashed_pbx_ends_with_its_signal(start: Start, place: Path) -> None:
    """128 + SIGSEGV, and no core in the evidence."""
    container = start()
    await_ready(place)
    container.exec_run(["bash", "-c", "kill -SEGV $(cat /var/run/asterisk/asterisk.pid)"])
    assert container.wait(timeout=20)["StatusCode"] == 128 + 11
    assert "Asterisk ended with exit status 139" in said(place)
    assert not list((place / "evidence").glob("core*"))


@pytest.mark.parametrize(("host_owner", "asterisk"), [(0, 5060), (4321, 4321)])
def test_asterisk_is_not_root_and_its_files_can_be_deleted(
    start: Start, place: Path, host_owner: int, asterisk: int
) -> None:
    """It runs as the owner of the evidence, else as asterisk: whoever the host's user is can delete all of it."""
    assert os.geteuid() == 0, "this test gives a folder to another user: run it as root"
    for path in (place / "conf", *(place / "conf").iterdir(), place / "evidence"):
        os.chown(path, host_owner, host_owner)
    (place / "conf").chmod(0o750 if host_owner else 0o755)
    container = start()
    await_ready(place)
    status = inside(container, f"cat /proc/{pid_of_asterisk(container)}/status")
    ids = {line.split()[0]: line.split()[1:] for line in status.splitlines()}
    assert ids["Uid:"] == [str(asterisk)] * 4
    assert ids["CapEff:"] == ["0000000000000000"]
    assert {file.stat().st_uid for file in (place / "evidence").iterdir()} == {asterisk}
    assert (place / "evidence").stat().st_uid == host_owner
    assert "is running" in inside(container, "asterisk -rx 'core show uptime' >/dev/null && echo is running")


def test_a_configuration_that_cannot_be_read_is_refused(start: Start, place: Path) -> None:
    """In a sentence that names the file, not in forty lines of Asterisk's."""
    (place / "conf" / "extensions.conf").chmod(0o600)
    assert start().wait(timeout=20)["StatusCode"] == EX_CONFIG
    assert "uid 5060 may not read the mounted configuration (/ringproof/conf/extensions.conf)" in said(place)


def test_no_configuration_is_refused(start: Start, place: Path) -> None:
    """Asterisk would go on with defaults of its own."""
    (place / "conf" / "asterisk.conf").unlink()
    assert start().wait(timeout=20)["StatusCode"] == EX_CONFIG
    assert "there is no /ringproof/conf/asterisk.conf" in said(place)


def with_library(container: Container, library: str) -> set[str]:
    """Return the numbers of the processes that have this library, of all that could be looked into."""
    look = "for maps in /proc/[0-9]*/maps; do cat $maps >/dev/null && echo $maps; done 2>/dev/null; true"
    seen = {maps for user in ("root", "5060") for maps in inside(container, look, user).split()}
    assert {"/proc/1/maps", f"/proc/{pid_of_asterisk(container)}/maps"} <= seen
    look = look.replace("cat $maps >/dev/null", f"grep -q {library} $maps")
    return {maps.split("/")[2] for user in ("root", "5060") for maps in inside(container, look, user).split()}


def preload_of(container: Container, pid: str) -> str:
    """Return what a process was started with as LD_PRELOAD."""
    look = f"cat /proc/{pid}/environ | tr '\\0' '\\n'"
    variables = inside(container, look, user="root" if pid == "1" else "5060")
    assert "PATH=" in variables
    return dict(line.partition("=")[::2] for line in variables.splitlines()).get("LD_PRELOAD", "")


def test_a_preload_reaches_asterisk_and_nothing_else(start: Start, place: Path) -> None:
    """Neither process 1 nor the sleep it waits with, nor what `docker exec` starts."""
    container = start(RINGPROOF_PRELOAD="libutil.so.1")
    await_ready(place)
    assert with_library(container, "libutil.so") == {pid_of_asterisk(container)}
    assert preload_of(container, "1") == preload_of(container, "$$") == ""


def test_a_preload_of_the_images_own_is_kept(start: Start, place: Path) -> None:
    """Asterisk has ours first and theirs behind it; init and its sleep, by which the lease is counted, have neither.

    What `docker exec` starts has theirs, as its owner wanted, and not ours.
    """
    container = start(RINGPROOF_PRELOAD="libutil.so.1", LD_PRELOAD="libanl.so.1")
    await_ready(place)
    asterisk = pid_of_asterisk(container)
    assert preload_of(container, asterisk) == "libutil.so.1:libanl.so.1"
    assert with_library(container, "libutil.so") == {asterisk}
    assert preload_of(container, "1") == ""
    assert preload_of(container, "$$") == "libanl.so.1"
    children = inside(container, "cat /proc/1/task/1/children").split()
    assert asterisk in children
    assert len(children) > 1, "the sleep is missing"
    assert with_library(container, "libanl.so") & {"1", *children} == {asterisk}


def test_a_preload_of_the_images_own_without_ours(start: Start, place: Path) -> None:
    """As if nobody was between them."""
    container = start(LD_PRELOAD="libanl.so.1")
    await_ready(place)
    assert preload_of(container, pid_of_asterisk(container)) == "libanl.so.1"


def test_the_emptied_manual_is_not_missed(start: Start, place: Path) -> None:
    """Asterisk complains about an application that its manual lacks, and has no settings that it lacks."""
    (place / "conf" / "modules.conf").write_text("[modules]\nautoload=yes\n")
    container = start()
    await_ready(place)
    assert "XML documentation" not in (place / "evidence" / "full.log").read_text() + said(place)
    assert "has no existing documentation" not in said(place)
    assert "requested channels" not in inside(container, "asterisk -rx 'core show application Dial'")
    assert "rtp_timeout" in inside(container, "asterisk -rx 'config show help res_pjsip endpoint'")


def test_orphans_are_reaped(start: Start, place: Path) -> None:
    """What a dialplan's System() leaves behind does not fill the process table."""
    container = start()
    await_ready(place)
    inside(container, "for n in 1 2 3 4 5; do (setsid sleep 0.1 &) ; done")
    states = "sleep 0.5; cat /proc/[0-9]*/status 2>/dev/null | grep -c '^State:.Z' || true"
    assert inside(container, states).strip() == "0"
