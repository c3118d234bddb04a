"""What this machine's apt is set to, and what it is asked to do."""

import os
import shutil
from collections.abc import Callable

import pytest
from ringproof.setup import apt
from ringproof.setup.output import SetupError

DUMP = """\
APT::Architecture "amd64";
Acquire "";
Acquire::AllowInsecureRepositories "0";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
Acquire::Max-ValidTime::Debian "86400";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::http::Proxy::mirror.example "DIRECT";
Acquire::https::Proxy "DIRECT";
Acquire::Retries "3";
Dir "/";
DPkg::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb || true";
"""


def test_the_policy_is_the_hosts_own() -> None:
    """Validity and reach are taken over; hooks, folders and trust are not; a proxy travels apart."""
    policy, proxies = apt.policy_of(DUMP)
    assert policy.splitlines() == [
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Check-Date "false";',
        'Acquire::Max-ValidTime::Debian "86400";',
        'Acquire::Retries "3";',
    ]
    assert proxies == {"http": "http://proxy.example:3128"}


def test_a_host_that_checks_lets_the_build_check() -> None:
    """No check is switched off that the host has on."""
    assert apt.policy_of('Acquire "";\nAcquire::Languages "";\n') == ("", {})


@pytest.mark.parametrize(
    ("targets", "mirror"),
    [
        (
            (
                "Debian|Debian-Security|main|http://security.example/debian-security/\n"
                "Docker|Docker CE|stable|https://download.example/linux/debian/\n"
                "Debian|Debian|contrib|http://contrib.example/debian/\n"
                "Debian|Debian|main|https://mirror.example/debian/\n"
                "Debian|Debian|main|http://second.example/debian/\n"
            ),
            "https://mirror.example/debian",
        ),
        ("Debian|Debian|main|mirror+file:/etc/apt/mirrors/debian.list/\n", apt.DEBIAN),
        ("Ubuntu|Ubuntu|main|http://archive.example/ubuntu/\n", apt.DEBIAN),
        ("", apt.DEBIAN),
    ],
)
def test_the_mirror_is_the_hosts_first_of_debians_archive(targets: str, mirror: str) -> None:
    """Not its security archive, not another vendor's, and Debian's own where it has none over http."""
    assert apt.mirror_of(targets) == mirror


def test_without_root_the_commands_are_told(
    monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    """Nothing is tried that only root may."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(apt, "run", lambda *_: pytest.fail("ran something"))
    with pytest.raises(SetupError) as refused:
        apt.install(["python3-venv"], "Python packages cannot be installed yet")
    golden("setup/apt-no-root.txt", f"{refused.value}\n")


def test_without_apt_the_packages_are_told(monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]) -> None:
    """Another distribution: the user knows its names."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SetupError) as refused:
        apt.install(["docker.io", "mmdebstrap"], "This machine has no Docker engine")
    golden("setup/apt-absent.txt", f"{refused.value}\n")
