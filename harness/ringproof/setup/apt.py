"""Install Debian packages, and read the mirror, the policy and the proxies of this machine's own apt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ringproof.setup.output import SetupError, run, step

DEBIAN = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
LOG = Path(tempfile.gettempdir()) / f"ringproof-apt-{os.getuid()}.log"

_POLICY = re.compile(
    r"^Acquire::(Check-Valid-Until|Check-Date|Max-FutureTime|(Min|Max)-ValidTime(::.*)?|Retries|ForceIPv[46]"
    r"|https?::(Timeout|Verify-Peer|Verify-Host))$"
)
_PROXY = re.compile(r"^Acquire::(https?)::Proxy$")
_SETTING = re.compile(r'^(\S+) "(.*)";$')


@dataclass(frozen=True)
class HostApt:
    """The settings of the host's apt: its Debian mirror, its policy as apt.conf lines, its proxies."""

    mirror: str
    policy: str
    proxies: dict[str, str]

    @property
    def needs_certificates(self) -> bool:
        """Return whether the mirror uses TLS, for which a bare base image has no certificates."""
        return self.mirror.startswith("https:")


def installed(package: str) -> bool:
    """Return whether dpkg has a package configured."""
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return query.stdout == "installed"


def install(packages: Sequence[str], why: str) -> None:
    """Install Debian packages, as root.

    Raises:
        SetupError: not Debian, not root (it names the commands to run), or apt failed.

    """
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetupError(f"{why}, and no apt-get to install it with: install what Debian calls {names} by hand.")
    if os.geteuid() != 0:
        raise SetupError(
            f"{why}: run these two commands, then this one again.",
            f"sudo apt-get update\nsudo apt-get install --no-install-recommends {names}",
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    hint = "see below, mend that, then run this again"
    with step(f"installing {names} with apt"):
        run(["apt-get", "update", "-q"], LOG, f"apt-get update failed ({hint}):", env)
        run(
            ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
            LOG,
            f"apt-get could not install {names} ({hint}):",
            env,
        )


def host_apt() -> HostApt:
    """Return the settings of the host's apt; a host without apt gets Debian's own mirror and apt's defaults."""
    if shutil.which("apt-config") is None:
        return HostApt(DEBIAN, "", {})
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    targets = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)",
            "Identifier: Packages",
        ],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    policy, proxies = policy_of(dump)
    return HostApt(mirror_of(targets), policy, proxies)


def policy_of(dump: str) -> tuple[str, dict[str, str]]:
    """Return the lines of `apt-config dump` on validity and connections, and the proxies by scheme."""
    lines: list[str] = []
    proxies: dict[str, str] = {}
    for line in dump.splitlines():
        setting = _SETTING.match(line)
        if setting is None:
            continue
        key, value = setting.groups()
        if _POLICY.match(key):
            lines.append(line)
        elif (proxy := _PROXY.match(key)) and value not in {"", "DIRECT"}:
            proxies[proxy[1]] = value
    return "".join(f"{line}\n" for line in lines), proxies


def mirror_of(targets: str) -> str:
    """Return the first mirror of Debian's main archive among ORIGIN|LABEL|COMPONENT|URI lines.

    Return Debian's own where the host has none: another distribution, or sources that are no http mirror.
    """
    for line in targets.splitlines():
        origin, label, component, uri = line.split("|", 3)
        if (origin, label, component) == ("Debian", "Debian", "main") and uri.startswith(("http:", "https:")):
            return uri.rstrip("/")
    return DEBIAN
