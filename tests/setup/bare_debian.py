"""A Debian 12 in a chroot that has python3 and make and nothing else, and what is done in it."""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

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
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    words = " ".join(line.partition("=")[2].strip("'\"") for line in listed.stdout.splitlines()).split()
    folders = [Path(urlsplit(word).path) for word in words if word.startswith(("file:", "/"))]
    return [folder for folder in folders if folder.is_dir()]


def lay_out(root: Path) -> None:
    """Unpack a bare Debian into an empty folder, with the network, the certificates and pip's settings of the host."""
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


def copy_checkout(to: Path) -> None:
    """Copy what git knows of this checkout, as it is now."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (CHECKOUT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, to / name)


def in_chroot(
    root: Path, command: str, binds: Mapping[Path, Path] | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Return what a shell command prints in the chroot; its mounts end with it.

    `binds` are files and folders of the host, and where each is in the chroot.
    """
    mounts = [f"mount -t proc proc {root}/proc", f"mount --rbind /dev {root}/dev"]
    for here, there in [*((folder, folder) for folder in pip_folders()), *(binds or {}).items()]:
        place = f"{root}{there}"
        make = f"mkdir -p {place}" if here.is_dir() else f"mkdir -p {Path(place).parent} && touch {place}"
        mounts += [make, f"mount --bind {here} {place}"]
    inner = f"exec chroot {root} /bin/sh -c {shlex.quote(command)}"
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", **pip_settings()}
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", "\n".join([*mounts, inner])],
        check=False,
        capture_output=True,
        text=True,
        env=env | dict(environment or {}),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
