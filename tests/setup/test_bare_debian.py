"""The set-up short of the engine, in a Debian 12 that has python3 and make and nothing else."""

import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ringproof.setup import apt

CHECKOUT = Path(__file__).parents[2]
RELEASE = "bookworm"
PACKAGES = "python3,make"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringproof"
PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip")


def bare_tar(host: apt.HostApt) -> Path:
    """Return a tar of the bare Debian, made once for a release, its packages and the host's mirror and policy."""
    key = hashlib.sha256(repr((RELEASE, PACKAGES, host)).encode()).hexdigest()[:12]
    tar = CACHE / f"{RELEASE}-{key}.tar"
    if not tar.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = tar.with_suffix(f".{os.getpid()}.tar")
        policy = [f"--aptopt={line.removesuffix(';')}" for line in host.policy.splitlines()]
        policy += [f'--aptopt=Acquire::{scheme}::Proxy "{proxy}"' for scheme, proxy in host.proxies.items()]
        source = f"deb [signed-by={apt.KEYRING}] {host.mirror} {RELEASE} main"
        subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                f"--include={PACKAGES}",
                *policy,
                RELEASE,
                unfinished,
                source,
            ],
            check=True,
        )
        unfinished.rename(tar)
    return tar


def pip_settings() -> dict[str, str]:
    """Return the environment that makes pip in the chroot go where the host's goes."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_proxy")}


def pip_folders() -> list[Path]:
    """Return the local folders that the host's pip is set to look in."""
    listed = subprocess.run(
        [str(CHECKOUT / ".venv" / "bin" / "pip"), "config", "list"], check=True, capture_output=True, text=True
    )
    words = " ".join(line.partition("=")[2].strip("'\"") for line in listed.stdout.splitlines()).split()
    folders = [Path(urlsplit(word).path) for word in words if word.startswith(("file:", "/"))]
    return [folder for folder in folders if folder.is_dir()]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Give the chroot a place, and take the half gigabyte away afterwards."""
    place = tmp_path / "root"
    place.mkdir()
    yield place
    shutil.rmtree(place)


@pytest.mark.bare
@pytest.mark.alone
def test_the_python_step_works_on_a_bare_debian(root: Path) -> None:
    """`make venv`, then a second one that does nothing; what Ringproof stands on can be imported."""
    assert os.geteuid() == 0, "a chroot needs root: run this as root, as CI does"
    assert shutil.which("mmdebstrap"), "a bare Debian is made with mmdebstrap: `apt-get install mmdebstrap`"
    subprocess.run(["tar", "-xf", bare_tar(apt.host_apt()), "-C", root], check=True)

    for name in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copyfile(name, f"{root}{name}")
    if apt.CA_BUNDLE.exists():  # what ca-certificates will take up, when it is installed
        local = root / "usr/local/share/ca-certificates"
        local.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(apt.CA_BUNDLE, local / "host.crt")
    for name in PIP_FILES:
        if Path(name).is_dir():
            shutil.copytree(name, f"{root}{name}")
        elif Path(name).exists():
            shutil.copyfile(name, f"{root}{name}")
    checkout = root / "ringproof"
    checkout.mkdir()
    files = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (CHECKOUT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, checkout / name)

    assert not (root / "usr/lib/python3/dist-packages/pip").exists()
    assert not Path(f"{root}{apt.CA_BUNDLE}").exists()
    first = in_chroot(root, "make -C /ringproof venv")
    assert "installing python3-venv ca-certificates with apt: done in" in first
    assert "installing requirements.lock with pip: done in" in first
    assert in_chroot(root, "make -s -C /ringproof venv") == ""
    in_chroot(root, "cd / && /ringproof/.venv/bin/python -c 'import ringproof, pydantic, docker, yaml'")


def in_chroot(root: Path, command: str) -> str:
    """Return what a shell command prints in the chroot; its mounts end with it."""
    mounts = [f"mount -t proc proc {root}/proc", f"mount --rbind /dev {root}/dev"]
    for folder in pip_folders():
        mounts += [f"mkdir -p {root}{folder}", f"mount --bind {folder} {root}{folder}"]
    inner = f"exec chroot {root} /bin/sh -c {shlex.quote(command)}"
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", **pip_settings()}
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", "\n".join([*mounts, inner])],
        check=False,
        capture_output=True,
        text=True,
        env=env,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
